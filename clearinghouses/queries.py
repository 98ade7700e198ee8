"""Reads of this room that pages and upper rooms share."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery

from clearinghouses.control import ALARM_AT
from clearinghouses.models import Connection, ControlCounter, InboundFile, OutboundFile


def connections() -> QuerySet[Connection]:
    """All connections of the open clinics by name, with when they last sent and received."""
    mine = {"clinic_id": OuterRef("clinic_id"), "connection_id": OuterRef("pk")}
    sent = OutboundFile.objects.filter(**mine, sent_at__isnull=False).order_by("-sent_at")
    received = InboundFile.objects.filter(**mine).order_by("-received_at")
    unknown = (
        OutboundFile.objects.filter(**mine, state=OutboundFile.State.UNKNOWN)
        .order_by()
        .values("connection_id")
        .annotate(many=Count("pk"))
    )
    return Connection.objects.annotate(
        last_sent=Subquery(sent.values("sent_at")[:1]),
        last_received=Subquery(received.values("received_at")[:1]),
        unknown=Subquery(unknown.values("many")[:1]),
    ).order_by("name")


def active_connections() -> QuerySet[Connection]:
    """Those that are used, oldest first."""
    return Connection.objects.filter(is_active=True).order_by("pk")


def find_outbound(interchange_number: str | int, connection: Connection | None = None) -> OutboundFile | None:
    """The file we sent under this ISA13, as a TA1 names it; None when there is none or more than one."""
    text = str(interchange_number).strip()
    if not (text.isascii() and text.isdigit()):
        return None
    rows = OutboundFile.objects.filter(interchange_number=int(text))
    if connection is not None:
        rows = rows.filter(connection=connection)
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


def find_outbound_by_group(
    group_number: str | int, connection: Connection | None = None
) -> OutboundFile | None:
    """The file we sent under this GS06, as a 999 names it; None when there is none or more than one."""
    text = str(group_number).strip()
    if not (text.isascii() and text.isdigit()):
        return None
    rows = OutboundFile.objects.filter(group_number=int(text))
    if connection is not None:
        rows = rows.filter(connection=connection)
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


def awaiting_confirmation() -> QuerySet[OutboundFile]:
    """Files whose outcome is Unknown: the work list of claim.resolve_unknown."""
    return (
        OutboundFile.objects.filter(state=OutboundFile.State.UNKNOWN)
        .select_related("connection")
        .order_by("pk")
    )


def unread() -> QuerySet[InboundFile]:
    """Received files nobody has read yet, oldest first: the sweep of responses/inbox."""
    return InboundFile.objects.filter(state=InboundFile.State.RECEIVED).order_by("pk")


def nearly_used_up() -> QuerySet[ControlCounter]:
    """Counters beyond 90 % of their range."""
    high = ControlCounter.objects.filter(interchange__gte=ALARM_AT)
    return (high | ControlCounter.objects.filter(group__gte=ALARM_AT)).select_related("connection")
