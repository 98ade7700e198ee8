"""Receipts and superbills as PDF, and a receipt by e-mail where the house can send any (rules.md B3).

Drawn from frozen rows by the same limited process as statements. Mail goes out from the outbox, after
the commit and outside any transaction; the clinic's own SMTP server is named in the environment.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from billing import patient_money, takebacks
from billing.errors import BadPayment
from billing.models import Charge, Invoice, Receipt
from billing.statement_pdf import PROCESS
from clinics import audit
from clinics.scoping import open_clinic
from lib.money import show_money
from work import outbox

MAIL = "billing.receipt_mail"
RECEIPT_WITH = ("method", "location__clinic", "patient__guarantor")


def receipt_html(receipt: Receipt) -> str:
    """The page a receipt is drawn from."""
    applied = takebacks.applied_to(receipt)
    charges = Charge.objects.in_bulk([key for key, _, _ in applied if key])
    lines = [
        (line_words(charges.get(key or 0), is_held), show_money(amount)) for key, is_held, amount in applied
    ]
    context = {"receipt": receipt, "lines": lines, "total": show_money(receipt.amount),
               "reversed": takebacks.is_reversed(receipt)}  # fmt: skip
    return render_to_string("pdf/receipt.html", context)


def line_words(charge: Charge | None, is_held: bool) -> str:
    """What a part of a receipt is for: a line, a visit's estimate that waits for its answer, or free credit."""
    if charge is None:
        return "Credit on account"
    if is_held:
        return f"{charge.service_date:%m/%d/%Y} held until the insurer answers"
    return f"{charge.service_date:%m/%d/%Y} {charge.description}"


def receipt_pdf(receipt: Receipt) -> bytes:
    """One receipt; PdfUnavailable says why not."""
    return PROCESS.draw([receipt_html(receipt)])[0]


def superbill_pdf(invoice: Invoice) -> bytes:
    """The invoice with diagnoses, codes and identifiers, as frozen, and where its money is today."""
    money = patient_money.of_invoices([invoice])[0]
    context = {"invoice": invoice, "document": invoice.document, "money": money}
    return PROCESS.draw([render_to_string("pdf/superbill.html", context)])[0]


def mail_obstacle(receipt: Receipt) -> str:
    """Why this receipt cannot be e-mailed; "" when it can."""
    if not settings.EMAIL_HOST:
        return "E-mail is not set up: the operator names a mail server (EMAIL_HOST)."
    if not address_of(receipt):
        return "The patient's record has no e-mail address."
    return ""


def address_of(receipt: Receipt) -> str:
    """Where the receipt goes: the patient's address, else the guarantor's."""
    patient = receipt.patient
    if patient is None:
        return ""
    guarantor = patient.guarantor
    return patient.email or (guarantor.email if guarantor is not None else "")


def promise_mail(receipt: Receipt, *, key: str) -> str:
    """Send the receipt after the commit; the same key sends it once. Returns the address."""
    obstacle = mail_obstacle(receipt)
    if obstacle:
        raise BadPayment(obstacle, code="no_mail")
    outbox.promise(MAIL, receipt.clinic_id, receipt.pk, key=f"{MAIL}:{receipt.public_id}:{key[:60]}")
    audit.record("receipt.mail", "receipt", receipt.public_id)
    return address_of(receipt)


@outbox.handles(MAIL)
def send_mail(clinic_id: int, receipt_id: int) -> None:
    """Outbox: draw the receipt, then send it with nothing locked. A repeat carries the same Message-ID."""
    with open_clinic(clinic_id, actor="worker"):
        receipt = Receipt.objects.select_related(*RECEIPT_WITH).get(pk=receipt_id)
        parts: dict[str, Any] = {
            "to": address_of(receipt),
            "html": receipt_html(receipt),
            "clinic": receipt.location.clinic.name if receipt.location else "",
            "number": receipt.public_id,
        }
    if not parts["to"] or not settings.EMAIL_HOST:
        return
    message = EmailMessage(
        subject=f"Your receipt from {parts['clinic']}",
        body=f"Your receipt {parts['number']} is attached.\n\n{parts['clinic']}\n",
        to=[parts["to"]],
        headers={"Message-ID": f"<receipt-{parts['number'].lower()}@{settings.EMAIL_DOMAIN}>"},
    )
    message.attach(f"receipt-{parts['number']}.pdf", PROCESS.draw([parts["html"]])[0], "application/pdf")
    message.send()
