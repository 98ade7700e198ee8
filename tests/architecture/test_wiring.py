"""Wiring: each question answered, each promise handled, each job real, no migration missing or entangled."""

from __future__ import annotations

import ast
import importlib
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from config.celery import app
from config.schedule import SCHEDULE
from lib.questions import Announcement, Question
from tests.architecture.house import PRODUCT, ROOMS, ROOT, dotted, files, nodes, nothing, short, tree
from work.outbox import HANDLERS

# What a migration may take from the house: fields and operations that must not change meaning.
FOR_MIGRATIONS = {
    "clinics.fields",
    "clinics.scoping",  # current_clinic_id, the default of clinic
    "clinics.walls",
    "clinics.models.people",  # the user's manager
    "lib.identifiers",  # new_public_id, the default of public_id
}


def hooks() -> list[tuple[str, object]]:
    """Every Question and Announcement of every room's hooks.py."""
    found = []
    for room in ROOMS:
        if (ROOT / room / "hooks.py").exists():
            module = importlib.import_module(f"{room}.hooks")
            found += [
                (f"{room}.hooks.{name}", value)
                for name, value in vars(module).items()
                if isinstance(value, Question | Announcement)
            ]
    return found


def test_every_question_has_its_answerer() -> None:
    assert hooks()
    nothing([name for name, question in hooks() if not question.is_answered])


def test_files_that_come_in_are_followed_by_somebody() -> None:
    """clearinghouses.hooks keeps its own list of those who want to know of a new file."""
    from clearinghouses import hooks as told

    followers = getattr(told, "_when_received", None)
    assert followers is None or followers, "nobody registered with clearinghouses.hooks.when_received"


def named_texts() -> dict[str, set[str]]:
    """NAME = "text" at the top of any module of the product: what a kind may be called by."""
    found: dict[str, set[str]] = {}
    for path in files(*PRODUCT):
        for node in tree(path).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                        found.setdefault(target.id, set()).add(node.value.value)
    return found


def promised_kinds() -> dict[str, str]:
    """The kinds named in calls of promise(...), by text or by the name of a constant."""
    texts = named_texts()
    found: dict[str, str] = {}
    for path in files(*PRODUCT):
        for node in nodes(path):
            if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "promise" and node.args:
                kind = node.args[0]
                names = {str(kind.value)} if isinstance(kind, ast.Constant) else set()
                names |= texts.get(dotted(kind).rpartition(".")[2], set())
                assert names, f"{short(path)}:{node.lineno}: the kind is neither a text nor a constant"
                found |= dict.fromkeys(names & set(HANDLERS) or names, f"{short(path)}:{node.lineno}")
    return found


def test_every_promise_has_its_handler() -> None:
    promised = promised_kinds()
    nothing({kind: where for kind, where in promised.items() if kind not in HANDLERS})


def test_every_handler_is_promised_somewhere() -> None:
    """A kind nobody promises is dead code, or a name spelt in two ways."""
    promised = promised_kinds()
    nothing([kind for kind in HANDLERS if not kind.startswith("test.") and kind not in promised])


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_every_scheduled_job_is_a_task_that_a_worker_knows(name: str) -> None:
    app.loader.import_default_modules()
    assert SCHEDULE[name]["task"] in app.tasks


def test_tasks_take_ids_only() -> None:
    """Arguments lie in the broker and in logs: ids and keys, never data (reliability.md e1.8)."""
    allowed = {"clinic_id", "key", "outbox_id", "job_id", "subject_id", "self"}
    loose = []
    for path in files(*PRODUCT):
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef):
                marks = {
                    dotted(mark.func if isinstance(mark, ast.Call) else mark) for mark in node.decorator_list
                }
                if marks & {"shared_task", "app.task"}:
                    names = {argument.arg for argument in node.args.args + node.args.kwonlyargs}
                    loose += [f"{short(path)}:{node.lineno}: {name}" for name in sorted(names - allowed)]
    nothing(loose)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    out = StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=out)
    except SystemExit:
        pytest.fail(f"models and migrations differ:\n{out.getvalue()}")


def test_migrations_import_nothing_that_may_change() -> None:
    """A migration that imports the house stops working when the house is rebuilt."""
    loose = []
    for path in files(*ROOMS, migrations=True):
        if "migrations" not in path.parts:
            continue
        for node in nodes(path):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            loose += [
                f"{short(path)}:{node.lineno}: {name}"
                for name in names
                if name.split(".")[0] in PRODUCT and name not in FOR_MIGRATIONS
            ]
    nothing(loose)


def test_migrations_are_named() -> None:
    auto = [
        short(path)
        for path in files(*ROOMS, migrations=True)
        if "migrations" in path.parts and "_auto_" in path.name
    ]
    nothing(auto)


def test_every_sql_file_of_a_migration_is_used() -> None:
    unused = []
    for path in ROOT.glob("*/migrations/sql/*.sql"):
        folder = Path(path.parent.parent)
        if not any(path.name in other.read_text() for other in folder.glob("*.py")):
            unused.append(short(path))
    nothing(unused)
