"""Names and telephone numbers as they are stored and found again. Pure."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case without accents or punctuation, single spaces: ``O'Brien-Núñez`` gives ``obriennunez``."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(char for char in plain if char.isascii() and (char.isalnum() or char == " "))
    return " ".join(kept.split())


def search_name(last_name: str, first_name: str) -> str:
    """What prefix search runs over: ``last first``, folded."""
    return f"{fold(last_name)} {fold(first_name)}"[:120]


def name_ranges(typed: str) -> list[tuple[str, str]]:
    """Ranges of ``search_name`` for what somebody typed: "Okafor", "okafor, mar" or "Maren Okafor".

    Ranges, not LIKE: the wall lets only leakproof comparisons use an index (performance.md 5).
    """
    last, comma, first = typed.partition(",")
    if comma:
        return [_range(f"{fold(last)} {fold(first)}".strip())] if fold(last) else []
    words = fold(typed).split()
    if not words:
        return []
    prefixes = {" ".join(words)}
    if len(words) > 1:
        prefixes.add(" ".join([words[-1], *words[:-1]]))  # typed as spoken: first name first
    return [_range(prefix) for prefix in sorted(prefixes)]


def _range(prefix: str) -> tuple[str, str]:
    return prefix, prefix + "~"  # "~" sorts after every folded character in the C collation


def digits(text: str) -> str:
    """Only the ASCII digits."""
    return "".join(char for char in text if char in "0123456789")


def phone_digits(text: str) -> str:
    """A US telephone number as its ten digits; "" when it is not one."""
    found = digits(text)
    if len(found) == 11 and found[0] == "1":
        found = found[1:]
    return found if len(found) == 10 else ""
