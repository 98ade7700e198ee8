"""Code tables: files of every kind read, loaded, switched on, replaced; ICD-10-CM by date; checks that use them."""

from __future__ import annotations

import zlib
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.models import Appointment, Service
from billing.checkout import check_out
from claims import code_files, code_loading, diagnosis_table, queue, reference, scrubbing
from claims.code_files import CodeRow, LimitRow, PairRow, WrongRow
from claims.errors import BadCodeFile
from claims.models import Claim, CodePair, CodeTable, CodeTableFile, DiagnosisCode, UnitLimit
from insurance.models import InsuranceProfile
from tests.cast import NOW, TODAY, World, make_patient, make_service, make_visit, make_world
from tests.claims.helpers import bill, ready_claim

pytestmark = pytest.mark.django_db
NCCI = """CPT only, a notice of whose codes these are
Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\tDeletion Date\tModifier\tRationale
99213\t98941\t\t20200101\t*\t1\tMore extensive procedure
98941\t97140\t\t20200101\t20260301\t0\tOld
98941\t97110\t\t20200101\t*\t9\tNever mind
98941\t9714\t\t20200101\t*\t1\tShort
98941\t97530\t\t20201301\t*\t1\tNo such month
"""
MUE = """HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale
98941,1,2 Date of Service Edit: Policy,CMS Policy
97110,6,3 Date of Service Edit: Clinical,Clinical
99213,1,1 Line Edit,Nature
97140,,3 Date of Service Edit: Clinical,Clinical
"""


@pytest.fixture
def world() -> World:
    return make_world()


def order_line(number: int, code: str, flag: int, words: str = "A fact of the table") -> str:
    return f"{number:05d} {code:<7} {flag} {words:<60} {words}"


OLD = "\n".join([order_line(1, "M545", 0), order_line(2, "M5450", 1), order_line(3, "R509", 1)])
NEW = OLD + "\n" + order_line(4, "U099", 1)


def load_table(kind: str, text: str, day: date = date(2026, 1, 1)) -> CodeTable:
    table = code_loading.upload(kind, day, [("file.txt", text.encode())])
    code_loading.run(table.clinic_id, table.pk)
    table.refresh_from_db()
    return table


# --- files ------------------------------------------------------------------------------------------------


@pytest.mark.rule("B5.tables")
def test_a_file_of_pairs_as_published() -> None:
    rows = list(code_files.read("ncci", NCCI))
    assert rows[:2] == [
        PairRow("99213", "98941", "1", date(2020, 1, 1), None),
        PairRow("98941", "97140", "0", date(2020, 1, 1), date(2026, 3, 1)),
    ]
    wrong = [row for row in rows if isinstance(row, WrongRow)]
    assert [(row.row, row.words[:20]) for row in wrong] == [
        (6, "9714 is no CPT or HC"),
        (7, "20201301 is no day s"),
    ]
    assert next(iter(code_files.read("ncci", "99213,98941,2020-01-01,,1"))) == rows[0]


def test_files_of_limits_and_lists() -> None:
    rows = list(code_files.read("mue", MUE))
    assert rows[0] == LimitRow("98941", 1, "2")
    assert isinstance(rows[3], WrongRow)
    listed = list(
        code_files.read(
            "codes",
            "Code;From;Sex;Age from;Add-on to\n99213;01/01/2026;F;18;\n22552;;;;22551 any",
        )
    )
    assert listed == [
        CodeRow("99213", date(2026, 1, 1), None, "F", 18), CodeRow("22552", add_on_to=("22551", "ANY"))
    ]  # fmt: skip
    assert list(code_files.read("codes", "99213\n98941\n")) == [CodeRow("99213"), CodeRow("98941")]
    assert isinstance(next(iter(code_files.read("codes", "Name;From\nx;y"))), WrongRow)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["ncci", "mue", "codes"]), st.text(max_size=200))
def test_no_file_crashes_the_reader(kind: str, text: str) -> None:
    for row in code_files.read(kind, text):
        assert isinstance(row, PairRow | LimitRow | CodeRow | WrongRow)


# --- loading ----------------------------------------------------------------------------------------------


@pytest.mark.rule("B5.tables")
def test_read_counted_compared_switched_on_replaced(world: World) -> None:
    """The table of docs/scrubbing.md."""
    with world.open():
        first = load_table("mue", MUE)
        assert (first.state, first.row_count, first.wrong_count, first.differences) == ("tried", 3, 1, {})
        assert first.wrong_rows == [
            {"file": "file.txt", "row": 5, "words": "The units are missing or too many."}
        ]
        assert first.job is not None
        first.job.refresh_from_db()
        assert (first.job.state, first.job.done, first.job.errors) == ("done", 4, 1)
        assert not CodeTableFile.objects.exists()
        assert reference.load([], (), reference.in_force()).limits == {}
        code_loading.switch_on(first)
        code_loading.switch_on(first)
        second = load_table("mue", "98941,2,2\n97110,6,3\n97140,3,3\n")
        assert {k: second.differences[k] for k in ("new", "gone", "changed")} == {
            "new": 1,
            "gone": 1,
            "changed": 1,
        }
        code_loading.switch_on(second)
        first.refresh_from_db()
        assert first.state == "replaced"
        assert set(UnitLimit.objects.values_list("table_id", flat=True)) == {second.pk}
        with pytest.raises(BadCodeFile):
            code_loading.switch_on(first)
        code_loading.discard(second)
        assert not UnitLimit.objects.exists()


def test_a_reader_that_died_starts_anew(world: World) -> None:
    with world.open():
        table = code_loading.upload("mue", TODAY, [("a.csv", MUE.encode())])
        UnitLimit.objects.create(table=table, code="98941", units=9, basis="1")  # left by a dead reader
        code_loading.run(table.clinic_id, table.pk)
        code_loading.run(table.clinic_id, table.pk)  # told twice
        assert UnitLimit.objects.filter(table=table).count() == 3
        nothing = load_table("ncci", "this is no table\n")
        assert nothing.state == "discarded"
        for files in ([], [("x", b"")], [("x", b"\x00\x01")]):
            with pytest.raises(BadCodeFile):
                code_loading.upload("mue", TODAY, files)
        with pytest.raises(BadCodeFile):
            code_loading.upload("other", TODAY, [("x", b"1")])


def test_another_clinic_is_not_checked_by_it(world: World) -> None:
    birch = make_world("birch")
    with world.open():
        code_loading.switch_on(load_table("ncci", NCCI))
    with birch.open():
        assert not CodeTable.objects.exists()
        assert not CodePair.objects.exists()


# --- ICD-10-CM ------------------------------------------------------------------------------------------------


@pytest.mark.rule("B5.icd10")
def test_icd10_by_date_of_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of docs/scrubbing.md."""
    (tmp_path / "icd10cm_order_2026.txt").write_text(OLD)
    (tmp_path / "icd10cm_order_April_2026.txt").write_text(NEW)
    assert diagnosis_table.faults([("M5450", TODAY)]) == {}
    call_command("icd10", str(tmp_path / "icd10cm_order_2026.txt"))
    asked = [
        ("M5450", TODAY),
        ("M545", TODAY),
        ("M5499", TODAY),
        ("U099", date(2026, 4, 1)),
        ("X", date(2026, 10, 1)),
    ]
    assert diagnosis_table.faults(asked) == {
        ("M545", TODAY): "header", ("M5499", TODAY): "absent", ("U099", date(2026, 4, 1)): "absent"
    }  # fmt: skip
    call_command("icd10", str(tmp_path / "icd10cm_order_April_2026.txt"))
    days = [("U099", date(2026, 3, 31)), ("U099", date(2026, 4, 1)), ("U099", date(2025, 9, 30))]
    assert diagnosis_table.faults(days) == {("U099", date(2026, 3, 31)): "absent"}
    call_command("icd10", str(tmp_path / "icd10cm_order_2026.txt"))  # again: in the place of the first
    assert DiagnosisCode.objects.count() == 7
    release = diagnosis_table.release_on(date(2026, 5, 1))
    assert release is not None
    assert release.starts_on == date(2026, 4, 1)
    assert diagnosis_table.release_on(date(2026, 10, 1)) is None
    call_command("icd10")
    assert "from 2026-04-01: 3 billable codes, 1 headings" in capsys.readouterr().out


def test_what_is_no_order_file_is_refused_whole(tmp_path: Path) -> None:
    bad = tmp_path / "icd10cm_order_2026.txt"
    for text in (
        "",
        "A file of something else",
        OLD + "\n" + order_line(9, "M5450", 1),
        OLD.replace(" 1 A", " 7 A"),
    ):
        bad.write_text(text)
        with pytest.raises(CommandError):
            call_command("icd10", str(bad))
    (tmp_path / "codes.txt").write_text(OLD)
    for extra in ([], ["--from", "2026-02-01"], ["--from", "soon"]):
        with pytest.raises(CommandError):
            call_command("icd10", str(tmp_path / "codes.txt"), *extra)
    with pytest.raises(CommandError):
        call_command("icd10", str(tmp_path / "nowhere.txt"))
    assert not DiagnosisCode.objects.exists()


# --- on claims ------------------------------------------------------------------------------------------------


@pytest.mark.rule("B5.pairs", "B5.units", "B5.listed")
def test_claims_are_checked_by_what_is_in_force(world: World) -> None:
    with world.open():
        claim = queue.enqueue(bill(world, None, world.exam, world.adjustment), TODAY)
        assert "NCCI-PAIR" not in codes(claim)
        code_loading.switch_on(load_table("ncci", NCCI))
        code_loading.switch_on(load_table("mue", MUE.replace("98941,1,2", "98941,0,2")))
        later = load_table("mue", "98941,9,2\n", date(2026, 4, 1))
        code_loading.switch_on(later)
        code_loading.switch_on(load_table("codes", "Code,From\n99213,2026-01-01\n98941,2026-04-01\n"))
        found = codes(claim)
        assert {"NCCI-PAIR", "MUE-DAY", "CODE-NOT-LISTED"} <= found
        diagnosis_table.load(OLD.encode(), "icd10cm_order_2026.txt")
        assert "ICD-INVALID" in codes(claim)


def codes(claim: Claim) -> set[str]:
    return {finding.code for finding in queue.check(claim, TODAY)}


@pytest.mark.rule("B5.units")
def test_units_of_a_day_count_over_two_visits(world: World) -> None:
    with world.open():
        code_loading.switch_on(load_table("mue", "98941,1,2\n"))
        first = queue.enqueue(bill(world), TODAY)
        assert "MUE-DAY" not in codes(first)
        profile = InsuranceProfile.objects.get(patient_id=first.patient_id)
        visit = make_visit(world, first.patient, profile)
        second = queue.enqueue(check_out(visit.public_id, [], at=NOW).invoice, TODAY)
        told = [one.message for one in queue.check(second, TODAY) if one.code == "MUE-DAY"]
        assert told and first.control_number in told[0] and "2 units" in told[0]
        assert "MUE-DAY" in codes(first), "the first is over the limit now as well"


@pytest.mark.rule("X12.16")
def test_units_that_the_visits_minutes_do_not_hold(world: World) -> None:
    with world.open():
        Service.objects.filter(pk=world.adjustment.pk).update(interval_minutes=15, rounding="NW")
        claim = queue.enqueue(bill(world), TODAY)
        assert "UNITS-MINUTES" not in codes(claim)
        Appointment.objects.filter(pk=claim.appointment_id).update(minutes=20)
        told = [one.message for one in queue.check(claim, TODAY) if one.code == "UNITS-MINUTES"]
        assert told == ["The units stand for 30 minutes; the visit took 20."]


def test_tables_cost_the_same_statements_for_one_claim_and_for_five(world: World) -> None:
    with world.open():
        for kind, text in (("ncci", NCCI), ("mue", MUE), ("codes", "98941\n99213\n")):
            code_loading.switch_on(load_table(kind, text))
        diagnosis_table.load(OLD.encode(), "icd10cm_order_2026.txt")
        many = [queue.enqueue(bill(world, make_patient("A", f"Person{n}")), TODAY) for n in "abcde"]
        counts = []
        for some in (many[:1], many):
            with CaptureQueriesContext(
                connection,
            ) as log:
                scrubbing.scrub(some, TODAY)
            counts.append(len(log))
        assert counts[0] == counts[1]


def test_a_new_patient_who_was_here(world: World) -> None:
    with world.open():
        first = ready_claim(world)
        Claim.objects.filter(pk=first.pk).update(service_from=date(2025, 6, 2), service_to=date(2025, 6, 2))
        profile = InsuranceProfile.objects.get(patient_id=first.patient_id)
        visit = make_visit(world, first.patient, profile, make_service("99203", "New patient", "180.00"))
        again = queue.enqueue(check_out(visit.public_id, [], at=NOW).invoice, TODAY)
        said = [f["message"] for f in again.findings if f["code"] == "NEW-PATIENT"]
        assert said == ["99203 is for new patients; this one was seen on 06/02/2025, within three years."]
        Claim.objects.filter(pk=first.pk).update(service_from=date(2023, 3, 1), service_to=date(2023, 3, 1))
        assert "NEW-PATIENT" not in codes(again)


def test_a_packed_file_is_read_as_it_is_and_never_whole() -> None:
    text = NCCI if isinstance(NCCI, str) else NCCI.decode()
    many = text + "".join(f"{10_000 + n}\t{60_000 + n}\t\t20200101\t*\t1\twörds\n" for n in range(30_000))
    for encoding in ("utf-8", "cp1252"):
        raw = many.encode(encoding)
        for level in (0, 1):
            packed = code_files.Packed(zlib.compress(raw, 1) if level else raw)
            assert code_files.encoding_of(packed) == ("utf-8-sig" if encoding == "utf-8" else encoding)
            assert packed.open().read() == raw
            assert list(code_files.read("ncci", packed)) == list(code_files.read("ncci", many))
    assert code_files.encoding_of(code_files.Packed(zlib.compress(b"a\x00b", 1))) == ""
    cut = code_files.Packed(zlib.compress(b"99213,98941,2020-01-01,,1\n" * 9000, 1)[:-40])
    assert 0 < len(cut.open().read()) < 9000 * 26
