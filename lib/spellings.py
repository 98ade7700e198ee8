"""How people write what the database keeps bare: ZIP codes, telephone numbers, diagnosis codes.

One spelling for pages, prints and letters. What has another length than expected is shown as it is:
these functions show, they do not judge.
"""

from __future__ import annotations


def show_zip(stored: str) -> str:
    """``627041234`` as ``62704-1234``; five digits stay five."""
    bare = _digits(stored)
    return f"{bare[:5]}-{bare[5:]}" if len(bare) == 9 else stored


def show_phone(stored: str) -> str:
    """``2175550123`` as ``(217) 555-0123``."""
    bare = _digits(stored)
    return f"({bare[:3]}) {bare[3:6]}-{bare[6:]}" if len(bare) == 10 else stored


def show_diagnosis(code: str) -> str:
    """ICD-10-CM ``M5450`` as ``M54.50``."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and "." not in code else code


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())
