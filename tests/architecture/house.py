"""The house as source text: its files, parsed once, for the tests that inspect it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# design.md 2: a room may use those after it, never those before it. Rooms of one tuple do not know each other.
ORDER: tuple[tuple[str, ...], ...] = (
    ("desk",),
    ("responses",),
    ("claims",),
    ("billing",),
    ("appointments",),
    ("insurance",),
    ("patients", "clearinghouses"),
    ("work",),
    ("clinics",),
)
ROOMS = tuple(room for level in ORDER for room in level)
PRODUCT = ("config", *ROOMS, "x12", "lib")
EVERYTHING = (*PRODUCT, "stack", "tests", "bench")


def level(room: str) -> int:
    """How high a room stands: 0 is the ground."""
    return next(len(ORDER) - at for at, rooms in enumerate(ORDER) if room in rooms)


@cache
def files(*folders: str, migrations: bool = False) -> tuple[Path, ...]:
    """Every Python file below these folders, in order; migrations only where asked for."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return tuple(sorted(path for path in found if migrations or "migrations" not in path.parts))


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax tree, walked once for all tests."""
    return tuple(ast.walk(tree(path)))


def short(path: Path) -> str:
    """A path as people write it."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function of a file with its dotted name, methods and inner functions included."""
    yield from _functions(tree(path), "")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def nothing(found: Iterable[object], hint: str = "") -> None:
    """Assert that nothing was found, and name everything that was, one a line."""
    lines = sorted(str(item) for item in (found.items() if isinstance(found, dict) else found))
    assert not lines, "\n".join([hint or f"{len(lines)} found:", *lines])


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of an expression, or the empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""
