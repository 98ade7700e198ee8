"""The day-one rules hold for the live catalogue, and each check can see its rule broken."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from clinics import distribution
from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db

PLANTED = {
    "tables_are_known": "CREATE TABLE public.stray (id bigint PRIMARY KEY)",
    "row_security_is_forced": "ALTER TABLE patients_patient NO FORCE ROW LEVEL SECURITY",
    "policies_are_the_one": (
        "ALTER POLICY clinic_wall ON patients_patient USING (clinic_id IN (SELECT id FROM clinics_clinic))"
    ),
    "uniques_name_the_clinic": "CREATE UNIQUE INDEX stray ON patients_patient (chart_number)",
    "pairs_are_unique": "ALTER TABLE work_job DROP CONSTRAINT work_job_clinic_key CASCADE",
    "clinic_is_required": "ALTER TABLE work_job ALTER COLUMN clinic_id DROP NOT NULL",
    "tenant_keys_are_composite": (
        "ALTER TABLE patients_patient ADD CONSTRAINT stray FOREIGN KEY (guarantor_id) "
        "REFERENCES patients_guarantor (id)"
    ),
    "shared_keys_are_listed": (
        "ALTER TABLE work_outbox ADD CONSTRAINT stray FOREIGN KEY (subject_id) REFERENCES patients_patient (id)"
    ),
    "triggers_stay_in_the_clinic": (
        "CREATE FUNCTION public.stray() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN UPDATE public.clinics_clinic SET name = ''; RETURN NULL; END $$; "
        "CREATE TRIGGER stray AFTER INSERT ON work_job FOR EACH ROW EXECUTE FUNCTION public.stray()"
    ),
    "functions_run_as_their_caller": (
        "CREATE FUNCTION public.stray() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    ),
    "views_keep_the_wall": "CREATE VIEW public.stray AS SELECT * FROM patients_patient",
    "worker_cannot_pass": "GRANT TRUNCATE ON patients_patient TO app_rw",
    "append_only_is_whole": "DROP TRIGGER no_delete ON billing_ledgerentry",
}


@pytest.fixture
def as_owner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Break something as the owner in a transaction that never commits, and let the checks look from inside."""
    with closing(owner_connection(os.environ["DB_NAME"])) as owner:
        owner.autocommit = False
        cursor = owner.cursor()

        def look(statement: str, params: Any = None) -> list[dict[str, Any]]:
            cursor.execute(statement, params)
            return [
                dict(zip([column.name for column in cursor.description], row, strict=True))
                for row in cursor.fetchall()
            ]

        monkeypatch.setattr(distribution, "_rows", look)
        yield cursor.execute
        owner.rollback()


def test_every_rule_holds() -> None:
    broken = {check.name: check.violations for check in distribution.run_checks() if check.violations}
    assert broken == {}


def test_every_check_looked_at_something_and_has_its_planted_fault() -> None:
    empty = {check.name for check in distribution.run_checks() if check.objects == 0}
    assert empty <= {"views_keep_the_wall"}, "a check that sees nothing proves nothing"
    assert set(PLANTED) == set(distribution.CHECKS)


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_fault_is_found(name: str, as_owner: Callable[[str], None]) -> None:
    assert list(distribution.CHECKS[name]()[1]) == []
    as_owner(PLANTED[name])
    assert list(distribution.CHECKS[name]()[1]) != []


def test_a_dropped_column_or_a_second_policy_is_found(as_owner: Callable[[str], None]) -> None:
    as_owner("CREATE POLICY stray ON work_job USING (true)")
    assert list(distribution.CHECKS["policies_are_the_one"]()[1]) == ["work_job: 2 policies, not one"]


def test_the_command_prints_one_document() -> None:
    out = StringIO()
    call_command("distribute", "--check", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["ok"] is True
    assert {"name", "objects", "violations"} == set(report["checks"][0])


def test_the_command_ends_with_1_on_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(distribution.CHECKS, "tables_are_known", lambda: (1, ["stray: not listed"]))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("distribute", "--check", "--json", stdout=out)
    assert ended.value.code == 1
    assert json.loads(out.getvalue())["ok"] is False


def test_the_checks_only_read() -> None:
    seen: list[str] = []

    def record(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(record):
        distribution.run_checks()
    assert seen
    assert all(sql.startswith("SELECT ") for sql in seen)
