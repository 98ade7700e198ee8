"""Figures of the home pages, each read from the ledger or the claims it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from billing.models import LedgerEntry
from claims.models import Claim
from clinics.models import Clinic
from lib.money import ZERO

IN_FLIGHT = ("batched", "submitted", "acknowledged", "accepted", "awaiting_crossover")


@dataclass(frozen=True, slots=True)
class Month:
    """One clinic's month up to today; amounts in dollars."""

    collected: Decimal
    from_patients: Decimal
    from_insurers: Decimal
    with_insurers: Decimal
    with_patients: Decimal
    credit: Decimal
    claims_in_flight: int
    sent: int
    rejected: int

    @property
    def clean_rate(self) -> str:
        """Claims accepted at the first try, of those sent; a dash before the first."""
        return f"{100 * (self.sent - self.rejected) // self.sent} %" if self.sent else "–"


def read_month(today: date) -> Month:
    """The figures of the open clinic in three queries."""
    sums = LedgerEntry.objects.aggregate(
        patients=Sum(
            "amount",
            filter=Q(account="cash", receipt__kind="patient", txn__posted_on__gte=today.replace(day=1)),
        ),
        insurers=Sum(
            "amount",
            filter=Q(account="cash", receipt__kind="insurance", txn__posted_on__gte=today.replace(day=1)),
        ),
        with_insurers=Sum("amount", filter=Q(account__in=["ar:1", "ar:2", "ar:3"])),
        with_patients=Sum("amount", filter=Q(account="ar:patient")),
        credit=Sum("amount", filter=Q(account="patient_credit")),
    )
    got = {name: value or ZERO for name, value in sums.items()}
    claims = Claim.objects.aggregate(
        # The join with events repeats claims, so each is counted once.
        flight=Count("pk", filter=Q(state__in=IN_FLIGHT), distinct=True),
        sent=Count("pk", filter=Q(submitted_at__isnull=False), distinct=True),
        rejected=Count("pk", filter=Q(events__to_state="rejected"), distinct=True),
    )
    return Month(
        collected=got["patients"] + got["insurers"],
        from_patients=got["patients"],
        from_insurers=got["insurers"],
        with_insurers=got["with_insurers"],
        with_patients=got["with_patients"],
        credit=-got["credit"],
        claims_in_flight=claims["flight"],
        sent=claims["sent"],
        rejected=claims["rejected"],
    )


def read_clinics(clinics: list[Clinic]) -> list[dict[str, Any]]:
    """One row a clinic, over all of them in two grouped queries."""
    money: dict[int, Any] = {
        row["clinic_id"]: row
        for row in LedgerEntry.objects.values("clinic_id").annotate(
            insurers=Sum("amount", filter=Q(account__in=["ar:1", "ar:2", "ar:3"])),
            patients=Sum("amount", filter=Q(account="ar:patient")),
        )
    }
    work: dict[int, Any] = {
        row["clinic_id"]: row
        for row in Claim.objects.values("clinic_id").annotate(
            ready=Count("pk", filter=Q(state="ready")),
            new=Count("pk", filter=Q(state="new")),
            rejected=Count("pk", filter=Q(state="rejected")),
            flight=Count("pk", filter=Q(state__in=IN_FLIGHT)),
        )
    }
    empty = {"ready": 0, "new": 0, "rejected": 0, "flight": 0}
    return [
        {
            "clinic": clinic,
            "insurers": money.get(clinic.pk, {}).get("insurers") or ZERO,
            "patients": money.get(clinic.pk, {}).get("patients") or ZERO,
            **empty,
            **{k: v for k, v in work.get(clinic.pk, {}).items() if k in empty},
        }
        for clinic in clinics
    ]
