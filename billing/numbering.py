"""Give out document numbers: one counter row a series, never the same number twice."""

from __future__ import annotations

from django.db import connection

from clinics.scoping import current_clinic_id


def next_number(series: str, prefix: str) -> str:
    """The next number of a series, such as INV-1042. Gaps after a rollback are fine, repeats never."""
    clinic_id = current_clinic_id()
    assert clinic_id is not None, "numbers belong to one clinic"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_numbercounter (clinic_id, series, value) VALUES (%s, %s, 1001) "
            "ON CONFLICT (clinic_id, series) DO UPDATE SET value = billing_numbercounter.value + 1 "
            "WHERE billing_numbercounter.clinic_id = %s RETURNING value",
            [clinic_id, series, clinic_id],
        )
        return f"{prefix}-{cursor.fetchone()[0]}"
