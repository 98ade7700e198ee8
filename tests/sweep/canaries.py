"""Two clinics full of data that could leak, and which object of each a URL's parameter stands for.

Everything of Birch carries a word or an amount that occurs nowhere else; where one of them turns up in
an answer to Alder, something leaked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from appointments.enums import AppointmentState
from appointments.models import AppointmentStatus
from billing import accounts, approvals, calls, planning, policies, statements, trials, writeoffs
from billing.checkout import check_out
from billing.enums import CallKind, WriteOffType
from billing.models import (
    CollectionCase,
    CollectionHandoff,
    CollectionLine,
    DayClose,
    FeeRow,
    FeeSchedule,
    GoodFaithEstimate,
    Invoice,
    Receipt,
    WriteOffRun,
)
from billing.payments import Payment
from billing.writeoffs import WriteOff
from claims import code_loading, queue, rule_book, submitting
from claims.models import (
    Batch,
    Claim,
    CodePair,
    CodeTable,
    CodeTableFile,
    CoverageMove,
    ProcedureCode,
    StatusInquiry,
    UnitLimit,
)
from claims.payer_rules import Condition
from clearinghouses.models import InboundFile
from clinics.tenancy import TenantModel
from insurance.models import (
    Authorization,
    CardImage,
    ContractRate,
    EligibilityCheck,
    EligibilityRequest,
    Enrollment,
    Plan,
)
from lib.dates import local_day
from patients.models import PatientImport
from responses.models import BankLine, ClaimResponse, FollowUp, Remittance, Scan
from tests.cast import (
    NOW,
    TODAY,
    World,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_service,
    make_visit,
    make_world,
)
from tests.responses.edi import claim as clp
from tests.responses.edi import remit
from tests.responses.stage import take
from work import jobs, outbox
from work.files import store


@dataclass
class Canary:
    """A clinic whose every row carries its mark."""

    mark: str
    world: World
    things: dict[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def make_canary(slug: str, mark: str, price: str, days: int = 1) -> Canary:
    """Patients, visits, invoices, claims, remittances, statements and jobs, all named after ``mark``."""
    world = make_world(slug)
    canary = Canary(mark, world)
    with world.open():
        payer = make_payer(f"{mark} Payer", "60054", remit="1066033499")
        Plan.objects.create(payer=payer, name=f"{mark} Plan", copay_individual=Decimal("25.00"))
        service = make_service("97110", f"{mark} Exercise", price)
        canary.things = make_things(world, mark, payer, service)
        for day in range(days):  # newest first: the things are those of day 0
            made = [
                make_day(world, mark, payer, service, 3 * (days - 1 - day) + number) for number in range(3)
            ]
            canary.things |= made[0]
            answer_and_ask(world, canary, made[1]["invoice"], day)
            submit(world, canary, made[2]["claim"])
        canary.things |= make_left(world, canary)
    cents = Decimal(price)
    canary.words = (mark.lower(), price, f"{cents:,.2f}", f"{slug} main", f"{slug} group", f"{slug}.example")
    return canary


def make_day(world: World, mark: str, payer: Any, service: Any, number: int) -> dict[str, Any]:
    """One patient's completed visits: one checked out with a claim, one open, one today by the real clock."""
    patient = make_patient(mark, f"{mark}{number}", street=f"{number} {mark} Lane", email=f"{mark}@x.example")
    policy = make_policy(patient, payer, f"{mark}{number}")
    profile = make_profile(patient, policy)
    visit = make_visit(world, patient, profile, service)
    later = make_visit(world, patient, profile, service, day=TODAY + timedelta(days=1))
    make_visit(world, patient, profile, service, day=local_day(timezone.now(), world.location.time_zone))
    agreed = Authorization.objects.create(
        patient=patient, policy=policy, number=f"{mark}{number}", effective_on=TODAY, expires_on=TODAY, limit=9
    )  # fmt: skip
    EligibilityRequest.objects.create(
        policy=policy,
        connection=world.connection,
        service_date=TODAY,
        reference="1",
        asked_on=TODAY,
        asked_by=mark,
    )
    answer = EligibilityCheck.objects.create(policy=policy, checked_on=TODAY, is_active=True, note=mark)
    estimate = GoodFaithEstimate.objects.create(
        appointment=later, patient=patient, expected_charge=1, patient_share=1, snapshot={"patient": mark},
        pdf=store(f"%PDF-1.4 {mark}".encode(), f"{mark}.pdf"), made_by=mark,
    )  # fmt: skip
    invoice = check_out(visit.public_id, [Payment(world.cash, Decimal("11.00"))], at=NOW).invoice
    claim = queue.one_click(invoice, TODAY)
    moved = CoverageMove.objects.create(
        kind="profile", patient=patient, profile_from=profile, profile_to=profile, note=mark, created_by=mark
    )
    CardImage.objects.create(
        policy=policy, side="front", content_type="image/png", size=1, content=b"x", created_by=mark
    )
    return {
        "coverage_move": moved,
        "patient_import": PatientImport.objects.create(
            name=mark, rows="first name,last name\nA,B\n", mapping={}, created_by=mark
        ),
        "authorization": agreed,
        "answer": answer,
        "good_faith": estimate,
        "patient": patient,
        "policy": policy,
        "profile": profile,
        "visit": later,
        "visit_line": later.lines.get(),
        "invoice": invoice,
        "charge": invoice.charges.first(),
        "claim": claim,
        "inquiry": StatusInquiry.objects.create(claim=claim, state="due", why=mark, asked_by=mark),
        "receipt": Receipt.objects.filter(patient=patient).first(),
    }


def make_things(world: World, mark: str, payer: Any, service: Any) -> dict[str, Any]:
    """What the clinic has once."""
    status = AppointmentStatus.objects.create(name=mark, state=AppointmentState.COMPLETE)
    ContractRate.objects.create(
        payer=payer, procedure_code="97110", allowed=Decimal("70.00"), effective_on=TODAY
    )
    Enrollment.objects.create(
        payer=payer, connection=world.connection, kind="835", state="asked", since=TODAY, note=mark
    )
    schedule = FeeSchedule.objects.create(name=f"{mark} Fees", kind="standard")
    fee = FeeRow.objects.create(
        schedule=schedule, service=world.exam, payer=payer, effective_on=TODAY, fee=Decimal("70.00")
    )
    trial = jobs.start(
        trials.KIND,
        f"Trial: {mark}",
        params={"rule": f"{mark} rule", "kind": "default-price", "months": 6, "typed": {}},
    )
    table = code_loading.upload("mue", TODAY, [(f"{mark}.csv", b"98941,1,2")])
    for model, more in (
        (CodePair, {"column1": "99213", "column2": "98941", "modifier": "1", "begins_on": TODAY}),
        (UnitLimit, {"code": "98941", "units": 1, "basis": "2"}),
        (ProcedureCode, {"code": "98941"}),
    ):
        model.objects.create(table=table, **more)  # type: ignore[attr-defined]
    assert CodeTableFile.objects.filter(table=table).exists()
    CodeTable.objects.filter(pk=table.pk).update(state="tried")
    when = (Condition("code_in", ["11111"]),)
    checked = rule_book.RuleData(
        f"{mark} rule", "error", f"{mark} message", "", (payer.public_id,), (), when, None, None
    )
    return {
        "code_table": table,
        "claim_rule": rule_book.save(checked),
        "schedule": schedule,
        "fee_row": fee,
        "trial": trial,
        "payer": payer,
        "plan": payer.plans.get(),
        "service": service,
        "appointment_type": world.visit_type,
        "status": status,
        "location": world.location,
        "clinician": world.clinician,
        "provider": world.provider,
        "connection": world.connection,
        "method": world.cash,
    }


def answer_and_ask(world: World, canary: Canary, invoice: Invoice, number: int) -> None:
    """One claim is answered by a remittance; the first patient gets a statement."""
    claim = Claim.objects.get(invoice=invoice)
    line = claim.lines.get()
    paid = clp(
        claim.control_number,
        "1",
        str(claim.total),
        "20.00",
        ("CO", "45", str(claim.total - 20)),
        line_id=line.line_id,
        code="97110",
    )
    take(remit(paid, payer=f"{canary.mark} PAYER", trace=f"{canary.mark}EFT{number}", plb=[("WO", "3.00")]))
    canary.things |= {
        "response": ClaimResponse.objects.first(),
        "remittance": Remittance.objects.first(),
        "inbound": InboundFile.objects.first(),
        "follow_up": FollowUp.objects.create(
            response=ClaimResponse.objects.first(),
            kind="appeal",
            cause="CO-16",
            text=f"{canary.mark} appeal",
            person=f"{canary.mark} Kim",
            letter=f"{canary.mark} letter",
            created_by="canary",
        ),
        "scan": Scan.objects.create(
            remittance=Remittance.objects.first(),
            name=f"{canary.mark} eob.png",
            content_type="image/png",
            size=1,
            content=b"x",
            created_by=canary.mark,
        ),
        "bank_line": BankLine.objects.create(
            on=TODAY, amount="12.34", reference=f"{canary.mark} bank {number}", created_by="canary"
        ),
        "statement": statements.issue(canary.things["patient"], world.location, at=NOW),
    }


def make_left(world: World, canary: Canary) -> dict[str, Any]:
    """What is done about the rest: a plan, a request, a write-off, a run, a policy."""
    mark, invoice = canary.mark, canary.things["invoice"]
    terms = planning.Terms("monthly", TODAY, 3, override=f"{mark} asked")
    big = WriteOff("1", WriteOffType.CONTRACTUAL, Decimal("60.00"), f"{mark} contract")
    small = WriteOff("patient", WriteOffType.COURTESY, Decimal("1.00"), f"{mark} friend")
    account = accounts.account_of(invoice.patient)
    handoff = CollectionHandoff.objects.create(
        number=f"CA-{mark}", agency=f"{mark} Agency", count=1, amount=Decimal("1.00"),
        file=store(f"{mark} file".encode(), f"{mark}.csv"), made_by="canary",
    )  # fmt: skip
    case = CollectionCase.objects.create(
        account=account, patient=invoice.patient, state="closed", amount=Decimal("1.00"), why={},
        decided_by="canary", reason=f"{mark} reason", handoff=handoff, outcome=f"{mark} outcome",
    )  # fmt: skip
    CollectionLine.objects.create(case=case, charge=invoice.charges.first(), amount=Decimal("1.00"))
    return {
        "handoff": handoff,
        "case": case,
        "call": calls.log(
            invoice.patient,
            calls.Talk(CallKind.PROMISE, f"{mark} pays", promise_on=TODAY),
            invoice=invoice,
            today=TODAY,
        ),
        "payment_plan": planning.make(
            invoice.patient, terms, location=world.location, today=TODAY, may_override=True
        ),
        "approval": approvals.ask_write_off(invoice, big, role="biller"),
        "write_off": writeoffs.write_off(invoice, small, role="owner", today=TODAY, key=f"w:{mark}"),
        "run": WriteOffRun.objects.create(
            location=world.location, lines=[], count=0, amount=Decimal("0.00"), made_by=f"{mark}@x.example"
        ),
        "day_close": DayClose.objects.create(
            day=date(2020, 1, 1),
            sums={"figures": FIGURES, "breaks": [], "after": ""},
            note=f"{mark} closed",
            closed_by=f"{mark}@x.example",
        ),
        "policy_row": policies.add(
            "statement_notice", {"value": f"{mark} notice", "effective_on": TODAY, "source": f"{mark} law"}
        ),
    }


def submit(world: World, canary: Canary, claim: Claim) -> None:
    """One claim goes into a batch, which waits to be sent."""
    job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {})
    outbox.HANDLERS[submitting.SUBMIT](world.clinic.pk, job.pk)
    canary.things |= {"job": job, "batch": Batch.objects.latest("pk")}


# A day sheet with nothing in it.
FIGURES: dict[str, Any] = dict.fromkeys(("charges", "from_insurers", "owed_after"), "0.00") | {"methods": {}}


def tenant_models() -> list[type[models.Model]]:
    """Every model behind the wall."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def fingerprint(canary: Canary) -> dict[str, str]:
    """A digest of every tenant table as this clinic sees it: what nobody else may change."""
    found = {}
    with canary.world.open(), connection.cursor() as cursor:
        for model in tenant_models():
            table = model._meta.db_table
            cursor.execute(
                f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t.id)) FROM \"{table}\" t "
                "WHERE t.clinic_id = %s",
                [canary.world.clinic.pk],
            )
            found[table] = str(cursor.fetchone())
    return found
