"""A visit to a claim document, by rule alone: what is copied from where (rules.md B17.5).

Before it: claims/building.py, which loads the rows. After it: the frozen ``document`` of a Claim, from
which the 837P and the CMS-1500 are written. Nothing here asks the database or the clock. The submitter
and receiver blocks stay empty: they belong to the connection and are set when the claim is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from appointments.models import Appointment
from billing.models import Charge
from claims.models import Adjudication
from clinics.models import BillingProvider, Clinician, Location
from insurance.enums import AuthorizationKind, ProfileKind, Relationship
from insurance.models import Authorization, InsuranceProfile, Layer, Payer, Policy
from lib.frozen import thaw
from lib.money import ZERO, total
from patients.models import Patient
from x12.documents import professional_claim as pc
from x12.documents.parties import Address, Adjustment, Contact, OutpatientRemarks, Party

HOME = "12"
MEDICARE = ("MA", "MB")
PLACES = {1: "P", 2: "S", 3: "T"}  # SBR01
# CLM11 from the kind of profile, where the visit itself names no accident.
ACCIDENT_BY_PROFILE = {ProfileKind.WORK_COMP: "EM", ProfileKind.AUTO: "AA"}


@dataclass(frozen=True, slots=True)
class Source:
    """The rows a claim is copied from, loaded by claims/building.py."""

    appointment: Appointment
    patient: Patient
    profile: InsuranceProfile
    location: Location
    billing_provider: BillingProvider
    clinician: Clinician
    layers: tuple[Layer, ...]  # in force on the date of service, by position
    charges: tuple[Charge, ...]
    rank: int
    patient_paid: dict[int, Decimal] = field(default_factory=dict)  # by charge id
    authorizations: tuple[Authorization, ...] = ()  # what the visit takes of, for all its cards
    answers: dict[int, Adjudication] = field(default_factory=dict)  # by rank: each earlier payer's last word

    @property
    def layer(self) -> Layer:
        """The layer that is asked."""
        return next(layer for layer in self.layers if layer.position == self.rank)


@dataclass(frozen=True, slots=True)
class Naming:
    """What tells one version from another: its own number, and whom it replaces."""

    control_number: str
    frequency: str = "1"
    payer_claim_number: str = ""


def make_document(source: Source, charges: Sequence[Charge], naming: Naming) -> pc.ClaimDocument:
    """The whole claim for these charges (at most fifty). CLM02 is the full charge, never less the copay (B6.7)."""
    appointment, policy = source.appointment, source.layer.policy
    subscriber, patient = _people(source, policy)
    billing = _billing_provider(source.billing_provider)
    place = appointment.place_of_service or source.location.place_of_service
    paid = total(source.patient_paid.get(charge.pk, ZERO) for charge in charges)
    procedures = [charge.procedure_code for charge in charges]
    return pc.ClaimDocument(
        submitter=pc.Submitter("", ""),
        receiver=pc.Receiver("", ""),
        billing_provider=billing,
        coverage=_coverage(source),
        subscriber=subscriber,
        payer=_payer(policy.payer),
        control_number=naming.control_number,
        total_charge=total(charge.amount for charge in charges),
        place_of_service=place,
        diagnoses=tuple(code.replace(".", "").upper() for code in appointment.diagnoses),
        lines=tuple(_line(source, charge, policy.payer) for charge in charges),
        patient=patient,
        frequency_code=naming.frequency,
        payer_claim_number=naming.payer_claim_number,
        benefits_assigned="Y" if source.patient.assigns_benefits else "N",
        release_of_information="Y" if source.patient.signature_on_file else "I",
        related_causes=_causes(source),
        dates=_dates(source, [charge.service_date for charge in charges]),
        patient_amount_paid=paid if paid > 0 and policy.payer.tell_patient_paid else None,
        prior_authorization=_number(source, AuthorizationKind.AUTHORIZATION) or _typed_number(source),
        referral_number=_number(source, AuthorizationKind.REFERRAL),
        clia_number=source.location.clia if any(map(is_laboratory, procedures)) else "",
        referring_provider=_referring(source.patient),
        rendering_provider=_rendering(source.clinician, billing),
        service_facility=_facility(source.location, billing, place),
        other_payers=tuple(
            _other_payer(source, layer) for layer in source.layers if layer.position != source.rank
        ),
    )


def _number(source: Source, kind: str) -> str:
    """The number of the authorization or referral that the asked card's payer gave for this visit."""
    policy_id = source.layer.policy_id
    return next(
        (row.number for row in source.authorizations if (row.policy_id, row.kind) == (policy_id, kind)), ""
    )


def _typed_number(source: Source) -> str:
    """The number typed at the visit, unless it is one of another card's."""
    typed = source.appointment.authorization_number
    others = {row.number for row in source.authorizations if row.policy_id != source.layer.policy_id}
    return "" if typed in others else typed


def is_laboratory(code: str) -> bool:
    """Whether a procedure is laboratory work, which names the laboratory's CLIA number (REF*X4)."""
    return len(code) == 5 and code.isdigit() and code.startswith("8")


def address_of(row: Patient | Location | BillingProvider | Payer) -> Address:
    """N3 and N4 from any row with an address; the ZIP as digits."""
    return Address(row.street, row.street2, row.city, row.state, digits(row.zip_code))


def digits(text: str) -> str:
    """Only the digits: ZIP, telephone and tax numbers travel without punctuation."""
    return "".join(char for char in text if char.isdigit())


# --- who -----------------------------------------------------------------------------------------


def _person(patient: Patient, member_id: str = "") -> Party:
    return Party(
        "1",
        patient.last_name,
        patient.first_name,
        patient.middle_name,
        patient.suffix,
        "MI" if member_id else "",
        member_id,
    )


def is_holder(policy: Policy) -> bool:
    """Whether the patient holds the card: said so, or nothing said and no other holder named."""
    return policy.relationship == Relationship.SELF or not (policy.relationship or policy.holder_last_name)


def holder(policy: Policy, patient: Patient) -> Party:
    """The policy holder with the member id (2010BA, 2330A)."""
    if is_holder(policy):
        return _person(patient, policy.member_id)
    return Party(
        "1",
        policy.holder_last_name,
        policy.holder_first_name,
        "",
        "",
        "MI" if policy.member_id else "",
        policy.member_id,
    )


def _people(source: Source, policy: Policy) -> tuple[pc.Subscriber, pc.Patient | None]:
    person, case_number = source.patient, source.profile.accident_claim_number
    home = address_of(person)
    if is_holder(policy):
        subscriber = pc.Subscriber(
            holder(policy, person), home, person.birth_date, person.sex, property_casualty_number=case_number,
            death_date=person.death_date,
        )  # fmt: skip
        return subscriber, None
    subscriber = pc.Subscriber(holder(policy, person), None, policy.holder_birth_date, policy.holder_sex)
    patient = pc.Patient(
        _person(person), policy.relationship, home, person.birth_date, person.sex, case_number,
        death_date=person.death_date,
    )  # fmt: skip
    return subscriber, patient


def _coverage(source: Source) -> pc.Coverage:
    policy = source.layer.policy
    return pc.Coverage(
        responsibility=PLACES[source.rank],
        group_number=policy.group_number,
        group_name=policy.group_name if not policy.group_number else "",
        insurance_type=_why_second(policy) if source.rank > 1 else "",
        filing_indicator=policy.payer.filing_indicator,
    )


def _why_second(policy: Policy) -> str:
    """SBR05, told of Medicare alone."""
    return policy.medicare_second if policy.payer.filing_indicator in MEDICARE else ""


def _payer(payer: Payer) -> pc.Payer:
    return pc.Payer(payer.name, payer.payer_id, address=address_of(payer) if payer.street else None)


def _billing_provider(row: BillingProvider) -> pc.BillingProvider:
    pay_to = Address(row.pay_to_street, "", row.pay_to_city, row.pay_to_state, digits(row.pay_to_zip))
    kind = "1" if row.first_name else "2"
    return pc.BillingProvider(
        party=Party(kind, row.name, row.first_name, "", "", "XX", row.npi),
        address=address_of(row),
        tax_id=digits(row.tax_id),
        tax_id_qualifier=row.tax_id_kind,
        taxonomy=row.taxonomy,
        contact=Contact(row.contact_name, digits(row.phone)) if row.phone else None,
        pay_to_address=pay_to if row.pay_to_street else None,
    )


def _rendering(clinician: Clinician, billing: pc.BillingProvider) -> pc.Provider | None:
    """2310B, left out where the clinician bills under the same NPI."""
    if clinician.npi and clinician.npi == billing.party.npi:
        return None
    party = Party("1", clinician.last_name, clinician.first_name, "", "", "XX", clinician.npi)
    return pc.Provider(party, clinician.taxonomy)


def _referring(patient: Patient) -> pc.Provider | None:
    row = patient.referring_provider
    return pc.Provider(Party("1", row.last_name, row.first_name, "", "", "XX", row.npi)) if row else None


def _facility(location: Location, billing: pc.BillingProvider, place: str) -> pc.ServiceFacility | None:
    """2310C, left out for care at home and where it would repeat the billing address."""
    where = address_of(location)
    if place == HOME or where == billing.address or not where.line1:
        return None
    return pc.ServiceFacility(
        Party("2", location.name, "", "", "", "XX" if location.npi else "", location.npi), where
    )


# --- what and when -------------------------------------------------------------------------------


def _causes(source: Source) -> pc.RelatedCauses:
    kind = source.appointment.accident_kind or ACCIDENT_BY_PROFILE.get(ProfileKind(source.profile.kind), "")
    state = source.appointment.accident_state or source.profile.accident_state
    return pc.RelatedCauses(
        auto_accident=kind == "AA",
        employment=kind == "EM",
        other_accident=kind == "OA",
        state=state if kind == "AA" else "",
    )


def _dates(source: Source, service_days: list[date]) -> pc.ClaimDates:
    """Treatment dates; an onset on a service date is left out (DTP*431 must differ from every one)."""
    visit = source.appointment
    return pc.ClaimDates(
        onset=visit.onset_on if visit.onset_on not in service_days else None,
        last_menstrual_period=visit.last_menstrual_on,
        initial_treatment=visit.initial_treatment_on,
        accident=visit.accident_on or source.profile.accident_on,
    )


def _line(source: Source, charge: Charge, payer: Payer) -> pc.ServiceLine:
    return pc.ServiceLine(
        line_id=charge.public_id,
        procedure=charge.procedure_code,
        charge=charge.amount,
        units=charge.units,
        service_date=charge.service_date,
        modifiers=tuple(charge.modifiers),
        pointers=tuple(charge.pointers) or (1,),
        adjudications=tuple(
            part
            for rank, answer in sorted(source.answers.items())
            for part in _line_answers(answer, charge)
            if rank != source.rank
        ),
    )


# --- the other payers (coordination of benefits) ---------------------------------------------------


def _other_payer(source: Source, layer: Layer) -> pc.OtherPayer:
    """2320 and 2330 for one other layer: its raw answer if it has decided, only its name if it has not."""
    policy, payer = layer.policy, layer.policy.payer
    answer = source.answers.get(layer.position)
    has_lines = answer is not None and bool(list(answer.lines.all()))
    return pc.OtherPayer(
        responsibility=PLACES[layer.position],
        relationship=Relationship.SELF if is_holder(policy) else policy.relationship or Relationship.UNKNOWN,
        payer_name=payer.name,
        payer_id=payer.payer_id,
        subscriber=holder(policy, source.patient),
        filing_indicator=payer.filing_indicator,
        group_number=policy.group_number,
        group_name=policy.group_name if not policy.group_number else "",
        insurance_type=_why_second(policy) if layer.position > 1 else "",
        adjustments=read_triples(answer.adjustments) if answer else (),
        amount_paid=answer.paid if answer else None,
        outpatient=_outpatient(answer.outpatient_remarks) if answer else None,
        benefits_assigned="Y" if source.patient.assigns_benefits else "N",
        release_of_information="Y" if source.patient.signature_on_file else "I",
        paid_on=answer.adjudicated_on if answer and not has_lines else None,
        claim_control_number=answer.payer_claim_number if answer else "",
    )


def _line_answers(answer: Adjudication, charge: Charge) -> list[pc.LineAdjudication]:
    """2430: what an earlier payer did with this line; a line it split comes back as several."""
    return [
        pc.LineAdjudication(
            payer_id=answer.payer.payer_id,
            paid=line.paid,
            procedure=line.procedure_code,
            modifiers=tuple(line.modifiers),
            units=line.units,
            adjustments=read_triples(line.adjustments),
            adjudicated_on=answer.adjudicated_on,
        )
        for line in answer.lines.all()
        if line.claim_line is not None and line.claim_line.charge_id == charge.pk
    ]


def read_triples(raw: Sequence[Sequence[str | None]]) -> tuple[Adjustment, ...]:
    """Stored CAS triples as the payer sent them: [group, reason, amount, quantity]."""
    return tuple(
        Adjustment(str(group), str(reason), Decimal(str(amount)), Decimal(quantity) if quantity else None)
        for group, reason, amount, quantity in raw
    )


def _outpatient(stored: dict[str, object]) -> OutpatientRemarks | None:
    return thaw(OutpatientRemarks, stored) if stored else None
