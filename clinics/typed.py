"""What somebody types into a list's search never stands in an address: it travels sealed (ASVS 14.2.1).

Addresses stay in a browser's history, in bookmarks and in what proxies write down; a typed name is health data
there. Search forms post to ``desk:narrow``, which sends on to the list with the text as a token that this
installation opens for this clinic only. A view reads ``request.GET["q"]`` as if it had been typed there:
clinics/middleware.py opens it, and every address built from ``request.GET`` seals it again.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from cryptography.fernet import InvalidToken
from django.http import QueryDict

from clinics.fields import cipher

SEARCH = "q"
MARK = "~"  # no name begins with it


class Asked(QueryDict):
    """A query string of one clinic: the search text is read plain and written sealed."""

    clinic_id = 0

    def urlencode(self, safe: str | None = None) -> str:
        """As an address takes it."""
        sealed = QueryDict("", mutable=True, encoding=self.encoding)
        for name, values in self.lists():
            sealed.setlist(
                name, [seal(value, self.clinic_id) for value in values] if name == SEARCH else values
            )
        return sealed.urlencode(safe)

    def plain(self) -> str:
        """With the text as it was typed: to be kept in a row, never in an address."""
        return super().urlencode()

    def __copy__(self) -> Asked:
        copied: Asked = super().__copy__()
        copied.clinic_id = self.clinic_id
        return copied

    def __deepcopy__(self, memo: MutableMapping[int, Any]) -> Asked:
        copied: Asked = super().__deepcopy__(memo)
        copied.clinic_id = self.clinic_id
        return copied


def opened(query: QueryDict | str, clinic_id: int) -> Asked:
    """A query string with its search text readable; what another clinic sealed, or nobody, counts as nothing typed."""
    given = QueryDict(query) if isinstance(query, str) else query
    asked = Asked("", mutable=True, encoding=given.encoding)
    asked.clinic_id = clinic_id
    for name, values in given.lists():
        asked.setlist(name, [_open(value, clinic_id) for value in values] if name == SEARCH else values)
    return asked


def seal(text: str, clinic_id: int) -> str:
    """A typed text as it may stand in an address; empty stays empty."""
    if not text:
        return text
    return MARK + cipher().encrypt(f"{clinic_id} {text}".encode()).decode().rstrip("=")


def _open(value: str, clinic_id: int) -> str:
    if not value.startswith(MARK):
        return value
    token = value[len(MARK) :]
    try:
        whose, _, text = cipher().decrypt((token + "=" * (-len(token) % 4)).encode()).decode().partition(" ")
    except (InvalidToken, ValueError):
        return ""
    return text if whose == str(clinic_id) else ""
