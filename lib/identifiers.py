"""Random identifiers that people and payers see: public ids and patient control numbers.

No vowels and no look-alikes, so an id never spells a word and survives a telephone call.
"""

from __future__ import annotations

import secrets

ALPHABET = "BCDFGHJKLMNPQRSTVWXYZ23456789"
PLACE_OF = {char: place for place, char in enumerate(ALPHABET)}
PUBLIC_ID_LENGTH = 12
CONTROL_NUMBER_LENGTH = 12


def check_character(body: str) -> str:
    """Weighted check character over ``body``: finds one wrong or two swapped characters."""
    weight = sum([place * PLACE_OF[char] for place, char in enumerate(body, 1)])
    return ALPHABET[weight % len(ALPHABET)]


def new_public_id() -> str:
    """A random id (57 bits and a check character) that stands for a row in URLs and JSON."""
    return _random_with_check(PUBLIC_ID_LENGTH)


def new_control_number() -> str:
    """A patient control number, CLM01: 12 of at most 20 characters A-Z0-9 (rules.md B8)."""
    return _random_with_check(CONTROL_NUMBER_LENGTH)


def has_valid_check(value: str) -> bool:
    """Whether ``value`` could be one of ours: right alphabet, right check character."""
    if len(value) < 2 or any(char not in ALPHABET for char in value):
        return False
    return check_character(value[:-1]) == value[-1]


def _random_with_check(length: int) -> str:
    drawn, body = secrets.randbelow(len(ALPHABET) ** (length - 1)), ""
    for _ in range(length - 1):
        drawn, place = divmod(drawn, len(ALPHABET))
        body += ALPHABET[place]
    return body + check_character(body)
