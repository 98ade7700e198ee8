"""ICD-10-CM releases, procedure lists and fee files of real size: time and memory (B5.tables).

``SIZE=full ./check tests/claims/test_loaders_at_size.py -s`` tells the seconds of 100,000 diagnosis codes, 11,000
procedure codes and 20,000 fees, with ``MEMORY=1`` the memory, which takes several times as long; by default a tenth
of them. NCCI pairs: tests/claims/test_code_tables_at_size.py.
"""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from appointments.models import Service
from billing import fee_csv
from billing.models import FeeRow, FeeSchedule
from claims import code_loading, diagnosis_table
from claims.errors import BadCodeFile
from claims.models import CodeTable, DiagnosisCode, DiagnosisRelease
from tests.cast import World, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("B5.tables")]
SHARE = 1 if os.environ.get("SIZE") == "full" else 10
ICD, CPT, FEES = 100_000 // SHARE, 11_000 // SHARE, 20_000 // SHARE
DAY = date(2026, 1, 1)


@pytest.fixture
def world() -> World:
    return make_world()


def measured(what: str, rows: int, act: Callable[[], Any]) -> Any:
    """Do it, tell its time and the most memory of ours it held at once."""
    started, traced, peak = time.monotonic(), SHARE > 1 or "MEMORY" in os.environ, 0
    if traced:
        tracemalloc.start()
    try:
        found = act()
        peak = tracemalloc.get_traced_memory()[1] // 1_000_000
    finally:
        tracemalloc.stop()
    sys.stderr.write(f"\n{rows:,} {what}: {time.monotonic() - started:.1f} s, at most {peak} MB\n")
    assert peak < 60, (what, peak)
    return found


def order_file(rows: int) -> bytes:
    """A file of so many codes as they are published, fixed in width."""
    lines = (
        f"{n % 99_999 + 1:05d} {code(n):<7} {1 if n % 4 else 0} {'SHORT WORDS OF THE CODE':<60} LONG WORDS OF IT\n"
        for n in range(rows)
    )
    return "".join(lines).encode()


def code(number: int) -> str:
    return f"{chr(65 + number // 10_000 % 26)}{number // 100 % 100:02d}{number % 100:02d}{chr(65 + number // 260_000)}"


def test_a_release_of_diagnosis_codes(world: World) -> None:
    content = order_file(ICD)
    release = measured(
        "ICD-10-CM codes", ICD, lambda: diagnosis_table.load(content, "a.txt", date(2025, 10, 1))
    )
    assert (release.codes, release.billable) == (ICD, ICD - ICD // 4)
    assert DiagnosisCode.objects.filter(release=release).count() == ICD
    twice = content + order_file(1)
    with pytest.raises(BadCodeFile, match="twice"):
        diagnosis_table.load(twice, "a.txt", date(2025, 10, 1))
    assert DiagnosisRelease.objects.get().codes == ICD, "what stood there stays"


def test_a_list_of_procedure_codes(world: World) -> None:
    rows = "\n".join(f"{10_000 + n},2026-01-01,,,0,120" for n in range(CPT))
    content = f"Code,From,To,Sex,Age from,Age to\n{rows}\n".encode()
    with world.open("biller"):
        table = code_loading.upload("codes", DAY, [("list.csv", content)])
    measured("procedure codes", CPT, lambda: code_loading.run(world.clinic.pk, table.pk))
    with world.open():
        read = CodeTable.objects.get(pk=table.pk)
        assert (read.row_count, read.wrong_count) == (CPT, 0)


def test_a_file_of_fees(world: World) -> None:
    services = 200
    with world.open("biller"):
        for n in range(services):
            Service.objects.create(code=f"{90_000 + n}", name=f"Service {n}")
        schedule = FeeSchedule.objects.create(name="All of them", kind="standard")
        lines = [
            f"{90_000 + n % services},Aetna,{DAY + timedelta(days=n // services)},{50 + n % 90}.25"
            for n in range(FEES)
        ]
        raw = ("Service,Payer,From,Fee\n" + "\n".join(lines) + "\n").encode()

        def take() -> tuple[int, int]:
            return fee_csv.apply(fee_csv.read(fee_csv.decode(raw), schedule))

        assert measured("fees", FEES, take) == (FEES, 0)
        assert FeeRow.objects.filter(schedule=schedule).count() == FEES
