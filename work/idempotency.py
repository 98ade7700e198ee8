"""The same user action is applied once: double click, retry, back button, API retry (I-9).

The key is a hidden form field made when the form was rendered, or the Idempotency-Key header.
It is inserted first in the same transaction as the effect, so a failed first call takes its key
with it and the retry runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import connection

from clinics.errors import Refusal
from clinics.scoping import current_actor, current_clinic_id
from work.models import IdempotencyKey


def once(key: str, request: Any, act: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Run ``act`` at most once for ``key``; returns its answer and whether it ran now.

    ``request`` is what identifies the act (plain JSON): the same key with a different request is
    refused with 422. ``act`` returns plain JSON (public ids). An empty key just runs the act.
    """
    if not key:
        return act(), True
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO work_idempotencykey "
            "(clinic_id, principal, key, request_sha256, status, answer, created_at) "
            "VALUES (%s, %s, %s, %s, 0, '{}', now()) ON CONFLICT DO NOTHING RETURNING id",
            [current_clinic_id(), current_actor(), key[:80], digest],
        )
        fresh = cursor.fetchone() is not None
    row = IdempotencyKey.objects.get(principal=current_actor(), key=key[:80])
    if not fresh:
        if row.request_sha256 != digest:
            refusal = Refusal(
                "This form was already sent with other values. Reload the page and try again.",
                code="key_reused",
            )
            refusal.status = 422
            raise refusal
        return row.answer, False
    answer = act()
    IdempotencyKey.objects.filter(pk=row.pk).update(status=200, answer=answer)
    return answer, True
