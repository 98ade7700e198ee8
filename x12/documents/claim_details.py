"""What only some claims carry: transport, spinal manipulation, certifications, attachments, drugs, test results.

Parts of ``ClaimDocument`` and ``ServiceLine`` (x12/documents/professional_claim.py); the segment stands beside
each field. Rules: x12/documents/detail_rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from x12.documents.parties import Address, Reference


@dataclass(frozen=True, slots=True)
class Note:
    """NTE: kind ADD, CER, DCP, DGN, TPO; at most 80 characters."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """PWK: paper or electronic attachment and the number it travels under."""

    report_type: str  # PWK01: OZ support data, B4 referral form, RR radiology report ...
    # PWK02: AA on request, BM mail, EL electronic, EM e-mail, FT file transfer, FX fax; on a line with CT
    # (certificate of medical necessity) AB, AD, AF, AG, NS
    transmission: str
    control_number: str = ""  # PWK06, missing only with AA


@dataclass(frozen=True, slots=True)
class Drug:
    """2410: LIN and CTP. A national drug code (N4) has 11 digits; devices come with codes of their own."""

    ndc: str
    quantity: Decimal | None = None
    unit: str = "UN"
    prescription_number: str = ""  # REF*XZ
    link_number: str = ""  # REF*VY: parts of one compound
    qualifier: str = "N4"  # LIN02: N4, or EN, EO, HI, ON, UK, UP of a device


@dataclass(frozen=True, slots=True)
class Transport:
    """CR1 with 2310E/2310F, or 2420G/2420H on a line: why, how far, from where to where."""

    reason: str = (
        ""  # CR104: A nearest facility, B for a doctor, C to the family, D specialist, E rehabilitation
    )
    miles: Decimal | None = None  # CR106
    weight_pounds: Decimal | None = None  # CR102
    round_trip_purpose: str = ""  # CR109
    stretcher_purpose: str = ""  # CR110
    pick_up: Address | None = None  # NM1*PW
    drop_off: Address | None = None  # NM1*45
    drop_off_name: str = ""


@dataclass(frozen=True, slots=True)
class SpinalManipulation:
    """CR2: how the patient is. A acute, C chronic, D not acute, E, F routine, G symptomatic, M acute on chronic."""

    condition: str  # CR208
    description: str = ""  # CR210
    more: str = ""  # CR211


@dataclass(frozen=True, slots=True)
class Certification:
    """CRC: 07 ambulance, E1 E2 E3 vision, 75 homebound, ZZ EPSDT; on a line 07, 70 hospice, 09 equipment."""

    category: str  # CRC01
    applies: bool  # CRC02
    conditions: tuple[str, ...]  # CRC03-07


@dataclass(frozen=True, slots=True)
class Measurement:
    """MEA: TR test result or OG starting dosage; HT height, R1 hemoglobin, R2 hematocrit, R3 epoetin, R4 creatinine."""

    kind: str
    measure: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Equipment:
    """SV5 and CR3: durable equipment, rented or bought. ``price_frequency``: 1 weekly, 4 monthly, 6 daily."""

    days: Decimal  # SV503
    rental_price: Decimal | None = None  # SV504
    purchase_price: Decimal | None = None  # SV505
    price_frequency: str = ""  # SV506
    certification: str = ""  # CR301: I first, R renewed, S revised
    months: Decimal | None = None  # CR303


@dataclass(frozen=True, slots=True)
class Contract:
    """CN1: under which contract it is paid. ``kind``: 01 DRG, 02 per diem, 03 variable, 04 flat, 05 capitated ..."""

    kind: str  # CN101
    amount: Decimal | None = None  # CN102
    percent: Decimal | None = None  # CN103
    code: str = ""  # CN104
    discount_percent: Decimal | None = None  # CN105
    version: str = ""  # CN106


@dataclass(frozen=True, slots=True)
class Repricing:
    """What a network's repricer told: passed on as it came, clinics write none of it themselves."""

    elements: tuple[str, ...] = ()  # HCP01 to HCP15
    number: str = ""  # REF*9A of a claim, 9B of a line
    adjusted_number: str = ""  # REF*9C, 9D


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """FRM: the answer to one question of a medical form; one of the four is filled."""

    question: str  # FRM01
    yes_no: str = ""  # FRM02: Y, N, W (not applicable)
    text: str = ""  # FRM03
    day: date | None = None  # FRM04
    percent: Decimal | None = None  # FRM05


@dataclass(frozen=True, slots=True)
class Form:
    """2440: a form a payer asks for with a line, as the certificate of medical necessity of oxygen (UT 484.3)."""

    code_list: str  # LQ01: UT of Medicare's equipment contractors, AS attachments
    name: str  # LQ02
    answers: tuple[FormAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherPayerProvider:
    """2330C to 2330G: under which number another payer knows a provider of the claim. No name, numbers only."""

    role: str  # DN, P3 referring; 82 rendering; 77 facility; DQ supervising; 85 billing
    entity_type: str  # 1 person, 2 organization
    references: tuple[Reference, ...] = ()  # 0B, 1G, G2, LU
