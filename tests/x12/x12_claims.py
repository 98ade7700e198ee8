"""Random claims that may leave: every piece a ClaimDocument can hold, put together so that no rule is broken.

``PIECES`` has a strategy for each field of each part; a part without one for a new field fails at once.
What fields ask of each other (a replacement has its payer's number, payers add up) is done in the functions below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import x12_cast as cast
import x12_draw as st
from x12_draw import Strategy

from lib.money import total
from lib.npi import npi_from_stem
from x12.documents import claim_details as details
from x12.documents import parties
from x12.documents import professional_claim as claims

WORD = st.text("ABCDEFGHJKLMNPRSTUVWYZ23456789", 2, 9)
NAME = st.lists(WORD, 1, 2).map(" ".join)
AMOUNT = st.integers(0, 99_999).map(lambda cents: Decimal(cents).scaleb(-2))
CHARGE = st.integers(4_00, 900_00).map(lambda cents: Decimal(cents).scaleb(-2))
COUNT = st.integers(1, 9).map(Decimal)
PERCENT = st.sampled_from([Decimal("12.5"), Decimal("80")])
YES = st.just(True)
BEFORE = st.dates(date(2024, 1, 1), date(2025, 10, 31))  # of what happened before the services
SERVICE = st.dates(date(2025, 11, 1), date(2025, 12, 20))
ANSWERED = date(2026, 1, 5)
BORN = st.dates(date(1940, 1, 1), date(2009, 12, 31))
NPI = st.integers(100_000_000, 199_999_999).map(str).map(npi_from_stem)
ADDRESS = st.builds(
    parties.Address, NAME, st.just("") | NAME, WORD, st.sampled_from(["OH", "TX", "PR"]), st.just("432150001")
)
ABROAD = st.just(parties.Address("7 RUE X", "", "MONTREAL", "", "H2X1Y4", "CA"))
CONTACT = st.sampled_from(
    [
        parties.Contact("JO", "6145550100"),
        parties.Contact("JO", "6145550100", "12", email="JO@X.EXAMPLE"),
        parties.Contact("", fax="6145550101"),
    ]
)
KNOWN_AS = {"DN": "0B,1G,G2", "82": "0B,G2,LU", "77": "G2,LU", "DQ": "G2,LU", "DK": "0B,G2", "QB": "1G,G2"}


def references(qualifiers: str, *, least: int = 0) -> Strategy:
    """REF in the order of the guide, each qualifier once."""
    made = [st.builds(parties.Reference, st.just(one), WORD) for one in qualifiers.split(",")]
    return Strategy(lambda chance: tuple(one.make(chance) for one in st.some(made, least, 2).make(chance)))


def person(qualifier: str, number: Strategy, kind: str = "1") -> Strategy:
    given = (WORD, st.just("") | WORD, st.sampled_from(["", "JR"])) if kind == "1" else (st.just(""),) * 3
    return st.builds(parties.Party, st.just(kind), NAME, *given, st.just(qualifier), number)


def provider(role: str, **more: Strategy) -> Strategy:
    """Someone with an NPI, or known by another number only."""
    party = person("XX", NPI) | person("XX", NPI, "2") if role in ("82", "QB") else person("XX", NPI)
    plain = st.builds(claims.Provider, party, references=references(KNOWN_AS[role]), **more)
    unknown = person("", st.just(""))
    numbered = st.builds(claims.Provider, unknown, references=references(KNOWN_AS[role], least=1), **more)
    return plain | numbered


FACILITY = st.builds(
    claims.ServiceFacility,
    person("XX", NPI, "2") | person("", st.just(""), "2"),
    ADDRESS,
    st.none() | st.just(parties.Contact("ANN", "6145550102")),
    references("G2,LU"),
)
RENDERING = provider("82", taxonomy=st.sampled_from(["", "207Q00000X"]))
ORDERING = provider("DK", address=st.none() | ADDRESS, contact=st.none() | CONTACT)
PURCHASED = st.builds(
    claims.Provider,
    NPI.map(lambda number: parties.Party("2", "", "", "", "", "XX", number)),
    references=references(KNOWN_AS["QB"]),
)
PLAN = st.builds(
    claims.PayToPlan,
    st.builds(parties.Party, st.just("2"), NAME, id_qualifier=st.just("PI"), identifier=WORD),
    ADDRESS,
    st.just("311234567"),
    references("2U").map(lambda found: found[:1]),
)
TRANSPORT = st.builds(
    details.Transport,
    st.sampled_from("ABCDE"), COUNT, st.none() | st.just(Decimal("154.5")), st.just("") | NAME, st.just("") | NAME,
    ADDRESS, ADDRESS, st.just("") | NAME,
)  # fmt: skip
ATTACHED = [
    details.Attachment("OZ", "EL", "A1"), details.Attachment("B4", "AA"), details.Attachment("AS", "FX", "B22"),
]  # fmt: skip
CERTIFICATE = details.Attachment("CT", "NS")  # one of the false alarms of pyx12
CLAIM_SAYS = [
    details.Certification("07", True, ("01", "04")),
    details.Certification("E1", False, ("L2",)),
    details.Certification("75", True, ("IH",)),
    details.Certification("ZZ", False, ("NU",)),
]
LINE_SAYS = [
    details.Certification("07", False, ("05",)),
    details.Certification("70", True, ("65",)),
    details.Certification("09", True, ("38", "ZV")),
]
MEASURED = [details.Measurement("TR", "R2", Decimal("31.5")), details.Measurement("OG", "HT", Decimal("70"))]
DRUG = st.builds(
    lambda code, quantity, unit, number: details.Drug(
        code[1], quantity, unit, *(number if number[0] != number[1] else ("", "")), code[0]
    ),
    st.sampled_from([("N4", "00409123401"), ("N4", "63323025510"), ("UK", "10012345678902")]),
    COUNT,
    st.sampled_from(["ML", "UN", "GR"]),
    st.sampled_from([("", ""), ("RX77", ""), ("", "LINK1")]),
)
CONTRACT = st.builds(
    details.Contract,
    st.sampled_from(["01", "05", "09"]), st.none() | AMOUNT, st.none() | PERCENT, st.just("") | WORD,
    st.none() | PERCENT, st.just("") | WORD,
)  # fmt: skip
PRICED = ("03", "23.75", "1.25", "908231234", "5.5", "GROUP1", "20")
CLAIM_PRICED = [(), ("00", "10"), (*PRICED, "", "", "", "", "", "T1", "1", "2")]
LINE_PRICED = [(), ("10", "5.25"), (*PRICED, "", "HC", "99212", "UN", "1", "T6", "5", "6")]
ANSWERS = [
    details.FormAnswer("1A", yes_no="Y"), details.FormAnswer("2", text="SEE NOTE"),
    details.FormAnswer("3", day=date(2025, 10, 1)), details.FormAnswer("4", percent=Decimal("88.5")),
]  # fmt: skip
FORM = st.builds(
    details.Form,
    st.sampled_from(["UT", "AS"]),
    st.just("484.3"),
    st.some(ANSWERS, 1, 2),
)
OUTPATIENT = st.builds(
    parties.OutpatientRemarks,
    st.none() | PERCENT, AMOUNT, st.sampled_from([(), ("MA01",), ("MA01", "MA07")]), st.none() | AMOUNT,
    st.none() | AMOUNT,
)  # fmt: skip


def note(*kinds: str) -> Strategy:
    return st.builds(details.Note, st.sampled_from(kinds), NAME)


TEXTS = st.lists(NAME, 1, 2).map(tuple)


def repricing(priced: list[tuple[str, ...]]) -> Strategy:
    made = st.builds(details.Repricing, st.sampled_from(priced), st.just("") | WORD, st.just("") | WORD)
    return made.map(lambda one: one if one != details.Repricing() else details.Repricing(number="R1"))


PIECES: dict[type, dict[str, Strategy]] = {
    claims.ClaimDates: dict.fromkeys((part.name for part in fields(claims.ClaimDates)), BEFORE),
    claims.ServiceLine: {
        "line_id": WORD,
        "procedure": st.sampled_from(["99213", "J1885", "E1390", "0042T"]),
        "charge": CHARGE,
        "units": st.integers(1, 20).map(Decimal) | st.just(Decimal("0.5")),
        "service_date": SERVICE,
        "service_date_end": st.integers(1, 9),  # days, see ``line``
        "modifiers": st.sampled_from([("25",), ("59", "RT"), ("26", "59", "LT", "76")]),
        "pointers": st.sampled_from([(2,), (1, 2)]),
        "unit_basis": st.just("MJ"),
        "place_of_service": st.sampled_from(["12", "22"]),
        "description": NAME,
        **dict.fromkeys(("is_emergency", "is_epsdt", "is_family_planning", "copay_exempt"), YES),
        "procedure_qualifier": st.just("WK"),
        "note": note("ADD", "DCP"),
        **dict.fromkeys(
            (
                "prior_authorization", "referral_number", "clia_number", "mammography_number",
                "referring_clia_number", "immunization_batch",
            ),
            WORD,
        ),
        **dict.fromkeys(
            (
                "last_seen", "initial_treatment", "prescription", "last_xray", "recertified", "therapy_began",
                "last_certified", "hemoglobin_test", "creatinine_test", "shipped",
            ),
            BEFORE,
        ),
        **dict.fromkeys(("sales_tax", "postage"), AMOUNT),
        "purchased_service_provider": WORD,
        "purchased_service_charge": AMOUNT,
        "purchased_service_from": PURCHASED,
        "drug": DRUG,
        "rendering_provider": RENDERING,
        "ordering_provider": ORDERING,
        "supervising_provider": provider("DQ"),
        "referring_provider": provider("DN"),
        "service_facility": FACILITY.map(lambda one: replace(one, contact=None)),  # 2420C has no PER
        "adjudications": st.just(()),  # see ``answered``
        "attachments": st.some([*ATTACHED, CERTIFICATE]),
        "equipment": st.builds(
            details.Equipment, COUNT, AMOUNT, AMOUNT, st.sampled_from("146"), st.sampled_from("IRS"), COUNT
        ),
        "transport": TRANSPORT,
        "certifications": st.some(LINE_SAYS),
        "test_results": st.some(MEASURED),
        "transported_patients": st.integers(1, 4),
        "obstetric_units": COUNT,
        "fixed_texts": TEXTS,
        "third_party_note": NAME,
        "contract": CONTRACT,
        "repricing": repricing(LINE_PRICED),
        "forms": st.lists(FORM, 1, 2).map(tuple),
    },
    claims.OtherPayer: {
        "responsibility": st.just("U"),
        "relationship": st.sampled_from(["18", "01", "19", "G8"]),
        "payer_name": NAME,
        "payer_id": WORD,
        "subscriber": person("MI", WORD),
        "filing_indicator": st.sampled_from(["CI", "MB", "BL"]),
        "group_number": WORD,
        "group_name": NAME,
        "insurance_type": st.sampled_from(["12", "47"]),
        "adjustments": st.just(()),
        "amount_paid": st.none(),
        "remaining_liability": AMOUNT,
        "non_covered": st.none(),
        "benefits_assigned": st.sampled_from("NW"),
        "patient_signature_source": st.just("P"),
        "release_of_information": st.just("I"),
        "outpatient": OUTPATIENT,
        "subscriber_address": ADDRESS | ABROAD,
        "payer_id_qualifier": st.just("XV"),
        "payer_address": ADDRESS,
        "paid_on": st.none(),
        "claim_control_number": WORD,
        "prior_authorization": WORD,
        "referral_number": WORD,
        "claim_adjusted": YES,
        "providers": st.some(
            [
                details.OtherPayerProvider(
                    role, "2" if role in ("77", "85") else "1", (parties.Reference("G2", f"N{role}"),)
                )
                for role in ("DN", "P3", "82", "77", "DQ", "85")
            ]
        ),
        "references": references("2U,EI,FY,NF"),
    },
    claims.ClaimDocument: {
        "submitter": st.builds(claims.Submitter, NAME, WORD, CONTACT)
        | st.builds(claims.Submitter, NAME, WORD, CONTACT, st.just("1"), WORD),
        "receiver": st.builds(claims.Receiver, NAME, WORD),
        "billing_provider": st.builds(
            claims.BillingProvider,
            person("XX", NPI, "2") | person("XX", NPI), ADDRESS, st.just("311234567"), st.just("EI"),
            st.sampled_from(["", "207Q00000X"]), st.none() | CONTACT, st.none() | ADDRESS, st.just("") | WORD,
            st.sampled_from(["", "CAD"]), st.none() | PLAN, st.just("") | WORD,
        ),
        "coverage": st.builds(
            claims.Coverage, st.just("P"), st.just("") | WORD, st.just("") | NAME, st.just(""),
            st.sampled_from(["CI", "BL", "WC", "MB"]),
        ),
        "subscriber": st.builds(
            claims.Subscriber,
            person("MI", WORD), ADDRESS, BORN, st.sampled_from("FMU"), st.sampled_from(["", "123456789"]),
            st.just("") | WORD,
        ),
        "payer": st.builds(
            claims.Payer, NAME, WORD, st.sampled_from(["PI", "XV"]), st.none() | ADDRESS, references("2U,G2,LU")
        ),
        "control_number": st.text("ABCDEFGHJKLMNPRSTUVWYZ23456789", 1, 20),
        "total_charge": AMOUNT,
        "place_of_service": st.sampled_from(["11", "21", "41", "65"]),
        "diagnoses": st.some(["J020", "R509", "M545", "E119"]).map(lambda found: ("I10", "S93401A", *found)),
        "lines": st.just(()),
        "patient": st.builds(
            claims.Patient,
            person("", st.just("")), st.sampled_from(["01", "19", "G8"]), ADDRESS, BORN, st.sampled_from("FMU"),
            st.just("") | WORD,
        ),
        "frequency_code": st.sampled_from("78"),
        "provider_signature": st.just(False),
        "assignment": st.sampled_from("BC"),
        "benefits_assigned": st.sampled_from("NW"),
        "release_of_information": st.just("I"),
        "signature_source": st.just("P"),
        "related_causes": st.sampled_from(
            [
                claims.RelatedCauses(auto_accident=True, state="OH"),
                claims.RelatedCauses(auto_accident=True, employment=True, country="CA"),
                claims.RelatedCauses(other_accident=True, employment=True),
                claims.RelatedCauses(employment=True),
            ]
        ),
        "special_program": st.sampled_from(["02", "09"]),
        "delay_reason": st.sampled_from(["1", "15"]),
        "dates": st.just(claims.ClaimDates()),
        "attachments": st.some(ATTACHED),
        "patient_amount_paid": AMOUNT,
        "payer_claim_number": st.just(""),
        **dict.fromkeys(
            (
                "prior_authorization", "referral_number", "clia_number", "medical_record_number",
                "clearinghouse_trace", "mammography_number", "investigational_device", "demonstration_project",
                "care_plan_oversight",
            ),
            WORD,
        ),
        "service_authorization_exception": st.sampled_from("1234567"),
        "crossover_indicator": st.sampled_from("YN"),
        "note": note("ADD", "CER", "DCP", "DGN", "TPO"),
        "fixed_texts": TEXTS,
        "transport": TRANSPORT,
        "spinal_manipulation": st.builds(
            details.SpinalManipulation, st.sampled_from("ACDEFGM"), st.just("") | NAME, st.just("") | NAME
        ),
        "certifications": st.some(CLAIM_SAYS),
        "condition_codes": st.some(["17", "AA", "AB"]),
        "anesthesia_procedures": st.sampled_from([("00100",), ("00100", "00102")]),
        "referring_provider": provider("DN"),
        "primary_care_provider": provider("DN"),
        "rendering_provider": RENDERING,
        "service_facility": FACILITY,
        "supervising_provider": provider("DQ"),
        "other_payers": st.just(()),
        "contract": CONTRACT,
        "repricing": repricing(CLAIM_PRICED),
        "segment": st.just(0),
    },
}  # fmt: skip


REASONS = [(group, reason) for group in ("CO", "OA", "PI", "PR") for reason in ("1", "2", "253", "45", "96")]
Draw = Callable[[Strategy], Any]


def is_required(part: Field[Any]) -> bool:
    return part.default is MISSING and part.default_factory is MISSING


def piece(draw: Draw, kind: type) -> dict[str, Any]:
    """What is required of a part and some of the rest."""
    known = PIECES[kind]
    missing = {part.name for part in fields(kind)} ^ set(known)
    assert not missing, f"{kind.__name__}: PIECES and the fields differ in {sorted(missing)}"
    return {
        part.name: draw(known[part.name]) for part in fields(kind) if is_required(part) or draw(st.booleans())
    }


def line(draw: Draw, number: int, place_of_service: str) -> claims.ServiceLine:
    found = piece(draw, claims.ServiceLine)
    found["line_id"] = f"{found['line_id']}-{number}"
    if "service_date_end" in found:
        found["service_date_end"] = found["service_date"] + timedelta(days=found["service_date_end"])
    if ("purchased_service_provider" in found) != ("purchased_service_charge" in found):
        found |= {"purchased_service_provider": "LAB7", "purchased_service_charge": Decimal("3.10")}
    if "equipment" in found:
        found.pop("procedure_qualifier", None)  # SV501 knows HC only
    if found.get("place_of_service") == place_of_service:
        del found["place_of_service"]
    return claims.ServiceLine(**found)


def valid_claim(seed: int) -> claims.ClaimDocument:
    """A claim without an error: first, second or third payer, own or a dependent's, frequency 1, 7 or 8."""
    chance = Random(seed)

    def draw(of: Strategy) -> Any:
        return of.make(chance)

    found = piece(draw, claims.ClaimDocument)
    lines = tuple(
        line(draw, place, found["place_of_service"]) for place in range(1, draw(st.integers(1, 3)) + 1)
    )
    found["lines"] = lines
    found["total_charge"] = total(one.charge for one in lines)
    found["dates"] = claims.ClaimDates(**dates(draw, found))
    if "frequency_code" in found:
        found["payer_claim_number"] = draw(WORD)
    document = people(draw, claims.ClaimDocument(**found))
    rank = draw(st.integers(0, 2))
    coverage = replace(document.coverage, responsibility="PST"[rank])
    if coverage.filing_indicator == "MB":
        coverage = replace(coverage, insurance_type="12" if rank else "")
        party = replace(document.subscriber.party, identifier="1EG4TE5MK73")
        document = replace(document, subscriber=replace(document.subscriber, party=party))
    document = replace(document, coverage=coverage)
    for place in range(rank):
        document = answered(draw, document, "PST"[place], f"EARLIER{place}")
    if draw(st.booleans()):  # one that comes after this payer, or was passed over
        later = {
            **piece(draw, claims.OtherPayer),
            "responsibility": "A",
            "payer_id": "LATER",
            "paid_on": None,
        }
        later["non_covered"] = draw(st.none() | st.just(document.total_charge))
        later.pop("remaining_liability", None)
        document = replace(document, other_payers=(*document.other_payers, claims.OtherPayer(**later)))
    return document


def dates(draw: Draw, found: dict[str, Any]) -> dict[str, Any]:
    given = piece(draw, claims.ClaimDates)
    if found["place_of_service"] == "21":
        given.setdefault("admission", date(2025, 10, 30))
    for begins, ends in (("disability_from", "disability_to"), ("admission", "discharge")):
        first, last = given.get(begins), given.get(ends)
        if first and last and last < first:
            given |= {begins: last, ends: first}
    causes = found.get("related_causes")
    if causes and (causes.auto_accident or causes.other_accident):
        given.setdefault("accident", date(2025, 10, 29))
    return given


def people(draw: Draw, document: claims.ClaimDocument) -> claims.ClaimDocument:
    """Facts of who was treated, and a person who bills with a number of his own."""
    facts = {
        "death_date": draw(st.none() | st.just(date(2026, 1, 2))),
        "weight_pounds": draw(st.none() | st.just(Decimal("7.5"))),
    }
    if document.patient is not None:
        patient = replace(
            document.patient, **facts, is_pregnant=document.patient.sex != "M" and draw(st.booleans())
        )
        document = replace(document, patient=patient)
        if draw(st.booleans()):  # who holds the policy of a dependent need not be known well
            subscriber = replace(document.subscriber, address=None, birth_date=None, sex="")
            document = replace(document, subscriber=subscriber)
    else:
        pregnant = document.subscriber.sex != "M" and draw(st.booleans())
        document = replace(document, subscriber=replace(document.subscriber, **facts, is_pregnant=pregnant))
    if document.billing_provider.party.entity_type == "1" and draw(st.booleans()):
        solo = replace(document.billing_provider, tax_id="123456789", tax_id_qualifier="SY")
        document = replace(document, billing_provider=solo)
    return document


def answered(draw: Draw, document: claims.ClaimDocument, place: str, name: str) -> claims.ClaimDocument:
    """One more payer that has answered, by lines or the claim as a whole, to the cent."""
    found = {**piece(draw, claims.OtherPayer), "responsibility": place, "payer_id": name}
    for key in ("adjustments", "amount_paid", "non_covered", "paid_on"):
        found.pop(key, None)
    if draw(st.booleans()):
        reasons = adjustments(draw, document.total_charge)
        paid = document.total_charge - total(one.amount for one in reasons)
        payer = claims.OtherPayer(**found, adjustments=reasons, amount_paid=paid, paid_on=ANSWERED)
        return replace(document, other_payers=(*document.other_payers, payer))
    lines = []
    told = "remaining_liability" in found
    for one in document.lines:
        parts = adjudications(draw, one, name, told=told)
        lines.append(replace(one, adjudications=(*one.adjudications, *parts)))
    mine = [a for one in lines for a in one.adjudications if a.payer_id == name]
    payer = claims.OtherPayer(**found, amount_paid=total(one.paid for one in mine))
    return replace(document, lines=tuple(lines), other_payers=(*document.other_payers, payer))


def adjudications(
    draw: Draw, one: claims.ServiceLine, payer: str, *, told: bool
) -> Iterator[claims.LineAdjudication]:
    """The line in one part, or in the two the payer split it into."""
    first = (one.charge / 2).quantize(Decimal("0.01"))
    for part in [one.charge] if draw(st.booleans()) else [first, one.charge - first]:
        reasons = adjustments(draw, part)
        yield claims.LineAdjudication(
            payer_id=payer,
            paid=part - total(reason.amount for reason in reasons),
            procedure=one.procedure,
            procedure_qualifier=one.procedure_qualifier,
            modifiers=one.modifiers if draw(st.booleans()) else (),
            units=one.units,
            bundled_into_line=draw(st.none() | st.just(1)),
            adjustments=reasons,
            adjudicated_on=ANSWERED,
            remaining_liability=None if told else draw(st.none() | AMOUNT),
        )


def adjustments(draw: Draw, amount: Decimal) -> tuple[parties.Adjustment, ...]:
    """Up to eight reasons that take away at most ``amount``; groups together, as the writer tells them."""
    chosen = draw(st.some(REASONS, most=8))
    part = (amount / 10).quantize(Decimal("0.01"))
    return tuple(
        parties.Adjustment(group, reason, part, draw(st.none() | st.just(Decimal(2))))
        for group, reason in chosen
    )


def told(value: Any) -> Iterator[str]:
    """``Class.field`` of each field that says more than its default, anywhere inside."""
    if isinstance(value, tuple):
        for item in value:
            yield from told(item)
    elif is_dataclass(value):
        for part in fields(value):
            given = getattr(value, part.name)
            empty = given in (None, "", ()) if is_required(part) else given == default_of(part)
            if not empty:
                yield f"{type(value).__name__}.{part.name}"
            yield from told(given)


def default_of(part: Field[Any]) -> Any:
    return part.default_factory() if part.default_factory is not MISSING else part.default


assert cast.TODAY > ANSWERED
