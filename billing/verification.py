"""The books' proof: every invariant of reliability.md (a) derived again from the rows, as named checks.

``./manage ledger verify`` and Settings > Integrity run them; upper rooms add their own by ``register``
in their AppConfig.ready(). A check counts what it looked at and what is wrong; nothing here repairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from billing.models import Statement
from billing.statements import adds_up
from clinics.scoping import current_clinic_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows one check looked at, how many break the rule, and a few of them by public name."""

    rows: int
    violations: int
    samples: tuple[str, ...] = ()


Check = Callable[[], Outcome]
CHECKS: dict[str, Check] = {}
SQL: dict[str, str] = {}  # the text of those that are SQL, for the page that shows how a check looks
SAMPLES = 5


@dataclass(slots=True)
class Result:
    """One check over all clinics that were asked."""

    name: str
    rows: int = 0
    violations: int = 0
    samples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The contract's keys; samples name what is wrong without names of people."""
        body: dict[str, Any] = {"name": self.name, "rows": self.rows, "violations": self.violations}
        return {**body, "samples": self.samples} if self.samples else body


def register(name: str, check: str | Check) -> None:
    """Add a check by name. A string is SQL that yields (name of the thing, is wrong) rows for ``%(clinic)s``.

    A function takes nothing, looks at the open clinic and returns an Outcome.
    """
    made = _from_sql(check) if isinstance(check, str) else check
    assert name not in CHECKS, f"two checks are called {name}"
    CHECKS[name] = made
    if isinstance(check, str):
        SQL[name] = check


def run(results: dict[str, Result] | None = None) -> dict[str, Result]:
    """Run every check on the open clinic and add up into ``results``."""
    found = results if results is not None else {}
    for name, check in CHECKS.items():
        outcome = check()
        result = found.setdefault(name, Result(name))
        result.rows += outcome.rows
        result.violations += outcome.violations
        result.samples += list(outcome.samples)[: SAMPLES - len(result.samples)]
    return found


def _from_sql(sql: str) -> Check:
    def check() -> Outcome:
        clinic_id = current_clinic_id()
        assert clinic_id is not None, "checks run on one clinic at a time"
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH looked AS ({sql}) "  # noqa: S608 - our own text, values are parameters
                "SELECT count(*), count(*) FILTER (WHERE wrong), "
                f"(array_agg(thing::text) FILTER (WHERE wrong))[1:{SAMPLES}] FROM looked AS looked(thing, wrong)",
                {"clinic": clinic_id},
            )
            rows, violations, samples = cursor.fetchone()
        return Outcome(rows, violations, tuple(samples or ()))

    return check


register(
    "I-1 every transaction has its entries and sums to 0",
    """
    SELECT t.key, coalesce(e.n, 0) <> t.lines OR coalesce(e.n, 0) < 2 OR coalesce(e.total, 0) <> 0
      FROM billing_ledgertxn t
      LEFT JOIN (SELECT txn_id, count(*) AS n, sum(amount) AS total FROM billing_ledgerentry
                  WHERE clinic_id = %(clinic)s GROUP BY txn_id) e ON e.txn_id = t.id
     WHERE t.clinic_id = %(clinic)s
    """,
)
register(
    "I-1b no entry stands outside its transaction's seal",
    """
    SELECT e.id, t.id IS NULL OR e.lines <> t.lines OR e.line_no NOT BETWEEN 1 AND t.lines
      FROM billing_ledgerentry e
      LEFT JOIN billing_ledgertxn t ON t.clinic_id = e.clinic_id AND t.id = e.txn_id
     WHERE e.clinic_id = %(clinic)s
    """,
)
register(
    "I-2 every amount is whole cents within bounds",
    """
    SELECT id, amount = 0 OR abs(amount) > 999999999999 FROM billing_ledgerentry WHERE clinic_id = %(clinic)s
    """,
)
register(
    "I-3 each charge is owed, paid, adjusted or written off to the cent",
    """
    SELECT c.public_id, coalesce(-sum(e.amount) FILTER (WHERE e.account = 'charges'), 0) <>
           coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'ar:%%'), 0)
         - coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'ar:%%' AND e.receipt_id IS NOT NULL), 0)
         + coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'adjustment:%%'), 0)
         + coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'writeoff:%%'), 0)
      FROM billing_charge c
      LEFT JOIN billing_ledgerentry e ON e.clinic_id = c.clinic_id AND e.charge_id = c.id
     WHERE c.clinic_id = %(clinic)s GROUP BY c.public_id
    """,
)
register(
    "I-3b each charge stands in the ledger at its own amount, or at 0 once void",
    """
    SELECT c.public_id, coalesce(-sum(e.amount), 0) <> CASE WHEN i.state = 'void' THEN 0 ELSE c.amount END
      FROM billing_charge c
      JOIN billing_invoice i ON i.clinic_id = c.clinic_id AND i.id = c.invoice_id
      LEFT JOIN billing_ledgerentry e
             ON e.clinic_id = c.clinic_id AND e.charge_id = c.id AND e.account = 'charges'
     WHERE c.clinic_id = %(clinic)s GROUP BY c.public_id, c.amount, i.state
    """,
)
register(
    "I-4 append-only tables refuse change",
    """
    SELECT name, (SELECT count(*) FROM pg_trigger t
                   WHERE t.tgrelid = name::regclass AND t.tgname IN ('no_update', 'no_delete', 'no_truncate')
                     AND t.tgenabled IN ('O', 'A')) <> 3
               OR has_table_privilege('app_rw', name, 'DELETE') OR has_table_privilege('app_rw', name, 'TRUNCATE')
      FROM unnest(ARRAY['billing_ledgertxn', 'billing_ledgerentry', 'billing_charge', 'billing_receipt',
                        'billing_invoice', 'billing_statement', 'work_storedfile', 'clinics_auditevent']) AS name
     WHERE %(clinic)s IS NOT NULL
    """,
)
register(
    "I-5 a patient receipt's credit equals its entries and lies within the receipt",
    """
    SELECT r.public_id, r.unapplied <> coalesce(-sum(e.amount), 0) OR r.unapplied < 0 OR r.unapplied > r.amount
      FROM billing_receipt r
      LEFT JOIN billing_ledgerentry e
             ON e.clinic_id = r.clinic_id AND e.receipt_id = r.id AND e.account = 'patient_credit'
     WHERE r.clinic_id = %(clinic)s AND r.kind = 'patient' GROUP BY r.public_id, r.unapplied, r.amount
    """,
)
register(
    "I-5c an insurer's receipt = posted + escrow - provider-level, to the cent",
    """
    SELECT r.public_id, r.amount <> coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash'), 0)
        OR r.amount <> coalesce(-sum(e.amount) FILTER (WHERE e.account <> 'cash'), 0)
      FROM billing_receipt r
      LEFT JOIN billing_ledgerentry e ON e.clinic_id = r.clinic_id AND e.receipt_id = r.id
     WHERE r.clinic_id = %(clinic)s AND r.kind = 'insurance' GROUP BY r.public_id, r.amount
    """,
)
register(
    "I-6 a reversal mirrors exactly what it reverses",
    """
    SELECT r.key, EXISTS (
        SELECT 1 FROM (
            SELECT account, charge_id, patient_id, payer_id, receipt_id, amount AS cents, 1 AS side
              FROM billing_ledgerentry WHERE clinic_id = %(clinic)s AND txn_id = r.id
            UNION ALL
            SELECT account, charge_id, patient_id, payer_id, receipt_id, -amount, -1
              FROM billing_ledgerentry WHERE clinic_id = %(clinic)s AND txn_id = r.reverses_id) sides
        GROUP BY account, charge_id, patient_id, payer_id, receipt_id, cents HAVING sum(side) <> 0)
      FROM billing_ledgertxn r WHERE r.clinic_id = %(clinic)s AND r.reverses_id IS NOT NULL
    """,
)
register(
    "I-7 every received cent is somewhere: applied, credit, given back or taken back",
    """
    SELECT r.public_id, coalesce(sum(e.amount), 0) <> 0
        OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.key = 'receipt:' || r.public_id), 0)
           <> r.amount
        OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash'), 0) NOT BETWEEN 0 AND r.amount
      FROM billing_receipt r
      LEFT JOIN billing_ledgerentry e ON e.clinic_id = r.clinic_id AND e.receipt_id = r.id
      LEFT JOIN billing_ledgertxn t ON t.clinic_id = e.clinic_id AND t.id = e.txn_id
     WHERE r.clinic_id = %(clinic)s AND r.kind = 'patient' GROUP BY r.public_id, r.amount
    """,
)
register(
    "I-7b cash and escrow entries name their receipt",
    """
    SELECT id, receipt_id IS NULL FROM billing_ledgerentry
     WHERE clinic_id = %(clinic)s AND account IN ('cash', 'escrow', 'patient_credit')
    """,
)
register(
    "I-9 no act was applied twice",
    """
    SELECT key, count(*) > 1 FROM billing_ledgertxn WHERE clinic_id = %(clinic)s GROUP BY key
    UNION ALL
    SELECT principal || ' ' || key, count(*) > 1 FROM work_idempotencykey
     WHERE clinic_id = %(clinic)s GROUP BY principal, key
    UNION ALL
    SELECT appointment_id::text, count(*) > 1 FROM billing_invoice
     WHERE clinic_id = %(clinic)s AND state <> 'void' AND appointment_id IS NOT NULL
     GROUP BY appointment_id
    """,
)
register(
    "I-13 what moves to the next payer or the patient has an answer or a person behind it",
    """
    SELECT t.key, t.source_key = '' OR t.source_kind NOT IN ('adjudication', 'person')
      FROM billing_ledgertxn t WHERE t.clinic_id = %(clinic)s AND t.kind IN ('adjudication', 'transfer')
    """,
)
register(
    "I-19 money of a line stays with the line's patient",
    """
    SELECT e.id, e.patient_id IS DISTINCT FROM c.patient_id OR i.patient_id <> c.patient_id
      FROM billing_ledgerentry e
      JOIN billing_charge c ON c.clinic_id = e.clinic_id AND c.id = e.charge_id
      JOIN billing_invoice i ON i.clinic_id = c.clinic_id AND i.id = c.invoice_id
     WHERE e.clinic_id = %(clinic)s
    """,
)
register(
    "invoices are the sum of their charges",
    """
    SELECT i.number, i.total <> coalesce(sum(c.amount), 0) FROM billing_invoice i
      LEFT JOIN billing_charge c ON c.clinic_id = i.clinic_id AND c.invoice_id = i.id
     WHERE i.clinic_id = %(clinic)s GROUP BY i.number, i.total
    """,
)
register(
    "an invoice is closed when nobody owes on any line, and void when nothing is left on it",
    """
    SELECT i.number, CASE WHEN coalesce(bool_or(l.owed <> 0), false) THEN i.state <> 'open' ELSE i.state = 'open' END
      FROM billing_invoice i
      LEFT JOIN (SELECT c.invoice_id, c.id, e.account, sum(e.amount) AS owed
                   FROM billing_charge c
                   JOIN billing_ledgerentry e ON e.clinic_id = c.clinic_id AND e.charge_id = c.id
                  WHERE c.clinic_id = %(clinic)s AND e.account LIKE 'ar:%%'
                  GROUP BY c.invoice_id, c.id, e.account) l ON l.invoice_id = i.id
     WHERE i.clinic_id = %(clinic)s GROUP BY i.number, i.state
    """,
)


def _statements() -> Outcome:
    rows = list(Statement.objects.values_list("number", "balance", "snapshot"))
    wrong = [
        number
        for number, balance, snapshot in rows
        if not adds_up(snapshot) or str(balance) != snapshot["balance"] or number != snapshot["number"]
    ]
    return Outcome(len(rows), len(wrong), tuple(wrong[:SAMPLES]))


register("statements add up and carry the balance they were cut at", _statements)

OWN = frozenset(CHECKS)  # what billing itself proves; the rooms above add theirs to CHECKS
