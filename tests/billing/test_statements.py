"""Statements: equal to the ledger at the cut, frozen, drawn by a process that is kept on a short lead."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing import balances, ledger, payments, statement_batches, statements
from billing.checkout import check_out
from billing.enums import TxnKind
from billing.errors import NothingDue, PdfUnavailable
from billing.ledger import Entry
from billing.models import Receipt, Statement
from billing.payments import Payment
from billing.statement_layout import document_html, figures_line, lay_out, layout_css, shown_columns
from billing.statement_pdf import PdfProcess
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world
from work.models import Job


@pytest.fixture
def world():
    return make_world()


def insured(world, first="Maren"):
    patient = make_patient(first)
    return patient, make_profile(patient, make_policy(patient, world.aetna))


def answer(world, invoice, *, paid, adjusted, patient, on):
    """An insurer's answer as responses post it: money out of escrow, adjustment, the rest to the patient."""
    charge = invoice.charges.get()
    receipt = Receipt.objects.create(
        method=world.insurance_method,
        kind="insurance",
        payer=world.aetna,
        amount=Decimal(paid),
        source_kind="adjudication",
        source_key="T1",
        received_on=on,
        effective_on=on,
        created_by="x",
    )
    who = {"charge_id": charge.pk, "patient_id": charge.patient_id, "payer_id": world.aetna.pk}
    cash = Decimal(paid)
    ledger.post(
        key=f"in:{invoice.pk}",
        kind=TxnKind.REMITTANCE,
        on=on,
        entries=[Entry("cash", cash, receipt_id=receipt.pk), Entry("escrow", -cash, receipt_id=receipt.pk)],
    )
    ledger.post(
        key=f"post:{invoice.pk}",
        kind=TxnKind.ADJUDICATION,
        on=on,
        source_kind="adjudication",
        source_key="A1",
        entries=[
            Entry("escrow", cash, receipt_id=receipt.pk),
            Entry("ar:1", -cash, receipt_id=receipt.pk, **who),
            Entry("adjustment:CO:45", Decimal(adjusted), **who),
            Entry("ar:1", -Decimal(adjusted), **who),
            Entry("ar:patient", Decimal(patient), charge.pk, charge.patient_id),
            Entry("ar:1", -Decimal(patient), **who),
        ],
    )


@pytest.mark.django_db
@pytest.mark.rule("B12")
def test_a_statement_equals_the_ledger_and_ages_from_the_answer(world):
    with world.open():
        patient, profile = insured(world)
        old = make_visit(world, patient, profile, day=TODAY - timedelta(days=60))
        first = check_out(
            old.public_id, [Payment(world.cash, Decimal("25.00"), "copay")], at=NOW - timedelta(days=60)
        ).invoice
        answer(world, first, paid="65.00", adjusted="40.00", patient="20.00", on=TODAY - timedelta(days=40))
        check_out(make_visit(world, patient, profile, world.exam).public_id, [], at=NOW)
        payments.take(patient, Payment(world.cash, Decimal("5.00")), [], location=world.location, today=TODAY)
        statement = statements.issue(patient, world.location, at=NOW)
        snapshot = statement.snapshot
        assert statement.balance == balances.patient_due(patient.pk) == Decimal("40.00")
        assert statements.adds_up(snapshot)
        row = snapshot["visits"][0]
        assert [row[key] for key in statements.FIGURES] == [
            "150.00",
            "65.00",
            "40.00",
            "0.00",
            "30.00",
            "15.00",
        ]
        assert row["lines"][0]["insurers"] == {"Aetna": "65.00"}
        assert [(w["payer"], w["amount"]) for w in snapshot["waiting"]] == [("Aetna", "75.00")]
        assert dict(snapshot["ages"]) == {
            "0 to 30 days": "25.00",
            "31 to 60": "15.00",
            "61 to 90": "0.00",
            "91 to 120": "0.00",
            "over 120": "0.00",
        }


@pytest.mark.django_db
@pytest.mark.rule("B12")
def test_free_credit_is_taken_off_and_nothing_due_is_no_statement(world):
    with world.open():
        patient, profile = insured(world)
        check_out(make_visit(world, patient, profile).public_id, [], at=NOW)
        check_out(make_visit(world, patient, profile).public_id, [], at=NOW)
        statement = statements.issue(patient, world.location, at=NOW)
        assert statement.balance == Decimal("50.00")
        payments.take(
            patient, Payment(world.cash, Decimal("60.00")), [], location=world.location, today=TODAY
        )
        with pytest.raises(NothingDue):
            statements.issue(patient, world.location, at=NOW)
        assert not statements.adds_up({**statement.snapshot, "due": "49.00"})


@pytest.mark.django_db
def test_a_statement_never_changes(world):
    with world.open():
        patient, profile = insured(world)
        check_out(make_visit(world, patient, profile).public_id, [], at=NOW)
        statement = statements.issue(patient, world.location, at=NOW)
        for change in ({"balance": Decimal("1.00")}, {"snapshot": {}}, {"number": "X"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Statement.objects.filter(pk=statement.pk).update(**change)


@pytest.mark.django_db(transaction=True)
def test_a_batch_asks_everybody_once(world):
    with world.open():
        for name in ("Ann", "Ben", "Cid"):
            patient, profile = insured(world, name)
            paid = [Payment(world.cash, Decimal("22.00"))] if name == "Cid" else []
            check_out(make_visit(world, patient, profile).public_id, paid, at=NOW)
        job = statement_batches.start(world.location, at=NOW, today=TODAY)
    for _ in range(2):  # a job that is run again goes on, it does not start over
        statement_batches.run(world.clinic.pk, job.pk)
    with world.open():
        rows = list(Statement.objects.select_related("pdf"))
        assert [row.balance for row in rows] == [Decimal("25.00")] * 2, (
            "3.00 is less than is worth a statement"
        )
        assert all(bytes(row.pdf.content).startswith(b"%PDF-") for row in rows)
        assert Job.objects.get().result == {"statements": 2, "nothing_due": 0}
        assert statement_batches.due_patients(world.location, TODAY) == []


def sample(visits: int, words: str = "Exam") -> dict:
    line = {
        "words": words,
        "insurers": {"Aetna": "65.00"},
        "charge": "150.00",
        "insurer_paid": "65.00",
        "written_off": "40.00",
        "with_insurer": "0.00",
        "patient_paid": "25.00",
        "due": "20.00",
    }
    visit = {
        **line,
        "date": "2026-03-09",
        "name": "Adjustment",
        "clinician": "Ida Bexley",
        "lines": [line, line],
    }
    return {
        "number": "ST-1",
        "date": "2026-03-17",
        "pay_by": "2026-04-16",
        "visits_to": "2026-03-09",
        "patient": words,
        "clinic": {"name": "Alder", "address": "1 Main", "phone": "(217) 555-0100", "pay_to": ["Alder"]},
        "to": ["M OKAFOR"],
        "account": "1",
        "visits": [visit] * visits,
        "totals": line,
        "waiting": [],
        "ages": [["0 to 30 days", "20.00"]],
        "due": "20.00",
        "credit": "0.00",
        "held": "0.00",
        "balance": "20.00",
        "why": [],
    }


@pytest.mark.parametrize(("visits", "pages"), [(0, 1), (6, 1), (7, 2), (22, 2), (40, 4)])
def test_every_visit_stands_on_some_page_once(visits, pages):
    snapshot = sample(visits)
    laid = lay_out(snapshot, shown_columns(snapshot))
    assert len(laid) == pages
    assert sum(len(page.lines) for page in laid) == visits * 3
    assert [page.last for page in laid] == [False] * (pages - 1) + [True]
    assert all(page.top + len(page.lines) * 14.5 <= (610 if page.first else 770) for page in laid)


def test_figures_of_a_column_are_equally_wide():
    columns = ("charge", "due")
    digits, marks = set(), set()
    for charge in ("0.00", "7.50", "150.00", "1234.56", "99999.99"):
        text = str(figures_line({"charge": charge, "due": "5.00"}, columns))
        digits.add(sum(1 for char in text if char.isdigit() or char in "\u2007\u2212"))
        marks.add(sum(1 for char in text if char in "\u00a0.,"))
    assert len(digits) == len(marks) == 1


def test_what_a_person_wrote_cannot_become_markup():
    html = document_html(sample(1, '<img src="http://10.0.0.1/x">'))
    assert "<img" not in html
    assert "&lt;img" in html


@pytest.fixture
def drawing():
    process = PdfProcess()
    yield process
    process.stop()


def test_the_process_opens_no_foreign_address(drawing, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    html = f'<p>hello</p><img src="file://{secret}"><link rel="attachment" href="file://{secret}"><img src="http://127.0.0.1:9/x">'
    pdf = drawing.draw([html])[0]
    assert pdf.startswith(b"%PDF-")
    assert b"TOPSECRET" not in pdf
    assert b"EmbeddedFile" not in pdf


def test_the_process_is_used_again_and_comes_back_after_its_death(drawing):
    html = document_html(sample(2))
    assert layout_css(html)
    drawing.draw([html, html])
    first = drawing._process.pid
    drawing.draw([html])
    assert drawing._process.pid == first
    drawing._process.kill()
    drawing._process.wait()
    assert drawing.draw([html])[0].startswith(b"%PDF-")


def test_a_document_that_hangs_is_stopped_in_time():
    process = PdfProcess([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.5)
    began = time.monotonic()
    with pytest.raises(PdfUnavailable) as refused:
        process.draw(["<p>x</p>"])
    assert refused.value.code == "pdf_timeout"
    assert time.monotonic() - began < 5
    assert process._process is None


def test_missing_pango_is_told_in_plain_words():
    reply = (
        "import sys,struct; b=b'pango-missing: no'; sys.stdout.buffer.write(b'E'+struct.pack('>I',len(b))+b)"
    )
    process = PdfProcess([sys.executable, "-c", reply])
    with pytest.raises(PdfUnavailable) as refused:
        process.draw(["<p>x</p>"])
    process.stop()
    assert refused.value.code == "pango_missing"
    assert "libpango" in refused.value.message
