"""The till: one-off invoices, bounced checks with a fee, drawers, own splits, papers and mail (B2, B3, B13)."""

from __future__ import annotations

import io
import re
import socketserver
import threading
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from appointments.models import Appointment
from billing import balances, drawers, one_offs, papers, payments, takebacks, verification
from billing.checkout import check_out
from billing.enums import InvoiceKind
from billing.errors import BadDrawer, BadPayment, CannotCheckOut, NothingToCharge
from billing.models import Charge, DrawerClose, Invoice, Receipt
from billing.payments import Payment
from claims import building
from clinics.errors import Refusal
from clinics.models import Location
from clinics.settings import change
from tests.cast import TODAY, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)
DESK = "front_desk@alder.example"


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def visit(world):
    with world.open():
        patient = make_patient(email="maren@example.org")
        return make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))


def take(world, patient, amount, method=None, reference="", **more):
    payment = Payment(method or world.cash, Decimal(amount), reference=reference)
    return payments.take(patient, payment, [], location=world.location, today=TODAY, **more)


def is_whole():
    return not [row for row in verification.run().values() if row.violations]


@pytest.mark.rule("B2")
def test_a_one_off_invoice_is_the_patients_alone_and_never_a_claim(world, visit):
    with world.open():
        items = [one_offs.Item("Cushion", 2, Decimal("19.99")), one_offs.Item(service=world.exam)]
        made = one_offs.issue(visit.patient, items, location=world.location, at=timezone.now(), today=TODAY)
        assert (made.kind, made.total, made.appointment) == (InvoiceKind.ONE_OFF, Decimal("139.98"), None)
        assert balances.patient_due(visit.patient_id) == Decimal("139.98")
        with pytest.raises(Refusal):
            building.build(made, 1, today=TODAY)
        with pytest.raises(NothingToCharge):
            one_offs.issue(
                visit.patient, [one_offs.Item("x")], location=world.location, at=timezone.now(), today=TODAY
            )
        assert is_whole()


@pytest.mark.rule("B3")
def test_a_bounced_check_is_owed_again_with_its_fee_once(world, visit, client):
    with world.open():
        check_out(
            visit.public_id, [Payment(world.check, Decimal("25.00"), reference="881")], at=timezone.now()
        )
        change("bounced_check_fee", "20.00", world.clinic, world.location)
        row = Receipt.objects.get()
        assert takebacks.proposed_fee(row) == Decimal("20.00")
    client.force_login(world.users["biller"])
    url = reverse("billing:reverse-payment", args=[row.public_id])
    assert 'value="20.00"' in client.get(url).content.decode()
    for _ in range(2):
        client.post(url, {"reason": "no funds", "fee": "20.00", "idempotency_key": "k"})
    with world.open():
        assert balances.patient_due(visit.patient_id) == Decimal("45.00")
        fee = Invoice.objects.get(kind=InvoiceKind.ONE_OFF)
        assert Charge.objects.get(invoice=fee).description == "Returned check 881"
        assert is_whole()


@pytest.mark.rule("B3")
def test_a_split_written_by_hand_is_what_is_paid_and_the_rest_is_credit(world, visit, client):
    with world.open():
        for price in ("30.00", "50.00"):
            item = one_offs.Item("Form", 1, Decimal(price))
            one_offs.issue(visit.patient, [item], location=world.location, at=timezone.now(), today=TODAY)
        first, second = Charge.objects.order_by("pk")
        for bad in ([(first.public_id, Decimal("30.01"))], [(first.public_id, Decimal("-1.00"))],
                    [(first.public_id, Decimal("20.00")), (second.public_id, Decimal("50.00"))],
                    [("NOBODY", Decimal("1.00"))]):  # fmt: skip
            with pytest.raises(BadPayment), transaction.atomic():
                take(world, visit.patient, "60.00", split=bad)
    client.force_login(world.users["front_desk"])
    url = reverse("billing:take-payment", args=[visit.patient.public_id])
    form = {
        "amount": "60.00", "method": world.cash.public_id, "own_split": "1", "phone": "on", "idempotency_key": "a",
        f"pays_{first.public_id}": "5.00", f"pays_{second.public_id}": "50.00",
    }  # fmt: skip
    assert client.post(url, {**form, f"pays_{first.public_id}": "31.00"}).status_code == 400
    answer = client.post(url, form)
    assert "by phone" in client.get(answer["Location"]).content.decode()
    with world.open():
        left = balances.lines([first.pk, second.pk])
        assert (left[first.pk].patient, left[second.pk].patient) == (Decimal("25.00"), Decimal("0.00"))
        assert balances.patient_credit(visit.patient_id).free == Decimal("5.00")
        assert is_whole()


@pytest.mark.rule("B13")
def test_a_drawer_is_counted_against_the_ledger_and_starts_anew(world, visit):
    with world.open(DESK):
        take(world, visit.patient, "40.00")
        check = take(world, visit.patient, "15.00", world.check, "77")
        payments.refund(visit.patient, Decimal("10.00"), reason="asked", today=TODAY, key="r")
    with world.open("other@alder.example"):
        take(world, visit.patient, "99.00")
    with world.open(DESK):
        found = drawers.open_drawer(world.location, DESK)
        assert dict(found.methods) == {"Cash": Decimal("30.00"), "Check": Decimal("15.00")}
        right = {"Cash": Decimal("30.00"), "Check": Decimal("15.00")}
        with pytest.raises(BadDrawer, match=r"45\.00 now"):
            drawers.close(world.location, DESK, right, seen=Decimal("40.00"), day=TODAY)
        short = {**right, "Cash": Decimal("29.00")}
        with pytest.raises(BadDrawer, match=r"differs"):
            drawers.close(world.location, DESK, short, seen=Decimal("45.00"), day=TODAY)
        row = drawers.close(
            world.location, DESK, short, seen=Decimal("45.00"), day=TODAY, note="a dollar short"
        )
        assert (row.system, row.counted) == (Decimal("45.00"), Decimal("44.00"))
    with world.open(DESK):
        takebacks.reverse_payment(check, reason="bounced", today=TODAY)
        assert dict(drawers.open_drawer(world.location, DESK).methods) == {"Check": Decimal("-15.00")}


def test_the_drawer_page_and_the_api(world, visit, client):
    client.force_login(world.users["front_desk"])
    api = reverse("billing-api:payments")
    client.post(
        api, {"patient": visit.patient.public_id, "method": world.cash.public_id, "amount": "40.00"},
        content_type="application/json",
    )  # fmt: skip
    page = client.get(reverse("billing:drawer")).content.decode()
    assert re.search(r'name="seen" value="40.00"', page)
    form = {"seen": "40.00", "method_0": "Cash", "counted_0": "39.00", "idempotency_key": "d"}
    answer = client.post(reverse("billing:drawer"), form)
    assert answer.status_code == 409
    assert 'value="39.00"' in answer.content.decode()
    for _ in range(2):
        assert client.post(reverse("billing:drawer"), {**form, "counted_0": "40.00"}).status_code == 302
    with world.open():
        assert DrawerClose.objects.count() == 1
    assert client.get(reverse("billing-api:drawer")).json()["system"] == "0.00"
    assert client.get(reverse("billing-api:drawer-closes")).json()[0]["counted"] == "40.00"
    bad = client.post(
        reverse("billing-api:drawer"), {"counted": {}, "seen": "0.00"}, content_type="application/json"
    )
    assert (
        bad.json()["error"]["code"] == "nothing_to_count" if "error" in bad.json() else bad.status_code == 409
    )


@pytest.mark.rule("B2")
def test_a_visit_of_nothing_needs_its_reason_where_the_location_asks(world, visit, client):
    with world.open():
        change("block_checkout_without_charge", "on", world.clinic, world.location)
        Appointment.objects.filter(pk=visit.pk).update(override_price=Decimal("0.00"))
    client.force_login(world.users["front_desk"])
    url = reverse("billing:check-out", args=[visit.public_id])
    assert "Why it comes to 0.00" in client.get(url).content.decode()
    answer = client.post(url, {"idempotency_key": "z", "amount": ""})
    assert answer.status_code == 400
    assert "say why" in answer.content.decode()
    assert client.post(url, {"idempotency_key": "z", "zero_reason": "warranty"}).status_code == 302
    with world.open():
        assert Invoice.objects.get().document["zero_charge_reason"] == "warranty"


@pytest.mark.rule("B17.7")
def test_a_patient_may_pay_in_full_and_ask_that_no_insurer_is_told(world, visit, client):
    client.force_login(world.users["front_desk"])
    client.post(reverse("appointments:self-pay", args=[visit.public_id]), {"wanted": "1"})
    url = reverse("billing:check-out", args=[visit.public_id])
    assert "Take 150.00 and check out" in client.get(url).content.decode()
    form = {"method": world.cash.public_id, "amount": "100.00", "idempotency_key": "s"}
    answer = client.post(url, form)
    assert answer.status_code == 409
    assert "50.00 is missing" in answer.content.decode()
    assert client.post(url, {**form, "amount": "150.00"}).status_code == 302
    with world.open():
        made = Invoice.objects.get()
        assert (made.document["payers"], bool(made.document["self_pay_request"])) == ([], True)
        assert balances.invoices([made.pk])[made.pk].insurer_open == Decimal("0.00")
        with pytest.raises(Refusal):
            building.build(made, 1, today=TODAY)
        with pytest.raises(CannotCheckOut):
            other = make_visit(world, visit.patient, visit.profile, self_pay_request=True)
            check_out(other.public_id, [], at=timezone.now())


def test_four_methods_in_one_go(world, visit, client):
    client.force_login(world.users["front_desk"])
    form = {
        "method": world.cash.public_id,
        "amount": "10.00",
        "split": "1",
        "idempotency_key": "m",
        "memo": "copay",
    }
    for end in ("_2", "_3", "_4"):
        form |= {
            f"method{end}": world.check.public_id,
            f"amount{end}": "5.00",
            f"reference{end}": f"1{end[1]}",
        }
    assert client.post(reverse("billing:check-out", args=[visit.public_id]), form).status_code == 302
    with world.open():
        assert Receipt.objects.count() == 4
        assert set(Receipt.objects.values_list("memo", flat=True)) == {"copay"}
        assert balances.patient_due(visit.patient_id) == Decimal("0.00")


def text_of(content):
    return "\n".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(content)).pages)


def test_papers_are_drawn_and_mail_goes_where_it_is_set_up(world, visit, client):
    with world.open():
        made = check_out(visit.public_id, [Payment(world.cash, Decimal("40.00"), "copay")], at=timezone.now())
        receipt = made.receipts[0]
    client.force_login(world.users["front_desk"])
    paper = text_of(client.get(reverse("billing:receipt-pdf", args=[receipt.public_id])).content)
    assert "25.00" in paper
    assert "Credit on account" in paper
    bill = text_of(client.get(reverse("billing:superbill-pdf", args=[made.invoice.public_id])).content)
    for words in ("98941", "M9903", "NPI", "150.00"):
        assert words in bill
    page = client.get(reverse("billing:receipt", args=[receipt.public_id])).content.decode()
    assert "E-mail is not set up" in page
    assert client.post(reverse("billing-api:receipt-mail", args=[receipt.public_id])).status_code == 400
    with MailServer() as (port, got):
        smtp = {
            "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port, "EMAIL_USE_TLS": False,
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        }  # fmt: skip
        with override_settings(**smtp):
            page = client.get(reverse("billing:receipt", args=[receipt.public_id])).content.decode()
            assert "E-mail to" in page
            sent = client.post(reverse("billing-api:receipt-mail", args=[receipt.public_id]))
            assert (sent.status_code, sent.json()["to"]) == (202, "maren@example.org")
            papers.send_mail(world.clinic.pk, receipt.pk)
    assert "maren@example.org" in got[0]
    assert f"receipt-{receipt.public_id}.pdf" in got[0]


class MailServer:
    """A mail server of a few lines: takes one connection at a time and keeps what it was told."""

    def __enter__(self):
        got = []

        class Talk(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 here\r\n")
                said, body = [], False
                for raw in self.rfile:
                    line = raw.decode("latin-1")
                    said.append(line)
                    if body:
                        if line == ".\r\n":
                            body = False
                            self.wfile.write(b"250 kept\r\n")
                    elif line.upper().startswith("DATA"):
                        body = True
                        self.wfile.write(b"354 go on\r\n")
                    elif line.upper().startswith("QUIT"):
                        self.wfile.write(b"221 bye\r\n")
                        break
                    else:
                        self.wfile.write(b"250 ok\r\n")
                got.append("".join(said))

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self.server.daemon_threads = False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_address[1], got

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_a_one_off_by_page_goes_on_to_its_payment(world, visit, client):
    client.force_login(world.users["front_desk"])
    url = reverse("billing:one-off", args=[visit.patient.public_id])
    bad = client.post(url, {"name": "", "quantity": "1", "price": "5.00", "idempotency_key": "o"})
    assert bad.status_code == 400
    answer = client.post(url, {"name": "Form", "quantity": "1", "price": "5.00", "idempotency_key": "o"})
    assert answer["Location"] == reverse("billing:take-payment", args=[visit.patient.public_id])
    api = client.post(
        reverse("billing-api:one-off-invoices"),
        {"patient": visit.patient.public_id, "items": [{"service": world.exam.public_id}]},
        content_type="application/json",
    )
    assert (api.status_code, api.json()["visit"]) == (201, None)
    with world.open():
        assert Location.objects.count() == 1
        assert balances.patient_due(visit.patient_id) == Decimal("105.00")
