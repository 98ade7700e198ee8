"""TA1, 999 and 277CA: keep what came, find whom it names, move the claims (rules.md B5; domain reference 10).

Before it: responses/inbox with a file and its reading. After it: the claims' states, their timelines and the
batch page. Answers may come in any order, repeated, or before we know the batch: every one is a row, rows
without a batch or claim are tried again when one appears, and states only move forward unless something
rejects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claims import ack_words, delivery, lifecycle, voids
from claims.enums import ClaimState as S
from claims.models import Acknowledgement, Batch, BatchItem, Claim
from clearinghouses import sending
from clearinghouses.models import InboundFile
from x12.documents.claim_ack import AcknowledgedClaim, ClaimAck, ClaimStatus
from x12.documents.functional_ack import FunctionalAck, TransactionAck
from x12.documents.interchange_ack import InterchangeAck
from x12.reading import FileReading

ACCEPTED, WITH_ERRORS, REJECTED, INFORMATION = "accepted", "accepted_with_errors", "rejected", "information"
DUPLICATE = "025"  # TA1 note: an interchange of this number was taken before
CLAIM_LEVEL = 10_000  # 277CA ordinals: transaction x CLAIM_LEVEL + place of the claim in it
# How far along a claim is; an answer moves it only forward.
ORDER = {S.BATCHED: 0, S.SUBMITTED: 1, S.ACKNOWLEDGED: 2, S.ACCEPTED: 3}


@dataclass(slots=True)
class Taken:
    """What one file of acknowledgements came to."""

    rows: int = 0
    known: int = 0  # rows that were there before: the file came twice
    orphans: int = 0  # rows that name nothing of ours, yet
    moved: int = 0  # claims that changed state


def take(inbound_file: InboundFile, reading: FileReading, *, at: datetime) -> Taken:
    """Store every acknowledgement of a file and move what it names. Safe to repeat with the same file."""
    taken = Taken()
    rows: list[Acknowledgement] = []
    for place, item in enumerate(reading.transactions):
        if isinstance(item.document, InterchangeAck):
            rows.append(_ta1_row(item.document, place, item.interchange.receiver))
        elif isinstance(item.document, FunctionalAck):
            rows += _functional_rows(item.document, place)
        elif isinstance(item.document, ClaimAck):
            rows += _claim_rows(item.document, place)
    for row in rows:
        row.file_key = inbound_file.public_id
        _store(row, inbound_file, taken, at)
    return taken


def rematch(at: datetime) -> int:
    """Try the orphans again: a batch or claim may have appeared since. Returns how many found theirs."""
    found = 0
    for row in Acknowledgement.objects.filter(batch=None, claim=None).order_by("pk"):
        if _match(row, None):
            Acknowledgement.objects.filter(pk=row.pk).update(batch_id=row.batch_id, claim_id=row.claim_id)
            _apply(row, at)
            found += 1
    return found


# --- rows ------------------------------------------------------------------------------------------


def _ta1_row(ack: InterchangeAck, place: int, receiver: str) -> Acknowledgement:
    result = ACCEPTED if ack.status == "A" else WITH_ERRORS if ack.status == "E" else REJECTED
    if (
        result == REJECTED and ack.note == DUPLICATE
    ):  # the first copy stands: nothing may be sent anew for this
        result = INFORMATION
    return Acknowledgement(
        kind="TA1",
        ordinal=place * CLAIM_LEVEL,
        result=result,
        reference=ack.control_number[:50],
        text=ack_words.ta1(ack.status, ack.note)[:500],
        segment=f"TA1*{ack.control_number}*{ack.date}*{ack.time}*{ack.status}*{ack.note}",
        data={"receiver": receiver.strip()},
    )


def _functional_rows(ack: FunctionalAck, place: int) -> list[Acknowledgement]:
    """One row a transaction set; a group refused without naming any is one row for the whole group."""
    kind = "999"
    if not ack.transactions:
        return [
            Acknowledgement(
                kind=kind,
                ordinal=place * CLAIM_LEVEL,
                result=_functional_result(ack.status),
                reference=f"{ack.group_control_number}/*"[:50],
                text=ack_words.group(ack.status, ack.codes)[:500],
                segment=f"AK9*{ack.status}",
            )
        ]
    return [
        Acknowledgement(
            kind=kind,
            ordinal=place * CLAIM_LEVEL + number,
            result=_functional_result(item.status or ack.status),
            reference=f"{ack.group_control_number}/{item.control_number}"[:50],
            text=ack_words.transaction(item)[:500],
            segment=f"IK5*{'*'.join((item.status, *item.codes))}"[:500],
            data={"claims": guilty_claims(item), "errors": ack_words.error_rows(item)[:50]},
        )
        for number, item in enumerate(ack.transactions)
    ]


def guilty_claims(item: TransactionAck) -> list[str]:
    """Control numbers that a 999 points at (CTX*CLM01); all claims of the set bounce, these are the cause."""
    return list(dict.fromkeys(error.control_number for error in item.errors if error.control_number))


def _functional_result(status: str) -> str:
    return {"A": ACCEPTED, "E": WITH_ERRORS, "P": WITH_ERRORS}.get(status, REJECTED)


def _claim_rows(ack: ClaimAck, place: int) -> list[Acknowledgement]:
    """A row a claim, and one for the batch where the receiver or a provider level rejects everything below."""
    source = ack.source.display_name if ack.source else ""
    by = "payer" if ack.source is not None and _is_payer(ack) else "clearinghouse"
    rows = []
    worst = [*ack.receiver_statuses, *(s for provider in ack.providers for s in provider.statuses)]
    if any(status.is_rejection for status in worst):
        rows.append(
            Acknowledgement(
                kind="277CA",
                ordinal=place * CLAIM_LEVEL,
                result=REJECTED,
                reference=ack.batch_reference[:50],
                text=ack_words.statuses(worst)[:500],
                segment=ack_words.stc(worst)[:500],
                data={"by": by, "source": source, "level": "batch"},
            )
        )
    for number, claim in enumerate(ack.claims, 1):
        rows.append(_claim_row(ack, claim, place * CLAIM_LEVEL + number, by, source))
    return rows


def _claim_row(
    ack: ClaimAck, claim: AcknowledgedClaim, ordinal: int, by: str, source: str
) -> Acknowledgement:
    told: list[ClaimStatus] = [*claim.statuses, *(s for line in claim.lines for s in line.statuses)]
    return Acknowledgement(
        kind="277CA",
        ordinal=ordinal,
        result=REJECTED if claim.is_rejected else ACCEPTED if _is_accepted(told) else INFORMATION,
        reference=claim.control_number[:50],
        payer_claim_number=claim.payer_claim_number[:50],
        text=ack_words.statuses(told)[:500],
        segment=ack_words.stc(told)[:500],
        data={"by": by, "source": source, "level": "claim", "batch": ack.batch_reference},
    )


def _is_accepted(statuses: Iterable[ClaimStatus]) -> bool:
    return any(code.category in ("A2", "A5") for status in statuses for code in status.codes)


def _is_payer(ack: ClaimAck) -> bool:
    """2100A NM101 is not kept apart; a payer's answer names its own claim number, a clearinghouse's does not."""
    return any(claim.payer_claim_number for claim in ack.claims)


# --- store, match, apply ---------------------------------------------------------------------------


def _store(row: Acknowledgement, inbound: InboundFile, taken: Taken, at: datetime) -> None:
    known = Acknowledgement.objects.filter(file_key=row.file_key, kind=row.kind, ordinal=row.ordinal).exists()
    if known:
        taken.known += 1
        return
    matched = _match(row, inbound.connection_id)
    row.received_at = at
    row.save(force_insert=True)
    taken.rows += 1
    if matched:
        taken.moved += _apply(row, at)
    else:
        taken.orphans += 1


def _match(row: Acknowledgement, connection_id: int | None) -> bool:
    """Find the batch or claim a row names: ISA13, GS06/ST02, BHT03, CLM01. Never a guess between two."""
    if row.kind == "277CA" and row.data.get("level") == "claim":
        claim = Claim.objects.filter(control_number=row.reference).first()
        if claim is not None:
            row.claim = claim
            items = BatchItem.objects.filter(claim=claim).select_related("batch")
            item = items.order_by("-is_live", "-pk").first()  # else the one that was given up
            row.batch = item.batch if item else None
        return claim is not None
    batches = Batch.objects.all()
    if connection_id is not None:
        batches = batches.filter(connection_id=connection_id)
    if row.kind == "TA1":
        batches = batches.filter(interchange_number=_number(row.reference))
    elif row.kind == "999":
        batches = batches.filter(group_number=_number(row.reference.split("/")[0]))
    else:
        wanted = BatchItem.objects.filter(reference=row.reference).exclude(reference="")
        batches = batches.filter(pk__in=wanted.values("batch_id"))
    found = list(batches[:2])
    row.batch = found[0] if len(found) == 1 else None
    return row.batch is not None


def _apply(row: Acknowledgement, at: datetime) -> int:
    """Move the claims a matched row names; an answer also proves that the file arrived."""
    if row.batch is not None:
        _arrived(row.batch, row, at)
    if row.kind == "277CA" and row.claim is not None:
        return _apply_claim(row, [Claim.objects.select_for_update(of=("self",)).get(pk=row.claim.pk)], at)
    return _apply_claim(row, _claims_named(row), at)


def _arrived(batch: Batch, row: Acknowledgement, at: datetime) -> None:
    """Whatever the partner says about a file, it has it: an unknown or refused outcome is thereby known."""
    locked = delivery.lock(batch.pk)
    if locked.outbound_file is not None:
        sending.confirm(locked.outbound_file, f"answered by {row.kind}")
    delivery.mark_delivered(locked, at, f"the partner answered with a {row.kind}")
    if row.result in (ACCEPTED, WITH_ERRORS):
        delivery.answered_after_all(locked, f"The partner answered it with a {row.kind}")


def _claims_named(row: Acknowledgement) -> list[Claim]:
    """The live claims of the interchange, transaction set or batch reference of this row, locked."""
    items = BatchItem.objects.filter(batch=row.batch, is_live=True)
    if row.kind == "999" and not row.reference.endswith("/*"):
        wanted = row.reference.split("/")[1].lstrip("0")
        items = items.filter(transaction_number__in=_written(wanted))
    elif row.kind == "277CA":
        items = items.filter(reference=row.reference)
    return list(
        Claim.objects.select_for_update(of=("self",)).filter(pk__in=items.values("claim_id")).order_by("pk")
    )


def _apply_claim(row: Acknowledgement, claims: Sequence[Claim], at: datetime) -> int:
    to, fields = _target(row, at)
    moved = 0
    for claim in claims:
        number = row.payer_claim_number
        if number and claim.payer_claim_number != number:
            Claim.objects.filter(pk=claim.pk).update(payer_claim_number=number)
            claim.payer_claim_number = number
        if to is not None and _goes(S(claim.state), to):
            _step_over(claim, to, row, at)
            lifecycle.move(
                claim, to, text=_text(row, claim), segment=row.segment, file_key=row.file_key, **fields
            )
            moved += 1
        elif to == S.ACCEPTED and row.data.get("by") == "payer" and claim.accepted_by == "clearinghouse":
            Claim.objects.filter(pk=claim.pk).update(accepted_by="payer", accepted_at=at)
            _note(claim, row)
        elif row.kind == "277CA" or (row.kind == "TA1" and row.result == INFORMATION):
            _note(claim, row)
        if to == S.ACCEPTED and row.data.get("by") == "payer":
            text = f"{claim.payer_name} took the void {claim.control_number}"
            voids.taken(claim, text, segment=row.segment, file_key=row.file_key)
    return moved


def _target(row: Acknowledgement, at: datetime) -> tuple[S | None, dict[str, Any]]:
    """Where a row takes its claims, and what else it sets. A TA1 that accepts only proves arrival."""
    if row.result == REJECTED:
        return S.REJECTED, {}
    if row.kind == "999":
        return S.ACKNOWLEDGED, {}
    if row.kind == "277CA" and row.result == ACCEPTED:
        return S.ACCEPTED, {"accepted_by": row.data.get("by", "clearinghouse"), "accepted_at": at}
    return None, {}


def _goes(state: S, to: S) -> bool:
    """Whether an answer moves a claim from here: forward always, to rejected from any open state."""
    if state not in ORDER:
        return False
    return to == S.REJECTED or ORDER[to] > ORDER[state]


def _step_over(claim: Claim, to: S, row: Acknowledgement, at: datetime) -> None:
    """A claim whose batch was not known to be delivered is submitted first: the answer proves it."""
    if S(claim.state) == S.BATCHED:
        text = f"Submitted: the partner answered with a {row.kind}"
        lifecycle.move(claim, S.SUBMITTED, text=text, submitted_at=at)


def _text(row: Acknowledgement, claim: Claim) -> str:
    if row.result != REJECTED:
        return row.text
    guilty = row.data.get("claims", [])
    if row.kind == "999" and guilty and claim.control_number not in guilty:
        return (
            f"Bounced with its transaction because of claim {', '.join(guilty[:3])}: send it again as it is"
        )
    return row.text


def _note(claim: Claim, row: Acknowledgement) -> None:
    lifecycle.note(claim, "acknowledgement", row.text, segment=row.segment, file_key=row.file_key)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else -1


def _written(number: str) -> list[str]:
    """A control number with and without leading zeros: partners echo both."""
    return list(dict.fromkeys([number, *(number.zfill(width) for width in range(4, 10))]))
