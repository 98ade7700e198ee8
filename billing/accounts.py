"""Accounts: whoever is asked for money, how often they were asked, and what holds the asking (rules.md B12).

A guarantor's account covers all their patients; a patient without guarantor has their own. Rows are made at the
first need.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from billing.models import Account
from clinics import audit
from patients.models import Patient

LAST_LEVEL = 4


def account_of(patient: Patient) -> Account:
    """The account on which this patient stands."""
    if patient.guarantor_id is not None:
        return Account.objects.get_or_create(guarantor_id=patient.guarantor_id)[0]
    return Account.objects.get_or_create(patient=patient)[0]


def level_of(patient: Patient) -> int:
    """Where asking stands on the patient's account; no row is made."""
    account = find(patient)
    return account.level if account else 0


def people_of(patient: Patient) -> list[Patient]:
    """Everybody on the patient's account, in order; no row is made."""
    if patient.guarantor_id is None:
        return [patient]
    return list(
        Patient.objects.select_related("guarantor").filter(guarantor_id=patient.guarantor_id).order_by("pk")
    )


def members(account: Account) -> list[Patient]:
    """The patients of an account, in order."""
    rows = Patient.objects.select_related("guarantor").order_by("pk")
    if account.guarantor_id is not None:
        return list(rows.filter(guarantor_id=account.guarantor_id))
    assert account.patient_id is not None, "an account is of a guarantor or a patient"
    return list(rows.filter(pk=account.patient_id))


def set_level(account: Account, level: int, at: datetime | None) -> None:
    """Where the asking stands: 0 not begun, each statement one more, at most 4."""
    account.level, account.level_at = max(0, min(LAST_LEVEL, level)), at
    account.save(update_fields=["level", "level_at"])


@dataclass(frozen=True, slots=True)
class Asking:
    """What holds the rounds of statements: a day with its reason, and whether mail came back."""

    hold_until: date | None = None
    hold_reason: str = ""
    bad_address: bool = False


def find(patient: Patient) -> Account | None:
    """The patient's account, if one was needed yet; no row is made."""
    own = {"guarantor": patient.guarantor_id} if patient.guarantor_id else {"patient": patient.pk}
    return Account.objects.filter(**own).first()


def set_asking(patient: Patient, wanted: Asking, *, today: date) -> Account:
    """Keep what holds the account; only what changes is written and audited."""
    account = account_of(patient)
    if (account.hold_until, account.hold_reason) != (wanted.hold_until, wanted.hold_reason.strip()):
        hold(account, until=wanted.hold_until, reason=wanted.hold_reason)
    if (account.bad_address_on is not None) != wanted.bad_address:
        mark_address(account, bad_since=today if wanted.bad_address else None)
    return account


def hold(account: Account, *, until: date | None, reason: str) -> None:
    """No statement before a day; None takes the hold away."""
    account.hold_until, account.hold_reason = until, reason.strip()[:120] if until else ""
    account.save(update_fields=["hold_until", "hold_reason"])
    audit.record(
        "account.hold", "account", account.public_id, until=until.isoformat() if until else "", reason=reason
    )


def mark_address(account: Account, *, bad_since: date | None) -> None:
    """Mail came back (statements stop), or the address was mended."""
    account.bad_address_on = bad_since
    account.save(update_fields=["bad_address_on"])
    audit.record("account.address", "account", account.public_id, bad=bad_since is not None)
