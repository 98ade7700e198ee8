"""Prose first: each rule has its test, each environment variable, setting and permission its line in docs."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path

from django.urls import URLResolver, get_resolver

from clinics.permissions import ACTIONS, FRESH
from clinics.roles import Role
from clinics.routes import ROUTES
from clinics.settings import SPECS
from tests.architecture.house import PRODUCT, ROOT, dotted, files, nodes, nothing, short

DOCS = ROOT / "docs"
DECLARED = re.compile(r"^\*\*Rule ([\w.-]+)\*\*", re.MULTILINE)
ENVIRONMENT_READERS = {"text", "flag", "number", "words"}
# Given to every program by the system; nobody sets them for this product's sake.
SYSTEMS_OWN = {"PATH", "PYTHONPATH", "HOME", "LD_LIBRARY_PATH", "DISPLAY", "TMPDIR"}


def declared_rules() -> dict[str, str]:
    return {
        name: short(path)
        for path in sorted(DOCS.rglob("*.md"))
        for name in DECLARED.findall(path.read_text())
    }


def carried_rules() -> dict[str, str]:
    """Every id in a ``pytest.mark.rule(...)``, wherever it is applied; ids that are computed fail."""
    found: dict[str, str] = {}
    for path in files("tests"):
        for node in nodes(path):
            if isinstance(node, ast.Call) and dotted(node.func).endswith("mark.rule"):
                for argument in node.args:
                    where = f"{short(path)}:{node.lineno}"
                    if isinstance(argument, ast.Starred):
                        continue  # a table of cases: its ids are read from the table below
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        found[argument.value] = where
    return found


def test_every_declared_rule_is_carried_by_a_test() -> None:
    carried = carried_rules()
    nothing({name: where for name, where in declared_rules().items() if name not in carried})


def test_no_test_carries_a_rule_that_no_page_declares() -> None:
    declared = declared_rules()
    nothing({name: where for name, where in carried_rules().items() if name not in declared})


def test_a_rule_is_declared_once() -> None:
    seen: dict[str, list[str]] = {}
    for path in sorted(DOCS.rglob("*.md")):
        for name in DECLARED.findall(path.read_text()):
            seen.setdefault(name, []).append(short(path))
    nothing({name: places for name, places in seen.items() if len(places) > 1})


def environment_names(path: Path) -> dict[str, int]:
    """Names read from the environment in a file: env.text("X"), os.environ["X"], os.environ.get("X"), getenv."""
    found: dict[str, int] = {}
    for node in nodes(path):
        name: ast.AST | None = None
        if isinstance(node, ast.Call) and node.args:
            called = dotted(node.func)
            is_ours = called.startswith("env.") and called[4:] in ENVIRONMENT_READERS
            if is_ours or called in ("os.environ.get", "os.getenv", "environ.get", "os.environ.setdefault"):
                name = node.args[0]
        elif isinstance(node, ast.Subscript) and dotted(node.value) in ("os.environ", "environ"):
            name = node.slice
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            found[name.value] = node.lineno
    return found


def test_every_environment_variable_is_in_operating() -> None:
    page = (DOCS / "operating.md").read_text()
    paths = [*files(*PRODUCT, "stack"), ROOT / "bootstrap.py"]
    missing = [
        f"{short(path)}:{line}: {name}"
        for path in paths
        if path.name != "pytest_process.py" and path.name != "checking.py"
        for name, line in environment_names(path).items()
        if name not in SYSTEMS_OWN and not re.search(rf"`[^`]*\b{name}\b[^`]*`|\b{name}=", page)
    ]
    nothing(missing)


def test_settings_reads_the_environment_through_one_door() -> None:
    """os.environ in the rooms would be a knob nobody can find."""
    found = []
    for path in files(*PRODUCT):
        names = sorted(set(environment_names(path)) - SYSTEMS_OWN)
        if names and not short(path).startswith("config/"):
            found.append(f"{short(path)}: {', '.join(names)}")
    nothing(found)


def settings_page() -> str:
    """docs/settings.md as the declarations have it."""
    lines = [
        "# Settings",
        "",
        "What an admin can set for the company, a clinic or one location; the more specific wins. On screen under",
        "Settings › Location Settings › Advanced Settings, on the command line by `./manage setting`.",
        "A test holds this page against the declarations (`*/settings.py`).",
    ]
    groups: dict[str, list[str]] = {}
    for spec in SPECS.values():
        allowed = ", ".join(f"`{key}` {label}" for key, label in spec.choices) or spec.kind
        row = f"| `{spec.name}` | {spec.label} | {allowed} | `{_shown(spec.default)}` | {spec.help} |"
        groups.setdefault(spec.group, []).append(row)
    for group, rows in sorted(groups.items()):
        lines += ["", f"## {group}", "| name | on screen | values | default | meaning |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        lines += sorted(rows)
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def permissions_page() -> str:
    """docs/permissions.md as the matrix has it."""
    lines = [
        "# Who may do what",
        "",
        "The matrix of clinics/permissions.py; each page and API address names its action in clinics/routes.py and",
        "is refused where it has none. A test holds this page against the code.",
        "",
        "**Rule M.fresh** An act with * wants a sign-in of the last ten minutes, by the second factor if there is one.",
        "",
        "| the sign-in is older, and | then |",
        "| --- | --- |",
        "| a page only for such an act is opened | sign in again, then that page |",
        "| a form comes | nothing changes; a page keeps what was typed, signs in in a second tab and sends it again |",
        "| a form with a file comes | nothing changes; sign in again and choose the file once more |",
        "| the API writes | 403 `sign_in_again` |",
        "",
        "| action | " + " | ".join(role.label for role in Role) + " |",
        "| --- |" + " --- |" * len(Role),
    ]
    lines += [
        f"| {action}{'*' if action in FRESH else ''} | "
        + " | ".join("yes" if role in roles else "–" for role in Role)
        + " |"
        for action, roles in ACTIONS.items()
    ]
    lines += ["", "## Addresses", "| address | reading | writing |", "| --- | --- | --- |"]
    for name, entry in ROUTES.items():
        parts = {"read": entry, "write": entry} if isinstance(entry, str) else entry
        reading = parts.get("read") or parts.get("GET") or "–"
        writing = parts.get("write") or parts.get("POST") or "–"
        lines.append(f"| {name} | {reading} | {writing} |")
    return "\n".join(lines) + "\n"


def _assert_page(name: str, text: str) -> None:
    path = DOCS / name
    current = path.read_text() if path.exists() else ""
    if current != text:
        sys.stdout.write(f"----- docs/{name} should be -----\n{text}")
    assert current == text, f"docs/{name} is stale: UPDATE_DOCS=1 writes it, or copy the text above"


def test_docs_settings_is_what_is_declared() -> None:
    _update("settings.md", settings_page())
    _assert_page("settings.md", settings_page())


def test_docs_permissions_is_the_matrix() -> None:
    _update("permissions.md", permissions_page())
    _assert_page("permissions.md", permissions_page())


def _update(name: str, text: str) -> None:
    if os.environ.get("UPDATE_DOCS"):
        (DOCS / name).write_text(text)


def test_every_page_of_docs_that_is_linked_exists() -> None:
    broken = []
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "THREAT_MODEL.md"]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text()):
            if not (path.parent / target).exists():
                broken.append(f"{short(path)} -> {target}")
    nothing(broken)


def test_paths_named_in_docs_exist() -> None:
    """A page that names ``billing/ledger.py`` must not outlive it."""
    broken = []
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "THREAT_MODEL.md"]:
        for name in re.findall(r"`((?:[a-z_0-9]+/)+[\w.]+\.(?:py|md|html|sql|json))", path.read_text()):
            places = (ROOT / name, ROOT / "templates" / name, ROOT / "static" / name)
            if not any(place.exists() for place in places) and not name.startswith("var/"):
                broken.append(f"{short(path)}: {name}")
    nothing(broken)


def test_every_action_of_the_matrix_is_used_by_a_route_or_a_function() -> None:
    used = set()
    for entry in ROUTES.values():
        used |= {entry} if isinstance(entry, str) else set(entry.values())
    for path in files(*PRODUCT):
        if short(path) != "clinics/permissions.py":
            used |= {
                node.value
                for node in nodes(path)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ACTIONS
            }
    nothing(set(ACTIONS) - used)


def test_every_room_with_urls_has_its_namespace() -> None:
    bare = [
        str(item.pattern)
        for item in get_resolver().url_patterns
        if isinstance(item, URLResolver) and item.namespace is None and "accounts" not in str(item.pattern)
    ]
    nothing(bare)
