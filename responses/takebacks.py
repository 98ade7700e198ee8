"""Provider-level amounts (PLB): who was overpaid, which check it came out of, what is carried forward (E16).

Each is an open item until a person links it to a claim or says what it was for; forwarded balances and
recoupments that have come back to zero close by themselves (x12 section 8). No patient is ever touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from claims.models import Claim
from clinics import audit
from clinics.errors import BadInput
from lib.money import ZERO
from responses.enums import PostingState
from responses.errors import CannotPost
from responses.models import ClaimResponse, ProviderAdjustment, Remittance

WORDS = {
    "WO": "Overpayment taken back", "FB": "Forwarding balance", "72": "Our refund acknowledged", "L6": "Interest",
    "CS": "Adjustment", "IR": "Tax withheld", "LE": "Levy", "E3": "Withholding", "L3": "Penalty",
    "50": "Late charge", "51": "Interest penalty", "AP": "Advance payment", "B2": "Rebate", "IP": "Incentive",
    "OB": "Offset for an affiliated provider",
}  # fmt: skip
# Codes whose amounts answer each other: what one check carries forward or announces, a later one settles. A 72 says
# that our own refund check arrived: it answers a recoupment that was never announced, else a person closes that refund.
STANDS = {"FB": "forward", "WO": "recoup"}
FAMILIES = {**STANDS, "72": "recoup"}
REFUNDED = frozenset({"WO", "72"})  # what a check of ours may pay back (insurer_refunds.py)
PAID_BACK = "Paid back by check"  # how the note of such an item begins
MOST = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the tracker."""

    item: ProviderAdjustment
    words: str
    claim: Claim | None  # linked, or suggested by the reference
    is_suggested: bool
    overpaid_by: str  # the check on which the claim was paid before

    @property
    def check(self) -> Remittance:
        """The check it came out of."""
        return self.item.remittance

    @property
    def is_payable(self) -> bool:
        """Whether a check of ours may settle it."""
        return self.item.is_open and self.item.code in REFUNDED and self.item.amount < ZERO

    @property
    def is_paid_back(self) -> bool:
        """Whether a check of ours has settled it."""
        return not self.item.is_open and self.item.note.startswith(PAID_BACK)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one payer still has to bring back to zero with us."""

    payer: str
    forward: Decimal  # carried to a later check: ours to get less
    recoup: Decimal  # announced and not taken yet, or taken and not announced
    unexplained: Decimal  # open items of every other code, our refunds (72) among them


def words(code: str) -> str:
    """A PLB code in plain words."""
    return WORDS.get(code, "Provider-level adjustment")


def link(item: ProviderAdjustment, claim: Claim | None, note: str) -> None:
    """Close an open item: it was for this claim, or for what the note says.

    Raises CannotPost when somebody settled it meanwhile, BadInput without claim and words.
    """
    if claim is None and not note.strip():
        raise BadInput("Name the claim, or say what it was for.", code="reason_missing")
    with transaction.atomic():
        row = ProviderAdjustment.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if not row.is_open:
            raise CannotPost("This item is settled already; reload to see how.", code="already_decided")
        row.linked_claim, row.note, row.is_open = claim, note.strip()[:200], False
        row.save()
        number = claim.control_number if claim else ""
        audit.record(
            "provider_adjustment.link", "remittance", row.remittance.public_id, code=row.code, claim=number
        )


def settle(remittance: Remittance) -> int:
    """Close what this check has brought back to zero with its payer and payee; returns how many items closed.

    A forwarding balance names the check that made it (its own trace when it made it itself), a recoupment the
    claim; the items of one such reference that add up to 0.00 have answered each other.
    """
    items = ProviderAdjustment.objects.select_for_update(of=("self",)).filter(
        remittance__payer_identifier=remittance.payer_identifier, remittance__payee_npi=remittance.payee_npi,
        is_open=True, code__in=FAMILIES,
    )  # fmt: skip
    groups: dict[tuple[str, str], list[ProviderAdjustment]] = {}
    for item in items.select_related("remittance").order_by("pk"):
        groups.setdefault((FAMILIES[item.code], _reference(item)), []).append(item)
    closed = 0
    for whole in groups.values():
        found = _answered(whole)
        if not found:
            continue
        traces = ", ".join(dict.fromkeys(item.remittance.trace_number for item in found))
        for item in found:
            item.is_open, item.note = False, f"Back to zero: checks {traces}"[:200]
            item.save(update_fields=["is_open", "note"])
            closed += 1
        audit.record("provider_adjustment.settle", "remittance", remittance.public_id, items=len(found))
    return closed


def _answered(items: Sequence[ProviderAdjustment]) -> list[ProviderAdjustment]:
    """Those of one reference that are back at zero: all of them, else those that are no refund of ours (72)."""
    for found in (list(items), [item for item in items if item.code != "72"]):
        if len(found) > 1 and not sum((item.amount for item in found), ZERO):
            return found
    return []


def tracker(*, is_open: bool | None = True, code: str = "", payer: str = "") -> list[Entry]:
    """The items, newest first, each with its claim, linked or suggested, and the check it was overpaid on."""
    rows = ProviderAdjustment.objects.select_related("remittance__payer", "linked_claim__patient")
    if is_open is not None:
        rows = rows.filter(is_open=is_open)
    if code:
        rows = rows.filter(code=code)
    if payer:
        rows = rows.filter(remittance__payer__public_id=payer)
    items = list(rows.order_by("-pk")[:MOST])
    guessed = _suggest([item for item in items if item.linked_claim_id is None])
    claims = {item.pk: item.linked_claim or guessed.get(item.pk) for item in items}
    paid_on = _paid_on({claim.pk for claim in claims.values() if claim is not None})
    made = []
    for item in items:
        claim = claims[item.pk]
        traces = [
            trace
            for trace in paid_on.get(claim.pk if claim else 0, [])
            if trace != item.remittance.trace_number
        ]
        made.append(
            Entry(
                item,
                words(item.code),
                claim,
                claim is not None and item.linked_claim_id is None,
                ", ".join(traces),
            )
        )
    return made


def standings(entries: Iterable[Entry]) -> list[Standing]:
    """Per payer what has not come back to zero, of open items."""
    sums: dict[str, dict[str, Decimal]] = {}
    for entry in entries:
        if not entry.item.is_open:
            continue
        of_payer = sums.setdefault(entry.check.payer_name, {})
        kind = STANDS.get(entry.item.code, "unexplained")
        of_payer[kind] = of_payer.get(kind, ZERO) + entry.item.amount
    return [
        Standing(payer, got.get("forward", ZERO), got.get("recoup", ZERO), got.get("unexplained", ZERO))
        for payer, got in sorted(sums.items())
    ]


def suggested_claim(item: ProviderAdjustment) -> Claim | None:
    """The claim that the reference of one item names."""
    return _suggest([item]).get(item.pk)


def _reference(item: ProviderAdjustment) -> str:
    text = re.sub(r"[^A-Z0-9]", "", item.reference.upper())
    return text or re.sub(r"[^A-Z0-9]", "", item.remittance.trace_number.upper())


def _tokens(text: str) -> set[str]:
    upper = text.upper()
    whole = re.sub(r"[^A-Z0-9]", "", upper)
    return ({whole} | set(re.findall(r"[A-Z0-9]+", upper))) - {""}


def _suggest(items: Sequence[ProviderAdjustment]) -> dict[int, Claim]:
    """Claims whose number, or whose number at the payer, stands in the reference: two queries for any number."""
    tokens = {item.pk: _tokens(item.reference) for item in items}
    every = set().union(*tokens.values()) if tokens else set()
    if not every:
        return {}
    known: dict[str, Claim] = {}
    rows = Claim.objects.filter(control_number__in=every).select_related("patient")
    known.update({claim.control_number: claim for claim in rows})
    answers = ClaimResponse.objects.filter(payer_claim_number__in=every, claim__isnull=False)
    for row in answers.select_related("claim__patient").order_by("pk"):
        if row.claim is not None:
            known.setdefault(row.payer_claim_number.upper(), row.claim)
    found = {}
    for item in items:
        hits = {known[token].pk: known[token] for token in tokens[item.pk] if token in known}
        if len(hits) == 1:
            found[item.pk] = next(iter(hits.values()))
    return found


def _paid_on(claim_ids: set[int]) -> dict[int, list[str]]:
    """The checks that paid these claims, posted or taken back since."""
    states = (PostingState.AUTO_POSTED, PostingState.POSTED_MANUALLY, PostingState.REVERSED)
    rows = ClaimResponse.objects.filter(claim__in=claim_ids, paid__gt=0, state__in=states)
    found: dict[int, list[str]] = {}
    for claim_id, trace in rows.order_by("pk").values_list("claim_id", "remittance__trace_number"):
        traces = found.setdefault(claim_id or 0, [])
        if trace not in traces:
            traces.append(trace)
    return found
