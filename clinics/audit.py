"""Write the audit: one function, called by work functions and by pages that show a patient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clinics.models import AuditEvent
from clinics.scoping import current_actor


def record(
    action: str,
    kind: str = "",
    object_id: str = "",
    *,
    reason: str = "",
    clinic_id: int | None = None,
    **data: Any,
) -> None:
    """Append one audit row for the current actor; ``data`` holds plain JSON of what changed."""
    row = AuditEvent(
        actor=current_actor(), action=action, object_kind=kind, object_id=object_id, reason=reason, data=data
    )
    if clinic_id is not None:
        row.clinic_id = clinic_id
    row.save(force_insert=True)


def record_each(action: str, kind: str, object_ids: Iterable[str], *, reason: str = "") -> None:
    """One such row for each of many objects of one act, in one statement."""
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(actor=current_actor(), action=action, object_kind=kind, object_id=each, reason=reason)
            for each in object_ids
        ]
    )
