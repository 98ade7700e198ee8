"""Bill visits to a card that was found later: the patient's balance goes to it, and its claims are made (B11.5).

Before it: insurance/profile_edits.add_layer, which has asked who verified the coverage. Only visits inside the
layer's dates are taken, and only where every insurer before has answered; coverage_moves.undo takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction

from billing import balances, invoicing, ledger
from billing.enums import TxnKind
from billing.ledger import Entry
from billing.models import Charge, Invoice
from billing.payments import lock_patient_money
from claims import coverage, queue
from claims.coverage import Touched
from claims.errors import CannotMove, NothingToClaim
from claims.models import CoverageMove
from clinics import audit
from clinics.scoping import current_actor
from insurance.coverage import covers
from insurance.models import InsuranceProfile, Layer
from lib.identifiers import new_public_id
from lib.money import ZERO


def layer_of(profile: InsuranceProfile, policy_id: str) -> Layer:
    """The layer of a card on a profile; CannotMove where it is not there."""
    row = (
        Layer.objects.filter(profile=profile, policy__public_id=policy_id)
        .select_related("policy__payer", "profile__patient")
        .order_by("-effective_on")
        .first()
    )
    if row is None:
        raise CannotMove("This card is not on this profile.", code="not_on_profile")
    return row


def billable(layer: Layer) -> list[Touched]:
    """Visits inside the layer's, card's and profile's dates that left a balance to the patient and wait for nobody."""
    found = coverage.guard(layer.profile, layer)
    return [
        row
        for row in found.to_bill
        if covers(layer.policy, row.visit.service_date) and covers(layer.profile, row.visit.service_date)
    ]


def bill(layer: Layer, visit_ids: Iterable[str], *, today: date, note: str = "") -> CoverageMove:
    """Ask the added card for what these visits left to the patient: money moved line by line, claims made.

    Ledger (transfer): ar:patient -, ar:N +. Raises CannotMove when a named visit is not one of ``billable``.
    """
    wanted = set(visit_ids)
    if not wanted:
        raise CannotMove("Choose at least one visit.", code="nothing_chosen")
    patient = layer.profile.patient
    with transaction.atomic():
        lock_patient_money(patient)
        rows = {row.visit.public_id: row for row in billable(layer)}
        strangers = sorted(wanted - set(rows))
        if strangers:
            raise CannotMove(
                f"{len(strangers)} of these visits cannot be billed to {layer.policy.payer.name}: outside its "
                "dates, without a balance, or an insurer before it has not answered.",
                stops=strangers,
            )
        key = new_public_id()
        items = [
            _bill_one(layer, rows[visit_id], key, today)
            for visit_id in sorted(wanted, key=lambda v: rows[v].visit.pk)
        ]
        made = CoverageMove.objects.create(
            public_id=key, kind="layer", patient=patient, profile_from=layer.profile, profile_to=layer.profile,
            options={"policy": layer.policy.public_id}, note=note.strip()[:300], items=items,
            created_by=current_actor(),
        )  # fmt: skip
        audit.record(
            "coverage.bill_layer", "profile", layer.profile.public_id, reason=note.strip()[:300],
            policy=layer.policy.public_id, visits=len(items),
        )  # fmt: skip
    return made


def _bill_one(layer: Layer, row: Touched, key: str, today: date) -> dict[str, object]:
    invoice = row.invoice
    assert invoice is not None, "only checked-out visits are billable"
    txn = ledger.post(
        key=f"coverage:{key}:{invoice.public_id}",
        kind=TxnKind.TRANSFER,
        entries=_entries(layer, invoice),
        on=today,
        reason=f"{layer.policy.payer.name} was found later",
        source_kind="person",
        source_key=key,
        trace=[
            {"rule": "B11.5", "because": f"{layer.policy.payer.name} covers this day; verified by a person"}
        ],
    )
    invoicing.settle([invoice.pk])
    claims: Sequence[str] = []
    try:
        claims = [queue.next_layer(invoice, layer.position, today).public_id]
    except NothingToClaim:  # billed by statement: the money is asked, no claim leaves
        claims = []
    return {
        "visit": row.visit.public_id, "old": invoice.public_id, "new": invoice.public_id, "txn": txn.key,
        "claims": list(claims), "amount": str(row.balance.patient),
    }  # fmt: skip


def _entries(layer: Layer, invoice: Invoice) -> list[Entry]:
    """What the patient owes on each line, moved to the layer's place."""
    charges = list(Charge.objects.filter(invoice=invoice).order_by("line_no"))
    held = balances.lines([charge.pk for charge in charges])
    entries = []
    for charge in charges:
        owed = held[charge.pk].patient
        if owed > ZERO:
            entries += [
                Entry("ar:patient", -owed, charge.pk, charge.patient_id),
                Entry(f"ar:{layer.position}", owed, charge.pk, charge.patient_id, layer.policy.payer_id),
            ]
    return entries
