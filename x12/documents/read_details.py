"""The rarer parts of a claim and its lines: CR1 with its places, CRC, providers, drugs. Part of read_claim.py."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from x12.documents.claim_details import (
    Certification,
    Contract,
    Drug,
    Equipment,
    Form,
    FormAnswer,
    OtherPayerProvider,
    Repricing,
    Transport,
)
from x12.documents.elements import ElementReader
from x12.documents.parties import Address, Party
from x12.documents.professional_claim import OtherPayer, Provider, ServiceFacility
from x12.tokens import Segment

TRANSPORT_PLACES = {"PW": "pick_up", "45": "drop_off"}  # 2310E, 2310F and their line loops


def read_transport(element: ElementReader, segment: Segment) -> dict[str, Any]:
    """Keywords of Transport that CR1 tells."""
    return {
        "weight_pounds": element.quantity(segment, 2),
        "reason": segment[4].strip(),
        "miles": element.quantity(segment, 6),
        "round_trip_purpose": segment[9].strip(),
        "stretcher_purpose": segment[10].strip(),
    }


def read_equipment(element: ElementReader, segment: Segment) -> dict[str, Any]:
    """Keywords of Equipment that SV5 or CR3 tells."""
    if segment.parts[0] == "CR3":
        return {"certification": segment[1].strip(), "months": element.quantity(segment, 3)}
    return {
        "days": element.quantity(segment, 3),
        "rental_price": element.money(segment, 4, "claim"),
        "purchase_price": element.money(segment, 5, "claim"),
        "price_frequency": segment[6].strip(),
    }


def read_certification(segment: Segment) -> Certification:
    """One CRC."""
    conditions = tuple(text for place in range(3, 8) if (text := segment[place].strip()))
    return Certification(segment[1].strip(), segment[2].strip() == "Y", conditions)


def read_contract(element: ElementReader, segment: Segment) -> Contract:
    """One CN1."""
    return Contract(
        segment[1].strip(),
        element.money(segment, 2, "claim"),
        element.quantity(segment, 3),
        segment[4].strip(),
        element.quantity(segment, 5),
        segment[6].strip(),
    )


def read_answer(element: ElementReader, segment: Segment) -> FormAnswer:
    """One FRM."""
    question, yes_no, text = (segment[place].strip() for place in (1, 2, 3))
    return FormAnswer(question, yes_no, text, element.day(segment, 4), element.quantity(segment, 5))


def finish_payer(found: dict[str, Any]) -> OtherPayer:
    """Another payer with what stood beneath its SBR."""
    values = dict(found)
    values.pop("in_payer", None)
    insured, payer = values.pop("insured", {}), values.pop("payer", {})
    party: Party = payer.get("party", Party())
    values["adjustments"] = tuple(values.get("adjustments", ()))
    values["references"] = tuple(payer.get("references", ()))
    values["providers"] = tuple(
        OtherPayerProvider(one["role"], one["party"].entity_type, tuple(one.get("references", ())))
        for one in values.get("providers", ())
    )
    return OtherPayer(
        payer_name=party.last_name,
        payer_id=party.identifier,
        payer_id_qualifier=party.id_qualifier,
        payer_address=payer.get("address"),
        subscriber=insured.get("party", Party()),
        subscriber_address=insured.get("address"),
        **values,
    )


def read_provider(name: str, owner: dict[str, Any]) -> Provider | ServiceFacility:
    """A provider or place with what stood beneath its NM1; an address and contact only of who ordered."""
    references = tuple(owner.get("references", ()))
    if name == "service_facility":
        address = owner.get("address", Address())
        return ServiceFacility(owner["party"], address, owner.get("contact"), references)
    orders = name == "ordering_provider"
    return Provider(
        owner["party"],
        owner.get("taxonomy", ""),
        references,
        owner.get("address") if orders else None,
        owner.get("contact") if orders else None,
    )


def finish_details(found: dict[str, Any]) -> None:
    """What was gathered piece by piece becomes its dataclass; lists become tuples."""
    if "drug" in found:
        found["drug"] = Drug(**found["drug"])
    if "equipment" in found:
        found["equipment"] = Equipment(**{"days": Decimal(0), **found["equipment"]})
    if "transport" in found:
        parts = found["transport"]
        drop_off = parts.get("drop_off", {})
        if "party" in drop_off:
            parts["drop_off_name"] = drop_off["party"].last_name
        for name in TRANSPORT_PLACES.values():
            if name in parts:
                parts[name] = parts[name].get("address")
        found["transport"] = Transport(**parts)
    if "repricing" in found:
        found["repricing"] = Repricing(**found["repricing"])
    if "forms" in found:
        found["forms"] = tuple(Form(code, name, tuple(told)) for code, name, told in found["forms"])
    for name in ("attachments", "fixed_texts", "certifications", "test_results"):
        if name in found:
            found[name] = tuple(found[name])
