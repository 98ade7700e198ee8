"""A clinic's own code tables: upload, read in the background with counts and wrong rows, switch on, replace.

Before it: Settings › Code tables. After it: claims/reference.py, which looks up what is in force. Nothing is
checked by a table before somebody switched it on; the one of the same kind and first day is then replaced.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection, models
from django.utils import timezone

from claims import code_files, rechecks
from claims.code_files import CodeRow, LimitRow, PairRow, Row, WrongRow
from claims.errors import BadCodeFile
from claims.models import CodePair, CodeTable, CodeTableFile, ProcedureCode, UnitLimit
from clinics import audit
from clinics.scoping import current_actor, open_clinic
from work import jobs, outbox

READ = "claims.read_codes"
CHUNK = 5_000
MOST_SHOWN = 200
LARGEST = 200_000_000  # all files of a table together: a quarter of pairs has about 100 MB
MOST_FILES = 8
BEGINNING = 100_000
Kind = CodeTable.Kind
State = CodeTable.State
MODELS: dict[str, type[models.Model]] = {
    Kind.NCCI: CodePair,
    Kind.MUE: UnitLimit,
    Kind.CODES: ProcedureCode,
}
# Rows go in by arrays: COPY is refused where a wall stands.
INSERTS: dict[str, str] = {
    Kind.NCCI: """
INSERT INTO claims_codepair (clinic_id, table_id, column1, column2, modifier, begins_on, ends_on)
SELECT %s, %s, row.* FROM unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::date[]) AS row
""",
    Kind.MUE: """
INSERT INTO claims_unitlimit (clinic_id, table_id, code, units, basis)
SELECT %s, %s, row.* FROM unnest(%s::text[], %s::int[], %s::text[]) AS row
""",
}
# What the new table changes against the one in force, by the codes that name a row.
DIFFERENCES: dict[str, str] = {
    Kind.NCCI: """
WITH sides AS (
  SELECT table_id, column1, column2,
         string_agg(concat_ws('/', modifier, begins_on, ends_on), ',' ORDER BY begins_on, id) AS says
    FROM claims_codepair WHERE clinic_id = %(clinic)s AND table_id IN (%(new)s, %(old)s) GROUP BY 1, 2, 3)
SELECT count(*) FILTER (WHERE old.says IS NULL), count(*) FILTER (WHERE new.says IS NULL),
       count(*) FILTER (WHERE old.says <> new.says)
  FROM (SELECT * FROM sides WHERE table_id = %(new)s) AS new
  FULL JOIN (SELECT * FROM sides WHERE table_id = %(old)s) AS old USING (column1, column2)
""",
    Kind.MUE: """
WITH sides AS (
  SELECT table_id, code, min(concat_ws('/', units, basis)) AS says
    FROM claims_unitlimit WHERE clinic_id = %(clinic)s AND table_id IN (%(new)s, %(old)s) GROUP BY 1, 2)
SELECT count(*) FILTER (WHERE old.says IS NULL), count(*) FILTER (WHERE new.says IS NULL),
       count(*) FILTER (WHERE old.says <> new.says)
  FROM (SELECT * FROM sides WHERE table_id = %(new)s) AS new
  FULL JOIN (SELECT * FROM sides WHERE table_id = %(old)s) AS old USING (code)
""",
    Kind.CODES: """
WITH sides AS (
  SELECT table_id, code,
         min(concat_ws('/', begins_on, ends_on, sex, age_from, age_to, array_to_string(add_on_to, '+'))) AS says
    FROM claims_procedurecode WHERE clinic_id = %(clinic)s AND table_id IN (%(new)s, %(old)s) GROUP BY 1, 2)
SELECT count(*) FILTER (WHERE old.says IS NULL), count(*) FILTER (WHERE new.says IS NULL),
       count(*) FILTER (WHERE old.says <> new.says)
  FROM (SELECT * FROM sides WHERE table_id = %(new)s) AS new
  FULL JOIN (SELECT * FROM sides WHERE table_id = %(old)s) AS old USING (code)
""",
}


def upload(kind: str, effective_on: date, files: Sequence[tuple[str, bytes]]) -> CodeTable:
    """Take the files of one table and promise their reading. Raises BadCodeFile."""
    if kind not in Kind.values:
        raise BadCodeFile(f"A table is one of {', '.join(Kind.values)}.", code="unknown_kind")
    if not files:
        raise BadCodeFile("Choose a file.", code="no_file")
    if len(files) > MOST_FILES or sum(len(content) for _, content in files) > LARGEST:
        raise BadCodeFile("More than 200 MB or more than 8 files.", code="file_too_large")
    for name, content in files:
        if not content[:BEGINNING].strip() or not code_files.encoding_of(content):
            raise BadCodeFile(f"{name[:60]} is no text file. Save it as CSV or text.", code="not_text")
    table = CodeTable.objects.create(
        kind=kind,
        effective_on=effective_on,
        files=[
            {"name": name[-120:], "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in files
        ],
        created_by=current_actor(),
    )
    CodeTableFile.objects.bulk_create(
        [
            CodeTableFile(
                clinic_id=table.clinic_id, table=table, name=name[-120:], content=zlib.compress(content, 1)
            )
            for name, content in files
        ]
    )
    table.job = jobs.start(
        READ,
        f"Read {Kind(kind).label}: {', '.join(name for name, _ in files)}"[:160],
        total=sum(content.count(b"\n") + 1 for _, content in files),
        params={"table": table.public_id},
    )
    table.save(update_fields=["job"])
    audit.record("code_table.upload", "code-table", table.public_id, table=kind, files=table.files)
    outbox.promise(READ, table.clinic_id, table.pk)
    return table


@outbox.handles(READ)
def run(clinic_id: int, table_id: int) -> None:
    """Outbox: read the files, 5,000 rows a transaction. Run again it starts anew; a table in force is never touched."""
    with open_clinic(clinic_id, actor="worker"):
        table = CodeTable.objects.select_related("job").get(pk=table_id)
        if table.state != State.READING or table.job is None:
            return
        jobs.allow_time()
        MODELS[table.kind].objects.filter(table=table).delete()  # type: ignore[attr-defined]
        files = list(table.texts.order_by("pk").values_list("pk", "name"))
    reading = _Reading(table)
    for key, name in files:
        with open_clinic(clinic_id, actor="worker"):
            packed = code_files.Packed(bytes(CodeTableFile.objects.get(pk=key).content))
        for row in code_files.read(table.kind, packed):
            reading.take(name, row)
    reading.flush()
    with open_clinic(clinic_id, actor="worker"):
        jobs.allow_time()  # millions of rows are compared in one statement
        _finish(table, reading)


class _Reading:
    """What was read so far: full chunks are written and counted, the rest waits."""

    def __init__(self, table: CodeTable) -> None:
        self.table = table
        self.waiting: list[Row] = []
        self.good = self.bad = 0
        self.wrong: list[dict[str, Any]] = []

    def take(self, name: str, row: Row | WrongRow) -> None:
        if isinstance(row, WrongRow):
            self.bad += 1
            if len(self.wrong) < MOST_SHOWN:
                self.wrong.append({"file": name, "row": row.row, "words": row.words})
            return
        self.good += 1
        self.waiting.append(row)
        if len(self.waiting) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        assert self.table.job is not None, "a table is read by its job"
        assert self.table.clinic_id is not None, "a table is a clinic's"
        with open_clinic(self.table.clinic_id, actor="worker"):
            _insert(self.table, self.waiting)
            jobs.progress(self.table.job, done=self.good + self.bad, errors=self.bad)
        self.waiting = []


def _insert(table: CodeTable, rows: Sequence[Row]) -> None:
    if not rows:
        return
    key: list[Any] = [table.clinic_id, table.pk]
    pairs = [row for row in rows if isinstance(row, PairRow)]
    limits = [row for row in rows if isinstance(row, LimitRow)]
    listed = [row for row in rows if isinstance(row, CodeRow)]
    with connection.cursor() as cursor:
        if pairs:
            columns = [[row.column1 for row in pairs], [row.column2 for row in pairs], [row.modifier for row in pairs],
                       [row.begins_on for row in pairs], [row.ends_on for row in pairs]]  # fmt: skip
            cursor.execute(INSERTS[Kind.NCCI], key + columns)
        if limits:
            cursor.execute(
                INSERTS[Kind.MUE],
                [*key, [x.code for x in limits], [x.units for x in limits], [x.basis for x in limits]],
            )
    ProcedureCode.objects.bulk_create(
        [
            ProcedureCode(
                clinic_id=table.clinic_id, table=table, code=row.code, begins_on=row.begins_on, ends_on=row.ends_on,
                sex=row.sex, age_from=row.age_from, age_to=row.age_to, add_on_to=list(row.add_on_to),
            )
            for row in listed
        ]
    )  # fmt: skip


def _finish(table: CodeTable, reading: _Reading) -> None:
    job = table.job
    assert job is not None, "a table is read by its job"
    fields: dict[str, Any] = {
        "state": State.TRIED if reading.good else State.DISCARDED,
        "row_count": reading.good,
        "wrong_count": reading.bad,
        "wrong_rows": reading.wrong,
        "differences": _differences(table),
    }
    CodeTable.objects.filter(pk=table.pk, state=State.READING).update(**fields)
    CodeTableFile.objects.filter(table=table).delete()
    jobs.finish(
        job,
        result={"rows": reading.good, "wrong": reading.bad},
        done=reading.good + reading.bad,
        errors=reading.bad,
        url=f"/settings/code-tables/{table.public_id}/",
        failed=not reading.good,
    )


def _differences(table: CodeTable) -> dict[str, Any]:
    """Counts against the newest table of the kind in force; nothing when there is none."""
    old = in_force(table.kind).order_by("-effective_on").first()
    if old is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES[table.kind], {"clinic": table.clinic_id, "new": table.pk, "old": old.pk})
        new, gone, changed = cursor.fetchone()
    return {"new": new, "gone": gone, "changed": changed, "against": old.public_id}


def in_force(kind: str) -> models.QuerySet[CodeTable]:
    """The tables of a kind that claims are checked by."""
    return CodeTable.objects.filter(kind=kind, state=State.IN_FORCE)


def switch_on(table: CodeTable) -> None:
    """Check claims by it from now on; the one of the same first day is replaced and its rows go.

    Raises BadCodeFile when it has not been read. Again is no trouble.
    """
    row = CodeTable.objects.select_for_update().get(pk=table.pk)
    if row.state == State.IN_FORCE:
        return
    if row.state != State.TRIED:
        raise BadCodeFile(f"This table is {row.get_state_display().lower()}.", code="not_tried")
    for old in in_force(row.kind).filter(effective_on=row.effective_on).select_for_update():
        _decide(old, State.REPLACED)
        MODELS[old.kind].objects.filter(table=old).delete()  # type: ignore[attr-defined]
    _decide(row, State.IN_FORCE)
    rechecks.ask()
    audit.record("code_table.switch_on", "code-table", row.public_id, table=row.kind, rows=row.row_count)


def discard(table: CodeTable) -> None:
    """Take a table away, in force or not; its rows go, that it was there stays. Raises BadCodeFile while it is read."""
    row = CodeTable.objects.select_for_update().get(pk=table.pk)
    if row.state in (State.DISCARDED, State.REPLACED):
        return
    if row.state == State.READING:
        raise BadCodeFile("It is still being read. Wait for the end.", code="still_reading")
    was = row.state
    _decide(row, State.DISCARDED)
    MODELS[row.kind].objects.filter(table=row).delete()  # type: ignore[attr-defined]
    if was == State.IN_FORCE:
        rechecks.ask()
    audit.record("code_table.discard", "code-table", row.public_id, table=row.kind, was=was)


def _decide(row: CodeTable, state: str) -> None:
    row.state, row.decided_at, row.decided_by = state, timezone.now(), current_actor()
    row.save(update_fields=["state", "decided_at", "decided_by"])
