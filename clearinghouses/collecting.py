"""Fetch what a partner has laid out for us: list, leave out what is known or still growing, fetch, receive.

Before it: the periodic job or a person's "Collect now". After it: inbound.receive. The network stands outside
transactions; each file is received in its own, so a broken connection keeps what came before it. A file is
taken when two listings give the same size and an X12 file ends with its IEA (F-14).
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

from django.db import connection as database

from clearinghouses import carriers, inbound
from clearinghouses.errors import NotReachable
from clearinghouses.models import Connection, InboundFile, RemoteName
from clearinghouses.transport import RemoteFile, Transport, TransportError
from clinics.scoping import open_clinic

STABLE_SECONDS = 0.5  # between two listings, where the last round has not seen the file yet
GIVE_UP_AFTER = timedelta(minutes=15)  # a cut-off file that does not grow is shown to people as it is
# The number is whole when its terminator follows, or when it has all its nine digits.
LAST_SEGMENT = re.compile(
    rb"IEA([^A-Za-z0-9\s])[0-9]{1,5}\1(?:[0-9 ]{9}|[0-9 ]{1,9}(?:[^A-Za-z0-9\s]|[\r\n]))"
    rb"\s*[^A-Za-z0-9\s]?\s*\Z"
)


def collect(connection_id: int, clinic_id: int, *, at: datetime) -> list[InboundFile]:
    """New files of one connection, received. Raises NotReachable when the partner cannot be listed."""
    assert not database.in_atomic_block, "the network is never waited for inside a transaction"
    with open_clinic(clinic_id, actor="collector"):
        mailbox = carriers.mailbox_of(Connection.objects.get(pk=connection_id))
    try:
        transport = carriers.open_transport(mailbox, clinic_id)
    except TransportError as error:
        raise NotReachable(f"The clearinghouse cannot be reached: {error.reason}.") from error
    try:
        return _collect(transport, connection_id, clinic_id, at)
    except TransportError as error:
        raise NotReachable(f"Collecting stopped: {error.reason}.") from error
    finally:
        transport.close()


def _collect(transport: Transport, connection_id: int, clinic_id: int, at: datetime) -> list[InboundFile]:
    taken = []
    for file, since in _stable_files(transport, connection_id, clinic_id, at):
        content = transport.fetch(file.name, inbound.MAX_BYTES)
        if len(content) != file.size and len(content) <= inbound.MAX_BYTES:
            continue  # it changed while we read: next round
        if not is_complete(content) and at - since < GIVE_UP_AFTER:
            continue
        received = _receive(file, content, connection_id, clinic_id)
        if received is not None:
            taken.append(received)
    return taken


def _stable_files(
    transport: Transport, connection_id: int, clinic_id: int, at: datetime
) -> list[tuple[RemoteFile, datetime]]:
    """Files not taken yet of a size that two listings agree on, and since when we know that size."""
    listed = transport.list()
    with open_clinic(clinic_id, actor="collector"):
        known = {row.name: row for row in RemoteName.objects.filter(connection_id=connection_id)}
        waiting, is_fresh = [], False
        for file in listed:
            row = known.get(file.name)
            if row is not None and row.size == file.size:
                if not row.is_taken:
                    waiting.append((file, row.seen_at))
                continue
            RemoteName.objects.update_or_create(
                connection_id=connection_id,
                name=file.name,
                defaults={"size": file.size, "seen_at": at, "is_taken": False, "inbound": None},
            )
            waiting.append((file, at))
            is_fresh = True
    if not is_fresh:
        return waiting
    time.sleep(STABLE_SECONDS)
    again = set(transport.list())
    return [(file, since) for file, since in waiting if file in again]


def _receive(file: RemoteFile, content: bytes, connection_id: int, clinic_id: int) -> InboundFile | None:
    """Receive and remember the name; None for bytes we had, or for what no one file may be."""
    with open_clinic(clinic_id, actor="collector"):
        rows = RemoteName.objects.filter(connection_id=connection_id, name=file.name, size=file.size)
        if not rows.filter(is_taken=False).update(is_taken=True):
            return None  # another collector was faster
        if not content or len(content) > inbound.MAX_BYTES:
            return None  # remembered by name: the page lists it, nobody fetches it again
        connection = Connection.objects.get(pk=connection_id)
        received, is_new = inbound.receive(content, file.name, "collected", connection)
        rows.update(inbound=received)
        return received if is_new else None


def is_complete(content: bytes) -> bool:
    """Whether an X12 file ends with its IEA; other files (reports, archives) are complete as they are."""
    head = content.lstrip(b"\xef\xbb\xbf \r\n\t")
    if not head.startswith(b"ISA"):
        return True
    return LAST_SEGMENT.search(content[-200:].rstrip(b"\0\x1a")) is not None
