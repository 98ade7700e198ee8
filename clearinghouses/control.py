"""Control numbers: ISA13, GS06 and a block of ST02/BHT03 numbers from the connection's one counter row.

Called by claims/submitting as the last statement before a batch commits, so the row is locked for a
moment only. Gaps are fine (a rolled back batch), repeats never (I-16).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import connection as database

from clearinghouses.errors import NumbersExhausted, WrongNumber
from clearinghouses.models import Connection, ControlCounter
from clinics import audit

HIGHEST = 999_999_999
ALARM_AT = HIGHEST * 9 // 10
logger = logging.getLogger("cleanclaim.control")

# One statement: the first use makes the row, every later one moves it; ON CONFLICT locks it until commit.
NEXT = """
INSERT INTO clearinghouses_controlcounter AS counter
    (clinic_id, connection_id, interchange, "group", reference)
VALUES (%(clinic)s, %(connection)s, 1, 1, %(count)s)
ON CONFLICT (clinic_id, connection_id) DO UPDATE SET
    interchange = counter.interchange + 1, "group" = counter."group" + 1,
    reference = counter.reference + %(count)s
WHERE counter.interchange < %(highest)s AND counter."group" < %(highest)s
    AND counter.reference + %(count)s <= %(highest)s
RETURNING interchange, "group", reference
"""
RAISE = """
INSERT INTO clearinghouses_controlcounter AS counter
    (clinic_id, connection_id, interchange, "group", reference)
VALUES (%(clinic)s, %(connection)s, %(number)s, %(number)s, 0)
ON CONFLICT (clinic_id, connection_id) DO UPDATE SET
    interchange = GREATEST(counter.interchange, %(number)s), "group" = GREATEST(counter."group", %(number)s)
"""


@dataclass(frozen=True, slots=True)
class ControlNumbers:
    """The numbers of one interchange. ``references`` serve as ST02 and, being unique, as BHT03 too."""

    interchange: int  # ISA13
    group: int  # GS06
    references: tuple[str, ...]  # nine digits each, one for each transaction set
    is_alarming: bool = False  # 90 % of the range is used


def go_on_after(connection: Connection, number: int) -> None:
    """Let ISA13 and GS06 go on after ``number``: another program used the ones before it. Raises WrongNumber.

    Numbers only go up: gaps are fine, repeats never.
    """
    row = ControlCounter.objects.filter(connection=connection).first()
    used = max(row.interchange, row.group) if row is not None else 0
    if not used < number < ALARM_AT:
        raise WrongNumber(f"Enter a number above {used} and below {ALARM_AT:,}.")
    with database.cursor() as cursor:
        cursor.execute(RAISE, {"clinic": connection.clinic_id, "connection": connection.pk, "number": number})
    audit.record("connection.numbers", "connection", connection.public_id, after=number, before=used)


def next_numbers(connection: Connection, transactions: int = 1) -> ControlNumbers:
    """Take the next numbers of a connection for ``transactions`` sets. Raises NumbersExhausted."""
    assert 1 <= transactions <= HIGHEST, "an interchange holds at least one transaction"
    assert database.in_atomic_block, "the numbers commit with the batch that uses them"
    with database.cursor() as cursor:
        cursor.execute(
            NEXT,
            {
                "clinic": connection.clinic_id,
                "connection": connection.pk,
                "count": transactions,
                "highest": HIGHEST,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise NumbersExhausted(
            f"The control numbers of {connection.name} are used up. Ask the partner to restart them, "
            "then make a new connection."
        )
    interchange, group, last = row
    is_alarming = max(row) >= ALARM_AT
    if is_alarming:
        logger.error(
            "connection %s has used %s of %s control numbers", connection.public_id, max(row), HIGHEST
        )
    references = tuple(f"{number:09d}" for number in range(last - transactions + 1, last + 1))
    return ControlNumbers(interchange, group, references, is_alarming)
