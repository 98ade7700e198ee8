"""No binary floating point near money, in any spelling (I-2, rule 5 of style.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.house import files, nodes, nothing, short

# Everything that may carry an amount or a quantity: all but the plumbing.
NEAR_MONEY = ("lib", "x12", "patients", "insurance", "appointments", "billing", "claims", "responses", "desk")
# Folders and files whose fractions are no money, each with its reason.
ALLOWED: dict[str, str] = {
    "desk/demo/": "odds and hours of an invented month; amounts come from the product",
    **dict.fromkeys(
        [f"desk/simulation/{name}.py" for name in ("deaths", "life", "partner", "run")],
        "chance, by a seed; the auditor beside them adds whole cents",
    ),
    "billing/statement_layout.py": "points on paper",
    "billing/statement_pdf.py": "seconds to wait for a renderer",
}
# math works on floats, but for these, which give whole numbers for Decimals and integers.
WHOLE = {"ceil", "floor", "gcd", "lcm", "isqrt", "comb", "trunc"}
MODULES = {"math", "statistics", "random"}


def float_uses(path: Path) -> list[str]:
    """Each line that makes, names or reads a float."""
    found = []
    for node in nodes(path):
        what = ""
        if isinstance(node, ast.Name) and node.id == "float":
            what = "names float"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            what = f"literal {node.value!r}"
        elif isinstance(node, ast.Attribute) and node.attr in (
            "FloatField",
            "from_float",
            "as_integer_ratio",
        ):
            what = node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value == "float":
            what = "names float in a string"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            names = {alias.name for alias in node.names}
            if (module in MODULES and names - WHOLE) or (not module and names & MODULES):
                what = f"imports {module or ', '.join(names)}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_int(node.left, node.right):
            what = "divides whole numbers with /"
        if what:
            found.append(f"{short(path)}:{node.lineno}: {what}")
    return found


def _is_int(*nodes: ast.AST) -> bool:
    return all(isinstance(node, ast.Constant) and isinstance(node.value, int) for node in nodes)


def test_no_float_near_money() -> None:
    found = [
        use
        for path in files(*NEAR_MONEY, migrations=True)
        for use in float_uses(path)
        if not use.startswith(tuple(ALLOWED))
    ]
    nothing(found)


def test_what_is_allowed_is_still_needed() -> None:
    found = [use for path in files(*NEAR_MONEY) for use in float_uses(path)]
    nothing([start for start in ALLOWED if not any(use.startswith(start) for use in found)])


def test_the_search_sees_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = ast.parse("def f(a: float):\n    return float(a) * 1.5 + 1 / 3\nfrom math import sqrt\n")
    monkeypatch.setitem(globals(), "nodes", lambda _: tuple(ast.walk(sample)))
    assert len(float_uses(Path(__file__))) == 5
