"""Take bytes in, once: the same bytes again are counted and linked, never taken twice (I-10, F-11).

Before it: collecting.py, an upload page or a command. After it: responses/inbox, told through hooks.py in the
same transaction.
"""

from __future__ import annotations

import hashlib

from django.db import IntegrityError, transaction
from django.db.models import F

from clearinghouses import hooks
from clearinghouses.errors import EmptyFile, FileTooLarge
from clearinghouses.models import Connection, InboundFile
from clinics.scoping import current_actor
from work.files import store

MAX_BYTES = 25_000_000


def receive(
    content: bytes, name: str, source: str, connection: Connection | None = None
) -> tuple[InboundFile, bool]:
    """Store a file of the open clinic; returns its row and whether it is new.

    ``source`` is collected, upload or command; the sender's name is only text. The same bytes again count
    ``times_received`` up on the first row. Raises EmptyFile and FileTooLarge.
    """
    if not content:
        raise EmptyFile("The file is empty.")
    if len(content) > MAX_BYTES:
        raise FileTooLarge(f"The file has more than {MAX_BYTES // 1_000_000} MB and was not taken.")
    digest = hashlib.sha256(content).hexdigest()
    known = _again(digest)
    if known is not None:
        return known, False
    try:
        with transaction.atomic():
            inbound = InboundFile.objects.create(
                connection=connection,
                stored=store(content, clean_name(name)),
                name=clean_name(name),
                sha256=digest,
                source=source,
                received_by=current_actor(),
            )
            hooks.received(inbound)
    except IntegrityError:  # somebody took the same bytes at the same moment
        known = _again(digest)
        if known is None:
            raise
        return known, False
    return inbound, True


def clean_name(name: str) -> str:
    """The last part of a path, printable, at most 120 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[-120:] or "file"


def _again(digest: str) -> InboundFile | None:
    if not InboundFile.objects.filter(sha256=digest).update(times_received=F("times_received") + 1):
        return None
    return InboundFile.objects.get(sha256=digest)
