"""The day-one rules of scaling.md against the live catalogue: what ``./manage distribute --check`` says.

After the migrations, before any growth: each check reads pg_catalog only and names every object that breaks
its rule. tests/architecture runs the same checks in every ./check, so no migration can leave the path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from clinics.outside_the_wall import DEFERRED_TRIGGER_TABLES, OUTSIDE, SHARED_TARGETS

WORKER = "app_rw"
# The policy of clinics/walls.py as PostgreSQL prints it back.
POLICY = (
    "(clinic_id = ANY ((string_to_array(NULLIF(current_setting('app.clinics'::text, true), ''::text), "
    "','::text))::bigint[]))"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: how many objects it was held against, and a line for each that breaks it."""

    name: str
    objects: int
    violations: list[str]


Finding = tuple[int, Iterable[str]]
CHECKS: dict[str, Callable[[], Finding]] = {}


def rule(check: Callable[[], Finding]) -> Callable[[], Finding]:
    """Register a check under its function's name."""
    CHECKS[check.__name__] = check
    return check


def run_checks() -> list[Check]:
    """Every check, in the order of scaling.md."""
    done = []
    for name, check in CHECKS.items():
        objects, violations = check()
        done.append(Check(name, objects, sorted(violations)))
    return done


@rule
def tables_are_known() -> Finding:
    """Every table is behind the wall or listed with a reason; nothing is listed that does not exist."""
    tables = {row["name"] for row in _tables()}
    tenant = {row["name"] for row in _tables() if row["has_clinic"]}
    unknown = [f"{name}: no clinic_id and not listed as outside" for name in tables - tenant - set(OUTSIDE)]
    gone = [f"{name}: listed as outside, but there is no such table" for name in set(OUTSIDE) - tables]
    return len(tables), unknown + gone


@rule
def row_security_is_forced() -> Finding:
    """ENABLE and FORCE, on each tenant table (I-19)."""
    tables = _tenant_tables()
    broken = [row["name"] for row in tables if not (row["enabled"] and row["forced"])]
    return len(tables), [f"{name}: row-level security is not enabled and forced" for name in broken]


@rule
def policies_are_the_one() -> Finding:
    """Rule 4: exactly one policy, for all commands, the canonical text in USING and WITH CHECK, no sub-select."""
    rows = _rows(
        "SELECT c.relname AS name, p.polcmd, p.polpermissive, p.polroles::oid[]::text AS roles, "
        "pg_get_expr(p.polqual, p.polrelid) AS using_text, "
        "pg_get_expr(p.polwithcheck, p.polrelid) AS check_text FROM pg_policy p "
        "JOIN pg_class c ON c.oid = p.polrelid"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    violations = []
    for table in _tenant_tables():
        policies = found.get(table["name"], [])
        if len(policies) != 1:
            violations.append(f"{table['name']}: {len(policies)} policies, not one")
        elif not _is_canonical(policies[0]):
            violations.append(f"{table['name']}: its policy is not the one of the wall")
    return len(rows), violations


@rule
def uniques_name_the_clinic() -> Finding:
    """Rule 1: every unique or exclusion constraint or index of a tenant table, primary keys excepted."""
    rows = _rows(
        "SELECT t.relname AS name, i.relname AS index_name, array_agg(a.attname::text) AS columns FROM pg_index x "
        "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' "
        "LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (x.indkey::int2[]) "
        "WHERE (x.indisunique OR x.indisexclusion) AND NOT x.indisprimary GROUP BY 1, 2"
    )
    tenant = {row["name"] for row in _tenant_tables()}
    mine = [row for row in rows if row["name"] in tenant]
    broken = [row for row in mine if "clinic_id" not in row["columns"]]
    return len(mine), [f"{row['name']}.{row['index_name']} does not contain clinic_id" for row in broken]


@rule
def pairs_are_unique() -> Finding:
    """Rule 1: UNIQUE (clinic_id, id), which foreign keys use, on each tenant table."""
    pairs = {
        row["table"] for row in _constraints() if row["kind"] == "u" and row["columns"] == ["clinic_id", "id"]
    }
    tables = _tenant_tables()
    return len(tables), [
        f"{row['name']}: no UNIQUE (clinic_id, id)" for row in tables if row["name"] not in pairs
    ]


@rule
def clinic_is_required() -> Finding:
    """clinic_id is NOT NULL, bigint, and points at the clinic."""
    rows = _rows(
        "SELECT c.relname AS name, a.attnotnull AS required, a.atttypid::regtype::text AS type "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
        "WHERE a.attname = 'clinic_id' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped"
    )
    bound = {
        r["table"]
        for r in _foreign_keys()
        if r["columns"] == ["clinic_id"] and r["target"] == "clinics_clinic"
    }
    violations = [f"{r['name']}.clinic_id is {r['type']}" for r in rows if r["type"] != "bigint"]
    violations += [f"{r['name']}.clinic_id may be null" for r in rows if not r["required"]]
    violations += [
        f"{r['name']}.clinic_id does not point at the clinic" for r in rows if r["name"] not in bound
    ]
    return len(rows), violations


@rule
def tenant_keys_are_composite() -> Finding:
    """Rule 3: tenant to tenant goes over (clinic_id, x_id), NO ACTION or CASCADE, never SET NULL (I-20)."""
    tenant = {row["name"] for row in _tenant_tables()}
    keys = [row for row in _foreign_keys() if row["table"] in tenant and row["target"] in tenant]
    violations = []
    for key in keys:
        pairs = dict(zip(key["columns"], key["target_columns"], strict=True))
        if pairs.get("clinic_id") != "clinic_id":
            violations.append(f"{key['table']}.{key['name']} is not over clinic_id")
        if key["on_delete"] not in ("a", "c") or key["on_update"] != "a":
            violations.append(f"{key['table']}.{key['name']} does more than NO ACTION or CASCADE")
    return len(keys), violations


@rule
def shared_keys_are_listed() -> Finding:
    """Rule 3: tenant to shared only where SHARED_TARGETS says so; shared to tenant never."""
    tenant = {row["name"] for row in _tenant_tables()}
    keys = [row for row in _foreign_keys() if (row["table"] in tenant) != (row["target"] in tenant)]
    violations = []
    for key in keys:
        where = f"{key['table']}.{key['name']}"
        if key["target"] in tenant:
            violations.append(f"{where}: a shared table points at tenant table {key['target']}")
        elif key["target"] not in SHARED_TARGETS:
            violations.append(f"{where}: {key['target']} is not among the shared targets")
        elif key["on_delete"] not in ("a", "c", "r"):
            violations.append(f"{where}: sets a column of a tenant row without its clinic")
    return len(keys), violations


@rule
def triggers_stay_in_the_clinic() -> Finding:
    """Rule 6: schema-qualified, over clinic_id, no shared table written; deferred only where listed."""
    triggers = [row for row in _triggers() if not row["internal"]]
    violations = []
    for trigger in triggers:
        where = f"{trigger['table']}.{trigger['name']}"
        if trigger["deferrable"] and trigger["table"] not in DEFERRED_TRIGGER_TABLES:
            violations.append(f"{where}: a deferred trigger is for the ledger's header only")
        violations += [f"{where}: {problem}" for problem in _problems_of(trigger["source"])]
    return len(triggers), violations


@rule
def functions_run_as_their_caller() -> Finding:
    """No SECURITY DEFINER: such a function would see with its owner's eyes (reliability.md e2.8)."""
    rows = _rows(
        "SELECT p.proname AS name, p.prosecdef AS definer FROM pg_proc p "
        "JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public' "
        "WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    return len(rows), [f"{row['name']} is SECURITY DEFINER" for row in rows if row["definer"]]


@rule
def views_keep_the_wall() -> Finding:
    """Views run as their caller; a materialized view would show all clinics (reliability.md e2.8)."""
    rows = _rows(
        "SELECT c.relname AS name, c.relkind AS kind, coalesce(c.reloptions::text, '') AS options "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
        "WHERE c.relkind IN ('v', 'm')"
    )
    violations = [f"{row['name']} is a materialized view" for row in rows if row["kind"] == "m"]
    violations += [
        f"{row['name']} has no security_invoker"
        for row in rows
        if row["kind"] == "v" and "security_invoker=true" not in row["options"]
    ]
    return len(rows), violations


@rule
def worker_cannot_pass() -> Finding:
    """The role of the running product: no way round the wall, owner of nothing, no TRUNCATE (e2.1, e2.2)."""
    role = _rows(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = %s",
        [WORKER],
    )
    if not role:
        return 1, [f"there is no role {WORKER}"]
    violations = [f"{WORKER} has {flag}" for flag, is_set in role[0].items() if is_set]
    owned = _rows(
        "SELECT c.relname AS name, pg_has_role(%s, c.relowner, 'MEMBER') AS owns, "
        "c.relkind IN ('r', 'p') AND has_table_privilege(%s, c.oid, 'TRUNCATE') AS truncates, "
        "c.relkind IN ('r', 'p') AND has_table_privilege(%s, c.oid, 'TRIGGER') AS triggers FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
        "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')",
        [WORKER, WORKER, WORKER],
    )
    violations += [f"{WORKER} owns {row['name']}" for row in owned if row["owns"]]
    violations += [f"{WORKER} may TRUNCATE {row['name']}" for row in owned if row["truncates"]]
    violations += [f"{WORKER} may put a trigger on {row['name']}" for row in owned if row["triggers"]]
    if _rows("SELECT has_schema_privilege(%s, 'public', 'CREATE') AS may", [WORKER])[0]["may"]:
        violations.append(f"{WORKER} may create tables")
    return 1 + len(owned), violations


@rule
def append_only_is_whole() -> Finding:
    """Rule 8, I-4: a table with one of the three refusing triggers has all, and the worker no grant."""
    held: dict[str, set[str]] = {}
    for trigger in _triggers():
        if trigger["function"] == "refuse_change":
            held.setdefault(trigger["table"], set()).add(trigger["name"])
    violations = []
    for table, names in held.items():
        missing = {"no_update", "no_delete", "no_truncate"} - names
        violations += [f"{table}: trigger {name} is missing" for name in missing]
        for act in ("UPDATE", "DELETE"):
            may = _rows("SELECT has_table_privilege(%s, %s, %s) AS may", [WORKER, f"public.{table}", act])
            if may[0]["may"]:
                violations.append(f"{table}: {WORKER} may {act}")
    return len(held), violations


def _is_canonical(policy: dict[str, Any]) -> bool:
    texts = {re.sub(r"\s+", " ", policy[key] or "") for key in ("using_text", "check_text")}
    return (
        texts == {POLICY} and policy["polcmd"] == "*" and policy["polpermissive"] and policy["roles"] == "{0}"
    )


def _problems_of(source: str) -> list[str]:
    """What a trigger function's text gives away: a light reading, names only."""
    text = re.sub(r"--[^\n]*", " ", source)
    problems = []
    for verb, name in re.findall(r"\b(FROM|JOIN|INTO|UPDATE)\s+([a-z_][\w.]*)", text):
        if "_" in name and "." not in name and name in {row["name"] for row in _tables()}:
            problems.append(f"{verb} {name} is not schema-qualified")
    for name in re.findall(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+public\.(\w+)", text):
        if name in OUTSIDE:
            problems.append(f"writes shared table {name}")
        elif "clinic_id" not in text:
            problems.append(f"writes {name} without clinic_id")
    touched = set(re.findall(r"public\.(\w+)", text)) & {row["name"] for row in _tenant_tables()}
    if touched and "clinic_id" not in text:
        problems.append(f"touches {', '.join(sorted(touched))} without clinic_id")
    return problems


def _tables() -> list[dict[str, Any]]:
    return _rows(
        "SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, "
        "EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'clinic_id' "
        "AND NOT a.attisdropped) AS has_clinic FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' WHERE c.relkind IN ('r', 'p')"
    )


def _tenant_tables() -> list[dict[str, Any]]:
    return [row for row in _tables() if row["has_clinic"] and row["name"] not in OUTSIDE]


def _constraints() -> list[dict[str, Any]]:
    return _rows(
        "SELECT t.relname AS table, k.conname AS name, k.contype AS kind, "
        "(SELECT array_agg(a.attname::text ORDER BY o.n) FROM unnest(k.conkey) WITH ORDINALITY o(attnum, n) "
        "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum) AS columns FROM pg_constraint k "
        "JOIN pg_class t ON t.oid = k.conrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'"
    )


def _foreign_keys() -> list[dict[str, Any]]:
    return _rows(
        "SELECT t.relname AS table, f.relname AS target, k.conname AS name, k.confdeltype AS on_delete, "
        "k.confupdtype AS on_update, (SELECT array_agg(a.attname::text ORDER BY o.n) "
        "FROM unnest(k.conkey) WITH ORDINALITY o(attnum, n) "
        "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum) AS columns, "
        "(SELECT array_agg(a.attname::text ORDER BY o.n) FROM unnest(k.confkey) WITH ORDINALITY o(attnum, n) "
        "JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.attnum) AS target_columns "
        "FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' WHERE k.contype = 'f'"
    )


def _triggers() -> list[dict[str, Any]]:
    return _rows(
        "SELECT t.relname AS table, g.tgname AS name, g.tgisinternal AS internal, g.tgdeferrable AS deferrable, "
        "p.proname AS function, p.prosrc AS source FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid "
        "JOIN pg_proc p ON p.oid = g.tgfoid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'"
    )


def _rows(statement: str, params: list[str] | None = None) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
