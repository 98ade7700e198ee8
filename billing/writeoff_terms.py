"""The terms of write-off types: general-ledger code, whether a reason is needed, bad debt or not (B10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing.enums import WriteOffType
from billing.models import WriteOffTerms
from clinics import audit

T = WriteOffType
CODES: dict[str, str] = {
    T.CONTRACTUAL: "4100",
    T.SEQUESTRATION: "4110",
    T.SMALL_BALANCE: "4200",
    T.FINANCIAL_ASSISTANCE: "4210",
    T.COURTESY: "4220",
    T.PROMPT_PAY: "4230",
    T.TIMELY_FILING: "4300",
    T.ADMINISTRATIVE: "4310",
    T.BAD_DEBT: "6100",
    T.BANKRUPTCY: "6110",
}
BAD_DEBT = (T.BAD_DEBT, T.BANKRUPTCY)
# Types whose reason cannot be waived: they are what an auditor asks about first.
ALWAYS_A_REASON = (T.COURTESY, T.FINANCIAL_ASSISTANCE, T.ADMINISTRATIVE)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one type here."""

    type: str
    gl_code: str
    needs_reason: bool
    counts_as_bad_debt: bool
    is_active: bool

    @property
    def label(self) -> str:
        """The type in words."""
        return WriteOffType(self.type).label


def all_terms() -> list[Terms]:
    """Every type with the clinic's terms, else the house's."""
    own = {row.type: row for row in WriteOffTerms.objects.all()}
    return [_terms(kind, own.get(kind)) for kind in WriteOffType.values]


def terms_of(kind: str) -> Terms:
    """The terms of one type."""
    return _terms(str(kind), WriteOffTerms.objects.filter(type=str(kind)).first())


def set_terms(
    kind: str, *, gl_code: str, needs_reason: bool, counts_as_bad_debt: bool, is_active: bool
) -> Terms:
    """Change the terms of a type; courtesy, assistance and administrative always need a reason."""
    values: dict[str, Any] = {
        "gl_code": gl_code.strip()[:20],
        "needs_reason": needs_reason or kind in ALWAYS_A_REASON,
        "counts_as_bad_debt": counts_as_bad_debt,
        "is_active": is_active,
    }
    row, _ = WriteOffTerms.objects.update_or_create(type=kind, defaults=values)
    audit.record("writeoff.terms", "writeoff_type", kind, **values)
    return _terms(kind, row)


def _terms(kind: str, row: WriteOffTerms | None) -> Terms:
    if row is None:
        return Terms(kind, CODES[kind], True, kind in BAD_DEBT, True)
    return Terms(kind, row.gl_code, row.needs_reason, row.counts_as_bad_debt, row.is_active)
