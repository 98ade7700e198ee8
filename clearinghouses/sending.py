"""Carry a file out: row and bytes first, then the network, then the outcome, each in its own transaction.

Before it: claims/submitting makes the OutboundFile (``prepare``) in the batch's transaction. After it: the
claims worker reads the outcome. What may be there already is never put again: an Unknown is resolved by
looking at the far side, or by the partner's own answer (``confirm``); only a proven Refused may be sent
again, and only when a person says so (rules.md B6.5), after one more look: a partner may say no and take it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now

from clearinghouses import carriers
from clearinghouses.control import ControlNumbers
from clearinghouses.errors import WrongState
from clearinghouses.models import Connection, OutboundFile
from clearinghouses.transport import (
    Delivered,
    Mailbox,
    Outcome,
    Refused,
    TransportError,
    Unknown,
    is_plain_name,
)
from clinics.scoping import open_clinic
from work.files import store

State = OutboundFile.State
UPLOAD_SECONDS = 12  # one upload, plus a second for each 200 kB
GRACE_SECONDS = 8  # what a last step may run over; then nobody of ours is sending any more
BYTES_PER_SECOND = 200_000


@dataclass(frozen=True, slots=True)
class _Load:
    """What the network part needs, read in a short transaction."""

    mailbox: Mailbox
    name: str
    content: bytes
    is_again: bool  # it was tried before: the refusal may have been a lie


def prepare(
    connection: Connection, content: bytes, numbers: ControlNumbers, *, name: str = ""
) -> OutboundFile:
    """The row and the bytes of a file to send, in the caller's transaction, right before it commits."""
    name = name or f"{connection.sender_id.strip()}_{numbers.interchange:09d}.837"
    name = "".join(char if char.isalnum() or char in "._-" else "_" for char in name)
    assert is_plain_name(name), name
    return OutboundFile.objects.create(
        clinic_id=connection.clinic_id,
        connection=connection,
        stored=store(content, name),
        name=name,
        interchange_number=numbers.interchange,
        group_number=numbers.group,
    )


def carry(outbound_file_id: int, clinic_id: int) -> Outcome:
    """Send a pending file once and say how it ended; safe to call again at any moment.

    Delivered and Refused files are answered from their row. An Unknown one, or one whose sender died, is
    looked at, never put again. While another worker is sending, the answer is Unknown and nothing is done.
    """
    _outside_transactions()
    load = _begin(outbound_file_id, clinic_id)
    if load is None:
        with open_clinic(clinic_id, actor="sender"):
            row = OutboundFile.objects.get(pk=outbound_file_id)
            known = outcome_of(row)
        if isinstance(known, Unknown) and row.state == State.UNKNOWN:
            return look(outbound_file_id, clinic_id)
        return known
    outcome = _put(load, clinic_id)
    _finish(outbound_file_id, clinic_id, outcome, {State.SENDING})
    return outcome


def look(outbound_file_id: int, clinic_id: int) -> Outcome:
    """Resolve an Unknown file by listing the far side; other states are answered from the row."""
    _outside_transactions()
    with open_clinic(clinic_id, actor="sender"):
        _give_up_on_dead_sender(outbound_file_id)
        row = OutboundFile.objects.select_related("connection").get(pk=outbound_file_id)
        if row.state != State.UNKNOWN:
            return outcome_of(row)
        mailbox, name, size = carriers.mailbox_of(row.connection), row.name, row.stored.size
    try:
        transport = carriers.open_transport(mailbox, clinic_id)
    except TransportError as error:
        outcome: Outcome = Unknown(error.reason)
    else:
        try:
            outcome = transport.look(name, size)
        finally:
            transport.close()
    _finish(outbound_file_id, clinic_id, outcome, {State.UNKNOWN})
    return outcome


def confirm(outbound_file: OutboundFile, evidence: str) -> bool:
    """The partner answered this very file (TA1, 999, 277CA): it has it, whatever we believed. True when we did not.

    Also one that we took for refused, or that waits to be sent again: it is never put once more. One that was
    never put cannot have been answered.
    """
    rows = OutboundFile.objects.filter(pk=outbound_file.pk).exclude(state=State.DELIVERED)
    rows = rows.exclude(state=State.PENDING, attempts=0)
    moved = rows.update(state=State.DELIVERED, sent_at=Now(), sending_until=None, detail=evidence[:300])
    return bool(moved)


def hold_back(outbound_file_id: int, why: str) -> bool:
    """Refuse a file that was never carried, before the network is asked. The try counts, so that a person who
    sends it again is taken at their word. False when somebody has begun to carry it."""
    rows = OutboundFile.objects.filter(pk=outbound_file_id, state=State.PENDING, attempts=0)
    return bool(rows.update(state=State.REFUSED, attempts=1, detail=why[:300]))


def doubt(outbound_file: OutboundFile) -> None:
    """A person does not believe a delivered file that was never answered: it is looked for. Raises WrongState."""
    moved = OutboundFile.objects.filter(pk=outbound_file.pk, state=State.DELIVERED).update(
        state=State.UNKNOWN, detail="it was confirmed, but never answered"
    )
    if not moved:
        raise WrongState("Only a file that was delivered can be doubted.")


def is_there(outbound_file_id: int, clinic_id: int) -> bool:
    """Whether the far side shows the file, whatever we believe of it; nothing is written. False when it cannot say."""
    _outside_transactions()
    with open_clinic(clinic_id, actor="sender"):
        row = OutboundFile.objects.select_related("connection").get(pk=outbound_file_id)
        mailbox, name, size = carriers.mailbox_of(row.connection), row.name, row.stored.size
    try:
        transport = carriers.open_transport(mailbox, clinic_id)
    except TransportError:
        return False
    try:
        return isinstance(transport.look(name, size), Delivered)
    finally:
        transport.close()


def send_again(outbound_file: OutboundFile) -> None:
    """A person sends a proven Refused file again: same bytes, same numbers. Raises WrongState otherwise."""
    moved = OutboundFile.objects.filter(pk=outbound_file.pk, state=State.REFUSED).update(
        state=State.PENDING, detail=""
    )
    if not moved:
        raise WrongState("Only a file that is proven not to have arrived can be sent again.")


def unresolved(clinic_id: int) -> list[int]:
    """Ids of files that await confirmation, or whose sender died: a periodic job looks at each."""
    with open_clinic(clinic_id, actor="sender"):
        rows = OutboundFile.objects.filter(state=State.UNKNOWN) | OutboundFile.objects.filter(
            state=State.SENDING, sending_until__lt=Now()
        )
        return list(rows.order_by("pk").values_list("pk", flat=True))


def outcome_of(row: OutboundFile) -> Outcome:
    """The outcome as the row has it."""
    if row.state == State.DELIVERED:
        return Delivered()
    if row.state == State.REFUSED:
        return Refused(row.detail)
    if row.state == State.UNKNOWN:
        return Unknown(row.detail)
    return Unknown("not sent yet" if row.state == State.PENDING else "being sent right now")


def _begin(outbound_file_id: int, clinic_id: int) -> _Load | None:
    """Take the file by one conditional update and count the attempt; None when it is not ours to send."""
    with open_clinic(clinic_id, actor="sender"):
        _give_up_on_dead_sender(outbound_file_id)
        row = OutboundFile.objects.select_related("connection", "stored").get(pk=outbound_file_id)
        content = bytes(row.stored.content)
        lease = timedelta(seconds=_upload_seconds(content) + GRACE_SECONDS)
        taken = OutboundFile.objects.filter(pk=outbound_file_id, state=State.PENDING).update(
            state=State.SENDING, attempts=F("attempts") + 1, sending_until=Now() + lease
        )
        if not taken:
            return None
        assert hashlib.sha256(content).hexdigest() == row.stored.sha256, "stored bytes never change"
        return _Load(carriers.mailbox_of(row.connection), row.name, content, row.attempts > 0)


def _put(load: _Load, clinic_id: int) -> Outcome:
    try:
        transport = carriers.open_transport(load.mailbox, clinic_id)
    except TransportError as error:
        return Refused(error.reason)
    try:
        if load.is_again and isinstance(found := transport.look(load.name, len(load.content)), Delivered):
            return found
        return transport.put(load.name, load.content, seconds=_upload_seconds(load.content))
    finally:
        transport.close()


def _finish(outbound_file_id: int, clinic_id: int, outcome: Outcome, sources: set[str]) -> None:
    """Write the outcome. A Delivered also lifts an Unknown that somebody else wrote meanwhile."""
    if isinstance(outcome, Delivered):
        fields = {"state": State.DELIVERED, "detail": "", "sent_at": Now()}
        sources = sources | {State.UNKNOWN}
    elif isinstance(outcome, Refused):
        fields = {"state": State.REFUSED, "detail": outcome.reason[:300]}
    else:
        fields = {"state": State.UNKNOWN, "detail": outcome.reason[:300]}
    with open_clinic(clinic_id, actor="sender"):
        OutboundFile.objects.filter(pk=outbound_file_id, state__in=sources).update(
            sending_until=None, **fields
        )


def _give_up_on_dead_sender(outbound_file_id: int) -> None:
    """A file still 'being sent' after its time has no sender any more: it may be there or not."""
    OutboundFile.objects.filter(pk=outbound_file_id, state=State.SENDING, sending_until__lt=Now()).update(
        state=State.UNKNOWN, sending_until=None, detail="the sender ended during the upload"
    )


def _upload_seconds(content: bytes) -> int:
    return UPLOAD_SECONDS + len(content) // BYTES_PER_SECOND


def _outside_transactions() -> None:
    assert not database.in_atomic_block, "the network is never waited for inside a transaction"
