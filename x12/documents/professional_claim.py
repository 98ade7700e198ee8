"""The professional claim as we keep it: built and frozen by claims/, the source of 837P and CMS-1500.

A ``ClaimDocument`` is complete in itself: nothing has to be looked up to send, print or read it later.
Stored as JSON through ``lib.frozen``. The 837P loop or segment of each field stands next to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from x12.documents.claim_details import (
    Attachment,
    Certification,
    Contract,
    Drug,
    Equipment,
    Form,
    Measurement,
    Note,
    OtherPayerProvider,
    Repricing,
    SpinalManipulation,
    Transport,
)
from x12.documents.parties import Address, Adjustment, Contact, OutpatientRemarks, Party, Reference

SELF = "18"


@dataclass(frozen=True, slots=True)
class Submitter:
    """1000A: who sends. ``identifier`` is the ETIN the clearinghouse gave us (NM109, qualifier 46)."""

    name: str
    identifier: str
    contact: Contact = field(default_factory=Contact)
    entity_type: str = "2"
    first_name: str = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """1000B: the clearinghouse or payer system that takes the file."""

    name: str
    identifier: str


@dataclass(frozen=True, slots=True)
class PayToPlan:
    """2010AC: a plan that gets the money in our stead (subrogation)."""

    party: Party  # NM1*PE, identifier = plan id (PI)
    address: Address
    tax_id: str = ""  # REF*EI
    references: tuple[Reference, ...] = ()  # REF*2U, FY, NF


@dataclass(frozen=True, slots=True)
class BillingProvider:
    """2000A/2010AA to 2010AC: who is paid. ``tax_id`` is digits; its qualifier EI (EIN) or SY (SSN)."""

    party: Party  # NM1*85, identifier = NPI
    address: Address  # no PO box, nine-digit ZIP
    tax_id: str = ""
    tax_id_qualifier: str = "EI"
    taxonomy: str = ""  # PRV*BI
    contact: Contact | None = None  # PER, only when it differs from the submitter's
    pay_to_address: Address | None = None  # 2010AB
    licence_number: str = ""  # REF*0B
    currency: str = ""  # CUR02, only when not USD
    pay_to_plan: PayToPlan | None = None  # 2010AC
    upin: str = ""  # REF*1G, of old files


@dataclass(frozen=True, slots=True)
class Provider:
    """A person or place other than the billing provider: NM1, with taxonomy (PRV) and second ids (REF)."""

    party: Party
    taxonomy: str = ""
    references: tuple[Reference, ...] = ()
    address: Address | None = None  # N3, N4: only of who ordered (2420E)
    contact: Contact | None = None  # PER: only of who ordered


@dataclass(frozen=True, slots=True)
class ServiceFacility:
    """2310C/2420C: where it was done, only when that is not the billing address."""

    party: Party
    address: Address
    contact: Contact | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """2000B/2010BA: the policy holder at the destination payer."""

    party: Party  # NM1*IL, identifier = member id (MI)
    address: Address | None = None
    birth_date: date | None = None
    sex: str = ""  # F, M, U
    ssn: str = ""  # REF*SY
    property_casualty_number: str = ""  # REF*Y4
    death_date: date | None = None  # PAT06 of 2000B, only when the subscriber is the patient; as the next two
    weight_pounds: Decimal | None = None  # PAT08
    is_pregnant: bool = False  # PAT09


@dataclass(frozen=True, slots=True)
class Patient:
    """2000C/2010CA: the dependent, only when the patient is not the subscriber."""

    party: Party
    relationship: str  # PAT01: 01 spouse, 19 child, 20, 21, 39, 40, 53, G8
    address: Address | None = None
    birth_date: date | None = None
    sex: str = ""
    property_casualty_number: str = ""  # REF*Y4
    death_date: date | None = None  # PAT06
    weight_pounds: Decimal | None = None  # PAT08
    is_pregnant: bool = False  # PAT09


@dataclass(frozen=True, slots=True)
class Coverage:
    """SBR of the destination payer."""

    responsibility: str = "P"  # SBR01: P, S, T, A-H, U
    group_number: str = ""  # SBR03
    group_name: str = ""  # SBR04, only when there is no group number
    insurance_type: str = ""  # SBR05, only Medicare not primary
    filing_indicator: str = ""  # SBR09


@dataclass(frozen=True, slots=True)
class Payer:
    """2010BB: the destination payer; ``references`` (G2, LU) are the billing provider's legacy ids."""

    name: str
    identifier: str
    id_qualifier: str = "PI"
    address: Address | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimDates:
    """DTP of 2300. ``onset`` is written only when it differs from every service date."""

    onset: date | None = None  # 431
    last_menstrual_period: date | None = None  # 484
    initial_treatment: date | None = None  # 454
    last_seen: date | None = None  # 304
    acute_manifestation: date | None = None  # 453
    accident: date | None = None  # 439
    last_xray: date | None = None  # 455
    prescription: date | None = None  # 471
    disability_from: date | None = None  # 360, or 314 with both
    disability_to: date | None = None  # 361
    last_worked: date | None = None  # 297
    return_to_work: date | None = None  # 296
    admission: date | None = None  # 435
    discharge: date | None = None  # 096
    assumed_care: date | None = None  # 090
    relinquished_care: date | None = None  # 091
    first_contact: date | None = None  # 444
    repricer_received: date | None = None  # 050


@dataclass(frozen=True, slots=True)
class RelatedCauses:
    """CLM11: accident flags; ``state`` only with an auto accident."""

    auto_accident: bool = False  # AA
    employment: bool = False  # EM
    other_accident: bool = False  # OA
    state: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class LineAdjudication:
    """2430: what one other payer did with this line; ``adjustments`` are its raw CAS triples."""

    payer_id: str  # SVD01 = 2330B NM109
    paid: Decimal
    procedure: str
    modifiers: tuple[str, ...] = ()
    units: Decimal | None = None
    bundled_into_line: int | None = None  # SVD06
    adjustments: tuple[Adjustment, ...] = ()
    adjudicated_on: date | None = None  # DTP*573
    remaining_liability: Decimal | None = None  # AMT*EAF
    procedure_qualifier: str = "HC"


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """2320/2330: a payer other than the destination, adjudicated already (``amount_paid`` set) or to come."""

    responsibility: str  # SBR01
    relationship: str  # SBR02: patient to that subscriber
    payer_name: str
    payer_id: str  # NM109, the key of LineAdjudication.payer_id
    subscriber: Party  # 2330A
    filing_indicator: str = ""
    group_number: str = ""
    group_name: str = ""
    insurance_type: str = ""
    adjustments: tuple[Adjustment, ...] = ()  # claim-level CAS of that payer's 835 only
    amount_paid: Decimal | None = None  # AMT*D, 0.00 once adjudicated
    remaining_liability: Decimal | None = None  # AMT*EAF
    non_covered: Decimal | None = None  # AMT*A8
    benefits_assigned: str = "Y"  # OI03
    patient_signature_source: str = ""  # OI04
    release_of_information: str = "Y"  # OI06
    outpatient: OutpatientRemarks | None = None  # MOA
    subscriber_address: Address | None = None
    payer_id_qualifier: str = "PI"
    payer_address: Address | None = None
    paid_on: date | None = None  # DTP*573, only without line level dates
    claim_control_number: str = ""  # REF*F8 = that payer's CLP07
    prior_authorization: str = ""  # REF*G1
    referral_number: str = ""  # REF*9F
    claim_adjusted: bool = False  # REF*T4
    providers: tuple[OtherPayerProvider, ...] = ()  # 2330C to 2330G
    references: tuple[Reference, ...] = ()  # REF*2U, EI, FY, NF of the payer


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """2400: one service. ``pointers`` are 1-based places in the diagnoses, the first is primary."""

    line_id: str  # REF*6R, comes back in the 835
    procedure: str
    charge: Decimal
    units: Decimal
    service_date: date
    service_date_end: date | None = None  # only for a span (RD8)
    modifiers: tuple[str, ...] = ()
    pointers: tuple[int, ...] = (1,)
    unit_basis: str = "UN"  # MJ = anaesthesia minutes
    place_of_service: str = ""  # only when it is not the claim's
    description: str = ""  # SV101-7, unlisted codes
    is_emergency: bool = False  # SV109
    is_epsdt: bool = False  # SV111
    is_family_planning: bool = False  # SV112
    copay_exempt: bool = False  # SV115 = 0
    procedure_qualifier: str = "HC"
    note: Note | None = None
    prior_authorization: str = ""  # REF*G1, only when not the claim's
    referral_number: str = ""  # REF*9F
    clia_number: str = ""  # REF*X4
    last_seen: date | None = None  # DTP*304
    initial_treatment: date | None = None  # DTP*454
    prescription: date | None = None  # DTP*471
    last_xray: date | None = None  # DTP*455
    sales_tax: Decimal | None = None  # AMT*T
    purchased_service_provider: str = ""  # PS101
    purchased_service_charge: Decimal | None = None  # PS102 (box 20)
    purchased_service_from: Provider | None = None  # 2420B, without a name
    drug: Drug | None = None
    rendering_provider: Provider | None = None  # 2420A, only when not the claim's
    ordering_provider: Provider | None = None  # 2420E
    supervising_provider: Provider | None = None  # 2420D
    referring_provider: Provider | None = None  # 2420F
    service_facility: ServiceFacility | None = None  # 2420C
    adjudications: tuple[LineAdjudication, ...] = ()
    attachments: tuple[Attachment, ...] = ()  # PWK
    equipment: Equipment | None = None  # SV5, CR3
    transport: Transport | None = None  # CR1, 2420G, 2420H
    certifications: tuple[Certification, ...] = ()  # CRC
    test_results: tuple[Measurement, ...] = ()  # MEA
    transported_patients: int | None = None  # QTY*PT
    obstetric_units: Decimal | None = None  # QTY*FL
    recertified: date | None = None  # DTP*607
    therapy_began: date | None = None  # DTP*463
    last_certified: date | None = None  # DTP*461
    hemoglobin_test: date | None = None  # DTP*738
    creatinine_test: date | None = None  # DTP*739
    shipped: date | None = None  # DTP*011
    mammography_number: str = ""  # REF*EW
    referring_clia_number: str = ""  # REF*F4
    immunization_batch: str = ""  # REF*BT
    postage: Decimal | None = None  # AMT*F4
    fixed_texts: tuple[str, ...] = ()  # K3
    third_party_note: str = ""  # NTE*TPO
    contract: Contract | None = None  # CN1
    repricing: Repricing | None = None  # HCP, REF*9B, REF*9D
    forms: tuple[Form, ...] = ()  # 2440


@dataclass(frozen=True, slots=True)
class ClaimDocument:
    """One professional claim, whole. Money in dollars; ``total_charge`` = sum of the lines."""

    submitter: Submitter
    receiver: Receiver
    billing_provider: BillingProvider
    coverage: Coverage
    subscriber: Subscriber
    payer: Payer
    control_number: str  # CLM01
    total_charge: Decimal  # CLM02
    place_of_service: str  # CLM05-1
    diagnoses: tuple[str, ...]  # HI ABK/ABF, without the point
    lines: tuple[ServiceLine, ...]
    patient: Patient | None = None  # None: the subscriber is the patient (SBR02 = 18)
    frequency_code: str = "1"  # CLM05-3: 1 original, 7 replacement, 8 void
    provider_signature: bool = True  # CLM06
    assignment: str = "A"  # CLM07
    benefits_assigned: str = "Y"  # CLM08
    release_of_information: str = "Y"  # CLM09
    signature_source: str = ""  # CLM10
    related_causes: RelatedCauses = RelatedCauses()
    special_program: str = ""  # CLM12
    delay_reason: str = ""  # CLM20
    dates: ClaimDates = ClaimDates()
    attachments: tuple[Attachment, ...] = ()
    patient_amount_paid: Decimal | None = None  # AMT*F5
    payer_claim_number: str = ""  # REF*F8, only with frequency 7 or 8
    prior_authorization: str = ""  # REF*G1
    referral_number: str = ""  # REF*9F
    clia_number: str = ""  # REF*X4
    medical_record_number: str = ""  # REF*EA
    clearinghouse_trace: str = ""  # REF*D9
    service_authorization_exception: str = ""  # REF*4N
    crossover_indicator: str = ""  # REF*F5, Medicare and Medigap: Y or N
    mammography_number: str = ""  # REF*EW
    investigational_device: str = ""  # REF*LX
    demonstration_project: str = ""  # REF*P4
    care_plan_oversight: str = ""  # REF*1J
    note: Note | None = None
    fixed_texts: tuple[str, ...] = ()  # K3
    transport: Transport | None = None  # CR1, 2310E, 2310F
    spinal_manipulation: SpinalManipulation | None = None  # CR2
    certifications: tuple[Certification, ...] = ()  # CRC
    condition_codes: tuple[str, ...] = ()  # HI*BG
    anesthesia_procedures: tuple[str, ...] = ()  # HI*BP, then BO
    referring_provider: Provider | None = None  # 2310A DN
    primary_care_provider: Provider | None = None  # 2310A P3
    rendering_provider: Provider | None = None  # 2310B, only when not the billing NPI
    service_facility: ServiceFacility | None = None  # 2310C
    supervising_provider: Provider | None = None  # 2310D
    other_payers: tuple[OtherPayer, ...] = ()
    contract: Contract | None = None  # CN1
    repricing: Repricing | None = None  # HCP, REF*9A, REF*9C
    segment: int = field(default=0, compare=False)  # where CLM stood in the file read; 0 when built here

    @property
    def patient_party(self) -> Party:
        """The name of who was treated: the dependent, else the subscriber."""
        return self.patient.party if self.patient else self.subscriber.party

    @property
    def patient_birth_date(self) -> date | None:
        """Date of birth of who was treated."""
        return self.patient.birth_date if self.patient else self.subscriber.birth_date


@dataclass(frozen=True, slots=True)
class ClaimTransaction:
    """One ST 837: the batch reference the 277CA echoes (BHT03) and its claims in file order."""

    reference: str
    created_on: date | None = None
    created_time: str = ""
    purpose: str = "00"  # BHT02: 00 original, 18 reissue
    kind: str = "CH"  # BHT06: CH chargeable, RP encounter
    claims: tuple[ClaimDocument, ...] = ()
