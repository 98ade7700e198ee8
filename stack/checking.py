"""./check: lint, types, layers, templates, the product's own checks, and the tests on real servers.

Every step runs even if an earlier one failed; the summary at the end names each with its seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import environment as env
from stack.places import ROOT, StackError, chosen_place
from stack.throwaway import python, servers

USAGE = "usage: ./check [--only lint | --only tests | PYTEST ARGUMENTS]"
DECLARED = re.compile(r"^\*\*Rule ([\w.-]+)\*\*", re.MULTILINE)
CARRIED = re.compile(r"""mark\.rule\(\s*((?:["'][\w.-]+["']\s*,?\s*)+)\)""")


def check(arguments: list[str]) -> int:
    """Everything, one half, or only pytest with the caller's arguments."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    steps = Steps()
    try:
        if arguments[:1] == ["--only"]:
            if arguments[1:] not in (["lint"], ["tests"]):
                print(USAGE, file=sys.stderr)
                return 2
            lint(steps) if arguments[1] == "lint" else tests(steps, before=lambda: None)
        elif arguments:
            with servers() as environment:
                return pytest(environment, arguments)
        else:
            with ThreadPoolExecutor(1) as beside:  # one core types while the other prepares the servers
                linting = beside.submit(lint, steps)
                tests(steps, before=linting.result)
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return steps.summary()


class Steps:
    """What was run, how it ended and how long it took."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bool, float]] = []
        self.last_line = ""
        self._saying = threading.Lock()

    def watched(self, name: str, work: Callable[[], bool]) -> None:
        """One step that speaks while it works."""
        print(f"=== {name}", flush=True)
        began = time.monotonic()
        self.done.append((name, work(), time.monotonic() - began))

    def run(self, name: str, work: Callable[[], tuple[bool, str]]) -> None:
        """One step that may run beside others: what it says stands together under its name at its end."""
        began = time.monotonic()
        is_good, said = work()
        self.done.append((name, is_good, time.monotonic() - began))
        with self._saying:
            print(f"=== {name}\n{said}".rstrip(), flush=True)

    def command(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        """One step that is a program; it passes if the program ends with 0."""
        variables = env.complete(environment or {})

        def work() -> tuple[bool, str]:
            ended = subprocess.run(
                command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            return ended.returncode == 0, ended.stdout

        self.run(name, work)

    def summary(self) -> int:
        """One line a step, then the count of tests; the exit status of it all."""
        print()
        for name, is_good, seconds in self.done:
            print(f"{'ok  ' if is_good else 'FAIL'}  {name:<20} {seconds:6.1f} s")
        if self.last_line:
            print(self.last_line)
        return 0 if all(is_good for _, is_good, _ in self.done) else 1


def lint(steps: Steps) -> None:
    """What can be said without running the product."""
    steps.command("ruff check", python("ruff", "check", "--output-format", "concise"))
    steps.command("ruff format", python("ruff", "format", "--check"))
    types = {**env.pure_variables(chosen_place()), "MYPY_FORCE_COLOR": "0"}
    steps.command("mypy", python("mypy"), types)
    steps.command("lint-imports", [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"])
    if (ROOT / "templates").exists():
        steps.command("djlint", python("djlint", "templates", "--lint", "--quiet"))
    steps.run("rules have tests", rules_have_tests)


def tests(steps: Steps, before: Callable[[], None]) -> None:
    """What needs the servers: Django's checks, pending migrations, and, after ``before()``, all tests."""
    with servers() as environment:
        strict = {**environment, "HTTPS": "1"}
        deploy = env.manage_command("check", "--deploy", "--fail-level", "WARNING")
        steps.command("manage.py check", deploy, strict)
        pending = env.manage_command("makemigrations", "--check", "--dry-run")
        steps.command("no migration due", pending, env.as_owner(environment))
        with tempfile.NamedTemporaryFile() as counts:
            environment["CHECK_COUNTS"] = counts.name
            workers = ["-n", os.environ.get("CHECK_PROCESSES", "3")]
            before()
            steps.watched("pytest", lambda: pytest(environment, [*workers, "tests"]) == 0)
            text = Path(counts.name).read_text()
        steps.last_line = "{passed} passed, {failed} failed".format(**json.loads(text)) if text else ""


def pytest(environment: dict[str, str], arguments: list[str]) -> int:
    """pytest as app_rw; tests/conftest.py clones the migrated database for each of its processes."""
    command = python("pytest", "-p", "stack.pytest_process", *arguments)
    child = subprocess.Popen(command, cwd=ROOT, env=env.complete(environment))
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # pytest got it too, and ends by itself
                return child.wait()
    finally:
        if child.poll() is None:  # told to end: no test goes on without its servers
            child.terminate()
            child.wait()


def rules_have_tests() -> tuple[bool, str]:
    """Every rule that docs/ declare (`**Rule B17.4**` at the start of a line) is carried by a test."""
    declared = {
        rule: path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        for rule in DECLARED.findall(path.read_text())
    }
    carried: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for marks in CARRIED.findall(path.read_text()):
            carried |= set(re.findall(r"[\w.-]+", marks))
    bare = sorted(set(declared) - carried)
    return not bare, "\n".join(
        f"{declared[rule].relative_to(ROOT)}: no test carries rule {rule}" for rule in bare
    )
