"""What a claim that goes on paper needs beside the guide: every number fits into its box of the CMS-1500 (B6.6).

Part of claims/checks.py. Names, streets and notes are cut at the box's end, as the form's own rules say; a number, a
code or an amount that is cut says something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from claims.check_context import CheckContext
from claims.cms1500_form import too_long
from lib.findings import Finding

# The field behind a box, where a person can do something about it; {} is the line's place.
FIELDS = {
    "1a": "subscriber.party.identifier",
    "9a": "other_payers",
    "11": "coverage.group_number",
    "22": "payer_claim_number",
    "23": "prior_authorization",
    "24F": "lines.{}.charge",
    "24G": "lines.{}.units",
    "28": "total_charge",
    "29": "patient_amount_paid",
}


def check_paper_boxes(context: CheckContext) -> Iterator[Finding]:
    """Numbers, codes and amounts that their box cannot hold."""
    if not context.on_paper:
        return
    for place, entry, width in too_long(context.document):
        where = FIELDS.get(entry.box, "").format(place)
        words = f"Box {entry.box} of the paper form holds {width} characters: {entry.text} does not fit."
        yield Finding("PAPER-BOX", where, words)
