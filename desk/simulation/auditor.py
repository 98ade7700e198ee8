"""The auditor: own notes, own reading of the bytes, own sums. It shares no arithmetic with the product.

It splits X12 by its delimiters and nothing more, adds cents as integers, and asks the database by plain SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from clinics.scoping import open_clinic

Trace = tuple[str, str]  # the payer's identifier and its check or EFT number


@dataclass
class Findings:
    """What does not agree; zeros when all is well."""

    cents_off: int = 0
    claims_lost: int = 0
    claims_sent_twice: int = 0
    said: list[str] = field(default_factory=list)

    def money(self, what: str, ours: int, theirs: int) -> None:
        """Two sums in cents that must be equal."""
        if ours != theirs:
            self.cents_off += abs(ours - theirs)
            self.said.append(f"{what}: the auditor has {ours / 100:.2f}, the books have {theirs / 100:.2f}")

    def lost(self, what: str, names: Iterable[str]) -> None:
        """Claims that should be somewhere and are not."""
        missing = sorted(names)
        if missing:
            self.claims_lost += len(missing)
            self.said.append(f"{what}: {len(missing)}, such as {missing[0]}")


@dataclass
class Auditor:
    """One clinic's auditor."""

    clinic_id: int
    visits: dict[str, tuple[int, int, bool]] = field(default_factory=dict)

    def note_visit(self, visit: str, prices: list[Decimal], handed: Decimal, is_insured: bool) -> None:
        """What a visit should have cost and what crossed the counter, from the script alone."""
        self.visits[visit] = (sum(map(cents, prices)), cents(handed), is_insured)

    def compare(self, received: list[bytes], laid: Iterable[bytes]) -> Findings:
        """Hold the books against the notes and the bytes on both sides."""
        found = Findings()
        answers = list(read_payments(laid))
        with open_clinic(self.clinic_id, actor="auditor"):
            self._counter(found)
            self._insurers(found, answers)
            self._lines(found)
            self._claims(found, sent_numbers(received), answers)
        return found

    def _counter(self, found: Findings) -> None:
        charged = -_one("SELECT coalesce(sum(amount), 0) FROM billing_ledgerentry WHERE account = 'charges'")
        cash = _one(
            "SELECT coalesce(sum(e.amount), 0) FROM billing_ledgerentry e JOIN billing_receipt r "
            "ON r.clinic_id = e.clinic_id AND r.id = e.receipt_id WHERE e.account = 'cash' AND r.kind = 'patient'"
        )
        found.money("charges", sum(price for price, _, _ in self.visits.values()), charged)
        found.money("money over the counter", sum(handed for _, handed, _ in self.visits.values()), cash)

    def _insurers(self, found: Findings, answers: list[Payment835]) -> None:
        """Each check once, however often its file came; each posted claim payment to the cent."""
        checks = {answer.trace: answer.total for answer in answers}
        cash = _one(
            "SELECT coalesce(sum(e.amount), 0) FROM billing_ledgerentry e JOIN billing_receipt r "
            "ON r.clinic_id = e.clinic_id AND r.id = e.receipt_id WHERE e.account = 'cash' AND r.kind = 'insurance'"
        )
        found.money("insurers' checks", sum(checks.values()), cash)
        posted = _rows(
            "SELECT m.payer_identifier, m.trace_number, c.ordinal, c.control_number FROM responses_claimresponse c "
            "JOIN responses_remittance m ON m.clinic_id = c.clinic_id AND m.id = c.remittance_id "
            "WHERE c.state IN ('auto_posted', 'posted_manually', 'reversed')"
        )
        told = {
            (*answer.trace, place, number): paid
            for answer in answers
            for place, (number, paid) in enumerate(answer.claims, 1)
        }
        expected = sum(
            told.get(row, 0) for row in posted
        )  # a reversed answer counts, and so does its reversal
        applied = -_one(
            "SELECT coalesce(sum(e.amount), 0) FROM billing_ledgerentry e JOIN billing_receipt r "
            "ON r.clinic_id = e.clinic_id AND r.id = e.receipt_id "
            "WHERE e.account IN ('ar:1', 'ar:2', 'ar:3') AND r.kind = 'insurance'"
        )
        found.money("insurers' money on claims", expected, applied)

    def _lines(self, found: Findings) -> None:
        """Every transaction sums to nothing, and every charge is somewhere."""
        found.money("the ledger's sum", 0, _one("SELECT coalesce(sum(amount), 0) FROM billing_ledgerentry"))
        uneven = _one(
            "SELECT count(*) FROM (SELECT txn_id FROM billing_ledgerentry GROUP BY txn_id HAVING sum(amount) <> 0) t"
        )
        found.money("transactions that do not balance", 0, uneven)

    def _claims(self, found: Findings, sent: list[str], answers: list[Payment835]) -> None:
        known = dict(_rows("SELECT control_number, state FROM claims_claim"))
        left = {
            row[0] for row in _rows("SELECT control_number FROM claims_claim WHERE submitted_at IS NOT NULL")
        }
        found.lost("submitted, never at the partner", left - set(sent))
        found.lost("at the partner, unknown to us", set(sent) - set(known))
        found.lost("at the partner, not submitted by our books", set(sent) - left)
        answered = {row[0] for row in _rows("SELECT control_number FROM responses_claimresponse")}
        found.lost(
            "answered by a payer, not in our books", {clm for a in answers for clm, _ in a.claims} - answered
        )
        insured = sum(1 for _, _, is_insured in self.visits.values() if is_insured)
        whole = _one(
            "SELECT count(DISTINCT i.id) FROM billing_invoice i JOIN claims_claim c "
            "ON c.clinic_id = i.clinic_id AND c.invoice_id = i.id"
        )
        patients_all = _one(
            "SELECT count(*) FROM billing_invoice i WHERE NOT EXISTS (SELECT 1 FROM claims_claim c "
            "WHERE c.clinic_id = i.clinic_id AND c.invoice_id = i.id) AND EXISTS (SELECT 1 FROM billing_charge h "
            "JOIN billing_ledgerentry e ON e.clinic_id = h.clinic_id AND e.charge_id = h.id "
            "WHERE h.clinic_id = i.clinic_id AND h.invoice_id = i.id AND e.account = 'ar:1')"
        )
        if patients_all or whole > insured:
            found.claims_lost += patients_all + max(0, whole - insured)
            found.said.append(f"{patients_all} invoices with an insurer's share have no claim")
        twice = [number for number, times in Counter(sent).items() if times > 1]
        found.claims_sent_twice += len(twice)
        found.said += [f"sent {len(twice)} claims twice, such as {sorted(twice)[0]}"] if twice else []


@dataclass(frozen=True)
class Payment835:
    """One ST of an 835 as its bytes have it, in cents."""

    trace: Trace
    total: int
    claims: list[tuple[str, int]]


def read_payments(files: Iterable[bytes]) -> Iterator[Payment835]:
    """Every 835 transaction of the files: BPR02, TRN, and CLP01 with CLP04 in order."""
    for segments in map(split, files):
        total, trace, claims, is_payment = 0, ("", ""), list[tuple[str, int]](), False
        for segment in segments:
            match segment[0]:
                case "ST":
                    total, trace, claims, is_payment = 0, ("", ""), [], segment[1] == "835"
                case "BPR":
                    total = cents(segment[2])
                case "TRN" if is_payment:
                    trace = (segment[3], segment[2])
                case "CLP":
                    claims.append((segment[1], cents(segment[4])))
                case "SE" if is_payment:
                    yield Payment835(trace, total, claims)


def sent_numbers(files: Iterable[bytes]) -> list[str]:
    """CLM01 of every claim in every file that came, with repeats."""
    return [segment[1] for segments in map(split, files) for segment in segments if segment[0] == "CLM"]


def split(content: bytes) -> list[list[str]]:
    """Segments and elements, by the delimiters that the ISA itself shows."""
    text = content.decode("ascii", "replace")
    element, end = text[3], text[105]
    return [piece.strip().split(element) for piece in text.split(end) if piece.strip()]


def cents(amount: str | Decimal) -> int:
    """``85.5`` is 8550."""
    whole = Decimal(amount) * 100
    assert whole == int(whole), amount
    return int(whole)


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _one(sql: str) -> int:
    return int(_rows(sql)[0][0])
