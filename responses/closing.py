"""What follows postings at once: the patients' money, invoices' states, a word and ``closed`` on claims (B5, B11.2).

Called in the postings' own transaction by posting.py and manual.py; coordination.py does later, by the promises
made here, what takes a new claim or another look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from billing import invoicing, ledger
from claims import lifecycle
from claims.enums import ClaimState
from claims.lifecycle import Event
from lib.money import ZERO, total
from responses import entries as made_of
from responses.family import Family
from responses.models import ClaimResponse, Remittance
from work import outbox

WORDS = "Answered and posted: the insurer owes nothing"
ROLLOVER = "responses.rollover"
ROLLOVER_BLOCK = "responses.rollover_block"
BLOCK = 1000  # answers of a remittance that are rolled over in one transaction (performance.md 7)
FURTHER = ("layer-2", "layer-3", "crossover")


def close(posted: Sequence[tuple[ClaimResponse, Family]], due: Mapping[int, Decimal]) -> None:
    """Notes and closings of all claims of a sitting. ``due`` is what patients owe now, by charge."""
    events = []
    for response, found in posted:
        owed = total(due.get(charge_id, ZERO) for charge_id in found.charge_ids)
        if response.claim is not None and owed and response.plan.get("next") == "patient":
            text = f"Patient owes {owed} after the last insurer"
            events.append(Event(response.claim, text, kind="coordination"))
    closed: set[int] = set()
    for response, found in posted:
        claim = response.claim
        if claim is None or claim.pk in closed or response.status_code == "22":
            continue
        if claim.state == ClaimState.ADJUDICATED and not any(
            line.insurers.get(claim.rank) for line in found.ledger.lines
        ):
            closed.add(claim.pk)
            events.append(Event(claim, WORDS, to=ClaimState.CLOSED))
    lifecycle.move_each(events)


def has_more(response: ClaimResponse, found: Family) -> bool:
    """Whether something is left for coordination: a claim to the next insurer, or an answer that waits."""
    return response.plan.get("next") in FURTHER or found.waits


def follow(posted: Sequence[tuple[ClaimResponse, Family]], today: date) -> None:
    """After the postings: the patients' money, the invoices' states, and what stands on the claims."""
    if not posted:
        return
    last = {id(found): (response, found) for response, found in posted}
    shares = [
        made_of.PatientShare(
            key=f"settle:{response.txn_key or response.public_id}", patient_id=found.invoice.patient_id,
            charge_ids=found.charge_ids, is_final=found.ledger.responsible is None,
            source_key=response.public_id,
        )
        for response, found in last.values()
    ]  # fmt: skip
    made, due = made_of.patient_postings(shares, today)
    if made:
        ledger.post_many(made)
    invoicing.settle_charges(charge_id for share in shares for charge_id in share.charge_ids)
    close(posted, due)


def promise_rollover(response: ClaimResponse, found: Family) -> None:
    """Wake coordination for one posting, if anything is left to do."""
    if has_more(response, found):
        promise_alone(response)


def promise_alone(response: ClaimResponse) -> None:
    """Wake coordination for this posting by itself."""
    key = f"{ROLLOVER}:{response.txn_key or response.public_id}"
    outbox.promise(ROLLOVER, response.clinic_id, response.pk, key=key)


def promise_blocks(row: Remittance, posted: Sequence[tuple[ClaimResponse, Family]]) -> None:
    """Wake coordination for a whole remittance: one promise for each BLOCK of answers that need it."""
    firsts: dict[int, ClaimResponse] = {}
    for response, found in sorted(posted, key=lambda pair: pair[0].ordinal):
        if has_more(response, found):
            firsts.setdefault((response.ordinal - 1) // BLOCK, response)
    for block, first in firsts.items():
        outbox.promise(
            ROLLOVER_BLOCK, row.clinic_id, first.pk, key=f"{ROLLOVER_BLOCK}:{row.public_id}:{block}"
        )
