"""What the checks ask of code tables, for many claims in a few statements: nothing is kept in a worker.

Before it: claims/scrubbing.py. After it: claims/code_checks.py, which is pure. A kind that nobody
loaded costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import permutations

from django.db.models import Q

from claims import diagnosis_table
from claims.models import CodePair, CodeTable, ProcedureCode, UnitLimit
from x12.documents.professional_claim import ClaimDocument


@dataclass(frozen=True, slots=True)
class PairEdit:
    """One NCCI pair in force for some days."""

    modifier: str
    begins_on: date
    ends_on: date | None

    def holds(self, day: date) -> bool:
        """Whether it counts on a day; the day of its deletion is free."""
        return self.begins_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A listed procedure code: its days and for whom it is."""

    begins_on: date | None = None
    ends_on: date | None = None
    sex: str = ""
    age_from: int | None = None
    age_to: int | None = None
    add_on_to: tuple[str, ...] = ()

    def holds(self, day: date) -> bool:
        """Whether the code may be used on a day."""
        return (self.begins_on is None or self.begins_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A line of another live claim: same patient, same clinician, some day."""

    number: str  # of the claim it stands on
    code: str
    day: date
    modifiers: tuple[str, ...]
    units: Decimal = Decimal(0)
    charge: int = 0  # the same one on the claims of two layers


@dataclass(frozen=True, slots=True)
class Reference:
    """What the tables say about the codes of these claims; empty where no table is in force for a day."""

    diagnosis_faults: Mapping[tuple[str, date], diagnosis_table.Fault] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], tuple[PairEdit, ...]] = field(default_factory=dict)
    limits: Mapping[tuple[str, date], tuple[int, str]] = field(default_factory=dict)  # units, basis
    listed_days: frozenset[date] = frozenset()  # days some list of procedure codes is in force
    listed: Mapping[tuple[str, date], tuple[CodeUse, ...]] = field(default_factory=dict)


NOTHING = Reference()


def in_force() -> list[CodeTable]:
    """The tables claims are checked by, the newest first. Rows of a table that is in force never change."""
    return list(
        CodeTable.objects.filter(state=CodeTable.State.IN_FORCE)
        .only("kind", "effective_on")
        .order_by("-effective_on", "-pk")
    )


def load(
    documents: Sequence[ClaimDocument],
    neighbours: Sequence[Sequence[Neighbour]] = (),
    in_force: Iterable[CodeTable] = (),
) -> Reference:
    """What the checks need for these claims: a statement, one more for each kind of table in force."""
    beside = neighbours or [()] * len(documents)
    by_day: dict[date, set[str]] = defaultdict(set)
    diagnoses: set[tuple[str, date]] = set()
    together: set[tuple[str, str]] = set()
    for document, others in zip(documents, beside, strict=True):
        on_day: dict[date, set[str]] = defaultdict(set)
        for line in document.lines:
            by_day[line.service_date].add(line.procedure)
            on_day[line.service_date].add(line.procedure)
        for day, codes in on_day.items():
            diagnoses |= {(code, day) for code in document.diagnoses}
            codes |= {other.code for other in others if other.day == day}
            together |= set(permutations(codes, 2))
    tables: dict[str, list[CodeTable]] = defaultdict(list)
    for table in in_force:
        tables[table.kind].append(table)
    uses, days = _listed(tables[CodeTable.Kind.CODES], by_day)
    return Reference(
        diagnosis_faults=diagnosis_table.faults(diagnoses),
        pairs=_pairs(tables[CodeTable.Kind.NCCI], together),
        limits=_limits(tables[CodeTable.Kind.MUE], by_day),
        listed_days=days,
        listed=uses,
    )


def _pairs(
    tables: Sequence[CodeTable], together: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[PairEdit, ...]]:
    """From the newest table: its rows carry their own days."""
    wanted = set(together)
    if not tables or not wanted:
        return {}
    codes = {code for pair in wanted for code in pair}
    rows = CodePair.objects.filter(table=tables[0], column1__in=codes, column2__in=codes).exclude(
        modifier="9"
    )
    found: dict[tuple[str, str], list[PairEdit]] = defaultdict(list)
    for one, two, modifier, begins, ends in rows.values_list(
        "column1", "column2", "modifier", "begins_on", "ends_on"
    ):
        if (one, two) in wanted:
            found[one, two].append(PairEdit(modifier, begins, ends))
    return {pair: tuple(edits) for pair, edits in found.items()}


def _on(tables: Sequence[CodeTable], days: Iterable[date]) -> dict[date, CodeTable]:
    """Which table counts on each day: the one that began last."""
    found = {}
    for day in days:
        table = next((table for table in tables if table.effective_on <= day), None)
        if table is not None:
            found[day] = table
    return found


def _asked(by_table: Mapping[date, CodeTable], by_day: Mapping[date, set[str]]) -> Q:
    wanted: dict[int, set[str]] = defaultdict(set)
    for day, table in by_table.items():
        wanted[table.pk] |= by_day[day]
    asked = Q(pk__in=[])
    for table_id, codes in wanted.items():
        asked |= Q(table_id=table_id, code__in=codes)
    return asked


def _limits(
    tables: Sequence[CodeTable], by_day: Mapping[date, set[str]]
) -> dict[tuple[str, date], tuple[int, str]]:
    by_table = _on(tables, by_day)
    if not by_table:
        return {}
    rows = UnitLimit.objects.filter(_asked(by_table, by_day)).values_list(
        "table_id", "code", "units", "basis"
    )
    known = {(table, code): (units, basis) for table, code, units, basis in rows}
    return {
        (code, day): known[table.pk, code]
        for day, table in by_table.items()
        for code in by_day[day]
        if (table.pk, code) in known
    }


def _listed(
    tables: Sequence[CodeTable], by_day: Mapping[date, set[str]]
) -> tuple[dict[tuple[str, date], tuple[CodeUse, ...]], frozenset[date]]:
    by_table = _on(tables, by_day)
    if not by_table:
        return {}, frozenset()
    known: dict[tuple[int, str], list[CodeUse]] = defaultdict(list)
    for row in ProcedureCode.objects.filter(_asked(by_table, by_day)):
        known[row.table_id, row.code].append(
            CodeUse(row.begins_on, row.ends_on, row.sex, row.age_from, row.age_to, tuple(row.add_on_to))
        )
    uses = {
        (code, day): tuple(known[table.pk, code])
        for day, table in by_table.items()
        for code in by_day[day]
        if (table.pk, code) in known
    }
    return uses, frozenset(by_table)
