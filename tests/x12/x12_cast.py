"""Claims and remittances the x12 tests share: synthetic people, valid check digits, no real identifiers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from x12.documents.parties import Address, Adjustment, Contact, Party
from x12.documents.professional_claim import (
    BillingProvider,
    ClaimDates,
    ClaimDocument,
    ClaimTransaction,
    Coverage,
    LineAdjudication,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    Receiver,
    ServiceFacility,
    ServiceLine,
    Submitter,
    Subscriber,
)
from x12.documents.write_837p import write_837p
from x12.writer import GroupText, InterchangeHeader, TransactionText, write_interchange

TODAY = date(2026, 1, 15)
AT = datetime(2026, 1, 15, 9, 30)
SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
EXAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "domain" / "examples"


def money(text: str) -> Decimal:
    return Decimal(text)


HOME = Address("1 ELM ST", "", "COLUMBUS", "OH", "432150001")
STREET = Address("100 MAIN ST", "", "COLUMBUS", "OH", "432150001")
GROUP = BillingProvider(
    party=Party("2", "SOUTHSIDE CLINIC", "", "", "", "XX", "1234567893"),
    address=STREET,
    tax_id="311234567",
    taxonomy="207Q00000X",
)
SOLO = BillingProvider(
    party=Party("1", "SMITH", "JANE", "", "", "XX", "1245319599"),
    address=STREET,
    tax_id="123456789",
    tax_id_qualifier="SY",
    pay_to_address=Address("PO BOX 7", "", "COLUMBUS", "OH", "432150007"),
)
JANE = Provider(Party("1", "SMITH", "JANE", "", "", "XX", "1245319599"), "207Q00000X")


def service_line(number: int = 1, charge: str = "100.00", procedure: str = "99213") -> ServiceLine:
    return ServiceLine(
        line_id=f"K7Q2M4X9-{number}",
        procedure=procedure,
        charge=money(charge),
        units=Decimal(1),
        service_date=date(2025, 12, 20),
        modifiers=("25",) if number == 1 else (),
        pointers=(1, 2) if number == 1 else (1,),
    )


def claim(**changes: object) -> ClaimDocument:
    """A primary claim of two lines, the subscriber is the patient."""
    made = ClaimDocument(
        submitter=Submitter("SOUTHSIDE CLINIC", "S01", Contact("JO BILLER", "6145550100")),
        receiver=Receiver("CLEARINGHOUSE", "R01"),
        billing_provider=GROUP,
        coverage=Coverage("P", group_number="GRP1", filing_indicator="CI"),
        subscriber=Subscriber(Party("1", "DOE", "JOHN", "", "", "MI", "M123"), HOME, date(1970, 1, 1), "M"),
        payer=Payer("FIRST PAYER", "PAY01"),
        control_number="K7Q2M4X9BCD2",
        total_charge=money("150.00"),
        place_of_service="11",
        diagnoses=("J020", "R509"),
        lines=(service_line(1), service_line(2, "50.00", "87880")),
        dates=ClaimDates(onset=date(2025, 12, 15)),
        rendering_provider=JANE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def dependent() -> ClaimDocument:
    patient = Patient(
        Party("1", "DOE", "AMY"), relationship="19", address=HOME, birth_date=date(2010, 1, 1), sex="F"
    )
    return claim(patient=patient, control_number="K7Q2M4X9BCD3")


def solo() -> ClaimDocument:
    return claim(billing_provider=SOLO, rendering_provider=None, control_number="K7Q2M4X9BCD4")


def adjudication(paid: str, *adjustments: tuple[str, str, str], procedure: str) -> LineAdjudication:
    return LineAdjudication(
        payer_id="PAY01",
        paid=money(paid),
        procedure=procedure,
        modifiers=("25",) if procedure == "99213" else (),
        units=Decimal(1),
        adjustments=tuple(Adjustment(group, reason, money(amount)) for group, reason, amount in adjustments),
        adjudicated_on=date(2025, 12, 30),
    )


def secondary() -> ClaimDocument:
    """Second payer, with what the first one did on each line (80.00 paid of 150.00)."""
    other = OtherPayer(
        responsibility="P",
        relationship="18",
        payer_name="FIRST PAYER",
        payer_id="PAY01",
        subscriber=Party("1", "DOE", "JOHN", "", "", "MI", "P999"),
        filing_indicator="CI",
        amount_paid=money("80.00"),
        subscriber_address=HOME,
        claim_control_number="ICN900",
    )
    lines = (
        replace(
            service_line(1),
            adjudications=(
                adjudication("60.00", ("CO", "45", "20.00"), ("PR", "2", "20.00"), procedure="99213"),
            ),
        ),
        replace(
            service_line(2, "50.00", "87880"),
            adjudications=(adjudication("20.00", ("CO", "45", "30.00"), procedure="87880"),),
        ),
    )
    return claim(
        coverage=Coverage("S", group_number="GRP2", filing_indicator="CI"),
        payer=Payer("SECOND PAYER", "PAY02"),
        other_payers=(other,),
        lines=lines,
        control_number="K7Q2M4X9BCD5",
        service_facility=ServiceFacility(
            Party("2", "NORTHSIDE HOSPITAL", "", "", "", "XX", "1245319599"),
            Address("9 HIGH ST", "", "DAYTON", "OH", "454010001"),
        ),
    )


def interchange(set_id: str, lines: list[str], code: str, version: str, st_version: str = "") -> bytes:
    """One transaction in its envelope."""
    text = TransactionText(set_id, "0001", lines, st_version)
    group = GroupText(code, "SUBMIT01", "RECEIV01", 7, version, [text])
    return write_interchange(InterchangeHeader("SUBMIT01", "RECEIV01", 7, AT), [group])


def claim_file(*claims: ClaimDocument) -> bytes:
    """An 837P of these claims."""
    lines = write_837p(ClaimTransaction("BATCH1", TODAY, "0930", claims=claims))
    return interchange("837", lines, "HC", "005010X222A1", "005010X222A1")
