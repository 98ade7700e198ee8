"""Scrub many claims, and remember what came of it for as long as nothing the checks look at has changed (B5).

Before it: claims/queue.py and the review screen, which keep a stamp of what they found; claims/submitting.py, which
scrubs again under the row lock. The checks are pure functions of a claim's document, the facts of the house, the
code tables and the rules in force, and of the program itself. All but the document are read anew each time and
hashed to a key; the document's version is the database's own count. A stamp with the same key and version holds
what the checks would find, and the claim's segments as they would be written: neither is done twice. Whatever
differs, is missing or is older than the program: the claim is scrubbed in full. What the day alone decides (the
filing limit) is checked each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import blake2b
from pathlib import Path

from django.db.models import F

from claims import checks, diagnosis_table, payer_rules, reference, rule_book
from claims.check_context import Facts, context_of, said
from claims.check_facts import Asks, Documents, asks_of, load_facts
from claims.models import Claim, CodeTable, ScrubStamp
from clinics.lookups import Keys
from lib.findings import Finding, has_errors
from x12.documents.professional_claim import ClaimDocument
from x12.documents.write_837p import ClaimText

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ("claims", "lib", "x12")  # the rooms whose code checks and writes
READ = (
    "claim_id", "key", "lasting", "numbers", "new_visit", "charge",
    "provider_text", "family_text", "own_text", "patient_text", "claim_text",
)  # fmt: skip
CHANGED = ("document_version", "scrubbed_on", *READ[1:])


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is remembered of a scrub: its key, what it found that lasts, and the claim as its segments."""

    key: str
    lasting: tuple[Finding, ...]
    asks: Asks
    text: ClaimText | None


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A claim with every finding, errors first; ``stamp.text`` is None only where it could not be written."""

    claim: Claim
    findings: list[Finding]
    stamp: Stamp
    version: int | None = None  # of the stored document that was just checked; None: there is nothing to keep


@dataclass(frozen=True, slots=True)
class House:
    """What all claims of a clinic are checked by today, and its part of every key."""

    tables: Sequence[CodeTable]
    rules: tuple[payer_rules.PayerRule, ...]
    said: str

    def key_of(self, facts: Facts) -> str:
        """The key of a claim with these facts."""
        return blake2b(f"{self.said}{said(facts)!r}".encode(), digest_size=16).hexdigest()


def load_house(today: date) -> House:
    """Program, code tables and rules in force, in three statements. A rule that asks for the day binds to the day."""
    tables, rules = reference.in_force(), rule_book.load_on()
    whole = [
        program(),
        diagnosis_table.releases(),
        [(table.pk, table.kind, table.effective_on) for table in tables],
        [rule.whole for rule in rules],
        today if any(rule.is_of_today for rule in rules) else None,
    ]
    return House(tables, rules, blake2b(repr(whole).encode(), digest_size=16).hexdigest())


@cache
def program() -> str:
    """A hash of the code that checks and writes: a new release looks at every claim again."""
    digest = blake2b(digest_size=16)
    for folder in PROGRAM:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def scrub(
    claims: Sequence[Claim], today: date, *, looked: Callable[[], object] = lambda: None
) -> list[Scrubbed]:
    """Scrub stored claims in a constant number of statements; documents are read for those without a stamp only.

    A document that a claim holds in memory is not looked at: see ``scrub_documents``. ``looked``: after each.
    """
    return _scrub(claims, Documents(claims), _load(claims, today), today, looked) if claims else []


def scrub_documents(
    claims: Sequence[Claim], documents: Sequence[ClaimDocument], today: date
) -> list[Scrubbed]:
    """Scrub documents that are not stored yet, in a constant number of statements."""
    return _scrub(claims, Documents(claims, documents), {}, today) if claims else []


def _scrub(
    claims: Sequence[Claim],
    documents: Documents,
    stamps: dict[int, Stamp],
    today: date,
    looked: Callable[[], object] = lambda: None,
) -> list[Scrubbed]:
    documents.need(place for place in range(len(claims)) if place not in stamps)
    asks = [
        stamps[place].asks if place in stamps else asks_of(documents[place]) for place in range(len(claims))
    ]
    facts, house = load_facts(claims, asks, documents), load_house(today)
    keys = [house.key_of(one) for one in facts]
    stale = [place for place, key in enumerate(keys) if place not in stamps or stamps[place].key != key]
    documents.need(stale)
    codes = reference.load(
        [documents[place] for place in stale], [facts[place].neighbours for place in stale], house.tables
    )
    for _ in range(len(claims) - len(stale)):
        looked()
    for place in stale:
        looked()
        found = checks.scrub(context_of(facts[place], documents[place], today, codes, house.rules))
        stamps[place] = Stamp(keys[place], found.lasting, asks[place], found.text)
    versions = {place: documents.versions.get(place) for place in stale}
    return [
        Scrubbed(
            claim,
            checks.on_day(stamps[place].lasting, facts[place], today),
            stamps[place],
            versions.get(place),
        )
        for place, claim in enumerate(claims)
    ]


def keep(scrubbed: Sequence[Scrubbed], today: date) -> None:
    """Remember what was found new on stored claims without errors, in one statement."""
    rows = [_row(one, one.version, one.stamp.text, today) for one in scrubbed
            if one.version is not None and one.stamp.text is not None and not has_errors(one.findings)
            and one.stamp.text.control_number == one.claim.control_number]  # fmt: skip
    if rows:
        ScrubStamp.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["clinic", "claim"], update_fields=CHANGED
        )


def _row(one: Scrubbed, version: int, text: ClaimText, today: date) -> ScrubStamp:
    return ScrubStamp(
        clinic_id=one.claim.clinic_id,
        claim_id=one.claim.pk,
        document_version=version,
        key=one.stamp.key,
        scrubbed_on=today,
        lasting=checks.as_rows(one.stamp.lasting),
        numbers=list(one.stamp.asks.numbers),
        new_visit=one.stamp.asks.new_visit,
        charge=text.charge,
        provider_text=text.provider,
        family_text=text.family,
        own_text=text.own,
        patient_text=text.patient,
        claim_text=text.claim,
    )


def _load(claims: Sequence[Claim], today: date) -> dict[int, Stamp]:
    """By place: the stamps of the documents as they are stored, whether or not their key will be found again."""
    places = {claim.pk: place for place, claim in enumerate(claims)}
    rows = ScrubStamp.objects.filter(
        claim_id__any_of=Keys(places), document_version=F("claim__document_version"), scrubbed_on__lte=today
    )
    found = {}
    for key, stamp, lasting, numbers, new_visit, charge, *texts in rows.values_list(*READ):
        place = places[key]
        text = ClaimText(claims[place].control_number, charge, *texts)
        said = tuple(Finding(**row) for row in lasting)
        found[place] = Stamp(stamp, said, Asks(tuple(numbers), new_visit), text)
    return found
