"""The inside of one 837P claim: 2300 to 2430. Part of x12/documents/read_837p.py, which owns the loops above.

``_scope`` is where the next segment belongs: the claim, another payer, a line, or a line's adjudication;
``_owner`` is the provider or party that the next N3, N4, REF, PRV belong to, if any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from x12.documents.claim_details import Attachment, Measurement, Note, SpinalManipulation
from x12.documents.claim_qualifiers import (
    CLAIM_DATES,
    CLAIM_PROVIDERS,
    CLAIM_REFERENCES,
    DRUG_REFERENCES,
    LINE_AMOUNTS,
    LINE_DATES,
    LINE_PROVIDERS,
    LINE_REFERENCES,
    OTHER_PAYER_IDS,
    OTHER_PAYER_PROVIDERS,
    PAYER_AMOUNTS,
    PAYER_REFERENCES,
    REPRICED,
)
from x12.documents.elements import ElementReader, read_contact, read_party, read_place, read_street
from x12.documents.parties import Reference
from x12.documents.professional_claim import ClaimDates, RelatedCauses
from x12.documents.read_details import (
    TRANSPORT_PLACES,
    finish_details,
    finish_payer,
    read_answer,
    read_certification,
    read_contract,
    read_equipment,
    read_provider,
    read_transport,
)
from x12.documents.read_line import finish_line, read_adjudication, read_service
from x12.findings import FindingList, quote
from x12.tokens import Segment


class ClaimReader:
    """Takes the segments of one claim after CLM; ``finish`` gives the keywords of ClaimDocument."""

    def __init__(self, findings: FindingList, element: ElementReader, clm: Segment) -> None:
        self.findings = findings
        self.element = element
        self._claim: dict[str, Any] = self._open(clm)
        self._dates: dict[str, Any] = {}
        self._lines: list[dict[str, Any]] = []
        self._payers: list[dict[str, Any]] = []
        self._scope: dict[str, Any] = self._claim
        self._level = "claim"
        self._owner: dict[str, Any] | None = None
        self._handlers: dict[str, Callable[[Segment], None]] = {
            "DTP": self._take_date,
            "REF": self._take_reference,
            "HI": self._take_codes,
            "NM1": self._take_name,
            "N3": self._take_street,
            "N4": self._take_place,
            "PRV": self._take_taxonomy,
            "PER": self._take_contact,
            "LX": self._open_line,
            "SV1": self._take_service,
            "AMT": self._take_amount,
            "NTE": self._take_note,
            "PWK": self._take_attachment,
            "SBR": self._open_payer,
            "CAS": self._take_adjustments,
            "OI": self._take_release,
            "MOA": self._take_outpatient,
            "SVD": self._open_adjudication,
            "LIN": self._take_drug,
            "CTP": self._take_drug_quantity,
            "PS1": self._take_purchased,
            "K3": self._take_fixed_text,
            "SV5": self._take_equipment,
            "CR3": self._take_equipment,
            "CR1": self._take_transport,
            "CR2": self._take_spinal,
            "CRC": self._take_certification,
            "QTY": self._take_quantity,
            "MEA": self._take_measurement,
            "CN1": self._take_contract,
            "HCP": self._take_pricing,
            "LQ": self._open_form,
            "FRM": self._take_answer,
        }

    def take(self, segment: Segment) -> None:
        """One segment inside the claim; what we do not keep is passed over."""
        handler = self._handlers.get(segment.parts[0])
        if handler is not None:
            handler(segment)

    def finish(self) -> dict[str, Any]:
        """Keywords of ClaimDocument but for the parties above the claim."""
        claim = self._claim
        for name in CLAIM_PROVIDERS.values():
            if name in claim:
                claim[name] = read_provider(name, claim[name])
        finish_details(claim)
        claim["dates"] = ClaimDates(**self._dates)
        claim["other_payers"] = tuple(finish_payer(payer) for payer in self._payers)
        claim["lines"] = tuple(
            finish_line(line, self.findings) for line in self._lines if self._has_service(line)
        )
        return {key: tuple(value) if isinstance(value, list) else value for key, value in claim.items()}

    def _open(self, segment: Segment) -> dict[str, Any]:
        causes = segment.components(11)
        if not segment[1].strip():
            self.element.missing(segment, 1, "claim")
        if len(segment.components(5)) == 1 and len(segment[5].strip()) > 2:
            self.findings.add(
                "component_separator",
                f"CLM05 {quote(segment[5])} does not use the component separator that the ISA declares.",
                level="claim",
                segment=segment.position,
            )
        return {
            "segment": segment.position,
            "control_number": segment[1].strip(),
            "total_charge": self.element.required_money(segment, 2, "claim"),
            "place_of_service": segment.component(5, 1).strip(),
            "frequency_code": segment.component(5, 3).strip(),
            "provider_signature": segment[6] == "Y",
            "assignment": segment[7].strip(),
            "benefits_assigned": segment[8].strip(),
            "release_of_information": segment[9].strip(),
            "signature_source": segment[10].strip(),
            "related_causes": RelatedCauses(
                auto_accident="AA" in causes[:3],
                employment="EM" in causes[:3],
                other_accident="OA" in causes[:3],
                state=segment.component(11, 4).strip(),
                country=segment.component(11, 5).strip(),
            ),
            "special_program": segment[12].strip(),
            "delay_reason": segment[20].strip(),
            "diagnoses": [],
        }

    # --- claim -------------------------------------------------------------------------------------

    def _take_date(self, segment: Segment) -> None:
        qualifier = segment[1].strip()
        first, last = self.element.period(segment)
        if self._level == "claim" and self._owner is None:
            if qualifier == "314":
                self._dates.update(disability_from=first, disability_to=last)
            elif qualifier in CLAIM_DATES:
                self._dates[CLAIM_DATES[qualifier]] = first
        elif qualifier == "573" and self._level == "payer":
            self._scope["paid_on"] = first
        elif qualifier == "573" and self._level == "adjudication":
            self._scope["adjudicated_on"] = first
        elif self._lines and qualifier == "472":
            self._lines[-1].update(service_date=first, service_date_end=last if last != first else None)
        elif self._level == "line" and qualifier in LINE_DATES:
            self._scope[LINE_DATES[qualifier]] = first

    def _take_reference(self, segment: Segment) -> None:
        qualifier, value = segment[1].strip(), segment[2].strip()
        if not value:  # a reference without a number says nothing
            return
        on_line = self._level == "line" and self._owner is None
        if on_line and self._scope.get("drug") and qualifier in DRUG_REFERENCES:
            self._scope["drug"].setdefault(DRUG_REFERENCES[qualifier], value)
            return
        if self._level in ("claim", "line") and self._owner is None and qualifier in REPRICED:
            self._scope.setdefault("repricing", {}).setdefault(REPRICED[qualifier], value)
            return
        names_payer = (
            self._level == "payer" and qualifier in OTHER_PAYER_IDS and self._payers[-1].get("in_payer")
        )
        if self._owner is not None and (self._level != "payer" or "role" in self._owner or names_payer):
            self._owner.setdefault("references", []).append(Reference(qualifier, value))
            return
        if self._level == "payer" and qualifier == "T4":
            self._scope["claim_adjusted"] = value == "Y"
            return
        names = {"claim": CLAIM_REFERENCES, "line": LINE_REFERENCES, "payer": PAYER_REFERENCES}
        name = names.get(self._level, {}).get(qualifier)
        if name is not None and (self._level != "payer" or self._payers[-1].get("in_payer")):
            self._scope.setdefault(name, value)

    def _take_codes(self, segment: Segment) -> None:
        for place in range(1, len(segment.parts)):
            qualifier, code = segment.component(place, 1).strip(), segment.component(place, 2).strip()
            if qualifier in ("ABK", "ABF", "BK", "BF"):
                self._claim["diagnoses"].append(code.replace(".", ""))
                if qualifier in ("BK", "BF"):
                    self.findings.add(
                        "icd9_diagnosis",
                        f"Diagnosis {quote(code)} is marked as ICD-9 ({qualifier}).",
                        level="claim",
                        segment=segment.position,
                        severity="warning",
                    )
            elif qualifier in ("BP", "BO"):
                self._claim.setdefault("anesthesia_procedures", []).append(code)
            elif qualifier == "BG":
                self._claim.setdefault("condition_codes", []).append(code)

    def _take_note(self, segment: Segment) -> None:
        kind, text = segment[1].strip(), segment[2].strip()
        if self._level == "line" and kind == "TPO":
            self._scope.setdefault("third_party_note", text)
        elif self._level in ("claim", "line"):
            self._scope.setdefault("note", Note(kind, text))

    def _take_attachment(self, segment: Segment) -> None:
        if self._level in ("claim", "line"):
            attachment = Attachment(segment[1].strip(), segment[2].strip(), segment[6].strip())
            self._scope.setdefault("attachments", []).append(attachment)

    def _take_fixed_text(self, segment: Segment) -> None:
        if self._level in ("claim", "line"):
            self._scope.setdefault("fixed_texts", []).append(segment[1].strip())

    def _take_transport(self, segment: Segment) -> None:
        if self._level in ("claim", "line"):
            self._scope.setdefault("transport", {}).update(read_transport(self.element, segment))

    def _take_equipment(self, segment: Segment) -> None:
        if self._level == "line":
            self._scope.setdefault("equipment", {}).update(read_equipment(self.element, segment))

    def _take_spinal(self, segment: Segment) -> None:
        if self._level == "claim":
            texts = (segment[place].strip() for place in (8, 10, 11))
            self._scope.setdefault("spinal_manipulation", SpinalManipulation(*texts))

    def _take_certification(self, segment: Segment) -> None:
        if self._level in ("claim", "line"):
            self._scope.setdefault("certifications", []).append(read_certification(segment))

    def _take_quantity(self, segment: Segment) -> None:
        qualifier = segment[1].strip()
        if self._level == "line" and qualifier == "PT":
            self._scope["transported_patients"] = self.element.whole_number(segment, 2)
        elif self._level == "line" and qualifier == "FL":
            self._scope["obstetric_units"] = self.element.quantity(segment, 2)

    def _take_measurement(self, segment: Segment) -> None:
        value = self.element.quantity(segment, 3)
        if self._level == "line" and value is not None:
            found = Measurement(segment[1].strip(), segment[2].strip(), value)
            self._scope.setdefault("test_results", []).append(found)

    def _take_amount(self, segment: Segment) -> None:
        amount = self.element.money(segment, 2, "claim")
        qualifier = segment[1].strip()
        if self._level == "claim" and qualifier == "F5":
            self._claim["patient_amount_paid"] = amount
        elif self._level == "payer" and qualifier in PAYER_AMOUNTS:
            self._scope[PAYER_AMOUNTS[qualifier]] = amount
        elif self._level == "line" and qualifier in LINE_AMOUNTS:
            self._scope[LINE_AMOUNTS[qualifier]] = amount
        elif self._level == "adjudication" and qualifier == "EAF":
            self._scope["remaining_liability"] = amount

    def _take_contract(self, segment: Segment) -> None:
        if self._level in ("claim", "line"):
            self._scope["contract"] = read_contract(self.element, segment)

    def _take_pricing(self, segment: Segment) -> None:
        if self._level in ("claim", "line"):
            told = tuple(segment[place].strip() for place in range(1, len(segment.parts)))
            self._scope.setdefault("repricing", {})["elements"] = told

    def _open_form(self, segment: Segment) -> None:
        if self._lines:
            self._scope, self._level, self._owner = self._lines[-1], "line", None
            self._scope.setdefault("forms", []).append((segment[1].strip(), segment[2].strip(), []))

    def _take_answer(self, segment: Segment) -> None:
        if self._scope.get("forms"):
            self._scope["forms"][-1][2].append(read_answer(self.element, segment))

    # --- names -------------------------------------------------------------------------------------

    def _take_name(self, segment: Segment) -> None:
        qualifier = segment[1].strip()
        self._owner = {"party": read_party(segment)}
        if self._level == "payer":
            key = {"IL": "insured", "PR": "payer"}.get(qualifier)
            self._payers[-1]["in_payer"] = qualifier == "PR"
            if key is not None:
                self._scope[key] = self._owner
            elif qualifier in OTHER_PAYER_PROVIDERS:
                self._owner["role"] = qualifier
                self._scope.setdefault("providers", []).append(self._owner)
            return
        if self._level == "adjudication":
            self._scope, self._level = self._lines[-1], "line"
        names = CLAIM_PROVIDERS if self._level == "claim" else LINE_PROVIDERS
        if qualifier in TRANSPORT_PLACES:
            self._scope.setdefault("transport", {})[TRANSPORT_PLACES[qualifier]] = self._owner
        elif qualifier in names:
            self._scope.setdefault(names[qualifier], self._owner)

    def _take_street(self, segment: Segment) -> None:
        if self._owner is not None:
            self._owner["address"] = read_street(segment)

    def _take_place(self, segment: Segment) -> None:
        if self._owner is not None:
            self._owner["address"] = read_place(self._owner.get("address"), segment)

    def _take_taxonomy(self, segment: Segment) -> None:
        if self._owner is not None:
            self._owner["taxonomy"] = segment[3].strip()

    def _take_contact(self, segment: Segment) -> None:
        if self._owner is not None:
            self._owner["contact"] = read_contact(segment)

    # --- other payers ------------------------------------------------------------------------------

    def _open_payer(self, segment: Segment) -> None:
        self._scope = {
            "responsibility": segment[1].strip(),
            "relationship": segment[2].strip(),
            "group_number": segment[3].strip(),
            "group_name": segment[4].strip(),
            "insurance_type": segment[5].strip(),
            "filing_indicator": segment[9].strip(),
        }
        self._payers.append(self._scope)
        self._level, self._owner = "payer", None

    def _take_adjustments(self, segment: Segment) -> None:
        if self._level in ("payer", "adjudication"):
            self._scope.setdefault("adjustments", []).extend(self.element.adjustments(segment))

    def _take_release(self, segment: Segment) -> None:
        if self._level == "payer":
            self._scope.update(
                benefits_assigned=segment[3].strip(),
                patient_signature_source=segment[4].strip(),
                release_of_information=segment[6].strip(),
            )

    def _take_outpatient(self, segment: Segment) -> None:
        if self._level == "payer":
            self._scope["outpatient"] = self.element.outpatient(segment)

    # --- lines -------------------------------------------------------------------------------------

    def _open_line(self, segment: Segment) -> None:
        self._scope = {"segment": segment}
        self._lines.append(self._scope)
        self._level, self._owner = "line", None

    def _take_service(self, segment: Segment) -> None:
        if self._level != "line":
            self._open_line(segment)
        self._scope.update(read_service(self.element, segment))

    def _take_drug(self, segment: Segment) -> None:
        if self._level == "line":
            self._scope["drug"] = {"ndc": segment[3].strip(), "qualifier": segment[2].strip()}

    def _take_drug_quantity(self, segment: Segment) -> None:
        drug = self._scope.get("drug")
        if self._level == "line" and drug is not None:
            drug.update(quantity=self.element.quantity(segment, 4), unit=segment.component(5, 1).strip())

    def _take_purchased(self, segment: Segment) -> None:
        if self._level == "line":
            self._scope["purchased_service_provider"] = segment[1].strip()
            self._scope["purchased_service_charge"] = self.element.money(segment, 2, "claim")

    def _open_adjudication(self, segment: Segment) -> None:
        if not self._lines:
            return
        self._scope = read_adjudication(self.element, segment)
        self._lines[-1].setdefault("adjudications", []).append(self._scope)
        self._level, self._owner = "adjudication", None

    def _has_service(self, line: dict[str, Any]) -> bool:
        if "charge" in line:
            return True
        self.findings.add(
            "missing_sv1",
            "A line (LX) has no service (SV1) and was left out.",
            level="claim",
            segment=line["segment"].position,
        )
        return False
