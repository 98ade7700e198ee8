"""Code tables of the size CMS publishes: read in the background within its memory, switched on at once (B5.tables).

``ROWS=1500000 ./check tests/claims/test_code_tables_at_size.py -s`` tells its figures; by default it is small.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import time
from datetime import date

import pytest

from claims import code_loading, queue
from claims.models import CodeTable, CodeTableFile
from tests.cast import TODAY, World, make_world
from tests.claims.helpers import bill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("B5.tables")]
ROWS = int(os.environ.get("ROWS", "12000"))
SECONDS = 20 + ROWS / 5_000  # to read; machines differ
MEGABYTES = 80 + ROWS // 50_000  # what a worker may grow by


def pairs(rows: int, modifier: str = "1") -> bytes:
    """A file of so many pairs as CMS writes them; the last is one that our claim has."""
    told = io.BytesIO()  # line by line: what is measured below is the reader's memory, not ours
    told.write(
        b"CPT only, a notice\nColumn 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tRationale\n"
    )
    for number in range(rows - 1):
        one, two = 10_000 + number // 1500, 60_000 + number % 1500
        words = f"{one}\t{two}\t\t20200101\t*\t{modifier}\tMisuse of column two code with column one code\n"
        told.write(words.encode())
    told.write(b"99213\t98941\t\t20200101\t*\t1\tMore extensive procedure\n")
    return told.getvalue()


@pytest.fixture
def world() -> World:
    return make_world()


def megabytes() -> int:
    """The most memory this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def load(world: World, kind: str, content: bytes, day: date) -> tuple[CodeTable, float, float]:
    """Upload and read; seconds of the request and of the worker."""
    started = time.monotonic()
    with world.open("biller"):
        table = code_loading.upload(kind, day, [("a.txt", content)])
    asked = time.monotonic()
    code_loading.run(world.clinic.pk, table.pk)
    with world.open():
        table.refresh_from_db()
    return table, asked - started, time.monotonic() - asked


def test_a_quarter_of_pairs_and_limits_is_read_and_counts(world: World) -> None:
    before = megabytes()
    content = pairs(ROWS)
    made = megabytes()
    table, asked, read = load(world, "ncci", content, date(2026, 1, 1))
    grown = megabytes() - made
    with world.open("biller"):
        assert (table.row_count, table.wrong_count, table.state) == (ROWS, 0, "tried")
        assert not CodeTableFile.objects.exists()
        started = time.monotonic()
        code_loading.switch_on(table)
        on = time.monotonic() - started
        claim = queue.enqueue(bill(world, None, world.exam, world.adjustment), TODAY)
        started = time.monotonic()
        found = {finding.code for finding in queue.check(claim, TODAY)}
        checked = time.monotonic() - started
        assert "NCCI-PAIR" in found
    limits = "\n".join(f"{10_000 + n},{n % 9 + 1},2 Date of Service" for n in range(min(ROWS, 15_000)))
    mue, _, _ = load(world, "mue", limits.encode(), date(2026, 1, 1))
    assert mue.row_count == min(ROWS, 15_000)
    again, _, second = load(world, "ncci", pairs(ROWS, "0"), date(2026, 1, 1))
    assert (again.differences["new"], again.differences["changed"]) == (0, ROWS - 1)
    with world.open("biller"):
        started = time.monotonic()
        code_loading.switch_on(again)
        replaced = time.monotonic() - started
        assert CodeTable.objects.get(pk=table.pk).state == "replaced"
    assert grown < MEGABYTES, grown
    assert read < SECONDS and on < 2 and checked < 2
    sys.stderr.write(
        f"\n{ROWS} pairs ({len(content) // 1_000_000} MB): upload {asked:.1f} s, read {read:.1f} s, memory "
        f"+{grown} MB (before {before}), on {on:.2f} s, a claim checked {checked:.2f} s; read again with differences "
        f"{second:.1f} s, replaced in {replaced:.2f} s\n"
    )
