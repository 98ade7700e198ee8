"""Keep bytes exactly: in the database, hashed, never changed."""

from __future__ import annotations

import hashlib

from work.models import StoredFile


def store(content: bytes, name: str) -> StoredFile:
    """Store bytes for the open clinic; the original name is only text."""
    return StoredFile.objects.create(
        name=name[-120:], sha256=hashlib.sha256(content).hexdigest(), size=len(content), content=content
    )


def read(stored: StoredFile) -> bytes:
    """The bytes as they were."""
    return bytes(stored.content)
