"""The schedule of a payment plan for the patient: a PDF, and by e-mail where a mail server is set.

Drawn from rows that never change, so it says the same each time.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from billing import statements
from billing.enums import Frequency
from billing.errors import CannotPlan
from billing.models import PaymentPlan, PlanLine
from billing.statement_layout import long_day
from billing.statement_mail import NO_MAIL
from billing.statement_pdf import PROCESS
from clinics import audit
from clinics.scoping import open_clinic
from lib.dates import local_day
from lib.money import show_money
from work import outbox

MAIL = "billing.plan_mail"


def draw(plan: PaymentPlan) -> bytes:
    """The PDF's bytes."""
    return PROCESS.draw([render_to_string("pdf/plan.html", _context(plan))])[0]


def mail_address(plan: PaymentPlan) -> str:
    """Where the schedule can be sent, or "": no mail server, or nobody gave an address."""
    if settings.EMAIL_BACKEND == NO_MAIL:
        return ""
    return str((plan.patient.guarantor or plan.patient).email)


def promise_mail(plan: PaymentPlan) -> None:
    """Send it from the worker; each asking is one mail."""
    if not mail_address(plan):
        raise CannotPlan("There is no e-mail address, or no mail server. Print the schedule.", code="no_mail")
    outbox.promise(MAIL, plan.clinic_id, plan.pk)
    audit.record("plan.mail", "plan", plan.public_id, to=mail_address(plan))


@outbox.handles(MAIL)
def send(clinic_id: int, plan_id: int) -> None:
    """Outbox: draw inside the clinic, send outside of any transaction."""
    with open_clinic(clinic_id, actor="worker"):
        plan = PaymentPlan.objects.select_related("patient__guarantor", "location__clinic").get(pk=plan_id)
        content, to, clinic = draw(plan), mail_address(plan), plan.location.clinic.name
        phone = plan.location.phone
    if not to:
        return
    mail = EmailMessage(
        subject=f"Your payment plan with {clinic}",
        body=f"The days and amounts we agreed on are attached.\n\nQuestions? Call {phone}.\n\n{clinic}\n",
        to=[to],
    )
    mail.attach("payment-plan.pdf", content, "application/pdf")
    mail.send()


def _context(plan: PaymentPlan) -> dict[str, Any]:
    sender = statements.sender(plan.location)
    lines = (
        PlanLine.objects.filter(plan=plan)
        .select_related("charge__invoice")
        .order_by("charge__service_date", "pk")
    )
    rows = list(plan.instalments.order_by("number"))
    pages = [rows[start : start + 34] for start in range(0, len(rows), 34)]
    return {
        "plan": plan,
        "clinic": sender,
        "to": statements.addressee(plan.patient),
        "made": long_day(local_day(plan.made_at, plan.location.time_zone).isoformat()),
        "amount": show_money(plan.amount),
        "often": Frequency(plan.frequency).label.lower(),
        "pages": [
            {
                "words": "\n".join(f"{row.number}\t{long_day(row.due_on.isoformat())}" for row in page),
                "figures": "\n".join(show_money(row.amount) for row in page),
                "height": len(page),
                "first": number == 0,
                "last": number == len(pages) - 1,
                "sum_top": 330 + len(page) * 29 // 2 + 6,
            }
            for number, page in enumerate(pages)
        ],
        "covers": ", ".join(dict.fromkeys(f"{row.charge.service_date:%m/%d/%Y}" for row in lines[:40])),
    }
