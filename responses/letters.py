"""Appeal letters: words with places for the claim's facts, filled per claim, drawn as a PDF.

The words are shown and changed before they are used; what was sent is kept with the follow-up.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.template.loader import render_to_string

from billing.statement_pdf import PROCESS
from claims import proof
from claims.models import Claim, ClaimEvent
from lib.money import show_money
from responses.file_words import reading_of
from responses.models import FollowUp

if TYPE_CHECKING:
    from responses.denials import Item

PLACE = re.compile(r"\{([a-z_]+)\}")
TEMPLATES: dict[str, str] = {
    "denied": (
        "We ask you to reconsider claim {claim} (your number {payer_claim}) for {patient}, date of service {dos}, "
        "charged {charged}. It was denied with {code} on your payment {trace} of {paid_on}. "
        "The services were ordered, given and documented as billed; the record is at your disposal. "
        "Please reprocess the claim and pay {amount}, or name the clause of the contract that you rely on."
    ),
    "authorization": (
        "Claim {claim} (your number {payer_claim}) for {patient}, date of service {dos}, was denied with {code} for "
        "want of an authorization. The service was authorized or needed none under the plan; the number and the dates "
        "are in the enclosed record. Please reprocess the claim and pay {amount}."
    ),
    "timely": (
        "Claim {claim} (your number {payer_claim}) for {patient}, date of service {dos}, was denied with {code} as "
        "late. It was sent in time: the enclosed acknowledgements name the day on which it was accepted for you. "
        "Please reprocess the claim and pay {amount}."
    ),
    "underpaid": (
        "Claim {claim} (your number {payer_claim}) for {patient}, date of service {dos}, was allowed {amount} below "
        "our contract on your payment {trace} of {paid_on}. Please pay the difference, or send the schedule that you "
        "used."
    ),
}
BY_REASON = {"197": "authorization", "198": "authorization", "15": "authorization", "29": "timely"}


def template_for(code: str) -> str:
    """The words that fit a denial's code."""
    name = "underpaid" if code.startswith("underpaid") else BY_REASON.get(code.partition("-")[2], "denied")
    return TEMPLATES[name]


def fill(text: str, item: Item) -> str:
    """The words with this claim's facts; a place that is not known stays as it is written."""
    row, claim = item.row, item.row.claim
    facts = {
        "claim": claim.control_number if claim else row.control_number,
        "payer_claim": row.payer_claim_number or "not given",
        "patient": row.patient_name,
        "dos": f"{row.service_date:%m/%d/%Y}" if row.service_date else "",
        "charged": show_money(row.charged),
        "amount": show_money(item.amount),
        "code": item.code,
        "trace": row.remittance.trace_number,
        "paid_on": f"{row.remittance.payment_date:%m/%d/%Y}",
        "payer": row.remittance.payer_name,
    }
    return PLACE.sub(lambda found: facts.get(found.group(1), found.group(0)), text)


def written() -> QuerySet[FollowUp]:
    """The appeals, newest first, each with what its letter is drawn from."""
    rows = FollowUp.objects.filter(kind=FollowUp.Kind.APPEAL).order_by("-pk")
    return rows.select_related(
        "response__remittance__payer", "response__remittance__inbound_file__stored",
        "response__claim__invoice__location__billing_provider", "response__claim__policy",
    )  # fmt: skip


def html_of(made: FollowUp) -> str:
    """The letter as a page: who writes to whom, about which claim, with what is enclosed."""
    row = made.response
    claim = row.claim
    context = {
        "made": made,
        "row": row,
        "claim": claim,
        "sender": claim.invoice.location.billing_provider if claim else None,
        "payer": row.remittance.payer,
        "enclosed": _enclosed(made),
        "paragraphs": [part for part in made.letter.splitlines() if part.strip()],
    }
    return render_to_string("responses/letter.html", context)


def pdf_of(made: FollowUp) -> bytes:
    """The letter with its evidence behind it as one PDF; raises PdfUnavailable in words for a person.

    Enclosed are the payer's own answer, segment by segment, and the proof of filing when it was accepted.
    Scans of the check are not: other patients stand on them.
    """
    row = made.response
    documents = [html_of(made)]
    if row.remittance.inbound_file is not None:
        context = {"row": row, "segments": reading_of(row).claim}
        documents.append(render_to_string("responses/enclosure.html", context))
    parts = PROCESS.draw(documents)
    if row.claim is not None and _accepted(row.claim):
        parts.append(proof.packet(row.claim))
    return _one_file(parts)


def _one_file(parts: list[bytes]) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter()
    for part in parts:
        writer.append(io.BytesIO(part))
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _accepted(claim: Claim) -> list[ClaimEvent]:
    """The acknowledgements that the claim got."""
    return list(claim.events.filter(kind="acknowledgement").order_by("pk")[:5])


def _enclosed(made: FollowUp) -> list[str]:
    """The evidence: the payer's own answer, and when the claim was accepted for it."""
    row = made.response
    found = [f"Your remittance {row.remittance.trace_number} of {row.remittance.payment_date:%m/%d/%Y}"]
    if row.claim is not None:
        for event in _accepted(row.claim):
            found.append(f"Acknowledgement of {event.at:%m/%d/%Y}: {event.text}"[:160])
    return found
