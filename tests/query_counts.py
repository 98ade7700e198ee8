"""How many statements a list page takes, kept as literal numbers in query_counts.json.

A page that asks per row is slow on the day it matters. ``UPDATE_QUERY_COUNTS=1 ./check tests/architecture/
test_query_counts.py`` writes the numbers anew; a larger one needs its reason in the commit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

COUNTS = Path(__file__).with_name("query_counts.json")
# Route -> the query that brings every row on the page; {patient} is the id of one with a visit.
LISTS: dict[str, str] = {
    "desk:today": "?day=2026-03-09",
    "desk:my-day": "",
    "desk:set-up": "",
    "desk-api:set-up": "",
    "desk:dashboard": "",
    "desk:reports": "",
    "desk:compliance": "?from=2026-03-01&to=2026-03-31",
    "desk:compliance-sample": "?month=2026-03",
    "desk:clinicians": "",
    "desk:locations": "",
    "desk-api:clinicians": "",
    "desk-api:locations": "",
    "desk-api:billing-providers": "",
    "desk-api:compliance": "?from=2026-03-01&to=2026-03-31",
    "desk-api:compliance-sample": "?month=2026-03",
    "patients:list": "?q=zz",
    "patients-api:patients": "",
    "appointments:schedule": "?day=2026-03-09",
    "appointments:services": "",
    "appointments:types": "",
    "appointments-api:services": "",
    "appointments-api:types": "",
    "appointments-api:appointments": "?day=2026-03-09",
    "insurance:payers": "",
    "insurance:authorizations": "",
    "insurance:questions": "",
    "insurance:enrollment": "",
    "insurance-api:authorizations": "",
    "insurance-api:questions": "",
    "insurance-api:enrollments": "",
    "insurance-api:payers": "",
    "billing:statements": "",
    "billing:missing-charges": "",
    "billing:not-transitioned": "",
    "billing:coding": "",
    "appointments:salt-drift": "",
    "appointments-api:salt-drift": "",
    "billing:drawer": "",
    "billing-api:drawer": "",
    "billing-api:drawer-closes": "",
    "billing-api:missing-charges": "",
    "billing-api:not-transitioned": "",
    "billing-api:coding": "",
    "billing:receivables": "",
    "billing:receivables-risk": "",
    "billing:collections": "",
    "billing:handoffs": "",
    "billing-api:receivables": "",
    "billing-api:receivables-risk": "",
    "billing-api:collections": "",
    "billing-api:handoffs": "",
    "billing:day": "",
    "billing:closed-days": "",
    "billing-api:day-sheet": "",
    "billing-api:day-closes": "",
    "billing:plans": "",
    "billing:follow-ups": "?tab=open",
    "billing-api:follow-ups": "?which=open",
    "billing-api:calls": "?patient={patient}",
    "billing:write-off-list": "?from=2026-03-01",
    "billing-api:write-offs": "?from=2026-03-01&to=2026-03-31",
    "billing:approvals": "",
    "billing:small-balances": "",
    "billing:policies": "",
    "billing-api:plans": "?patient={patient}",
    "billing-api:approvals": "",
    "billing-api:small-balances": "",
    "billing-api:policies": "",
    "billing:payment-methods": "",
    "billing:fees": "",
    "billing:agreed-fees": "",
    "billing:modifier-rules": "",
    "billing:rule-trials": "",
    "billing-api:fee-schedules": "",
    "billing-api:fees": "",
    "billing-api:modifier-rules": "",
    "billing-api:same-day-rules": "",
    "billing-api:reduced-fees": "",
    "billing-api:patient-fees": "",
    "billing-api:rule-trials": "",
    "billing-api:invoices": "?patient={patient}",
    "billing-api:payments": "?patient={patient}",
    "billing-api:payment-methods": "",
    "billing-api:statements": "?patient={patient}",
    "claims:queue": "",
    "claims:batches": "",
    "claims:inquiries": "?state=any",
    "claims:report": "",
    "claims:filing": "",
    "claims:code-tables": "",
    "claims:claim-rules": "",
    "claims-api:filing": "",
    "claims-api:code-tables": "",
    "claims-api:claim-rules": "",
    "claims-api:claims": "",
    "claims-api:batches": "",
    "claims-api:inquiries": "",
    "responses-api:remittances": "",
    "responses-api:takebacks": "",
    "responses-api:trust": "",
    "responses-api:deposits": "",
    "responses-api:bank": "",
    "responses-api:by-month": "",
    "responses-api:denials": "",
    "responses-api:letters": "",
    "responses-api:underpaid": "",
    "responses-api:responses": "",
    "responses:takebacks": "",
    "responses:trust": "",
    "responses:deposits": "",
    "responses:denials": "",
    "responses:underpaid": "",
    "responses:copays": "",
    "responses-api:copays": "",
    "responses:list": "",
    "responses:remittances": "",
    "responses:by-month": "",
    "clearinghouses:connections": "",
    "clearinghouses-api:connections": "",
    "clearinghouses-api:inbound": "",
    "clearinghouses-api:outbound": "",
}
# Routes without parameters that are no list, each with its reason.
NO_LISTS: dict[str, str] = {
    "insurance:payer-file": "a form",
    "insurance:ask-day": "starts a job",
    "insurance-api:ask-day": "starts a job",
    "desk:set-up-line": "a piece of the home",
    "billing:booking-estimate": "a piece of the booking form: one visit",
    "billing-api:booking-estimate": "one visit",
    "insurance-api:payer-file": "takes a file",
    "patients-api:imports": "takes a file",
    "patients:imports": "a form, with the last twenty imports",
    "desk:home": "redirects",
    "responses:bank": "a form",
    "responses:what-if": "takes posts only",
    "responses-api:what-if": "takes posts only",
    "responses-api:preview": "takes posts only",
    "responses-api:letter-templates": "made of literals",
    "desk:health-live": "no page",
    "desk:health-ready": "no page",
    "desk:choose-clinic": "writes",
    "desk:places": "the menu, part of every page above",
    "desk:narrow": "sends on to the list",
    "desk:find": "asks for at most a handful of each kind",
    "desk:design": "made of literals",
    "desk:signed-in-again": "made of words",
    "desk:clinics": "one block a clinic, not a row",
    "desk:settings": "links",
    "desk:audit": "a row an act, read in one statement",
    "desk:integrity": "one row a promise, whatever the data",
    "desk:integrity-again": "writes",
    "patients:register": "a form",
    "patients:pick": "writes",
    "desk:clinician-new": "a form",
    "desk:location-new": "a form",
    "desk:billing-provider-new": "a form",
    "appointments:book": "a form",
    "appointments:service-new": "a form",
    "appointments:type-new": "a form",
    "appointments:status-new": "a form",
    "insurance:payer-new": "a form",
    "billing:statement-batch": "writes",
    "billing:fee-schedule-new": "writes",
    "billing:fee-copy": "a form",
    "billing:fee-import": "a form",
    "billing:what-if": "a form",
    "billing-api:fee-copy": "writes",
    "billing-api:what-if": "one answer",
    "billing:write-off-terms": "one row a type, whatever the data",
    "clearinghouses:new": "a form",
    "claims:claim-rule-new": "a form",
    "claims-api:claim-rule-tests": "made of literals",
    "claims:preview": "answers a selection that was posted",
    "claims:submit": "writes",
    "responses:upload": "a form",
    "responses:rules": "a handful of rules with a form",
    "responses-api:rules": "the same handful",
    "responses:remove-rule": "writes",
    "patients:export": "asked by POST; the rows of patients:list",
    "patients-api:search": "asked by POST; the rows of patients:list",
    "billing-api:refunds": "writes",
    "claims-api:create": "writes",
    "claims-api:preview": "answers a selection that was posted",
    "claims-api:submit": "writes",
    "responses-api:eob": "writes",
    "responses:find-claim": "a form",
    "api-schema": "no rows",
    "api-docs": "no rows",
    "billing:transition-batch": "starts a job, no page",
    "billing-api:transitions": "starts a job",
    "billing-api:one-off-invoices": "makes one",
}


def count(client: Any, url: str) -> tuple[int, list[str]]:
    """The number of statements of one GET, and their texts; the page must answer 200."""
    client.get(url)  # what is cached once per process is not the page's
    with CaptureQueriesContext(connection) as seen:
        response = client.get(url)
        if response.streaming:
            b"".join(response.streaming_content)
    assert response.status_code == 200, f"{url}: {response.status_code}"
    return len(seen), [query["sql"][:160] for query in seen]


def check(name: str, rows: int, found: int, statements: list[str]) -> None:
    """Compare with the literal, or write it down when UPDATE_QUERY_COUNTS is set."""
    counts = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        counts.setdefault(name, {})[str(rows)] = found
        COUNTS.write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n")
        return
    expected = counts.get(name, {}).get(str(rows))
    assert found == expected, "\n".join(
        [f"{name} with {rows} rows: {found} statements, query_counts.json says {expected}", *statements]
    )
