"""National Provider Identifier: shape and check digit (45 CFR 162.406, ISO 7812 Luhn)."""

from __future__ import annotations


def is_npi(value: str) -> bool:
    """Whether ``value`` is ten ASCII digits, starts with 1 or 2 and passes Luhn over 80840 + NPI."""
    if len(value) != 10 or not (value.isascii() and value.isdigit()) or value[0] not in "12":
        return False
    return luhn_sum("80840" + value) % 10 == 0


def luhn_sum(digits: str) -> int:
    """The Luhn sum of a string of digits, doubling every second from the right."""
    result = 0
    for place, char in enumerate(reversed(digits)):
        digit = int(char)
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        result += digit
    return result


def npi_from_stem(stem: str) -> str:
    """Complete nine digits to a valid NPI with its check digit (demo data and tests)."""
    assert len(stem) == 9 and stem.isdigit(), "an NPI stem has nine digits"
    return stem + str(-luhn_sum("80840" + stem + "0") % 10)
