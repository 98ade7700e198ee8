"""Source text: SQL only where it is named, words that must not stay, docstrings, sizes that may only shrink."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import pytest

from tests.architecture.house import (
    EVERYTHING,
    PRODUCT,
    ROOMS,
    ROOT,
    dotted,
    files,
    functions,
    nodes,
    nothing,
    short,
    tree,
)

RATCHET = Path(__file__).with_name("ratchet.json")
LINES_A_FUNCTION, LINES_A_FILE = 70, 400
# SQL by hand: each file with its reason. Every statement in them names clinic_id (test_statements.py records them).
HAND_SQL: dict[str, str] = {
    "billing/days.py": "the lock of a day's close",
    "clinics/scoping.py": "the literal SET LOCAL of the scope, integers only",
    "clinics/guard.py": "asks who the database role is; constant text",
    "clinics/bulk.py": "COPY and INSERT..SELECT for many rows; names of tables and columns from models",
    "clinics/distribution.py": "reads pg_catalog; constant texts",
    "clinics/walls.py": "schema of migrations; table names come from models",
    "work/idempotency.py": "INSERT ... ON CONFLICT DO NOTHING RETURNING, which the ORM cannot say",
    "claims/tasks.py": "a longer lock_timeout for claims that a colleague holds; constant text",
    "responses/tasks.py": "a longer lock_timeout for files that take turns; constant text",
    "work/jobs.py": "longer timeouts for a worker's long transaction; constant text",
    "work/outbox.py": "the lease: one conditional UPDATE ... RETURNING",
    "desk/simulation/auditor.py": "an auditor with sums of its own, in plain SQL; constant texts",
    "desk/simulation/deaths.py": "counts the statements of a child that is to be killed",
    "desk/views/frame.py": "SELECT 1: does the database answer",
    "claims/code_loading.py": "rows by arrays, as COPY is refused behind a wall; tables compared",
    "claims/diagnosis_table.py": "codes by arrays, each asked for the release of its day; constant texts",
    "claims/lifecycle.py": "events and moves of many claims in one statement; names of columns from the model",
    "claims/submitting.py": "what a batch holds in one statement; constant text",
    "billing/invoicing.py": "settles many invoices in one statement",
    "billing/ledger.py": "SET CONSTRAINTS, so that refusals surface in the work function",
    "billing/numbering.py": "a counter's upsert ... RETURNING",
    "billing/payments.py": "FOR NO KEY UPDATE on the patient's row",
    "billing/verification.py": "the checkers of ledger verify, one statement each",
    "clearinghouses/control.py": "control numbers: UPDATE ... RETURNING in the batch's transaction (I-16)",
    "patients/registration.py": "a counter's upsert ... RETURNING",
}
# Texts put together from the house's own constants, never from what somebody sent.
OWN_TEXT: dict[str, str] = {
    "clinics/bulk.py": "names of tables and columns from models",
    "claims/lifecycle.py": "names and types of columns from the model",
    "clinics/scoping.py": "clinic ids as integers",
    "clinics/walls.py": "names of tables and columns from models",
    "billing/verification.py": "wraps a checker's constant text in a count",
}
SQL_CALLS = {
    "raw",
    "extra",
    "RawSQL",
    "execute",
    "executemany",
    "mogrify",
    "copy_expert",
    "copy_from",
    "callproc",
}
BANNED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b|raise NotImplemented\b")
ADDRESS = re.compile(r"https?://[\w-]+\.[\w.-]+[^\s\"'`<>)]*")
NO_DOWNLOAD = re.compile(
    r"https?://(127\.0\.0\.1|10\.[\d.]+|www\.w3\.org|([\w-]+\.)*example(\.\w+)?)(?![\w.])"
)
JUNK = {"utils.py", "util.py", "helpers.py", "common.py", "services.py", "misc.py"}


def sql_calls(path: Path) -> list[tuple[int, ast.Call, str]]:
    """Calls that carry SQL: line, node, name."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Call):
            name = dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")
            if name in SQL_CALLS:
                found.append((node.lineno, node, name))
    return found


def test_sql_by_hand_stands_only_where_it_is_named() -> None:
    found = {short(path) for path in files(*PRODUCT) if sql_calls(path)}
    nothing(sorted(found - set(HAND_SQL)), "name the file in HAND_SQL with its reason, or use the ORM")
    nothing(sorted(set(HAND_SQL) - found), "these files no longer hold SQL by hand")


def test_sql_is_never_put_together_from_values() -> None:
    """Text first: a constant (or a name bound to one), never an f-string, ``%`` or ``+`` over what somebody sent."""
    loose = []
    for path in files(*PRODUCT):
        for line, call, name in sql_calls(path):
            text = call.args[0] if call.args else None
            if name in ("raw", "extra", "RawSQL"):
                loose.append(f"{short(path)}:{line}: {name}")
            elif isinstance(text, ast.BinOp) or (
                isinstance(text, ast.Call) and dotted(text.func).endswith("format")
            ):
                loose.append(f"{short(path)}:{line}: put together")
            elif isinstance(text, ast.JoinedStr) and short(path) not in OWN_TEXT:
                loose.append(f"{short(path)}:{line}: f-string")
    nothing(loose)


def test_no_manager_goes_round_the_scope() -> None:
    """_base_manager, a bare QuerySet or a manager of one's own would look past the open clinics."""
    loose = []
    for path in files(*ROOMS):
        if short(path) in ("clinics/tenancy.py", "clinics/models/people.py"):
            continue
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr in ("_base_manager", "_default_manager"):
                loose.append(f"{short(path)}:{node.lineno}: {node.attr}")
            if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in ("QuerySet", "Manager"):
                loose.append(f"{short(path)}:{node.lineno}: {dotted(node.func)}()")
    nothing(loose)


def test_the_session_setting_is_written_in_one_place() -> None:
    """Rule 5 of scaling.md: literal SET LOCAL, never set_config, never a session's SET (e2.4)."""
    loose = []
    for path in files(*PRODUCT):
        for node in nodes(path):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if re.search(r"set_config|SET\s+(SESSION|LOCAL)?\s*app\.", text, re.IGNORECASE):
                loose.append(f"{short(path)}:{node.lineno}")
    nothing([place for place in loose if not place.startswith("clinics/scoping.py:")])


def test_no_advisory_locks_and_no_in_with_skip_locked() -> None:
    """Rule 10 of scaling.md: ``IN (SELECT ... LIMIT n FOR UPDATE SKIP LOCKED)`` takes too many rows."""
    loose = []
    for path in files(*PRODUCT, migrations=True):
        text = path.read_text()
        if re.search(r"pg_(try_)?advisory", text):
            loose.append(f"{short(path)}: advisory lock")
        if re.search(r"\bIN\s*\(\s*SELECT[^)]*SKIP LOCKED", text):
            loose.append(f"{short(path)}: IN (... SKIP LOCKED)")
    nothing(loose)


def test_no_banned_words() -> None:
    found = []
    for path in files(*EVERYTHING, migrations=True):
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := BANNED.search(line):
                found.append(f"{short(path)}:{number}: {match.group()}")
    nothing(found)


def committed_texts() -> list[Path]:
    """Everything people read or run, vendored files and licences apart."""
    folders = [ROOT / name for name in (*EVERYTHING, "docs", "requirements", "templates", ".ci")]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.is_file() and path.name not in ("LICENSE", ".coverage")]
    kinds = {
        ".py",
        ".md",
        ".txt",
        ".in",
        ".toml",
        ".yml",
        ".yaml",
        ".html",
        ".conf",
        ".sh",
        ".js",
        ".css",
        "",
    }
    return sorted(path for path in found if path.suffix in kinds and "vendor" not in path.parts)


def test_no_download_addresses() -> None:
    """Packages come from whatever index the machine has; nothing is fetched by address."""
    found = []
    for path in committed_texts():
        if path == Path(__file__) or "__pycache__" in path.parts:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for address in ADDRESS.findall(line):
                if not NO_DOWNLOAD.match(address):
                    found.append(f"{short(path)}:{number}: {address}")
    nothing(found)


def test_every_module_says_what_it_is_for() -> None:
    bare = [
        short(path)
        for path in files(*EVERYTHING)
        if tree(path).body and not ast.get_docstring(tree(path)) and path.read_text().strip()
    ]
    nothing(bare)


def test_no_junk_drawers() -> None:
    drawers = [short(path) for path in files(*PRODUCT, "stack") if path.name in JUNK]
    nothing(drawers)


def test_money_errors_are_never_swallowed_whole() -> None:
    """A bare ``except:`` or ``except Exception: pass`` hides a bug until it costs money."""
    found = []
    for path in files(*PRODUCT):
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler):
                silent = all(isinstance(item, ast.Pass) for item in node.body)
                if node.type is None or (silent and dotted(node.type) in ("Exception", "BaseException")):
                    found.append(f"{short(path)}:{node.lineno}")
    nothing(found)


def sizes() -> dict[str, int]:
    """What is larger than it should be: functions, files and lines of the product."""
    found: dict[str, int] = {}
    for path in files(*PRODUCT, "stack"):
        lines = path.read_text().splitlines()
        if len(lines) > LINES_A_FILE:
            found[short(path)] = len(lines)
        for name, node in functions(path):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_A_FUNCTION:
                found[f"{short(path)}::{name}"] = length
    return found


def test_sizes_only_shrink() -> None:
    """70 lines a function, 400 a file (the linter counts columns); ratchet.json holds what is larger.

    SHRINK_RATCHET=1 writes smaller numbers down; nothing writes larger ones.
    """
    allowed: dict[str, int] = json.loads(RATCHET.read_text())
    now = sizes()
    grown = {name: size for name, size in now.items() if size > allowed.get(name, 0)}
    shrunk = {name: now[name] for name in allowed if name in now} != allowed
    if os.environ.get("SHRINK_RATCHET") and shrunk:
        kept = {name: min(size, now[name]) for name, size in sorted(allowed.items()) if name in now}
        RATCHET.write_text(json.dumps(kept, indent=1) + "\n")
        shrunk = False
    nothing(grown)
    assert not shrunk, "smaller now: SHRINK_RATCHET=1 ./check tests/architecture writes it down"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_use_the_same_names_for_the_same_things(room: str) -> None:
    """forms, tasks, views, urls and api are thin edges; none of them is imported by a work module."""
    edges = {"views", "urls", "api", "forms"}
    found = []
    for path in files(room):
        if (
            path.stem in edges
            or "views" in path.parts
            or path.stem.endswith(("_views", "views", "_api", "_forms"))
        ):
            continue
        if path.name in ("apps.py", "tables.py"):
            continue
        for node in nodes(path):
            parts = (node.module or "").split(".") if isinstance(node, ast.ImportFrom) else []
            if parts[:1] == [room] and parts[1:2] and parts[1] in edges:
                found.append(f"{short(path)}:{node.lineno}: imports {node.module}")
    nothing(found)


def test_no_page_names_its_data_like_the_frame() -> None:
    """A page's context goes over the frame's: data called "places" left a page without its menu."""
    taken = {"places", "places_url", "find_url", "where", "jobs", "me", "proof", "sandbox"}
    frame_itself = {"desk/views/frame.py:menu"}
    found = []
    for path in files(*ROOMS):
        for function in (node for node in nodes(path) if isinstance(node, ast.FunctionDef)):
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            if not any(isinstance(call.func, ast.Name) and call.func.id == "render" for call in calls):
                continue
            keys = {
                key.value
                for node in ast.walk(function)
                if isinstance(node, ast.Dict)
                for key in node.keys
                if isinstance(key, ast.Constant) and key.value in taken
            }
            initial = {
                key.value
                for call in calls
                for word in call.keywords
                if word.arg == "initial" and isinstance(word.value, ast.Dict)
                for key in word.value.keys
                if isinstance(key, ast.Constant)
            }
            place = f"{short(path)}:{function.name}"
            found += [f"{place}: {key}" for key in keys - initial if place not in frame_itself]
    nothing(found)
