"""Requests to the bytes of one 270 file: a transaction set a payer (domain reference 11). Pure but for the rows.

Before it: eligibility.py with its rows and fresh control numbers. After it: clearinghouses/sending.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from clearinghouses.control import ControlNumbers
from clearinghouses.models import Connection
from clinics.models import BillingProvider
from insurance.enums import Relationship
from insurance.models import EligibilityRequest, Policy
from lib.dates import format_d8
from x12.documents.eligibility import Eligibility, EligibilityPerson
from x12.documents.parties import Party
from x12.documents.write_eligibility import VERSION_270, write_270
from x12.reading import read_file
from x12.writer import GroupText, InterchangeHeader, TransactionText, write_interchange


class SelfCheckFailed(AssertionError):
    """What we wrote does not read back as what we meant: a bug, and nothing leaves the house."""


def write_file(
    rows: Sequence[EligibilityRequest],
    provider: BillingProvider,
    connection: Connection,
    numbers: ControlNumbers,
    at: datetime,
) -> bytes:
    """One interchange with one group and a transaction set for each reference of the rows."""
    by_reference: dict[str, list[EligibilityRequest]] = {}
    for row in rows:
        by_reference.setdefault(row.reference, []).append(row)
    documents = [inquiry(mine, provider, at) for mine in by_reference.values()]
    company = f"9{provider.tax_id:0>9}"[:10]
    texts = [
        TransactionText("270", document.reference, write_270(document, company, at), VERSION_270)
        for document in documents
    ]
    header = InterchangeHeader(
        sender_id=connection.sender_id.strip(),
        receiver_id=connection.receiver_id.strip(),
        control_number=numbers.interchange,
        created_at=at,
        sender_qualifier=connection.sender_qualifier,
        receiver_qualifier=connection.receiver_qualifier,
        usage=connection.usage,
        ack_requested=connection.wants_ta1,
    )
    group = GroupText(
        "HS", connection.sender_id.strip(), connection.receiver_id.strip(), numbers.group, VERSION_270, texts
    )
    content = write_interchange(header, [group])
    _prove(content, rows)
    return content


def inquiry(rows: Sequence[EligibilityRequest], provider: BillingProvider, at: datetime) -> Eligibility:
    """What is asked of one payer."""
    payer = rows[0].policy.payer
    kind = "1" if provider.first_name else "2"
    people: list[EligibilityPerson] = []
    for row in rows:
        people += _people(row)
    return Eligibility(
        kind="270",
        reference=rows[0].reference,
        created_on=at.date(),
        created_time=f"{at:%H%M}",
        payer=Party("2", payer.name, id_qualifier="PI", identifier=payer.payer_id),
        provider=Party(kind, provider.name, provider.first_name, id_qualifier="XX", identifier=provider.npi),
        people=tuple(people),
    )


def _people(row: EligibilityRequest) -> list[EligibilityPerson]:
    """The member alone, or the holder and the dependent who is asked about."""
    policy, patient = row.policy, row.policy.patient
    member = {"id_qualifier": "MI", "identifier": policy.member_id}
    asked = {
        "traces": (row.public_id,),
        "dates": (("291", format_d8(row.service_date)),),
        "inquiries": (row.service_type,),
    }
    name = (patient.last_name, patient.first_name)
    if policy.relationship in ("", Relationship.SELF):
        party = Party("1", *name, **member)
        return [EligibilityPerson("22", None, party, patient.birth_date, patient.sex, **asked)]  # type: ignore[arg-type]
    holder = Party("1", policy.holder_last_name, policy.holder_first_name, **member)
    relationship = policy.relationship if policy.relationship in ("01", "19") else "34"  # INS02: other adult
    return [
        EligibilityPerson("22", None, holder, policy.holder_birth_date, policy.holder_sex),
        EligibilityPerson(
            "23",
            holder,
            Party("1", *name),
            patient.birth_date,
            patient.sex,
            relationship=relationship,
            **asked,  # type: ignore[arg-type]
        ),
    ]


def patient_of(policy: Policy) -> dict[str, str]:
    """Our side of the comparison with the payer's record (benefits.find_corrections)."""
    return {
        "member_id": policy.member_id,
        "first_name": policy.patient.first_name,
        "last_name": policy.patient.last_name,
        "holder_first_name": policy.holder_first_name,
        "holder_last_name": policy.holder_last_name,
    }


def _prove(content: bytes, rows: Sequence[EligibilityRequest]) -> None:
    """Read it back: every question stands in it once."""
    reading = read_file(content)
    traces = [
        trace
        for found in reading.transactions
        if isinstance(found.document, Eligibility)
        for person in found.document.people
        for trace in person.traces
    ]
    if reading.has_errors or sorted(traces) != sorted(row.public_id for row in rows):
        raise SelfCheckFailed("a 270 does not read back as it was meant")
