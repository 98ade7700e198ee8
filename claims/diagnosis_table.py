"""ICD-10-CM by date of service: load the public order file of a release, look codes up in bulk (domain 5, 16).

Before it: ``./manage icd10``. After it: claims/reference.py, which asks for all codes of a chunk in one
statement; no worker holds the table. A release counts for its fiscal year (1 October to 30 September); a
mid-year release (1 April) takes over for the rest of it. A day no release covers is not checked.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Literal

from django.db import IntegrityError, connection, transaction

from claims.errors import BadCodeFile
from claims.models import DiagnosisCode, DiagnosisRelease

Fault = Literal["absent", "header"]
CODE = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}\Z")
YEAR = re.compile(r"20[0-9]{2}")
APRIL = re.compile(r"apr", re.IGNORECASE)
CHUNK = 10_000
LARGEST = 40_000_000
FAULTS = """
SELECT asked.code, asked.day, found.is_billable
  FROM unnest(%s::text[], %s::date[]) AS asked (code, day)
 CROSS JOIN LATERAL (
       SELECT id FROM claims_diagnosisrelease
        WHERE starts_on <= asked.day
          AND starts_on >= make_date(extract(year FROM asked.day - interval '9 months')::int, 10, 1)
        ORDER BY starts_on DESC LIMIT 1) AS release
  LEFT JOIN claims_diagnosiscode found ON found.release_id = release.id AND found.code = asked.code
 WHERE found.is_billable IS NOT TRUE
"""
INSERT = """
INSERT INTO claims_diagnosiscode (release_id, code, is_billable)
SELECT %s, code, billable FROM unnest(%s::text[], %s::boolean[]) AS row (code, billable)
"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row of the order file: a code without its point, and whether it may be billed (else it is a header)."""

    code: str
    is_billable: bool


def read_order_file(lines: Iterable[str]) -> Iterator[OrderRow]:
    """Rows of the fixed-width order file: 1-5 number, 7-13 code, 15 flag 0 header 1 billable.

    Raises BadCodeFile naming the first line that is none.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        code, flag = line[6:13].strip(), line[14:15]
        if not (line[:5].isdigit() and CODE.match(code) and flag in ("0", "1")):
            raise BadCodeFile(f"Line {number} is none of an ICD-10-CM order file: {line[:30].strip()}")
        yield OrderRow(code, flag == "1")


def start_of(name: str) -> date | None:
    """The first day of a release by its file's name: icd10cm_order_2026.txt is in force from 10/01/2025."""
    found = YEAR.search(name)
    if found is None:
        return None
    year = int(found.group())
    return date(year, 4, 1) if APRIL.search(name) else date(year - 1, 10, 1)


def load(content: bytes, name: str, starts_on: date | None = None) -> DiagnosisRelease:
    """Take a release whole, in the place of one of the same first day. Raises BadCodeFile, nothing half done."""
    if len(content) > LARGEST:
        raise BadCodeFile("The file is larger than any order file.")
    day = starts_on or start_of(name)
    if day is None or (day.month, day.day) not in ((10, 1), (4, 1)):
        raise BadCodeFile("Say from which day: a release starts on 1 October or 1 April (--from 2025-10-01).")
    with transaction.atomic():  # row by row: a file that turns out to be wrong leaves everything as it was
        DiagnosisCode.objects.filter(release__starts_on=day).delete()
        DiagnosisRelease.objects.filter(starts_on=day).delete()
        release = DiagnosisRelease.objects.create(
            starts_on=day,
            name=name[-120:],
            sha256=hashlib.sha256(content).hexdigest(),
            codes=0,
            billable=0,
        )
        rows = read_order_file(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig"))
        with connection.cursor() as cursor:
            while part := _next(rows):
                codes, flags = [row.code for row in part], [row.is_billable for row in part]
                try:
                    cursor.execute(INSERT, [release.pk, codes, flags])
                except IntegrityError as error:
                    raise BadCodeFile("A code stands in the file twice.") from error
                release.codes += len(part)
                release.billable += sum(flags)
        if not release.codes:
            raise BadCodeFile("The file is empty.")
        release.save(update_fields=["codes", "billable"])
    return release


def _next(rows: Iterator[OrderRow]) -> list[OrderRow]:
    try:
        return list(islice(rows, CHUNK))
    except UnicodeDecodeError as error:
        raise BadCodeFile("This is no text file.") from error


def faults(asked: Iterable[tuple[str, date]]) -> Mapping[tuple[str, date], Fault]:
    """Of (code, day) pairs those that may not be billed on that day, in one statement."""
    pairs = sorted(set(asked))
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(FAULTS, [[code for code, _ in pairs], [day for _, day in pairs]])
        return {(code, day): "absent" if flag is None else "header" for code, day, flag in cursor.fetchall()}


def releases() -> list[tuple[int, date, str]]:
    """Every release by its key, first day and hash. One that is loaded again gets another key."""
    return list(DiagnosisRelease.objects.order_by("pk").values_list("pk", "starts_on", "sha256"))


def release_on(day: date) -> DiagnosisRelease | None:
    """The release in force on a day, or None when none is loaded for its fiscal year."""
    first = date(day.year if day.month >= 10 else day.year - 1, 10, 1)
    rows = DiagnosisRelease.objects.filter(starts_on__gte=first, starts_on__lte=day)
    return rows.order_by("-starts_on").first()
