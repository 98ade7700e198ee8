"""State and payer policies: which dated row decides, and the careful answer where no row stands (rules.md B10).

Before it: the admin who keeps the rows with their source. After it: write-offs, statements and collections,
which keep the decision with what they do. ``decide`` is pure over the rows that ``load`` read. Not legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from billing.enums import PayerClass, PolicySubject, WriteOffType
from billing.errors import BadPolicy
from billing.models import Invoice, LedgerEntry, PolicyRow
from clinics import audit
from clinics.scoping import current_actor
from insurance.models import Payer
from lib.money import BadAmount, parse_money
from patients.models import Patient

Subject = PolicySubject
# Where nobody has said anything: nothing is allowed, nothing is small, and collections wait. A missed visit is
# charged only where the clinic has given its status a charge, so only Medicaid's patients need a "no" here (B17.7).
HOUSE: dict[str, str] = {
    Subject.BALANCE_BILLING: "no",
    Subject.MEDICAID_BILLING: "no",
    Subject.NO_SHOW_FEE: "no",
    Subject.SMALL_BALANCE_LIMIT: "0.00",
    Subject.STATEMENTS_BEFORE_COLLECTIONS: "3",
    Subject.DAYS_BEFORE_COLLECTIONS: "120",
    Subject.STATEMENT_NOTICE: "",
}
HOUSE_OF_OTHERS: dict[str, str] = {Subject.NO_SHOW_FEE: "yes"}  # every kind of payer but Medicaid
YES_NO = (Subject.BALANCE_BILLING, Subject.MEDICAID_BILLING, Subject.NO_SHOW_FEE)
NUMBERS = (Subject.STATEMENTS_BEFORE_COLLECTIONS, Subject.DAYS_BEFORE_COLLECTIONS)


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked about: the patient's state (IL), the payer and its kind, the day."""

    state: str
    payer_id: int | None
    payer_class: str
    on: date


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and the row behind it; ``row`` is empty where the house's careful default answered."""

    subject: str
    value: str
    row: str
    source: str
    because: str

    @property
    def allows(self) -> bool:
        """For the subjects that are yes or no."""
        return self.value == "yes"

    @property
    def money(self) -> Decimal:
        """For limits, in dollars."""
        return parse_money(self.value)

    def as_json(self) -> dict[str, str]:
        """Kept with the act it decided."""
        plain = {"subject": self.subject, "value": self.value, "row": self.row, "source": self.source}
        return {**plain, "because": self.because}


def load(on: date) -> list[PolicyRow]:
    """The rows in force on a day, in one query."""
    rows = PolicyRow.objects.filter(effective_on__lte=on).select_related("payer").order_by("pk")
    return [row for row in rows if row.ends_on is None or row.ends_on >= on]


def every() -> list[PolicyRow]:
    """All rows, for acts on several days; ``decide`` takes those in force on each case's day."""
    return list(PolicyRow.objects.select_related("payer").order_by("pk"))


def decide(subject: str, case: Case, rows: Sequence[PolicyRow]) -> Decision:
    """The fitting row with most keys; payer beats kind of payer beats state; then the latest."""
    fitting = [row for row in rows if row.subject == subject and _fits(row, case)]
    if not fitting:
        return _by_the_house(subject, case)
    row = max(fitting, key=_rank)
    keys = ", ".join(
        part for part in (row.state, row.get_payer_class_display(), str(row.payer or "")) if part
    )
    because = f"{row.get_subject_display()} for {keys or 'everybody'} since {row.effective_on:%m/%d/%Y}"
    return Decision(subject, row.value, row.public_id, row.source, because)


def case_of(patient: Patient, payer: Payer | None, on: date) -> Case:
    """The question about one patient with the payer that answered last, or none."""
    return Case(patient.state, payer.pk if payer else None, class_of(payer), on)


def last_payer(invoice: Invoice) -> Payer | None:
    """The insurer that was asked last about an invoice; None where none was."""
    rows = LedgerEntry.objects.filter(charge__invoice=invoice, account__startswith="ar:", payer__isnull=False)
    last = rows.select_related("payer").order_by("-account", "-pk").first()
    return last.payer if last else None


def of_write_off(invoice: Invoice, party: str, kind: str, payer: Payer | None, on: date) -> Decision:
    """The row behind a write-off: why the amount is not asked of the patient, or not any more (B10).

    An insurer's part: balance billing. The patient's: the limit of small balances, the statements that come
    before collections, Medicaid's patients; where no subject speaks, the terms of the type.
    """
    case = case_of(invoice.patient, payer, on)
    if party != "patient":
        return decide(Subject.BALANCE_BILLING, case, load(on))
    if kind == WriteOffType.SMALL_BALANCE:
        return decide(Subject.SMALL_BALANCE_LIMIT, case, load(on))
    if kind == WriteOffType.BAD_DEBT:
        return decide(Subject.STATEMENTS_BEFORE_COLLECTIONS, case, load(on))
    if case.payer_class == PayerClass.MEDICAID:
        return decide(Subject.MEDICAID_BILLING, case, load(on))
    words = f"The terms of the type {WriteOffType(kind).label.lower()}; no policy is about it"
    return Decision("write_off_terms", str(kind), "", "", words)


def class_of(payer: Payer | None) -> str:
    """Kind of payer by its claim filing indicator (837 SBR09): MC Medicaid, MA and MB Medicare."""
    if payer is None:
        return PayerClass.SELF_PAY
    known = {"MC": PayerClass.MEDICAID, "MA": PayerClass.MEDICARE, "MB": PayerClass.MEDICARE}
    return known.get(payer.filing_indicator, PayerClass.COMMERCIAL)


def parse_value(subject: str, raw: str) -> str:
    """What a form or the API gave, as it is stored; BadPolicy in plain words."""
    text = " ".join(raw.split())
    if subject in YES_NO:
        if text.lower() not in ("yes", "no"):
            raise BadPolicy("Say yes or no.", code="bad_value")
        return text.lower()
    if subject in NUMBERS:
        if not (text.isascii() and text.isdigit() and int(text) <= 3660):
            raise BadPolicy("A whole number, such as 3.", code="bad_value")
        return str(int(text))
    if subject == Subject.SMALL_BALANCE_LIMIT:
        try:
            amount = parse_money(text)
        except BadAmount as error:
            raise BadPolicy("An amount such as 4.99.", code="bad_value") from error
        if amount < 0:
            raise BadPolicy("A limit is 0.00 or more; 0.00 switches the runs off.", code="bad_value")
        return str(amount)
    if not text:
        raise BadPolicy("Write the notice.", code="bad_value")
    return text[:300]


def add(subject: str, data: dict[str, Any]) -> PolicyRow:
    """A new dated row. ``data``: value, state, payer_class, payer, effective_on, ends_on, source."""
    if not str(data.get("source", "")).strip():
        raise BadPolicy("Say where it is written: the statute, manual or contract.", code="source_needed")
    ends = data.get("ends_on")
    if ends is not None and ends < data["effective_on"]:
        raise BadPolicy("It ends before it begins.", code="bad_dates")
    values = {
        "state": data.get("state", "").strip().upper(),
        "payer_class": data.get("payer_class", ""),
        "payer": data.get("payer"),
        "effective_on": data["effective_on"],
    }
    try:
        with transaction.atomic():
            row = PolicyRow.objects.create(
                subject=subject,
                value=parse_value(subject, data["value"]),
                ends_on=ends,
                source=str(data["source"]).strip()[:300],
                created_by=current_actor(),
                **values,
            )
    except IntegrityError as error:
        raise BadPolicy("There is a row with these keys from this day on.", code="twice") from error
    audit.record("policy.add", "policy", row.public_id, subject=subject, value=row.value, source=row.source)
    return row


def end(row: PolicyRow, on: date) -> PolicyRow:
    """A row is never deleted: it ends."""
    if on < row.effective_on:
        raise BadPolicy("It ends before it begins.", code="bad_dates")
    row.ends_on = on
    row.save(update_fields=["ends_on"])
    audit.record("policy.end", "policy", row.public_id, ends_on=on.isoformat())
    return row


def house_words(subject: str) -> str:
    """What holds where no row stands, for the page and the API."""
    if subject in HOUSE_OF_OTHERS:
        return f"{HOUSE[subject]} for Medicaid, else {HOUSE_OF_OTHERS[subject]}"
    return HOUSE[subject] or "none"


def _by_the_house(subject: str, case: Case) -> Decision:
    words = PolicySubject(subject).label
    if case.payer_class != PayerClass.MEDICAID and subject in HOUSE_OF_OTHERS:
        because = f"{words}: no row is set, the clinic’s own status decides"
        return Decision(subject, HOUSE_OF_OTHERS[subject], "", "", because)
    return Decision(subject, HOUSE[subject], "", "", f"{words}: no row is set, the careful default holds")


def _fits(row: PolicyRow, case: Case) -> bool:
    return (
        row.effective_on <= case.on
        and (row.ends_on is None or case.on <= row.ends_on)
        and row.state in ("", case.state)
        and row.payer_class in ("", case.payer_class)
        and row.payer_id in (None, case.payer_id)
    )


def _rank(row: PolicyRow) -> tuple[int, bool, bool, bool, date, int]:
    keys = (row.payer_id is not None, bool(row.payer_class), bool(row.state))
    return sum(keys), *keys, row.effective_on, row.pk
