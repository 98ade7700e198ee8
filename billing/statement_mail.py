"""Statements by e-mail, where a mail server, the setting and an address are there (rules.md B12).

Row first: the statement's transaction promises the mail, the worker sends it outside of any transaction.
"""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage

from billing.models import Statement, StatementDelivery
from clinics.models import Location
from clinics.scoping import open_clinic
from clinics.settings import value_of
from work import files, outbox

MAIL = "billing.statement_mail"
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


def address(statement: Statement, location: Location) -> str:
    """Where it can go, or ""."""
    if settings.EMAIL_BACKEND == NO_MAIL or value_of("statement_email", location) == "off":
        return ""
    return str((statement.patient.guarantor or statement.patient).email)


def send_later(statement: Statement) -> None:
    """One mail a statement."""
    outbox.promise(MAIL, statement.clinic_id, statement.pk, key=f"{MAIL}:{statement.pk}")


@outbox.handles(MAIL)
def send(clinic_id: int, statement_id: int) -> None:
    """Outbox: read inside the clinic, send outside, then note the delivery."""
    from billing.statement_pdf import keep_pdfs

    with open_clinic(clinic_id, actor="worker"):
        row = Statement.objects.select_related("patient__guarantor", "pdf").get(pk=statement_id)
        location = Location.objects.select_related("clinic").order_by("pk").first()
        if location is None or StatementDelivery.objects.filter(statement=row, way="email").exists():
            return
        to, way = address(row, location), value_of("statement_email", location)
        keep_pdfs([row])
        content = files.read(row.pdf) if row.pdf is not None and way == "attached" else b""
        clinic, phone, link = (
            row.snapshot["clinic"]["name"],
            row.snapshot["clinic"]["phone"],
            row.snapshot["pay_link"],
        )
    if not to:
        return
    pay = f"Pay here: {link}\n\n" if link else ""
    body = f"A statement of {clinic} is there for you.\n\n{pay}Questions? Call {phone}.\n"
    mail = EmailMessage(subject=f"Your statement from {clinic}", body=body, to=[to])
    if content:
        mail.attach(f"statement-{row.number}.pdf", content, "application/pdf")
    mail.send()
    with open_clinic(clinic_id, actor="worker"):
        StatementDelivery.objects.create(statement=row, way="email", recipient=to, by="worker")
