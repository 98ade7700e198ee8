"""What a biller's rule may ask of a claim: one table of tests, each with its words, its value and its answer. Pure.

Part of claims/payer_rules.py. An answer is True, False, or None for what cannot be known from the claim (an age
without a date of birth): the rule then fails closed. Values are stored as JSON: words, or a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from lib.dates import age_on
from x12.documents.professional_claim import ClaimDocument, Provider, ServiceLine

SPLIT = re.compile(r"[\s,;]+")
CODE_WORD = re.compile(r"[0-9A-Z]{1,5}\*?\Z|[0-9A-Z]{5}-[0-9A-Z]{5}\Z")
Value = str | list[str]
ValueKind = Literal["none", "codes", "words", "diagnoses", "modifiers", "number", "money", "days", "choice"]


@dataclass(frozen=True, slots=True)
class Facts:
    """A claim as rules see it. ``payer`` and ``plan`` are public ids."""

    document: ClaimDocument
    payer: str
    plan: str
    rank: int
    frequency: str
    today: date

    @property
    def first_day(self) -> date | None:
        """The earliest day of service."""
        return min((line.service_date for line in self.document.lines), default=None)


Ask = Callable[[Facts, ServiceLine | None, Any], bool | None]


@dataclass(frozen=True, slots=True)
class Test:
    """One thing to ask: in words, of the claim or of a line, with a value of some kind."""

    words: str
    group: str
    kind: ValueKind
    ask: Ask
    of_line: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    of_today: bool = False  # the answer may be another one tomorrow


def code_fits(code: str, wanted: Iterable[str]) -> bool:
    """Whether a code is one of: a code, a beginning with a star (9711*), or a range (99202-99215)."""
    for word in wanted:
        if word.endswith("*"):
            if code.startswith(word[:-1]):
                return True
        elif "-" in word:
            low, high = word.split("-", 1)
            if len(code) == len(low) and low <= code <= high:
                return True
        elif code == word:
            return True
    return False


def read_value(test: Test, typed: str) -> Value:
    """The value of a test as it is stored. Raises ValueError with words for the person who typed it."""
    text = typed.strip().upper()
    if test.kind == "none":
        return ""
    if test.kind == "choice":
        known = {key.upper(): key for key, _ in test.choices}
        if text not in known:
            raise ValueError(f"one of {', '.join(label for _, label in test.choices)}")
        return known[text]
    if test.kind in ("number", "money", "days"):
        return _number(test.kind, text)
    words = [word.replace(".", "") for word in SPLIT.split(text) if word]
    if not words:
        raise ValueError("say which, divided by commas")
    if len(words) > 200:
        raise ValueError("at most 200")
    for word in words:
        if test.kind == "codes" and not CODE_WORD.match(word):
            raise ValueError(f"{word[:14]} is no code, range (99202-99215) or beginning (9711*)")
        if test.kind == "modifiers" and not re.match(r"[0-9A-Z]{2}\Z", word):
            raise ValueError(f"{word[:14]} is no modifier of two characters")
        if test.kind == "diagnoses" and not re.match(r"[A-Z][0-9A-Z]{0,6}\Z", word):
            raise ValueError(f"{word[:14]} is no beginning of an ICD-10-CM code")
        if len(word) > 20:
            raise ValueError(f"{word[:14]} is too long")
    return list(dict.fromkeys(words))


def _number(kind: ValueKind, text: str) -> str:
    try:
        number = Decimal(text.replace(",", "").removeprefix("$"))
    except InvalidOperation:
        raise ValueError("a number") from None
    if not number.is_finite() or not 0 <= number < 1_000_000:
        raise ValueError("a number from 0")
    if kind == "days" and number != number.to_integral_value():
        raise ValueError("a whole number of days")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        raise ValueError("at most two decimals")
    return f"{number.quantize(Decimal('0.01')):f}" if kind == "money" else f"{number:f}"


# --- facts ---------------------------------------------------------------------------------------------


def _age(facts: Facts) -> int | None:
    birth, day = facts.document.patient_birth_date, facts.first_day
    return None if birth is None or day is None else age_on(birth, day)


def _sex(facts: Facts) -> str | None:
    person = facts.document.patient or facts.document.subscriber
    return person.sex or None


def _taxonomy(facts: Facts) -> str | None:
    document = facts.document
    rendering = document.rendering_provider
    return (rendering.taxonomy if rendering else document.billing_provider.taxonomy) or None


def _npi(facts: Facts) -> str | None:
    rendering = facts.document.rendering_provider
    party = rendering.party if rendering else facts.document.billing_provider.party
    return party.npi or None


def _place(facts: Facts, line: ServiceLine | None) -> str | None:
    return (line.place_of_service if line else "") or facts.document.place_of_service or None


def _known(value: Any, ask: Callable[[Any], bool]) -> bool | None:
    return None if value is None else ask(value)


def _has_provider(provider: Provider | None) -> bool:
    return provider is not None and bool(provider.party.last_name or provider.party.identifier)


def _begins(codes: Iterable[str], wanted: Iterable[str]) -> bool:
    return any(code.startswith(tuple(wanted)) for code in codes)


def _others(facts: Facts, line: ServiceLine | None) -> list[str]:
    """Codes of the claim's other lines on the day of this one."""
    assert line is not None, "asked of a line"
    return [
        one.procedure
        for one in facts.document.lines
        if one is not line and one.service_date == line.service_date
    ]


def _of(line: ServiceLine | None) -> ServiceLine:
    assert line is not None, "asked of a line"
    return line


def _pointed(facts: Facts, line: ServiceLine) -> list[str]:
    codes = facts.document.diagnoses
    return [codes[place - 1] for place in line.pointers if 1 <= place <= len(codes)]


LAYERS = (("1", "Primary"), ("2", "Secondary"), ("3", "Tertiary"))
SEXES = (("F", "Female"), ("M", "Male"), ("U", "Unknown"))
SENT_AS = (("1", "Original"), ("7", "Replacement"), ("8", "Void"))
LINE, CLAIM, WHO, PROVIDERS = "The service", "The claim", "The patient", "Providers"
TESTS: Mapping[str, Test] = {
    "code_in": Test(
        "Service code is one of", LINE, "codes", lambda f, x, v: code_fits(_of(x).procedure, v), True
    ),
    "code_not_in": Test(
        "Service code is none of", LINE, "codes", lambda f, x, v: not code_fits(_of(x).procedure, v), True
    ),
    "also_code": Test(
        "Another line of the day is one of",
        LINE,
        "codes",
        lambda f, x, v: any(code_fits(code, v) for code in _others(f, x)),
        True,
    ),
    "no_other_code": Test(
        "No other line of the day is one of",
        LINE,
        "codes",
        lambda f, x, v: not any(code_fits(code, v) for code in _others(f, x)),
        True,
    ),
    "modifier_any": Test(
        "Modifiers have any of", LINE, "modifiers", lambda f, x, v: bool({*v} & {*_of(x).modifiers}), True
    ),
    "modifier_none": Test(
        "Modifiers have none of", LINE, "modifiers", lambda f, x, v: not {*v} & {*_of(x).modifiers}, True
    ),
    "units_above": Test(
        "Units are more than", LINE, "number", lambda f, x, v: _of(x).units > Decimal(v), True
    ),
    "units_below": Test(
        "Units are fewer than", LINE, "number", lambda f, x, v: _of(x).units < Decimal(v), True
    ),
    "charge_above": Test(
        "Charge is more than", LINE, "money", lambda f, x, v: _of(x).charge > Decimal(v), True
    ),
    "charge_below": Test(
        "Charge is less than", LINE, "money", lambda f, x, v: _of(x).charge < Decimal(v), True
    ),
    "line_diagnosis": Test(
        "Points at a diagnosis beginning with", LINE, "diagnoses", lambda f, x, v: _begins(_pointed(f, _of(x)), v), True
    ),
    "no_line_diagnosis": Test(
        "Points at no diagnosis beginning with",
        LINE,
        "diagnoses",
        lambda f, x, v: not _begins(_pointed(f, _of(x)), v),
        True,
    ),
    "drug_missing": Test("Drug code (NDC) is missing", LINE, "none", lambda f, x, v: _of(x).drug is None, True),
    "pos_in": Test("Place of service is one of", LINE, "words",
                   lambda f, x, v: _known(_place(f, x), lambda place: place in v), True),
    "pos_not_in": Test("Place of service is none of", LINE, "words",
                       lambda f, x, v: _known(_place(f, x), lambda place: place not in v), True),
    "diagnosis_any": Test("A diagnosis begins with", CLAIM, "diagnoses",
                          lambda f, x, v: _begins(f.document.diagnoses, v)),
    "diagnosis_none": Test("No diagnosis begins with", CLAIM, "diagnoses",
                           lambda f, x, v: not _begins(f.document.diagnoses, v)),
    "diagnosis_first": Test("The first diagnosis begins with", CLAIM, "diagnoses",
                            lambda f, x, v: _begins(f.document.diagnoses[:1], v)),
    "total_above": Test("Total charge is more than", CLAIM, "money",
                        lambda f, x, v: f.document.total_charge > Decimal(v)),
    "authorization_missing": Test("Authorization number is missing", CLAIM, "none",
                                  lambda f, x, v: not f.document.prior_authorization),
    "authorization_present": Test("Authorization number is there", CLAIM, "none",
                                  lambda f, x, v: bool(f.document.prior_authorization)),
    "referral_missing": Test("Referral number is missing", CLAIM, "none",
                             lambda f, x, v: not f.document.referral_number),
    "accident_missing": Test("No accident or work is named", CLAIM, "none", lambda f, x, v: not _has_cause(f)),
    "accident_present": Test("An accident or work is named", CLAIM, "none", lambda f, x, v: _has_cause(f)),
    "onset_missing": Test("Date of onset is missing", CLAIM, "none",
                          lambda f, x, v: f.document.dates.onset is None),
    "note_missing": Test("Note to the payer is missing", CLAIM, "none", lambda f, x, v: f.document.note is None),
    "attachment_missing": Test("No attachment is named (PWK)", CLAIM, "none",
                               lambda f, x, v: not f.document.attachments),
    "group_missing": Test("Group number is missing", CLAIM, "none",
                          lambda f, x, v: not f.document.coverage.group_number),
    "layer_is": Test("It is asked as", CLAIM, "choice", lambda f, x, v: str(f.rank) == v, choices=LAYERS),
    "sent_as": Test("It is sent as", CLAIM, "choice", lambda f, x, v: f.frequency == v, choices=SENT_AS),
    "days_old": Test("Days since the service are more than", CLAIM, "days",
                     lambda f, x, v: _known(f.first_day, lambda day: (f.today - day).days > int(v)),
                     of_today=True),
    "age_from": Test("Age in years is at least", WHO, "days",
                     lambda f, x, v: _known(_age(f), lambda age: age >= int(v))),
    "age_below": Test("Age in years is below", WHO, "days",
                      lambda f, x, v: _known(_age(f), lambda age: age < int(v))),
    "sex_is": Test("Sex is", WHO, "choice", lambda f, x, v: _known(_sex(f), lambda sex: sex == v), choices=SEXES),
    "is_dependent": Test("The patient is not the policy holder", WHO, "none",
                         lambda f, x, v: f.document.patient is not None),
    "referring_missing": Test("Referring provider is missing", PROVIDERS, "none",
                              lambda f, x, v: not _has_provider(f.document.referring_provider)),
    "supervising_missing": Test("Supervising provider is missing", PROVIDERS, "none",
                                lambda f, x, v: not _has_provider(f.document.supervising_provider)),
    "taxonomy_in": Test("Rendering taxonomy begins with", PROVIDERS, "words",
                        lambda f, x, v: _known(_taxonomy(f), lambda code: _begins([code], v))),
    "taxonomy_not_in": Test("Rendering taxonomy begins with none of", PROVIDERS, "words",
                            lambda f, x, v: _known(_taxonomy(f), lambda code: not _begins([code], v))),
    "rendering_in": Test("Rendering NPI is one of", PROVIDERS, "words",
                         lambda f, x, v: _known(_npi(f), lambda npi: npi in v)),
    "rendering_not_in": Test("Rendering NPI is none of", PROVIDERS, "words",
                             lambda f, x, v: _known(_npi(f), lambda npi: npi not in v)),
}  # fmt: skip


def _has_cause(facts: Facts) -> bool:
    causes = facts.document.related_causes
    return causes.auto_accident or causes.employment or causes.other_accident
