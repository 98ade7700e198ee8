"""835 segments to a ``Remittance``. Before it: x12/reading.py. After it: responses/ matching and planning.

One pass, one open claim and one open line at a time; ``iterate_claim_payments`` keeps nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from x12.documents.elements import (
    ElementReader,
    make_party,
    read_account,
    read_contact,
    read_party,
    read_place,
    read_procedure,
    read_street,
)
from x12.documents.parties import Adjustment, QualifiedAmount, QualifiedQuantity, Reference
from x12.documents.remittance import (
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from x12.findings import FindingList
from x12.tokens import Segment

ZERO = Decimal("0.00")
CLAIM_PARTIES = {
    "QC": "patient",
    "IL": "insured",
    "74": "corrected_insured",
    "82": "rendering_provider",
    "TT": "crossover_carrier",
    "PR": "corrected_priority_payer",
    "GB": "other_subscriber",
}
CLAIM_DATES = {
    "232": "service_date", "233": "service_date_end", "036": "coverage_expired_on", "050": "received_on",
}  # fmt: skip
ENDS_CLAIM = frozenset({"LX", "PLB", "SE"})
NO_HANDLER = frozenset({"ST", "TS2", "TS3", "CUR", "RDM", "N2"})


def read_835(segments: Iterable[Segment], findings: FindingList) -> Remittance:
    """The whole remittance of one ST; what is wrong with it goes to ``findings``."""
    reader = RemittanceReader(findings)
    position = 0
    for segment in segments:
        position = position or segment.position
        reader.take(segment)
    return reader.remittance(position)


def iterate_claim_payments(segments: Iterable[Segment], findings: FindingList) -> Iterator[ClaimPayment]:
    """The claims of one ST, each as soon as it is complete: memory stays flat however large the file."""
    reader = RemittanceReader(findings)
    completed = reader.completed
    for segment in segments:
        reader.take(segment)
        if completed:
            yield completed.pop()
    reader.close()
    yield from completed


class RemittanceReader:
    """Takes the segments of one ST 835; ``completed`` grows claim by claim, ``remittance`` tells the rest."""

    def __init__(self, findings: FindingList) -> None:
        self.findings = findings
        self.element = ElementReader(findings)
        self.completed: list[ClaimPayment] = []
        self._header: dict[str, Any] = {}
        self._party: dict[str, Any] = {}
        self._parties: dict[str, dict[str, Any]] = {"PR": {}, "PE": {}}
        self._plb: list[ProviderAdjustment] = []
        self._claim: dict[str, Any] | None = None
        self._line: dict[str, Any] | None = None
        self._lines: list[ServicePayment] = []
        self._bad_before_claim = 0
        self._bad_before_line = 0
        self._bad_in_envelope = 0
        self._unknown: set[str] = set()
        self._handlers: dict[str, Callable[[Segment], None]] = {
            "SVC": self._open_line,
            "CLP": self._open_claim,
            "BPR": self._take_payment,
            "TRN": self._take_trace,
            "N1": self._take_n1,
            "N3": self._take_street,
            "N4": self._take_place,
            "PER": self._take_contact,
            "REF": self._take_reference,
            "DTM": self._take_date,
            "CAS": self._take_adjustments,
            "NM1": self._take_name,
            "MOA": self._take_moa,
            "MIA": self._take_mia,
            "AMT": self._take_amount,
            "QTY": self._take_quantity,
            "LQ": self._take_remark,
        }

    def take(self, segment: Segment) -> None:
        """One segment; a claim goes to ``completed`` when the next begins or its loop ends."""
        name = segment.parts[0]
        handler = self._handlers.get(name)
        if handler is not None:
            handler(segment)
        elif name in ENDS_CLAIM:
            self.close()
            if name == "PLB":
                self._take_provider_adjustment(segment)
        elif name not in NO_HANDLER and name not in self._unknown:
            self._unknown.add(name)
            self._note_unknown(segment)

    def close(self) -> None:
        """Complete the claim that is open, if any."""
        if self._claim is not None:
            self.completed.append(self._close_claim())

    def remittance(self, position: int) -> Remittance:
        """The document of all completed claims, after the last segment; ``position`` is where ST stood."""
        self.close()
        header = self._header
        for key, name in (("trace_number", "TRN"), ("amount", "BPR")):
            if key not in header:
                self.findings.add(
                    f"missing_{name.lower()}",
                    f"The remittance has no {name} segment: it cannot be tied to a payment.",
                    level="transaction",
                    segment=position,
                )
                header[key] = "" if key == "trace_number" else ZERO
                self._bad_in_envelope += key == "amount"
        header.setdefault("payer_identifier", "")
        return Remittance(
            payer=make_party(self._parties["PR"]),
            payee=make_party(self._parties["PE"]),
            claims=tuple(self.completed),
            provider_adjustments=tuple(self._plb),
            amounts_readable=not self._bad_in_envelope,
            **header,
        )

    def _note_unknown(self, segment: Segment) -> None:
        self.findings.add(
            "unexpected_segment",
            f"Segment {segment.id[:10]} does not belong into an 835 and was ignored.",
            level="segment",
            segment=segment.position,
            severity="warning",
        )

    def _take_payment(self, segment: Segment) -> None:
        before = self.element.bad_amounts
        self._header.update(
            handling_code=segment[1].strip(),
            amount=self.element.required_money(segment, 2, "transaction"),
            credit_debit=segment[3].strip(),
            method=segment[4].strip(),
            payment_format=segment[5].strip(),
            payer_account=read_account(segment, 6),
            originating_company=segment[10].strip(),
            originating_supplement=segment[11].strip(),
            payee_account=read_account(segment, 12),
            effective_date=self.element.day(segment, 16),
        )
        self._bad_in_envelope += self.element.bad_amounts - before

    def _take_trace(self, segment: Segment) -> None:
        if self._claim is not None or "trace_number" in self._header:
            return
        self._header.update(
            trace_number=segment[2].strip(),
            payer_identifier=segment[3].strip(),
            trace_supplement=segment[4].strip(),
        )
        if not segment[2].strip():
            self.element.missing(segment, 2, "transaction")

    def _take_n1(self, segment: Segment) -> None:
        if self._claim is not None:
            return
        self._party = self._parties.setdefault(segment[1].strip(), {})
        self._party.update(
            name=segment[2].strip(), id_qualifier=segment[3].strip(), identifier=segment[4].strip()
        )

    def _take_street(self, segment: Segment) -> None:
        if self._claim is None:
            self._party["address"] = read_street(segment)

    def _take_place(self, segment: Segment) -> None:
        if self._claim is None:
            self._party["address"] = read_place(self._party.get("address"), segment)

    def _take_contact(self, segment: Segment) -> None:
        target = self._claim if self._claim is not None else self._party
        target.setdefault("contacts", []).append(read_contact(segment))

    # --- claim and line ----------------------------------------------------------------------------

    def _open_claim(self, segment: Segment) -> None:
        self.close()
        element = self.element
        self._bad_before_claim = element.bad_amounts
        parts = segment.parts
        self._claim = {
            "control_number": segment[1].strip(),
            "status_code": segment[2].strip(),
            "charge": element.required_money(segment, 3, "claim"),
            "paid": element.required_money(segment, 4, "claim"),
            "patient_responsibility": element.money(segment, 5, "claim"),
            "segment": segment.position,
        }
        if len(parts) > 6:
            self._claim["filing_indicator"] = segment[6].strip()
            self._claim["payer_control_number"] = segment[7].strip()
            self._claim["place_of_service"] = segment[8].strip()
            self._claim["frequency_code"] = segment[9].strip()
        if not segment[1].strip():
            element.missing(segment, 1, "claim")

    def _close_claim(self) -> ClaimPayment:
        if self._line is not None:
            self._close_line()
        claim = self._claim
        assert claim is not None
        for key in ("adjustments", "references", "amounts", "quantities", "contacts"):
            if key in claim:
                claim[key] = tuple(claim[key])
        claim["lines"] = tuple(self._lines)
        claim["amounts_readable"] = self.element.bad_amounts == self._bad_before_claim
        self._claim = None
        self._lines = []
        return ClaimPayment(**claim)

    def _open_line(self, segment: Segment) -> None:
        if self._claim is None:
            self.findings.add(
                "stray_line",
                "A service line (SVC) stands before any claim (CLP) and was ignored.",
                level="segment",
                segment=segment.position,
            )
            return
        if self._line is not None:
            self._close_line()
        element = self.element
        self._bad_before_line = element.bad_amounts
        if (known := element.service(segment)) is not None:
            self._line = {**known, "segment": segment.position}
            return
        self._line = line = {
            "procedure": read_procedure(segment, 1),
            "charge": element.required_money(segment, 2, "claim"),
            "paid": element.money(segment, 3, "claim") or ZERO,
            "segment": segment.position,
        }
        if len(segment.parts) > 4:
            line["revenue_code"] = segment[4].strip()
            line["units"] = element.quantity(segment, 5)
            if segment[6].strip():
                line["submitted"] = read_procedure(segment, 6)
            if segment[7]:
                line["submitted_units"] = element.quantity(segment, 7)

    def _close_line(self) -> None:
        line = self._line
        assert line is not None
        for key in ("adjustments", "references", "amounts", "quantities", "remarks"):
            if key in line:
                line[key] = tuple(line[key])
        if self.element.bad_amounts != self._bad_before_line:
            line["amounts_readable"] = False
        self._lines.append(ServicePayment(**line))
        self._line = None

    def _take_adjustments(self, segment: Segment) -> None:
        target = self._line if self._line is not None else self._claim
        if target is None:
            self._note_unknown(segment)
            return
        found: list[Adjustment] = self.element.adjustments(segment)
        if "adjustments" in target:
            target["adjustments"] += found
        else:
            target["adjustments"] = found

    def _take_name(self, segment: Segment) -> None:
        if self._claim is None:
            return
        key = CLAIM_PARTIES.get(segment[1].strip())
        if key is not None and key not in self._claim:
            self._claim[key] = read_party(segment)

    def _take_moa(self, segment: Segment) -> None:
        if self._claim is not None:
            self._claim["outpatient"] = self.element.outpatient(segment)

    def _take_mia(self, segment: Segment) -> None:
        if self._claim is not None:
            found = (segment[place].strip() for place in (5, 20, 21, 22, 23))
            self._claim["inpatient_remarks"] = tuple(code for code in found if code)

    def _take_reference(self, segment: Segment) -> None:
        line = self._line
        if (
            line is not None
            and len(segment.parts) == 3
            and segment.parts[1] == "6R"
            and "line_id" not in line
        ):
            line["line_id"] = segment.parts[2].strip()
            return
        qualifier, value = segment[1].strip(), segment[2].strip()
        if line is not None:
            if qualifier == "6R" and "line_id" not in line:
                line["line_id"] = value
                return
            target = line
        elif self._claim is not None:
            target = self._claim
        elif qualifier == "EV":
            self._header["receiver_id"] = value
            return
        elif qualifier == "F2":
            self._header["system_version"] = value
            return
        else:
            target = self._party
        target.setdefault("references", []).append(Reference(qualifier, value, segment[3].strip()))

    def _take_date(self, segment: Segment) -> None:
        qualifier = segment[1].strip()
        if self._line is not None:
            if qualifier in ("472", "150"):
                self._line["service_date"] = self.element.day(segment, 2)
            elif qualifier == "151":
                self._line["service_date_end"] = self.element.day(segment, 2)
        elif self._claim is not None:
            key = CLAIM_DATES.get(qualifier)
            if key is not None:
                self._claim[key] = self.element.day(segment, 2)
        elif qualifier == "405":
            self._header["production_date"] = self.element.day(segment, 2)

    def _take_amount(self, segment: Segment) -> None:
        target = self._line if self._line is not None else self._claim
        amount = self.element.money(segment, 2, "claim")
        if target is None or amount is None:
            return
        qualifier = segment[1].strip()
        if qualifier == "B6" and self._line is not None and "allowed" not in target:
            target["allowed"] = amount
        else:
            target.setdefault("amounts", []).append(QualifiedAmount(qualifier, amount))

    def _take_quantity(self, segment: Segment) -> None:
        target = self._line if self._line is not None else self._claim
        quantity = self.element.quantity(segment, 2)
        if target is not None and quantity is not None:
            target.setdefault("quantities", []).append(QualifiedQuantity(segment[1].strip(), quantity))

    def _take_remark(self, segment: Segment) -> None:
        if self._line is not None and segment[1].strip() == "HE" and segment[2].strip():
            self._line.setdefault("remarks", []).append(segment[2].strip())

    # --- footer ------------------------------------------------------------------------------------

    def _take_provider_adjustment(self, segment: Segment) -> None:
        before = self.element.bad_amounts
        period = self.element.day(segment, 2)
        for place in range(3, len(segment.parts), 2):
            if not segment[place].strip() and not segment[place + 1].strip():
                continue
            if not segment[place].strip():  # an amount nobody can explain is not counted, and blocks
                self._bad_in_envelope += 1
                self.element.missing(segment, place, "transaction")
                continue
            amount = self.element.required_money(segment, place + 1, "transaction")
            pieces = segment.components(place)
            self._plb.append(
                ProviderAdjustment(
                    segment[1].strip(),
                    period,
                    pieces[0].strip(),
                    pieces[1].strip() if len(pieces) > 1 else "",
                    amount,
                    segment.position,
                )
            )
        self._bad_in_envelope += self.element.bad_amounts - before
