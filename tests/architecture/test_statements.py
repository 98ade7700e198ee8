"""The recorder: every statement that touches a tenant table names clinic_id (scaling.md rule 2).

Representative work runs under it: registration, check-out, claim, batch, remittance, posting, statement,
and the pages people open most. What it cannot see is what the work does not do: add the work here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.architecture.house import nothing
from tests.sweep.canaries import make_canary, tenant_models

pytestmark = pytest.mark.django_db(transaction=True)
TENANT = {model._meta.db_table for model in tenant_models()}
NAMED = re.compile(r'\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?(?:public\.)?"?(\w+)"?', re.IGNORECASE)


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Statements on tenant tables that do not name clinic_id, shortened."""
    loose: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        tables = set(NAMED.findall(sql)) & TENANT
        if tables and not is_bound(sql, tables):
            loose.append(re.sub(r"\s+", " ", sql)[:200])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield loose


def is_bound(sql: str, tables: set[str]) -> bool:
    """Whether each tenant table of a statement is tied to a clinic: by a condition, a join, or a column written."""
    if sql.lstrip().upper().startswith("INSERT"):
        return "clinic_id" in sql.split("VALUES")[0].split("SELECT")[0]
    _, _, conditions = sql.partition(" WHERE ")
    return "clinic_id" in conditions and len(re.findall(r"clinic_id\"?\s*(?:=|IN)", sql)) >= len(tables)


def test_the_recorder_sees_what_it_must() -> None:
    good = 'SELECT "p"."id" FROM "patients_patient" WHERE "patients_patient"."clinic_id" = 1'
    assert is_bound(good, {"patients_patient"})
    assert not is_bound('SELECT "clinic_id" FROM "patients_patient" WHERE "id" = 1', {"patients_patient"})
    assert not is_bound('UPDATE "patients_patient" SET "last_name" = 1 WHERE "id" = 1', {"patients_patient"})
    joined = (
        'SELECT 1 FROM "billing_charge" JOIN "billing_invoice" ON ("billing_charge"."invoice_id" = '
        '"billing_invoice"."id") WHERE "billing_charge"."clinic_id" = 1'
    )
    assert not is_bound(joined, {"billing_charge", "billing_invoice"})
    assert not is_bound('INSERT INTO "work_job" ("title") VALUES (1)', {"work_job"})


PAGES = (
    "/today/",
    "/my-day/",
    "/dashboard/",
    "/reports/",
    "/denials/",
    "/patients/?q=zz",
    "/schedule/",
    "/claims/",
    "/claims/batches/",
    "/reports/insurance/claim-responses/",
    "/statements/",
    "/settings/payers/",
)


def test_the_main_job_and_the_pages_name_the_clinic_in_every_statement() -> None:
    with recorded() as loose:
        canary = make_canary("alder", "ZZALDERQ", "4171.37")
        client = Client()
        client.force_login(canary.world.users["owner"])
        answers = {url: client.get(url).status_code for url in PAGES}
        answers["find"] = client.post("/find/", {"q": "zz"}).status_code
    nothing(set(loose))
    assert set(answers.values()) == {200}, answers
