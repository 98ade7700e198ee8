"""What the payers behind the sandbox say about coverage: one 270 to one 271, by the words of docs/sandbox.md SB20.

Before it: checking. After it: answering, which puts the 271 into an envelope.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from clearinghouses.sandbox.contracts import PayerContract, find_payer
from x12.documents.eligibility import Benefit, Eligibility, EligibilityPerson, RequestRejection
from x12.documents.parties import Party

CALENDAR_YEAR, REMAINING = "23", "29"
DEDUCTIBLE, DEDUCTIBLE_LEFT = Decimal("500.00"), Decimal("30.00")
OUT_OF_POCKET, OUT_OF_POCKET_LEFT = Decimal("3000.00"), Decimal("2400.00")


class Coverage(StrEnum):
    """What is said about a member id that begins or ends with one of these words."""

    ACTIVE = "ACTIVE"  # any other member id
    INACTIVE = "INACTIVE"
    NOTFOUND = "NOTFOUND"
    BADDOB = "BADDOB"
    WRONGID = "WRONGID"
    PAYERDOWN = "PAYERDOWN"
    RENAMED = "RENAMED"
    LIMITED = "LIMITED"
    OTHERINS = "OTHERINS"
    DEDUCT = "DEDUCT"
    COPAY25 = "COPAY25"
    SILENT = "SILENT"
    DUPFILE = "DUPFILE"


REJECTS = {Coverage.NOTFOUND: "75", Coverage.BADDOB: "71", Coverage.WRONGID: "72"}


def coverage_of(member_id: str) -> Coverage:
    """The word a member id begins or ends with; ACTIVE for any other."""
    plain = member_id.strip().upper()
    for word in Coverage:
        if word is not Coverage.ACTIVE and (plain.startswith(word.value) or plain.endswith(word.value)):
            return word
    return Coverage.ACTIVE


def member_of(person: EligibilityPerson) -> str:
    """The member id that was asked about: the subscriber's."""
    holder = person.subscriber or person.party
    return holder.identifier if holder else ""


def is_said_twice(asked: Eligibility) -> bool:
    """Whether the answer is put out a second time under another name."""
    return any(coverage_of(member_of(person)) is Coverage.DUPFILE for person in asked.people)


def respond(asked: Eligibility, at: datetime, folder: Path | None = None) -> Eligibility | None:
    """The 271 to a 270; None when the payer says nothing. People it is silent about are left out."""
    if asked.payer is None or asked.provider is None:
        return None
    payer = find_payer(asked.payer.identifier, asked.payer.last_name, folder)
    subjects = [person for person in asked.people if person.inquiries or person.traces]
    words = [coverage_of(member_of(person)) for person in subjects]
    head = replace(
        asked, kind="271", created_on=at.date(), created_time=f"{at:%H%M}", people=(), rejections=()
    )
    if Coverage.PAYERDOWN in words:
        return replace(head, rejections=(RequestRejection("20", "Y", "42", "R"),))
    people: list[EligibilityPerson] = []
    for person, word in zip(subjects, words, strict=True):
        if word is Coverage.SILENT:
            continue
        if person.level == "23":
            people.append(EligibilityPerson("22", party=person.subscriber))
        people.append(_told(person, word, payer))
    return replace(head, people=tuple(people)) if people else None


def _told(person: EligibilityPerson, word: Coverage, payer: PayerContract) -> EligibilityPerson:
    bare = replace(person, inquiries=(), dates=())
    if word in REJECTS:
        return replace(bare, rejections=(RequestRejection(person.level, "N", REJECTS[word], "C"),))
    if word is Coverage.RENAMED and person.party is not None:
        known = f"C{member_of(person)}" if person.level == "22" else person.party.identifier
        party = replace(person.party, last_name=f"{person.party.last_name}-SMITH"[:60], identifier=known)
        bare = replace(bare, party=party)
    kind = person.inquiries[0] if person.inquiries else "30"
    if word is Coverage.INACTIVE:
        return replace(bare, benefits=(_row("6", kind),))
    dates = (*bare.dates, ("346", "20260101"))
    return replace(bare, dates=dates, benefits=tuple(_benefits(word, payer, kind)))


def _benefits(word: Coverage, payer: PayerContract, kind: str) -> list[Benefit]:
    rows = [_row("1", kind, plan_name=f"{payer.name} PPO"[:50])]
    copay = Decimal("25.00") if word is Coverage.COPAY25 else payer.copay
    if word is not Coverage.DEDUCT and copay is not None:
        rows.append(_row("B", kind, amount=copay))
    else:
        rows.append(_row("A", kind, percent=payer.coinsurance / 100))
        left = DEDUCTIBLE if word is Coverage.DEDUCT else DEDUCTIBLE_LEFT
        rows.append(_row("C", kind, time_period=CALENDAR_YEAR, amount=DEDUCTIBLE))
        rows.append(_row("C", kind, time_period=REMAINING, amount=left))
    rows.append(_row("G", kind, time_period=CALENDAR_YEAR, amount=OUT_OF_POCKET))
    rows.append(_row("G", kind, time_period=REMAINING, amount=OUT_OF_POCKET_LEFT))
    if word is Coverage.LIMITED:
        rows.append(_limit(kind, CALENDAR_YEAR, 20))
        rows.append(_limit(kind, REMAINING, 6))
    if word is Coverage.OTHERINS:
        other = Party("2", "CIGNA", id_qualifier="PI", identifier="62308")
        rows.append(_row("R", kind, related=(other,), related_codes=("PR",)))
    return rows


def _row(information: str, kind: str, **fields: object) -> Benefit:
    network = "W" if information in ("A", "B") else ""
    return Benefit(information, "IND", (kind,), in_network=network, **fields)  # type: ignore[arg-type]


def _limit(kind: str, period: str, visits: int) -> Benefit:
    return _row("F", kind, time_period=period, quantity_qualifier="VS", quantity=Decimal(visits))
