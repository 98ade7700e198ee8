"""837P segments to a ``ClaimTransaction``. Before it: x12/reading.py. After it: the sandbox and tests.

HL levels set whose turn it is (billing 20, subscriber 22, patient 23); CLM opens a claim, SBR inside a claim
another payer, LX a line, SVD a line's adjudication. The claim's inside is x12/documents/read_claim.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from x12.documents.elements import ElementReader, read_contact, read_party, read_place, read_street
from x12.documents.parties import Address, Contact, Party, Reference
from x12.documents.professional_claim import (
    BillingProvider,
    ClaimDocument,
    ClaimTransaction,
    Coverage,
    Patient,
    Payer,
    PayToPlan,
    Receiver,
    Submitter,
    Subscriber,
)
from x12.documents.read_claim import ClaimReader
from x12.findings import FindingList
from x12.tokens import Segment

NOBODY = Party()


def read_837p(segments: Iterable[Segment], findings: FindingList) -> ClaimTransaction:
    """All claims of one ST; what is wrong goes to ``findings``."""
    return _TransactionReader(findings).read(segments)


class _TransactionReader:
    """One pass; ``_owner`` is the dictionary that the next N3, N4, REF, DMG, PER belong to."""

    def __init__(self, findings: FindingList) -> None:
        self.findings = findings
        self.element = ElementReader(findings)
        self._header: dict[str, Any] = {"reference": ""}
        self._claims: list[ClaimDocument] = []
        self._parts: dict[str, dict[str, Any]] = {
            name: {} for name in ("submitter", "receiver", "billing", "subscriber", "payer", "patient")
        }
        self._coverage = Coverage()
        self._level = ""
        self._owner: dict[str, Any] = {}
        self._built: dict[str, Any] = {}
        self._claim: ClaimReader | None = None

    def read(self, segments: Iterable[Segment]) -> ClaimTransaction:
        for segment in segments:
            name = segment.parts[0]
            if name == "CLM":
                self._close_claim()
                self._claim = ClaimReader(self.findings, self.element, segment)
            elif name == "HL":
                self._close_claim()
                self._take_level(segment)
            elif name == "SE":
                break
            elif self._claim is not None:
                self._claim.take(segment)
            else:
                self._take_header(name, segment)
        self._close_claim()
        return ClaimTransaction(claims=tuple(self._claims), **self._header)

    def _take_level(self, segment: Segment) -> None:
        self._level = segment[3].strip()
        self._built = {}
        fresh = {
            "20": ("billing", "subscriber", "payer", "patient"),
            "22": ("subscriber", "payer", "patient"),
            "23": ("patient",),
        }.get(self._level)
        if fresh is None:
            self.findings.add(
                "bad_hl",
                f"HL03 {segment[3]!r} is no level of an 837P (20, 22, 23).",
                level="segment",
                segment=segment.position,
            )
            return
        for name in fresh:
            self._parts[name] = {}
        if self._level in ("20", "22"):
            self._coverage = Coverage()
        self._owner = self._parts[{"20": "billing", "22": "subscriber", "23": "patient"}[self._level]]

    def _take_header(self, name: str, segment: Segment) -> None:
        if name == "NM1":
            self._take_name(segment)
        elif name == "N3":
            self._owner["address"] = read_street(segment)
        elif name == "N4":
            self._owner["address"] = read_place(self._owner.get("address"), segment)
        elif name == "REF":
            self._owner.setdefault("references", []).append(Reference(segment[1].strip(), segment[2].strip()))
        elif name == "PER":
            self._owner.setdefault("contact", read_contact(segment))
        elif name == "DMG":
            self._owner["birth_date"] = self.element.day(segment, 2)
            self._owner["sex"] = segment[3].strip()
        elif name == "SBR":
            self._coverage = Coverage(
                responsibility=segment[1].strip(),
                group_number=segment[3].strip(),
                group_name=segment[4].strip(),
                insurance_type=segment[5].strip(),
                filing_indicator=segment[9].strip(),
            )
        elif name == "PAT":
            self._take_person_facts(segment)
        elif name == "PRV":
            self._parts["billing"]["taxonomy"] = segment[3].strip()
        elif name == "CUR":
            self._parts["billing"]["currency"] = segment[2].strip()
        elif name == "BHT":
            self._header.update(
                purpose=segment[2].strip(),
                reference=segment[3].strip(),
                created_on=self.element.day(segment, 4),
                created_time=segment[5].strip(),
                kind=segment[6].strip(),
            )

    def _take_person_facts(self, segment: Segment) -> None:
        """PAT stands before the name it belongs to: beneath its HL, not beneath an NM1."""
        owner = self._parts["patient" if self._level == "23" else "subscriber"]
        if self._level == "23":
            owner["relationship"] = segment[1].strip()
        owner.update(
            death_date=self.element.day(segment, 6),
            weight_pounds=self.element.quantity(segment, 8),
            is_pregnant=segment[9].strip() == "Y",
        )

    def _take_name(self, segment: Segment) -> None:
        qualifier = segment[1].strip()
        owners = {"41": "submitter", "40": "receiver", "85": "billing", "IL": "subscriber", "QC": "patient"}
        if qualifier == "PR":
            self._owner = self._parts["payer"]
        elif qualifier == "87":
            self._owner = self._parts["billing"].setdefault("pay_to", {})
            return
        elif qualifier == "PE":
            self._owner = self._parts["billing"].setdefault("pay_to_plan", {})
        elif qualifier in owners:
            self._owner = self._parts[owners[qualifier]]
        else:
            self._owner = {}  # a responsible party: nothing we keep
            return
        self._owner["party"] = read_party(segment)

    def _close_claim(self) -> None:
        claim = self._claim
        self._claim = None
        if claim is None:
            return
        if not self._built:
            self._built = self._build_parties()
        self._claims.append(ClaimDocument(**self._built, **claim.finish()))

    def _build_parties(self) -> dict[str, Any]:
        parts = self._parts
        submitter, receiver = parts["submitter"], parts["receiver"]
        sender: Party = submitter.get("party", NOBODY)
        taker: Party = receiver.get("party", NOBODY)
        return {
            "submitter": Submitter(
                sender.last_name,
                sender.identifier,
                submitter.get("contact", Contact()),
                sender.entity_type,
                sender.first_name,
            ),
            "receiver": Receiver(taker.last_name, taker.identifier),
            "billing_provider": _billing_provider(parts["billing"]),
            "coverage": self._coverage,
            "subscriber": _subscriber(parts["subscriber"]),
            "payer": _payer(parts["payer"]),
            "patient": _patient(parts["patient"]) if self._level == "23" else None,
        }


def _reference(owner: dict[str, Any], qualifier: str) -> str:
    return next((ref.value for ref in owner.get("references", ()) if ref.qualifier == qualifier), "")


def _billing_provider(owner: dict[str, Any]) -> BillingProvider:
    has_ssn = not _reference(owner, "EI") and _reference(owner, "SY")
    return BillingProvider(
        party=owner.get("party", NOBODY),
        address=owner.get("address", Address()),
        tax_id=_reference(owner, "EI") or _reference(owner, "SY"),
        tax_id_qualifier="SY" if has_ssn else "EI",
        taxonomy=owner.get("taxonomy", ""),
        contact=owner.get("contact"),
        pay_to_address=owner.get("pay_to", {}).get("address"),
        licence_number=_reference(owner, "0B"),
        currency=owner.get("currency", ""),
        upin=_reference(owner, "1G"),
        pay_to_plan=_plan(owner["pay_to_plan"]) if "pay_to_plan" in owner else None,
    )


def _plan(owner: dict[str, Any]) -> PayToPlan:
    others = tuple(ref for ref in owner.get("references", ()) if ref.qualifier != "EI")
    return PayToPlan(owner["party"], owner.get("address", Address()), _reference(owner, "EI"), others)


def _subscriber(owner: dict[str, Any]) -> Subscriber:
    return Subscriber(
        party=owner.get("party", NOBODY),
        address=owner.get("address"),
        birth_date=owner.get("birth_date"),
        sex=owner.get("sex", ""),
        ssn=_reference(owner, "SY"),
        property_casualty_number=_reference(owner, "Y4"),
        death_date=owner.get("death_date"),
        weight_pounds=owner.get("weight_pounds"),
        is_pregnant=owner.get("is_pregnant", False),
    )


def _payer(owner: dict[str, Any]) -> Payer:
    party: Party = owner.get("party", NOBODY)
    return Payer(
        name=party.last_name,
        identifier=party.identifier,
        id_qualifier=party.id_qualifier,
        address=owner.get("address"),
        references=tuple(owner.get("references", ())),
    )


def _patient(owner: dict[str, Any]) -> Patient:
    party: Party = owner.get("party", NOBODY)
    return Patient(
        party=replace(party, id_qualifier="", identifier="") if not party.identifier else party,
        relationship=owner.get("relationship", ""),
        address=owner.get("address"),
        birth_date=owner.get("birth_date"),
        sex=owner.get("sex", ""),
        property_casualty_number=_reference(owner, "Y4"),
        death_date=owner.get("death_date"),
        weight_pounds=owner.get("weight_pounds"),
        is_pregnant=owner.get("is_pregnant", False),
    )
