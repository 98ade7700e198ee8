"""A visit checked out and claimed, and remittances for it: what the posting tests begin with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import balances
from billing.balances import LineBalance
from billing.checkout import check_out
from billing.models import Invoice
from billing.payments import Payment
from claims import building
from claims.models import Claim
from clearinghouses.inbound import receive
from clinics.models import Setting
from responses import inbox
from responses.models import ClaimResponse
from responses.posting import Taken
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit
from tests.responses.edi import Cas, Clp, Svc, remit

MEDICARE = {"payer": "MEDICARE", "payer_id": "1520000001"}
AARP = {"payer": "AARP", "payer_id": "1363739783"}
AETNA = {"payer": "AETNA", "payer_id": "1066033492"}
# Example 1 of rules.md B9, and the payer takes it back; see ``clp``.
EX1 = ("1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"))
BACK = ("22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"))


def set_up(world: World, **values: Any) -> None:
    """Settings of the clinic, as stored."""
    for name, value in values.items():
        Setting.objects.update_or_create(
            clinic=world.clinic, location=None, name=name, defaults={"value": value, "changed_by": "test"}
        )


def claimed(world: World, *payers: Any, paid: str | None = None, last: str = "Okafor", **visit: Any) -> Claim:
    """A checked-out visit of one adjustment with its first layer's claim."""
    patient = make_patient(last=last)
    policies = [
        make_policy(patient, payer, member_id=f"W{place}2345678") for place, payer in enumerate(payers)
    ]
    profile = make_profile(patient, *policies)
    services = visit.pop("services", ())
    appointment = make_visit(world, patient, profile, *services, **visit)
    handed = [Payment(world.cash, Decimal(paid), "copay")] if paid else []
    invoice = check_out(appointment.public_id, handed, at=NOW).invoice
    return building.build(invoice, 1, today=TODAY)


def clp(claim: Claim, status: str, charge: str, paid: str, *cas: Cas, icn: str = "ICN1", **more: Any) -> Clp:
    """An answer to a claim of one line."""
    line = claim.lines.get()
    svc = Svc(
        charge,
        paid,
        cas,
        line_id=line.line_id,
        code=line.procedure_code,
        allowed=more.pop("allowed", ""),
        remarks=more.pop("remarks", ()),
    )
    return Clp(claim.control_number, status, charge, paid, [svc], icn=icn, **more)


def take(text: str, at: datetime = NOW) -> list[Taken]:
    """Take a text in as an upload does."""
    inbound, is_new = receive(text.encode(), "era.835", "upload")
    if not is_new:
        return []
    return inbox.take(inbound, at=at).remittances


def answer(*claims: Clp, **head: Any) -> list[ClaimResponse]:
    """Take one remittance in; its responses in file order."""
    [taken] = take(remit(*claims, **head))
    return list(
        ClaimResponse.objects.filter(remittance=taken.remittance)
        .select_related("remittance")
        .order_by("ordinal")
    )


def money(invoice: Invoice) -> LineBalance:
    """The whole visit's balance; every line whole (I-3)."""
    lines = balances.lines(invoice.charges.values_list("pk", flat=True))
    assert all(line.is_whole for line in lines.values())
    return balances.sum_lines(lines.values())
