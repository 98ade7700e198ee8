"""The database itself: the wall around every table, what is append-only, and what the working role may not."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from claims.lifecycle import allowed_moves
from claims.models import ClaimTransition
from clinics import distribution
from clinics.outside_the_wall import OUTSIDE
from clinics.tenancy import TenantModel
from tests.architecture.house import nothing
from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db
TENANT = sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel))
# What must never change once written (design.md 1.5, reliability.md I-4). The wall freezes each of them.
APPEND_ONLY = {
    "billing_ledgerentry",
    "billing_ledgertxn",
    "claims_claimevent",
    "clinics_auditevent",
    "work_storedfile",
}


def rows(statement: str, params: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()


@pytest.mark.parametrize("name", sorted(distribution.CHECKS))
def test_the_catalogue_keeps_the_day_one_rules(name: str) -> None:
    objects, violations = distribution.CHECKS[name]()
    nothing(list(violations))
    assert objects > 0 or name == "views_keep_the_wall"


def test_the_catalogue_and_the_models_name_the_same_tenant_tables() -> None:
    assert [
        row["name"] for row in sorted(distribution._tenant_tables(), key=lambda row: row["name"])
    ] == TENANT


def test_every_reason_is_a_reason() -> None:
    nothing([table for table, reason in OUTSIDE.items() if len(reason) < 10])


def frozen_tables() -> set[str]:
    return {row["table"] for row in distribution._triggers() if row["function"] == "refuse_change"}


def test_what_must_never_change_is_frozen() -> None:
    assert frozen_tables() >= APPEND_ONLY


def test_the_working_role_is_the_one_that_tests_use() -> None:
    assert rows("SELECT current_user") == [("app_rw",)]


@pytest.mark.parametrize("act", ["UPDATE {} SET clinic_id = clinic_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_working_role_cannot_change_append_only_tables(act: str) -> None:
    allowed = []
    for table in sorted(frozen_tables()):
        with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(act.format(f'"{table}"'))
        if refused.value.__cause__.pgcode != "42501":
            allowed.append(table)
    nothing(allowed)


def test_not_even_the_owner_changes_append_only_rows() -> None:
    """Row triggers are there for UPDATE and DELETE; TRUNCATE is tried for real (and refused)."""
    with closing(owner_connection(os.environ["DB_NAME"])) as owner, owner.cursor() as cursor:
        for table in sorted(frozen_tables()):
            with pytest.raises(psycopg2.Error, match="append-only"):
                cursor.execute(f'TRUNCATE "{table}" CASCADE')
            cursor.execute(
                "SELECT tgname::text, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
                [table],
            )
            triggers = dict(cursor.fetchall())
            assert triggers["no_update"] == triggers["no_delete"] == triggers["no_truncate"] == "O"


def test_nobody_truncates_a_tenant_table() -> None:
    for table in TENANT:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(f'TRUNCATE "{table}"')


def test_the_database_allows_the_moves_of_the_lifecycle_and_no_other() -> None:
    assert set(ClaimTransition.objects.values_list("from_state", "to_state")) == allowed_moves()


def test_trigger_functions_read_shared_tables_at_most() -> None:
    for trigger in distribution._triggers():
        if not trigger["internal"]:
            nothing(distribution._problems_of(trigger["source"]), trigger["name"])
