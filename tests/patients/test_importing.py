"""Patients from files as people have them: mapped, looked at, taken by the worker, undone; nasty ones refused."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from clinics.errors import BadInput
from lib import csv_text
from patients import import_rows, importing
from patients.models import Guarantor, Patient, PatientImport
from tests.cast import TODAY, World, make_patient, make_policy, make_world, sign_in
from work import outbox
from work.models import Job

FILE = """Surname,Given,DOB,Gender,Cell,Notes
Ruiz,Ana,05/02/1984,female,2175550188,x
Ruiz,Ana,05/02/1984,F,,
Stone,Bo,02/30/1984,F,,
Okafor,Maren,05/17/1980,,,
Lund,Eva,,,,
Ruiz,Paul,1/9/1980,M,(217) 555-0188,
"""
MAPPED = {
    "last_name": "Surname",
    "first_name": "Given",
    "birth_date": "DOB",
    "sex": "Gender",
    "phone": "Cell",
}


@pytest.fixture
def world(db: None) -> Any:
    made = make_world()
    with made.open():
        yield made


def drain() -> None:
    """Do what was promised, as the worker does."""
    for key in outbox.due_ids():
        outbox.run(key)


def acts(text: str) -> list[str]:
    return [row.act for row in importing.dry_run(importing.start(text, "x.csv"), TODAY)]


@pytest.mark.rule("B14.import")
def test_a_file_is_mapped_looked_at_taken_and_undone(world: World) -> None:
    make_patient()
    job = importing.start(FILE, "people.csv")
    assert job.mapping == MAPPED
    rows = importing.dry_run(job, TODAY)
    assert [row.act for row in rows] == ["register", "wrong", "wrong", "here", "register", "register"]
    assert rows[1].wrong == ["This person stands in the file twice: see line 2."]
    assert rows[5].shares == "line 2", "one telephone in a family is said, and stops nobody"
    assert Patient.objects.count() == 1
    promised = [importing.take(job, TODAY) for _ in range(2)]
    assert promised[0].pk == promised[1].pk
    with pytest.raises(importing.NotNow):
        importing.set_mapping(job, MAPPED)
    assert Patient.objects.count() == 1, "the worker does it"
    drain()
    done = PatientImport.objects.get()
    assert (len(done.created), done.skipped) == (3, 3)
    shown = Job.objects.get(pk=promised[0].pk)
    assert (shown.state, shown.done, shown.total, shown.errors) == ("done", 6, 6, 3)
    assert shown.result_url == reverse("patients:import", args=[done.public_id])
    left = list(csv.reader(io.StringIO(done.rows)))
    assert left[0] == ["Line", "Why", "Surname", "Given", "DOB", "Gender", "Cell", "Notes"]
    assert [row[0] for row in left[1:]] == ["3", "4", "5"]
    assert "no date" in left[2][1]
    assert left[3][1].startswith("Already here: chart ")
    ana = Patient.objects.get(first_name="Ana")
    assert (ana.phone, ana.sex, ana.profiles.get().kind) == ("2175550188", "F", "self_pay")
    with connection.cursor() as cursor:
        cursor.execute("SELECT rows FROM patients_patientimport")
        assert "Stone" not in str(cursor.fetchone()), "what is left out is kept encrypted"
    make_policy(ana, world.aetna)
    importing.undo(done, TODAY)
    drain()
    done.refresh_from_db()
    assert (done.created, Job.objects.filter(state="done").count()) == ([ana.public_id], 2)
    assert sorted(Patient.objects.values_list("last_name", flat=True)) == ["Okafor", "Ruiz"]
    assert ana.profiles.count() == 1, "who stays keeps the self-pay profile"
    assert importing.undo(done, TODAY).pk == done.job_id, "a second press finds the first"
    importing.drop(done)
    assert PatientImport.objects.get().rows == ""


@pytest.mark.rule("B14.import")
def test_a_killed_worker_goes_on_where_it_stood(world: World, monkeypatch: Any) -> None:
    """Four pieces; the process dies in the third: the first two stand, and nobody is registered twice."""
    monkeypatch.setattr(importing, "PIECE", 2)
    lines = "".join(f"P{letter},A,{'N1' if letter == 'f' else ''}\n" for letter in "abcdefgh")
    job = importing.start(f"Last name,First name,Chart\n{lines}", "x.csv")
    promised = importing.take(job, TODAY)
    rows = importing.plan(promised)
    assert rows[0].values["chart_number"] == "N1", "own chart numbers come first"
    assert [importing.step(promised, rows) for _ in range(2)] == [False, False]
    promised.refresh_from_db()
    assert (promised.state, promised.done, Patient.objects.count()) == ("running", 4, 4)
    drain()
    promised.refresh_from_db()
    assert (promised.state, promised.done, Patient.objects.count()) == ("done", 8, 8)
    assert importing.step(promised, rows), "a repeat does nothing"
    assert Patient.objects.values("search_name").distinct().count() == 8


@pytest.mark.rule("B14.import")
@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("\ufeffLast name,First name,City\nNúñez,Zoë,Cañon City\n".encode(), "Núñez"),
        ("Last name;First name;City\nNúñez;Zoë;Cañon City\n".encode("cp1252"), "Núñez"),
        ("Last name\tFirst name\tCity\r\nNúñez\tZoë\tCañon City\r\n".encode("utf-16"), "Núñez"),
        ("Last name,First name,City\r\n\r\nNúñez,Zoë,Cañon City\r\n,,\r\n".encode(), "Núñez"),
        ('"Last name","First name","City",\n"Núñez","Zoë","Cañon City",\n'.encode(), "Núñez"),
        ('Last name;First name;City\n"Núñez; Smith";Zoë;"Cañon City"\n'.encode(), "Núñez; Smith"),
        ('Last name,First name,City\n"Núñez ""Nu""",Zoë,Cañon City\n'.encode(), 'Núñez "Nu"'),
    ],
)
def test_encodings_separators_quotes_and_line_ends(world: World, content: bytes, name: str) -> None:
    job = importing.start(csv_text.decode(content), "x.csv")
    assert sorted(job.mapping) == ["city", "first_name", "last_name"]
    (row,) = importing.dry_run(job, TODAY)
    assert (row.act, row.values["last_name"], row.values["city"]) == ("register", name, "Cañon City")


@pytest.mark.rule("B14.import")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"), ("a,a\n1,2\n", "each once"), ("Surname\n", "no rows"), ('"x\n', "quotes do not fit"),
        ('Surname,Given\nRuiz,Ana\n"Stone"x,Bo\n', "begins on line 3"), ("Surname,,Given\nRuiz,,Ana\n", "name the"),
        ("Surname,Given\n" + "A,B\n" * (importing.MOST_ROWS + 1), "split the file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(world: World, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        importing.start(text, "x.csv")
    assert not PatientImport.objects.exists()


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04\x00\x00\x08", b"\x81\x8d\xff", "Surname\0".encode("utf-16")]
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(csv_text.BadCsv, match="no text file"):
        csv_text.decode(content)


@pytest.mark.rule("B14.import")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Stone,Bo,02/30/1984,,,", "no date"), ("Stone,Bo,30.04.1984,,,", "no date"), ("Stone,Bo,30804,,,", "no date"),
        ("Stone,Bo,05/02/84,,,", "no date"), ("Stone,Bo,05/02/2199,,,", "future"),
        ("Stone,Bo,05/02/1784,,,", "125 years"), ("Stone,Bo,,x,,", "no sex"), ("Stone,Bo,,,555-01,", "ten digits"),
        ("Stone,,,,,", "first name"), ("St*one,Bo,,,,", "payers refuse"), ("Stone,Bo,,,,,,Smith", "more cells"),
        ('Stone,Bo,,,,"Los\nAngeles"', "line breaks"), (f"Stone,Bo,,,,{'x' * 31}", "30 characters"),
        (f"{'x' * 61},Bo,,,,", "too long"), ("Stone,Bo,,,,Paris\0", "line breaks"),
        (f"Stone,Bo,,,{'1' * 300},", "ten digits"),
    ],
)  # fmt: skip
def test_a_wrong_row_says_why_and_the_others_go(world: World, line: str, words: str) -> None:
    job = importing.start(f"Surname,Given,DOB,Sex,Phone,City\n{line}\nRuiz,Ana,19840502,,,Peoria\n", "x.csv")
    bad, good = importing.dry_run(job, TODAY)
    assert words in " ".join(bad.wrong)
    assert (good.act, good.values["birth_date"]) == ("register", date(1984, 5, 2))
    importing.take(job, TODAY)
    drain()
    job.refresh_from_db()
    assert (len(job.created), job.skipped) == (1, 1)
    assert words in job.rows


def test_what_was_left_out_is_no_formula_when_it_is_opened(world: World) -> None:
    job = importing.start("Surname,Given,DOB,Sex,Phone,City\n=HYPERLINK(1),,,,+12175550123,\n", "x.csv")
    told = importing.left_out(job, importing.dry_run(job, TODAY))
    assert "'=HYPERLINK(1)" in told
    assert ",+12175550123," in told


@pytest.mark.rule("B14.import")
def test_who_is_the_same_person(world: World) -> None:
    """One name: the same if the days of birth agree or one is not known. A telephone alone makes nobody the same."""
    make_patient("Maren", "O'Brien", birth_date=date(1980, 5, 17), phone="2175550100", chart_number="1004")
    make_patient("Eva", "Lund", birth_date=None, phone="", chart_number="77")
    head = "Surname,Given,DOB,Phone,Chart\n"
    assert acts(f"{head}OBRIEN,maren,1980-05-17 00:00:00,,\n") == ["here"]
    assert acts(f"{head}O'Brien,Maren,05/18/1980,2175550100,\n") == ["register"]
    assert acts(f"{head}O'Brien,Maren,,,\nLund,Eva,05/02/1984,,\n") == ["here", "here"]
    assert acts(f"{head}Ruiz,Ana,05/02/1984,,1004\n") == ["wrong"], "the chart number is somebody else's"
    assert acts(f"{head}Ruiz,Ana,05/02/1984,,9\nRuiz,Bea,05/03/1984,,9\n") == ["register", "wrong"]
    assert acts(f"{head}Ruiz,Ana,05/02/1984,,\nRuiz,Ana,05/03/1984,,\nRuiz,Ana,,,\n") == [
        "register", "register", "wrong"
    ]  # fmt: skip


@pytest.mark.rule("B14.import")
def test_a_family_has_one_guarantor_who_goes_with_the_undo(world: World) -> None:
    head = "Surname,Given,Guarantor first name,Guarantor last name,Guarantor phone\n"
    job = importing.start(f"{head}Ruiz,Ana,Paul,Ruiz,2175550188\nRuiz,Bea,Paul,Ruiz,2175550188\n", "x.csv")
    importing.take(job, TODAY)
    drain()
    assert Guarantor.objects.get().patients.count() == 2
    job.refresh_from_db()
    importing.undo(job, TODAY)
    drain()
    assert (Patient.objects.count(), Guarantor.objects.count()) == (0, 0)


@pytest.mark.rule("B14.import")
def test_ten_thousand_rows_are_looked_at_in_a_handful_of_queries_and_taken_in_pieces(world: World) -> None:
    for number in range(3):
        make_patient("Given", f"Name{number}x", birth_date=date(1980, 1, 1), phone="")
    lines = [f"Name{n}x,Given,01/01/1980,217{n:07d},{n % 9}0 Elm St" for n in range(10_000)]
    job = importing.start("Last name,First name,DOB,Phone,Street\n" + "\n".join(lines), "big.csv")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        rows = importing.dry_run(job, TODAY)
    assert len(queries) <= 25
    assert importing.counts(rows) == {"register": 9997, "here": 3, "wrong": 0}
    promised = importing.take(job, TODAY)
    planned = importing.plan(promised)
    assert not importing.step(promised, planned), "a piece is a transaction of its own"
    promised.refresh_from_db()
    assert (promised.done, promised.total, promised.errors) == (importing.PIECE, 10_000, 3)
    assert Patient.objects.count() == importing.PIECE


CELLS = st.text(alphabet='ab",;|\t\n\r\0é\ufeff 05/1984-', max_size=12)


@pytest.mark.rule("B14.import")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=4), max_size=4), st.sampled_from(csv_text.SEPARATORS))
def test_any_text_is_read_or_refused(lines: list[list[str]], mark: str) -> None:
    text = "Surname" + mark + "Given\n" + "\n".join(mark.join(line) for line in lines)
    try:
        table = csv_text.read(text)
    except csv_text.BadCsv:
        return
    rows = import_rows.judge(table, {"last_name": table.head[0], "first_name": table.head[-1]}, TODAY)
    assert len(rows) == len(table.lines)


@pytest.mark.rule("B14.import")
def test_import_by_page_and_api(world: World, client: Client) -> None:
    make_patient()
    sign_in(client, world.users["admin"])
    where = reverse("patients:imports")
    assert b"no text file" in client.post(where, {"file": SimpleUploadedFile("p.xlsx", b"PK\0\0")}).content
    sent = client.post(where, {"file": SimpleUploadedFile("p.csv", FILE.encode())})
    here = sent.headers["Location"]
    page = client.get(here).content.decode()
    assert all(
        words in page for words in ("Register 3 patients", "3 left out", "see line 2", "same telephone as")
    )
    assert "Stone" in client.get(f"{here}?show=wrong").content.decode()
    assert "Lund" not in client.get(f"{here}?show=wrong").content.decode()
    assert client.get(f"{here}?format=csv").content.decode().count("\n") == 4
    assert client.post(here, {"act": "map", "map-first_name": "Given"}).status_code == 200
    assert client.post(here, {"act": "take"}).status_code == 302
    assert "goes on by itself" in client.get(here).content.decode()
    assert "under way" in client.get(where).content.decode()
    drain()
    page = client.get(here).content.decode()
    assert "Undo the import" in page
    assert "Lines left out" in page
    assert client.get(f"{here}?format=csv").content.startswith(b"Line,Why")

    def post(url: str, body: dict[str, Any]) -> Any:
        return client.post(url, body, content_type="application/json")

    made = post("/api/v1/patients/imports/", {"text": FILE})
    assert made.json()["counts"] == {"register": 0, "here": 4, "wrong": 2}
    one = f"/api/v1/patients/imports/{made.json()['id']}/"
    assert [row["line"] for row in client.get(f"{one}?act=here&after=2").json()["rows"]] == [5, 6, 7]
    assert post(one, {"act": "undo"}).status_code == 409
    assert (
        post(one, {"act": "map", "mapping": {"first_name": "Given", "last_name": "Notes"}}).status_code == 200
    )
    assert post(one, {"act": "drop"}).json()["dropped"]
    again = post("/api/v1/patients/imports/", {"text": "Surname,Given\nNew,One\n"}).json()["id"]
    taken = post(f"/api/v1/patients/imports/{again}/", {"act": "take"})
    assert (taken.status_code, taken.json()["job"]["state"]) == (202, "queued")
    drain()
    assert len(client.get(f"/api/v1/patients/imports/{again}/").json()["created"]) == 1
    assert post(f"/api/v1/patients/imports/{again}/", {"act": "undo"}).status_code == 202
    client.force_login(world.users["biller"])
    assert client.get(where).status_code == 403
