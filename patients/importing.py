"""Patients from a CSV file: their columns mapped to ours, looked at row by row, taken, and undone as one.

The text is kept encrypted until it is taken or dropped; after that only the lines that were left out, with the
reason, until they are forgotten. import_rows.py judges the rows; taking and undoing are the worker's, in pieces.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from clinics import audit
from clinics.errors import BadInput, Refusal
from clinics.scoping import current_actor
from lib import csv_text
from patients import import_rows, registration
from patients.hooks import WITHDRAWN
from patients.import_rows import TARGETS, Row
from patients.models import Patient, PatientImport
from patients.tables import safe_cell
from work import jobs, outbox
from work.models import Job

WORK = "patients.import"
MOST_ROWS = 20_000
PIECE = 200  # patients of one transaction


class NotNow(Refusal):
    """The import is being worked on, or was taken already."""

    code = "import_not_now"


def start(text: str, name: str) -> PatientImport:
    """Keep a file and guess its columns. BadInput where it is no CSV with a header and rows."""
    table = _table(text)
    if not table.lines:
        raise BadInput("There are no rows under the header.", code="no_rows")
    if len(table.lines) > MOST_ROWS:
        raise BadInput(f"At most {MOST_ROWS:,} patients at once: split the file.", code="too_many")
    guessed: dict[str, str] = {}
    for column in table.head:
        target = import_rows.guess(column)
        if target and target not in guessed:
            guessed[target] = column
    made = PatientImport.objects.create(
        name=name[:120], rows=text, mapping=guessed, created_by=current_actor()
    )
    audit.record("patient.import_start", "patient_import", made.public_id, rows=len(table.lines))
    return made


def columns(job: PatientImport) -> list[str]:
    """Their columns."""
    return _table(job.rows).head


def set_mapping(job: PatientImport, mapping: dict[str, str]) -> None:
    """Which column fills which field; names are needed, one column fills one field."""
    with transaction.atomic():
        locked = _locked(job)
        if is_working(locked) or locked.taken_at is not None:
            raise NotNow("This import is under way or was taken: its columns stay.")
        known = set(columns(locked))
        kept = {target: column for target, column in mapping.items() if column and target in dict(TARGETS)}
        if set(kept.values()) - known:
            raise BadInput("The file has no such column.", code="unknown_column")
        if len(set(kept.values())) < len(kept):
            raise BadInput("One column cannot fill two fields.", code="column_twice")
        if not {"first_name", "last_name"} <= set(kept):
            raise BadInput("Choose the columns of first and last name.", code="no_names")
        locked.mapping = job.mapping = kept
        locked.save(update_fields=["mapping"])


def dry_run(job: PatientImport, today: date) -> list[Row]:
    """What taking the file would do, row by row in the file's order; nothing is written."""
    rows = import_rows.judge(_table(job.rows), job.mapping, today)
    import_rows.look_up(rows, today)
    return rows


def take(job: PatientImport, today: date) -> Job:
    """Promise to register every row that can be; the page shows how far it is. A second press finds the first job."""
    with transaction.atomic():
        locked = _locked(job)
        if locked.job is not None:
            return locked.job
        if not {"first_name", "last_name"} <= set(locked.mapping):
            raise BadInput("Choose the columns of first and last name.", code="no_names")
        return _promise(locked, f"Import of {locked.name}", len(_table(locked.rows).lines), today, "take")


def undo(job: PatientImport, today: date) -> Job:
    """Promise to take an import back: patients with whom nothing was done since go, the others stay."""
    with transaction.atomic():
        locked = _locked(job)
        if locked.taken_at is None or locked.job is None:
            raise NotNow("Only an import that was taken can be undone.")
        if locked.job.params.get("act") == "undo":
            return locked.job
        PatientImport.objects.filter(pk=locked.pk).update(position=0)
        return _promise(locked, f"Undo of the import of {locked.name}", len(locked.created), today, "undo")


def drop(job: PatientImport) -> None:
    """Forget a file that was not taken, or the lines that were left out of one that was."""
    with transaction.atomic():
        locked = _locked(job)
        if is_working(locked):
            raise NotNow("This import is under way.")
        if locked.taken_at is None:
            locked.delete()
        else:
            locked.rows = ""
            locked.save(update_fields=["rows"])
        audit.record("patient.import_drop", "patient_import", job.public_id)


def is_working(job: PatientImport) -> bool:
    """Whether the worker has it."""
    return job.job is not None and job.job.finished_at is None


def plan(work_job: Job) -> list[Row]:
    """The rows of a file that is to be taken, in the order in which the worker takes them; none for an undo."""
    job = PatientImport.objects.get(job=work_job)
    if work_job.params["act"] == "undo" or job.taken_at is not None:
        return []
    rows = import_rows.judge(_table(job.rows), job.mapping, _today(work_job))
    # Rows with a chart number of their own come first, so that no number given out takes theirs.
    return sorted(rows, key=lambda row: not row.values.get("chart_number"))


def step(work_job: Job, rows: list[Row]) -> bool:
    """The next piece in a transaction of its own, so that a killed run goes on there; whether it was the last."""
    job = PatientImport.objects.get(job=work_job)
    if work_job.params["act"] == "undo":
        return _undo_piece(job)
    return _take_piece(job, rows, _today(work_job))


def _today(work_job: Job) -> date:
    return date.fromisoformat(str(work_job.params["today"]))


def left_out(job: PatientImport, rows: Sequence[Row]) -> str:
    """The lines that are not registered as CSV in their own columns, with the line's number and the reason."""
    table, out = _table(job.rows), io.StringIO()
    cells = dict(table.lines)
    writer = csv.writer(out)
    writer.writerow(["Line", "Why", *table.head])
    for row in sorted(rows, key=lambda each: each.number):
        writer.writerow([row.number, row.why, *map(safe_cell, cells[row.number])])
    return out.getvalue()


def _take_piece(job: PatientImport, rows: list[Row], today: date) -> bool:
    """Register the next rows; whether it was the last piece."""
    with transaction.atomic():
        locked = _locked(job)
        if locked.taken_at is not None:
            return True
        piece = rows[locked.position : locked.position + PIECE]
        import_rows.look_up(piece, today)
        going = [row for row in piece if row.act == "register"]
        made = [registration.write_new(registration.tidy(row.values)).public_id for row in going]
        locked.created = [*locked.created, *made]
        locked.left = [*locked.left, *([row.number, row.why] for row in piece if row.act != "register")]
        locked.position += len(piece)
        is_last = locked.position >= len(rows)
        locked.skipped = len(locked.left)
        if is_last:
            by_line = {row.number: row for row in rows}
            out = [by_line[number] for number, _ in locked.left]
            for row, (_, why) in zip(out, locked.left, strict=True):
                row.wrong = row.wrong or [why]
            locked.rows, locked.left = left_out(locked, out) if out else "", []
            locked.taken_at = timezone.now()
            audit.record(
                "patient.import", "patient_import", locked.public_id, created=len(locked.created),
                skipped=locked.skipped,
            )  # fmt: skip
        locked.save()
        _show(locked, locked.position, locked.skipped, is_last)
        return is_last


def _undo_piece(job: PatientImport) -> bool:
    """Take back the next patients; whether it was the last piece. Who stays is kept in ``created``."""
    with transaction.atomic():
        locked = _locked(job)
        if locked.undone_at is not None:
            return True
        begin = locked.position
        piece = locked.created[begin : begin + PIECE]
        stay = [key for key in piece if not _withdraw(key)]
        locked.created = [*locked.created[:begin], *stay, *locked.created[begin + PIECE :]]
        locked.position = begin + len(stay)
        is_last = locked.position >= len(locked.created)
        assert locked.job is not None, "the worker has it"
        if is_last:
            locked.undone_at = timezone.now()
            gone = locked.job.total - len(locked.created)
            audit.record(
                "patient.import_undo", "patient_import", locked.public_id, gone=gone, stay=len(locked.created)
            )
        locked.save()
        left = len(locked.created) - locked.position
        _show(locked, locked.job.total - left, locked.position, is_last)
        return is_last


def _withdraw(public_id: str) -> bool:
    """Delete a patient with whom nothing was done, and a guarantor nobody else has; whether it went."""
    patient = Patient.objects.select_related("guarantor").filter(public_id=public_id).first()
    if patient is None:
        return True
    try:
        with transaction.atomic():
            WITHDRAWN.tell(patient)
            patient.delete()
    except ProtectedError:
        return False
    if patient.guarantor is not None and not patient.guarantor.patients.exists():
        try:
            with transaction.atomic():
                patient.guarantor.delete()
        except ProtectedError:  # an account is theirs
            return True
    return True


def _show(job: PatientImport, done: int, errors: int, is_last: bool) -> None:
    assert job.job is not None, "the worker has it"
    if is_last:
        jobs.finish(
            job.job,
            result={"created": len(job.created)},
            done=done,
            errors=errors,
            url=str(job.job.params["url"]),
        )
    else:
        jobs.progress(job.job, done=done, errors=errors)


def _promise(job: PatientImport, title: str, total: int, today: date, act: str) -> Job:
    params = {"act": act, "today": today.isoformat(), "url": reverse("patients:import", args=[job.public_id])}
    made = jobs.start(WORK, title[:160], total=total, params=params)
    PatientImport.objects.filter(pk=job.pk).update(job=made)
    outbox.promise(WORK, made.clinic_id, made.pk, key=f"{WORK}:{made.pk}")
    return made


def _locked(job: PatientImport) -> PatientImport:
    rows = PatientImport.objects.select_for_update(of=("self",), no_key=True).select_related("job")
    return rows.get(pk=job.pk)


def _table(text: str) -> csv_text.Table:
    try:
        return csv_text.read(text)
    except csv_text.BadCsv as error:
        raise BadInput(str(error), code="bad_csv") from error


def counts(rows: Sequence[Row]) -> dict[str, Any]:
    """How many rows would do what: register, here, wrong."""
    return {act: sum(row.act == act for row in rows) for act in ("register", "here", "wrong")}
