"""The payment of an 835: what stands before its claims (BPR, TRN, payer and payee) and after them (PLB).

Before it: x12/documents/elements.py. After it: x12/documents/read_835.py.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from x12.documents.elements import ElementReader, make_party, read_account, read_place, read_street
from x12.documents.parties import Contact, Reference
from x12.documents.remittance import ProviderAdjustment
from x12.tokens import Segment

ZERO = Decimal("0.00")


class PaymentReader:
    """Takes the segments of one ST 835 that belong to no claim; ``fields`` tells what they say."""

    def __init__(self, element: ElementReader) -> None:
        self._element = element
        self._header: dict[str, Any] = {}
        self._party: dict[str, Any] = {}
        self._parties: dict[str, dict[str, Any]] = {"PR": {}, "PE": {}}
        self._adjustments: list[ProviderAdjustment] = []
        self._bad_amounts = 0

    def fields(self, position: int) -> dict[str, Any]:
        """The fields of ``Remittance`` but its claims; ``position`` is where ST stood, for what is missing."""
        header = self._header
        for key, name in (("trace_number", "TRN"), ("amount", "BPR")):
            if key not in header:
                self._element.findings.add(
                    f"missing_{name.lower()}",
                    f"The remittance has no {name} segment: it cannot be tied to a payment.",
                    level="transaction",
                    segment=position,
                )
                header[key] = "" if key == "trace_number" else ZERO
                self._bad_amounts += key == "amount"
        return {
            "payer_identifier": "",
            "payer": make_party(self._parties["PR"]),
            "payee": make_party(self._parties["PE"]),
            "provider_adjustments": tuple(self._adjustments),
            "amounts_readable": not self._bad_amounts,
            **header,
        }

    def take_payment(self, segment: Segment) -> None:
        """BPR."""
        element, before = self._element, self._element.bad_amounts
        self._header.update(
            handling_code=segment[1].strip(),
            amount=element.required_money(segment, 2, "transaction"),
            credit_debit=segment[3].strip(),
            method=segment[4].strip(),
            payment_format=segment[5].strip(),
            payer_account=read_account(segment, 6),
            originating_company=segment[10].strip(),
            originating_supplement=segment[11].strip(),
            payee_account=read_account(segment, 12),
            effective_date=element.day(segment, 16),
        )
        self._bad_amounts += element.bad_amounts - before

    def take_trace(self, segment: Segment) -> None:
        """TRN, the first."""
        if "trace_number" in self._header:
            return
        self._header.update(
            trace_number=segment[2].strip(),
            payer_identifier=segment[3].strip(),
            trace_supplement=segment[4].strip(),
        )
        if not segment[2].strip():
            self._element.missing(segment, 2, "transaction")

    def take_currency(self, segment: Segment) -> None:
        """CUR: whose money the amounts are."""
        self._header["currency"] = segment[2].strip().upper()

    def take_party(self, segment: Segment) -> None:
        """N1: what follows it is about this party."""
        self._party = self._parties.setdefault(segment[1].strip(), {})
        self._party.update(
            name=segment[2].strip(), id_qualifier=segment[3].strip(), identifier=segment[4].strip()
        )

    def take_street(self, segment: Segment) -> None:
        """N3."""
        self._party["address"] = read_street(segment)

    def take_place(self, segment: Segment) -> None:
        """N4."""
        self._party["address"] = read_place(self._party.get("address"), segment)

    def take_contact(self, contact: Contact) -> None:
        """PER."""
        self._party.setdefault("contacts", []).append(contact)

    def take_reference(self, reference: Reference) -> None:
        """REF: of the file (EV, F2) or of the party."""
        if reference.qualifier == "EV":
            self._header["receiver_id"] = reference.value
        elif reference.qualifier == "F2":
            self._header["system_version"] = reference.value
        else:
            self._party.setdefault("references", []).append(reference)

    def take_date(self, name: str, day: date | None) -> None:
        """DTM: a date of the whole file."""
        self._header[name] = day

    def take_provider_adjustment(self, segment: Segment) -> None:
        """PLB, pair by pair."""
        element, before = self._element, self._element.bad_amounts
        period = element.day(segment, 2)
        for place in range(3, len(segment.parts), 2):
            if not segment[place].strip() and not segment[place + 1].strip():
                continue
            if not segment[place].strip():  # an amount nobody can explain is not counted, and blocks
                self._bad_amounts += 1
                element.missing(segment, place, "transaction")
                continue
            amount = element.required_money(segment, place + 1, "transaction")
            code, reference = segment.component(place, 1).strip(), segment.component(place, 2).strip()
            provider = segment[1].strip()
            self._adjustments.append(
                ProviderAdjustment(provider, period, code, reference, amount, segment.position)
            )
        self._bad_amounts += element.bad_amounts - before
