"""Enrollment of payers over connections: what may be exchanged with whom (rules.md B14).

Before it: an admin with the clearinghouse's letters. After it: the claim's check (missing 837P), the payer's page
and the home's set-up checklist (missing 835). The sandbox takes everybody: there a row is only needed to say that
somebody is *not* enrolled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from clearinghouses.models import Connection
from clinics import audit
from insurance.enums import ClaimFormat, EnrollmentKind, EnrollmentState
from insurance.errors import BadCoverage
from insurance.hooks import CONNECTIONS_FOR
from insurance.models import Enrollment, Payer

MISSING = "missing"
KINDS = tuple(EnrollmentKind)


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one kind of exchange with one payer over one connection stands."""

    kind: str
    state: str  # a state of EnrollmentState, or missing
    row: Enrollment | None

    @property
    def is_open(self) -> bool:
        """Whether files may go."""
        return self.state == EnrollmentState.ACTIVE


@dataclass(frozen=True, slots=True)
class PayerLine:
    """One payer with the connection that carries it and its four kinds."""

    payer: Payer
    connection: Connection | None
    cells: tuple[Cell, ...]

    @property
    def needs_claims(self) -> bool:
        """Claims to it cannot leave."""
        return not self.cells[0].is_open

    @property
    def needs_payments(self) -> bool:
        """Its payments come without a file."""
        return not self.cells[1].is_open


def state_of(row: Enrollment | None, connection: Connection) -> str:
    """The row's state; without a row the sandbox counts as active and everybody else as missing."""
    if row is not None:
        return row.state
    return EnrollmentState.ACTIVE.value if connection.is_sandbox else MISSING


def lines(payers: Iterable[Payer] | None = None) -> list[PayerLine]:
    """Every electronic payer that is in use with its four states, in a constant number of queries."""
    if payers is None:
        payers = Payer.objects.filter(is_active=True, claim_format=ClaimFormat.ELECTRONIC).order_by(
            "name", "id"
        )
    listed = list(payers)
    routes = CONNECTIONS_FOR.ask({payer.pk for payer in listed}) if listed else {}
    rows = {
        (row.payer_id, row.connection_id, row.kind): row
        for row in Enrollment.objects.filter(payer_id__in=[payer.pk for payer in listed])
    }
    return [_line(payer, routes.get(payer.pk), rows) for payer in listed]


def claims_open(payer_ids: Iterable[int]) -> dict[int, tuple[bool, str]]:
    """For each payer that has a connection: whether 837P may go over it, and the connection's name."""
    wanted = set(payer_ids)
    routes = CONNECTIONS_FOR.ask(wanted) if wanted else {}
    rows = {
        (row.payer_id, row.connection_id): row
        for row in Enrollment.objects.filter(payer_id__in=wanted, kind=EnrollmentKind.CLAIMS)
    }
    return {
        key: (state_of(rows.get((key, connection.pk)), connection) == EnrollmentState.ACTIVE, connection.name)
        for key, connection in routes.items()
    }


def save(
    payer: Payer, connection: Connection, kind: str, state: str, *, on: date, today: date, note: str = ""
) -> Enrollment:
    """Write where an enrollment stands since a day; audited. Raises BadCoverage."""
    if kind not in EnrollmentKind.values:
        raise BadCoverage("Choose what is exchanged.", fields={"kind": ["Choose what is exchanged."]})
    if state not in EnrollmentState.values:
        raise BadCoverage("Choose where it stands.", fields={"state": ["Choose where it stands."]})
    if on > today:
        raise BadCoverage("This day is in the future.", fields={"since": ["This day is in the future."]})
    values = {"state": state, "since": on, "note": note.strip()[:200]}
    row, _ = Enrollment.objects.update_or_create(
        payer=payer, connection=connection, kind=kind, defaults=values
    )
    audit.record(
        "enrollment.save", "payer", payer.public_id, exchange=kind, state=state, connection=connection.name
    )
    return row


def save_many(payers: Iterable[Payer], kind: str, state: str, *, on: date, today: date) -> int:
    """The same for several payers over the connection that carries each; returns how many."""
    count = 0
    for line in lines(payers):
        if line.connection is not None:
            save(line.payer, line.connection, kind, state, on=on, today=today)
            count += 1
    return count


def _line(
    payer: Payer, connection: Connection | None, rows: dict[tuple[int, int, str], Enrollment]
) -> PayerLine:
    cells = []
    for kind in KINDS:
        row = rows.get((payer.pk, connection.pk, kind)) if connection is not None else None
        state = MISSING if connection is None else state_of(row, connection)
        cells.append(Cell(kind.value, state, row))
    return PayerLine(payer, connection, tuple(cells))
