"""How each value that a person types on a claim is read: days, codes, amounts, lists one item a line. Pure.

Part of claims/review_fields.py. A reader takes what a form or the API sends, or what is stored already, and gives
what is stored; it raises ValueError with words for the person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lib.npi import is_npi

WORDS = re.compile(r"[\s,;]+")
MODIFIER = re.compile(r"[0-9A-Z]{2}\Z")
DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}\Z")


def text_of(size: int) -> Callable[[Any], str]:
    """Words of at most ``size`` characters."""

    def parse(raw: Any) -> str:
        text = str(raw or "").strip()
        if len(text) > size:
            raise ValueError(f"at most {size} characters")
        return text

    return parse


def day(raw: Any) -> str | None:
    """A day as 2026-03-09, or none."""
    if raw in ("", None):
        return None
    try:
        return date.fromisoformat(str(raw)).isoformat()
    except ValueError:
        raise ValueError("a date such as 2026-03-09") from None


def one_of(*allowed: str) -> Callable[[Any], str]:
    """One of these codes."""

    def parse(raw: Any) -> str:
        if str(raw) not in allowed:
            raise ValueError(f"one of {', '.join(filter(None, allowed))}")
        return str(raw)

    return parse


def split_words(raw: Any) -> list[str]:
    """Codes in capitals, apart by blanks or commas."""
    items = raw if isinstance(raw, list) else WORDS.split(str(raw or ""))
    return [str(item).strip().upper() for item in items if str(item).strip()]


def diagnoses(raw: Any) -> list[str]:
    """Up to twelve ICD-10-CM codes, with or without their point."""
    codes = [code.replace(".", "") for code in split_words(raw)]
    if len(codes) > 12 or len(set(codes)) != len(codes):
        raise ValueError("at most twelve codes, each once")
    if bad := [code for code in codes if not DIAGNOSIS.match(code)]:
        raise ValueError(f"{bad[0]} is not an ICD-10-CM code")
    return codes


def modifiers(raw: Any) -> list[str]:
    """Up to four modifiers."""
    codes = split_words(raw)
    if len(codes) > 4 or any(not MODIFIER.match(code) for code in codes):
        raise ValueError("up to four modifiers of two characters")
    return codes


def pointers(raw: Any) -> list[int]:
    """1 to 12, or the letters A to L of box 24E."""
    letters = "ABCDEFGHIJKL"
    words = (
        split_words(raw)
        if isinstance(raw, list) or WORDS.search(str(raw).strip())
        else list(str(raw or "").upper())
    )
    if isinstance(raw, str) and raw.strip().isdigit() and len(raw.strip()) <= 2 and int(raw) <= 12:
        words = [raw.strip()]
    places = [letters.index(word) + 1 if word in letters else int(word) for word in words]
    if not 1 <= len(places) <= 4 or any(not 1 <= place <= 12 for place in places):
        raise ValueError("one to four diagnoses, A to L")
    return places


def yes_or_no(raw: Any) -> bool:
    """Whether a box is ticked."""
    return str(raw).strip().lower() in ("1", "true", "on", "yes", "y")


def note(*kinds: str) -> Callable[[Any], dict[str, str] | None]:
    """``see chart`` is of the first kind; ``CER: see chart`` names another one."""

    def parse(raw: Any) -> dict[str, str] | None:
        kind, words = kinds[0], raw
        if isinstance(raw, dict):
            kind, words = str(raw.get("kind") or kind), raw.get("text", "")
        elif str(raw or "")[3:4] == ":" and str(raw)[:3].upper() in kinds:
            kind, words = str(raw)[:3].upper(), str(raw)[4:]
        text = text_of(80)(words)
        return {"kind": one_of(*kinds)(kind), "text": text} if text else None

    return parse


def amount(most: str, digits: int = 2) -> Callable[[Any], str | None]:
    """A number above or equal to zero, as text."""

    def parse(raw: Any) -> str | None:
        if raw in ("", None):
            return None
        try:
            value = Decimal(str(raw).strip())
        except InvalidOperation:
            raise ValueError("a number such as 12.5") from None
        if not value.is_finite() or not 0 <= value <= Decimal(most) or value != round(value, digits):
            raise ValueError(f"a number from 0 to {most}")
        return str(value.quantize(Decimal("0.01")) if digits == 2 else value)

    return parse


def small_number(raw: Any) -> int | None:
    """A whole number from 1 to 99, or none."""
    if raw in ("", None):
        return None
    if not str(raw).strip().isdecimal() or not 0 < int(raw) < 100:
        raise ValueError("a whole number from 1 to 99")
    return int(raw)


def npi(raw: Any) -> str:
    """An NPI, or none."""
    text = str(raw or "").strip()
    if text and not is_npi(text):
        raise ValueError("an NPI has ten digits with a check digit")
    return text


def capitals(size: int) -> Callable[[Any], str]:
    """Words of at most ``size`` characters, in capitals."""
    return lambda raw: text_of(size)(raw).upper()


def items(raw: Any) -> list[Any]:
    """Items of a list: as they were stored, or one a line."""
    if isinstance(raw, list):
        return raw
    return [line.strip() for line in str(raw or "").splitlines() if line.strip()]


def fixed_texts(raw: Any) -> list[str]:
    """Up to ten texts (K3), one a line."""
    texts = [text_of(80)(item) for item in items(raw)]
    if len(texts) > 10:
        raise ValueError("at most ten texts")
    return texts


def attachments(raw: Any) -> list[dict[str, str]]:
    """``OZ EL A77``: what, how, and the number it was sent under."""
    found = []
    for item in items(raw):
        words = (
            [item.get("report_type", ""), item.get("transmission", ""), item.get("control_number", "")]
            if isinstance(item, dict)
            else item.upper().split(maxsplit=2)
        )
        if len(words) < 2 or len(words[0]) != 2 or len(words[1]) != 2:
            raise ValueError("one a line, such as OZ EL A77")
        number = text_of(50)(words[2]) if len(words) > 2 else ""
        found.append({"report_type": words[0], "transmission": words[1], "control_number": number})
    return found


def certifications(raw: Any) -> list[dict[str, Any]]:
    """``07 Y 01 04``: which, whether, and the conditions."""
    found: list[dict[str, Any]] = []
    for item in items(raw):
        if isinstance(item, dict):
            category, applies = str(item.get("category", "")), yes_or_no(item.get("applies", ""))
            conditions = [str(code) for code in item.get("conditions", [])]
        else:
            words = item.upper().split()
            if len(words) < 3 or words[1] not in ("Y", "N"):
                raise ValueError("one a line, such as 75 Y IH")
            category, applies, conditions = words[0], words[1] == "Y", words[2:]
        found.append({"category": category, "applies": applies, "conditions": conditions})
    return found


def test_results(raw: Any) -> list[dict[str, str]]:
    """``TR R2 31.5``: kind, what was measured, how much."""
    found = []
    for item in items(raw):
        words = (
            [str(item.get(name, "")) for name in ("kind", "measure", "value")]
            if isinstance(item, dict)
            else item.upper().split()
        )
        if len(words) != 3:
            raise ValueError("one a line, such as TR R2 31.5")
        value = amount("99999", 3)(words[2])
        if value is None:
            raise ValueError("one a line, such as TR R2 31.5")
        found.append({"kind": words[0], "measure": words[1], "value": value})
    return found


def code_list(raw: Any) -> list[str]:
    """Codes of at most five characters."""
    return [text_of(5)(code) for code in split_words(raw)]


def forms(raw: Any) -> list[dict[str, Any]]:
    """``UT 484.3 1A=Y; 2=88.5%; 3=2026-01-05; 4=words``: the list, the form, its answers."""
    found: list[dict[str, Any]] = []
    for item in items(raw):
        if isinstance(item, dict):
            found.append(item)
            continue
        words = item.split(maxsplit=2)
        told = [part.strip() for part in words[2].split(";")] if len(words) > 2 else []
        if not told or words[0].upper() not in ("UT", "AS") or any("=" not in part for part in told):
            raise ValueError("one a line, such as UT 484.3 1A=Y; 2=88.5%")
        answers = [answer(*part.split("=", 1)) for part in told]
        found.append({"code_list": words[0].upper(), "name": text_of(30)(words[1]), "answers": answers})
    return found


def answer(question: str, told: str) -> dict[str, Any]:
    """Y, N or W, a share, a day, or words: each has its own place in FRM."""
    told = told.strip()
    found: dict[str, Any] = {
        "question": text_of(20)(question).upper(), "yes_no": "", "text": "", "day": None, "percent": None
    }  # fmt: skip
    if told.upper() in ("Y", "N", "W"):
        found["yes_no"] = told.upper()
    elif told.endswith("%"):
        found["percent"] = amount("100", 1)(told[:-1])
    elif len(told) == 10 and told[4:5] == "-":
        found["day"] = day(told)
    else:
        found["text"] = text_of(50)(told)
    if not found["question"] or all(
        found[name] in ("", None) for name in ("yes_no", "text", "day", "percent")
    ):
        raise ValueError("each question needs its answer, such as 1A=Y")
    return found
