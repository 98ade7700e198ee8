"""How ./check shares the tests among its processes: whole files, costly things once, the long ones first."""

from __future__ import annotations

from stack.places import ROOT
from stack.sharing import ALONE, LONG_FIRST, TOGETHER, rank, share_of


def test_every_name_still_stands_for_something() -> None:
    assert [name for name in (*ALONE, *TOGETHER, *LONG_FIRST) if not (ROOT / name).exists()] == []


def test_a_file_is_one_share_and_what_shares_a_product_or_the_parsed_house_stays_together() -> None:
    assert share_of("tests/x12/test_a.py::test_one[a::b]") == share_of("tests/x12/test_a.py::test_two")
    assert share_of("tests/browser/test_day.py::test_a") == share_of("tests/browser/test_call.py::test_b")
    assert share_of("tests/browser/test_walk.py::test_a") == "tests/browser/test_walk.py"
    assert share_of("tests/architecture/test_source.py::test_a") == "tests/architecture/"


def test_the_walk_starts_at_once_and_the_short_files_fill_the_end() -> None:
    shares = [
        "tests/lib/test_a.py",
        "tests/billing/test_b.py",
        "tests/browser/",
        "tests/browser/test_walk.py",
    ]
    assert sorted(shares, key=rank) == shares[::-1]
