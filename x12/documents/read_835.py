"""835 segments to a ``Remittance``. Before it: x12/reading.py. After it: responses/ matching and planning.

One pass, one open claim and one open line at a time. A remittance says the same thing many times (an adjustment of
one amount, a date, a provider), so each text is read once and what it means is remembered for the rest of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from lib.money import BadAmount
from x12.documents import segments_835 as says
from x12.documents.elements import ElementReader, make_name, read_money
from x12.documents.open_claim import OpenClaim, OpenLine
from x12.documents.parties import (
    Adjustment,
    Contact,
    OutpatientRemarks,
    Party,
    QualifiedAmount,
    QualifiedQuantity,
    Reference,
)
from x12.documents.read_payment import PaymentReader
from x12.documents.remittance import (
    ClaimPayment,
    Remittance,
    claim_balances,
    claim_differences,
    provider_adjustment_total,
)
from x12.findings import FindingList, quote
from x12.tokens import ENVELOPE, STANDARD, Block, Delimiters, Segment

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
ENDS_CLAIM = frozenset({"LX", "PLB"})
NO_MEANING = frozenset({"LX", "TS2", "TS3", "CUR", "RDM", "N2", "TRN", "N1", "N3", "N4"})
MOST_REMEMBERED = 1_024


@dataclass(slots=True)
class Memory:
    """What segments of one file mean, by their text: what is done with each, and the value read. Bounded."""

    known: dict[str, tuple[Act, Any]] = field(default_factory=dict)
    delimiters: Delimiters = STANDARD

    def keep(self, raw: str, act: Act, value: Any) -> None:
        """Remember one; beyond the bound all is forgotten, which costs little."""
        if len(self.known) >= MOST_REMEMBERED:
            self.known.clear()
        self.known[raw] = (act, value)


class RemittanceReader:
    """Takes the segments of one ST 835; ``remittance`` tells what they say.

    Each completed claim goes to ``give``; without it they are kept for ``remittance``. ``memory`` may serve all
    remittances of one file, one after the other.
    """

    def __init__(
        self,
        findings: FindingList,
        memory: Memory | None = None,
        give: Callable[[ClaimPayment], object] | None = None,
    ) -> None:
        self.findings = findings
        self.element = ElementReader(findings)
        self._memory = memory or Memory()
        self._claims: list[ClaimPayment] = []
        self._give = give or self._claims.append
        self._claims_paid = ZERO
        self._unbalanced = FindingList()
        self._payment = PaymentReader(self.element)
        self._claim: OpenClaim | None = None
        self._line: OpenLine | None = None
        self._lines: list[OpenLine] = []
        self._unknown: set[str] = set()

    def take_run(self, block: Block, place: int) -> int:
        """The segments from ``place`` up to the next one of the envelope; where that stands, or the block's length."""
        memory = self._memory
        if block.delimiters != memory.delimiters:
            memory.known.clear()
            memory.delimiters = block.delimiters
        recall, raws, separator = memory.known.get, block.raws, block.delimiters.element
        line = self._line
        for position, raw in enumerate(raws[place:] if place else raws, block.first + place):
            known = recall(raw)
            if known is not None:
                act, value = known
                if line is None:
                    act(self, value, position)
                    line = self._line
                elif act is ADJUST:  # a line's usual segments are spared the call
                    line.adjustments = line.adjustments + value if line.adjustments else value
                elif act is SERVE:
                    line.service_date = value.value
                elif act is ALLOW and line.allowed is None:
                    line.allowed = value.amount
                else:
                    act(self, value, position)
                    line = self._line
                continue
            parts = raw.split(separator)
            name = parts[0]
            if name == "REF":
                if line is not None and len(parts) == 3 and parts[1] == "6R" and not line.line_id:
                    line.line_id = parts[2].strip()
                else:
                    self._take_reference(parts)
                continue
            if name == "CLP":
                self._open_claim(parts if " " not in raw else [text.strip() for text in parts], position)
            elif name == "NM1":
                self._take_name(raw, parts)
            elif name in ENVELOPE:
                return position - block.first
            else:
                self._take_new(raw, Segment(parts, position, block.delimiters))
            line = self._line
        return len(raws)

    def _take_new(self, raw: str, segment: Segment) -> None:
        """A segment whose text was not met before, or cannot be remembered."""
        name, position = segment.parts[0], segment.position
        if name in ENDS_CLAIM:
            self.close()
        if name in OF_PAYMENT and (self._claim is None or name == "BPR"):
            OF_PAYMENT[name](self._payment, segment)
            return
        step = STEPS.get(name)
        if step is None:
            if name not in NO_MEANING and name not in self._unknown:
                self._unknown.add(name)
                self._note_unknown(name, position)
            return
        bad, noted = self.element.bad_amounts, self.findings.noted
        value = step.read(self.element, segment)
        step.act(self, value, position)
        if self.element.bad_amounts != bad:
            self._note_unreadable()
        elif self.findings.noted == noted:
            self._memory.keep(raw, _usual_act(step.act, value), value)

    def _note_unreadable(self) -> None:
        """An amount could not be read: what it belongs to says so, and nobody posts it."""
        if self._claim is not None:
            self._claim.amounts_readable = False
        if self._line is not None:
            self._line.amounts_readable = False

    def _note_unknown(self, name: str, position: int) -> None:
        self.findings.add(
            "unexpected_segment",
            f"Segment {name[:10]} does not belong into an 835 and was ignored.",
            level="segment",
            segment=position,
            severity="warning",
        )

    def close(self) -> None:
        """Complete the claim that is open, if any."""
        if self._claim is None:
            return
        claim = self._claim.seal(self._lines)
        self._claim, self._line, self._lines = None, None, []
        self._claims_paid += claim.paid
        if not claim_balances(claim):
            self._note_unbalanced(claim)
        self._give(claim)

    def _note_unbalanced(self, claim: ClaimPayment) -> None:
        differences = claim_differences(claim)
        if differences:
            told = ", ".join(f"{name} {amount}" for name, amount in list(differences.items())[:4])
            self._unbalanced.add(
                "claim_unbalanced",
                f"Claim {quote(claim.control_number)} does not add up: {told}.",
                level="claim",
                segment=claim.segment,
            )

    def remittance(self, position: int) -> Remittance:
        """The document, after the last segment; ``position`` is where ST stood.

        Findings say what is missing and, with the exact difference, what does not add up: payment, claim or line.
        """
        self.close()
        found = Remittance(claims=tuple(self._claims), **self._payment.fields(position))
        self._note_balance(found, position)
        return found

    def _note_balance(self, remittance: Remittance, position: int) -> None:
        difference = remittance.amount - (self._claims_paid - provider_adjustment_total(remittance))
        if difference:
            self.findings.add(
                "remittance_unbalanced",
                f"The payment {remittance.amount} differs by {difference} from its claims and provider "
                "adjustments: do not post it before the payer explains.",
                level="transaction",
                segment=position,
            )
        self.findings.take_over(self._unbalanced)

    # --- claim and line ----------------------------------------------------------------------------

    def _open_claim(self, parts: list[str], position: int) -> None:
        """CLP, its texts stripped."""
        self.close()
        texts = parts if len(parts) >= 10 else parts + [""] * (10 - len(parts))
        bad = self.element.bad_amounts
        try:
            charge, paid = read_money(texts[3]), read_money(texts[4])
            responsibility = read_money(texts[5]) if texts[5] else None
        except BadAmount:
            segment = Segment(texts, position)
            charge = self.element.required_money(segment, 3, "claim")
            paid = self.element.required_money(segment, 4, "claim")
            responsibility = self.element.money(segment, 5, "claim")
        self._claim = OpenClaim(
            texts[1], texts[2], charge, paid, responsibility, texts[6], texts[7], texts[8], texts[9], position
        )
        if self.element.bad_amounts != bad:
            self._claim.amounts_readable = False
        if not texts[1]:
            self.element.missing(Segment(texts, position), 1, "claim")

    def open_line(self, fields: tuple[Any, ...], position: int) -> None:
        """SVC: the claim's next line."""
        if self._claim is None:
            self.findings.add(
                "stray_line",
                "A service line (SVC) stands before any claim (CLP) and was ignored.",
                level="segment",
                segment=position,
            )
            return
        self._line = line = OpenLine(position, *fields)
        self._lines.append(line)

    def adjust(self, found: tuple[Adjustment, ...], position: int) -> None:
        """CAS: of the open line, else of the claim."""
        target = self._line or self._claim
        if target is None:
            self._note_unknown("CAS", position)
        else:
            target.adjustments = target.adjustments + found if target.adjustments else found

    def _take_name(self, raw: str, parts: list[str]) -> None:
        """NM1, not met before. There are as many patients as claims: they are not worth remembering."""
        parts += [""] * (10 - len(parts))
        role, *_ = texts = [text.strip() for text in parts[1:10]]
        name = CLAIM_PARTIES.get(role)
        if name is None:
            return
        found = name, make_name(*texts[1:5], *texts[6:9])
        self.name_party(found, 0)
        if role != "QC":
            self._memory.keep(raw, RemittanceReader.name_party, found)

    def name_party(self, found: tuple[str, Party], position: int) -> None:
        """NM1 that was met before: the first of each role counts."""
        claim = self._claim
        if claim is not None and getattr(claim, found[0]) is None:
            setattr(claim, *found)

    def remark_claim(self, found: OutpatientRemarks, position: int) -> None:
        """MOA."""
        if self._claim is not None:
            self._claim.outpatient = found

    def remark_inpatient(self, found: tuple[str, ...], position: int) -> None:
        """MIA."""
        if self._claim is not None:
            self._claim.inpatient_remarks = found

    def remark_line(self, found: tuple[str, ...], position: int) -> None:
        """LQ."""
        if self._line is not None:
            self._line.remarks += found

    def _take_reference(self, parts: list[str]) -> None:
        line = self._line
        qualifier, value, description, *_ = [*parts[1:], "", "", ""]
        if line is not None and qualifier.strip() == "6R" and not line.line_id:
            line.line_id = value.strip()
            return
        reference = Reference(qualifier.strip(), value.strip(), description.strip())
        target = line or self._claim
        if target is not None:
            target.references += (reference,)
        else:
            self._payment.take_reference(reference)

    def take_date(self, day: says.Day, position: int) -> None:
        """DTM: of the line, the claim or the whole file."""
        target = self._line or self._claim
        name = day.of_line if self._line is not None else day.of_claim if target is not None else day.of_file
        if name is None:
            return
        if day.value is None and day.text:
            self.element.bad_day("DTM", 2, day.text, position)
        if target is not None:
            setattr(target, name, day.value)
        else:
            self._payment.take_date(name, day.value)

    def serve(self, day: says.Day, position: int) -> None:
        """DTM of the day a line was served: a readable date."""
        self.take_date(day, position)

    def allow(self, found: QualifiedAmount, position: int) -> None:
        """AMT*B6, readable."""
        self.take_amount(found, position)

    def take_contact(self, found: Contact, position: int) -> None:
        """PER: of the claim, else of the party that was named last."""
        if self._claim is not None:
            self._claim.contacts += (found,)
        else:
            self._payment.take_contact(found)

    def take_amount(self, found: QualifiedAmount | None, position: int) -> None:
        """AMT: what the payer allowed (B6), or one that is only told."""
        line = self._line
        if found is None:
            return
        if line is not None and line.allowed is None and found.qualifier == "B6":
            line.allowed = found.amount
            return
        target = line or self._claim
        if target is not None:
            target.amounts += (found,)

    def take_quantity(self, found: QualifiedQuantity | None, position: int) -> None:
        """QTY."""
        target = self._line or self._claim
        if target is not None and found is not None:
            target.quantities += (found,)


Act = Callable[[RemittanceReader, Any, int], None]


class Step(NamedTuple):
    """How a segment's text becomes a value, and what is done with the value where it stands."""

    read: Callable[[ElementReader, Segment], Any]
    act: Act


STEPS = {
    "SVC": Step(ElementReader.service, RemittanceReader.open_line),
    "CAS": Step(ElementReader.adjustments, RemittanceReader.adjust),
    "DTM": Step(says.day_of, RemittanceReader.take_date),
    "AMT": Step(says.amount_of, RemittanceReader.take_amount),
    "QTY": Step(says.quantity_of, RemittanceReader.take_quantity),
    "LQ": Step(says.remarks_of, RemittanceReader.remark_line),
    "MOA": Step(ElementReader.outpatient, RemittanceReader.remark_claim),
    "MIA": Step(says.inpatient_remarks_of, RemittanceReader.remark_inpatient),
    "PER": Step(says.contact_of, RemittanceReader.take_contact),
}
OPEN_LINE, ADJUST = RemittanceReader.open_line, RemittanceReader.adjust
SERVE, ALLOW = RemittanceReader.serve, RemittanceReader.allow
OF_PAYMENT = {
    "BPR": PaymentReader.take_payment,
    "TRN": PaymentReader.take_trace,
    "CUR": PaymentReader.take_currency,
    "N1": PaymentReader.take_party,
    "N3": PaymentReader.take_street,
    "N4": PaymentReader.take_place,
    "PLB": PaymentReader.take_provider_adjustment,
}


def _usual_act(act: Act, value: Any) -> Act:
    """What is done with a remembered value: the short way where it is one that nearly every line has."""
    if act is RemittanceReader.take_date and value.of_line == "service_date" and value.value is not None:
        return SERVE
    if act is RemittanceReader.take_amount and value is not None and value.qualifier == "B6":
        return ALLOW
    return act
