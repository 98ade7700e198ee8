"""``./manage price``: its answer, its exit status, and what it says to cases that are no cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.case_file import LARGEST_FILE
from billing.management.commands.price import Command
from billing.price_case import price_file
from tests.billing.pricing_cases import MISSING, NO_SHOW, as_json, row, schedules

pytestmark = pytest.mark.rule("B17.0")


class Ran:
    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.status = 0
        try:
            Command().run_from_argv(["manage.py", "price", *arguments])
        except SystemExit as stop:
            self.status = int(stop.code or 0)
        self.out, self.err = capsys.readouterr()

    def json(self) -> Any:
        return json.loads(self.out)


def write(tmp_path: Path, content: Any) -> str:
    path = tmp_path / "case.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def test_a_billable_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, write(tmp_path, as_json()), "--json")
    assert (ran.status, ran.err, ran.json()["charge"]) == (0, "", "97.50")


def test_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, write(tmp_path, as_json()))
    assert ran.status == 0
    assert "Charge 97.50 = 130.00 x 0.75" in ran.out
    assert "Patient 25.00, payer 72.50" in ran.out
    mixed = [as_json(minutes=0), as_json(minutes=-1), as_json(manual_modifiers=["11", "22", "33", "44"])]
    ran = Ran(capsys, write(tmp_path, mixed))
    assert ran.status == 2
    for words in ("Not billable: zero_units", "Malformed: minutes:", "5 modifiers"):
        assert words in ran.out


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 0),
        ({"status__transition": False}, 1),
        ({"minutes": 0}, 1),
        ({"fee_schedules": [], "service__default_prices": []}, 1),
        ({"manual_modifiers": ["11", "22", "33", "44"]}, 1),  # priced, but no claim can carry five
        ({"override_price": "0.00"}, 0),
    ],
)
def test_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], status: int
) -> None:
    assert Ran(capsys, write(tmp_path, as_json(**changes)), "--json").status == status


def test_a_list_with_a_malformed_case_prices_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, poor, bad = as_json(), as_json(minutes=0), as_json(minutes=-1)
    ran = Ran(capsys, write(tmp_path, [good, bad, poor, "x", good]), "--json")
    answers = ran.json()
    assert ran.status == 2
    assert [answer.get("charge") for answer in answers] == ["97.50", None, None, None, "97.50"]
    assert answers[1] == {"error": "minutes: must be between 0 and 10000000, not -1"}
    assert answers[3] == {"error": 'a case: must be an object in braces, not "x"'}
    assert ran.err.count("\n") == 1
    assert "2 of 5 cases malformed; case 2: minutes" in ran.err
    assert Ran(capsys, write(tmp_path, [good, poor]), "--json").status == 1
    ran = Ran(capsys, write(tmp_path, []), "--json")
    assert (ran.status, ran.json()) == (0, [])


SHARED = {"service": "90834", "from": "2026-01-01", "fee": "70.00"}


@pytest.mark.parametrize(
    ("kinds", "second", "said"),
    [
        (
            ("standard", "standard"),
            SHARED,
            "fee_schedules[1].rows[0]: same keys and day as row 1 of schedule S",
        ),
        (("standard", "standard"), {**SHARED, "fee": "71.00"}, "fee_schedules[1].rows[0]: same keys and day"),
        (
            ("reduced", "reduced"),
            {**SHARED, "payer": "Aetna"},
            "fee_schedules[1].name: two reduced schedules",
        ),
        (("standard", "standard"), {**SHARED, "from": "2026-02-01", "fee": "71.00"}, "71.00"),
        (("standard", "standard"), {**SHARED, "payer": "Aetna", "fee": "72.00"}, "72.00"),
        (("standard", "reduced"), {**SHARED, "fee": "73.00"}, "70.00"),
    ],
)
def test_standard_schedules_of_one_name_are_pieces_of_one(
    tmp_path: Path, kinds: tuple[str, str], second: dict[str, str], said: str
) -> None:
    case = as_json(minutes=50)
    case["service"]["code"] = "90834"
    case["fee_schedules"] = [
        {"name": "S", "kind": kind, "rows": [row]} for kind, row in zip(kinds, (SHARED, second), strict=True)
    ]
    document = price_file(write(tmp_path, case)).document
    assert said in (document.get("error") or document["fee"])


def test_a_list_of_one_case_is_answered_by_a_list_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = Ran(capsys, write(tmp_path, [as_json()]), "--json")
    assert (ran.status, len(ran.json()), ran.json()[0]["charge"]) == (0, 1, "97.50")
    ran = Ran(capsys, write(tmp_path, [as_json(minutes=-1)]), "--json")
    assert (ran.status, [*ran.json()[0]]) == (2, ["error"])


def test_a_slip_inside_one_case_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    good = json.dumps(as_json())
    twice = good.replace('"minutes": 50', '"minutes": 50, "minutes": 60')
    nan = good.replace('"minutes": 50', '"minutes": NaN')
    report = price_file(write(tmp_path, f"[{twice}, {nan}, {good}]".encode()))
    assert report.status == 2
    assert report.document[0] == {"error": "minutes: the key is written twice; keep one"}
    assert report.document[1] == {"error": "minutes: NaN is not a number one can write in JSON"}
    assert report.document[2]["charge"] == "97.50"


ROW = row("1.00", "2026-01-01", service="90834")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"date": MISSING}, "date: is needed, but missing or null"),
        ({"date": "2026-02-30"}, 'date: "2026-02-30" is not a day of the calendar'),
        ({"date": "20260309"}, 'date: must be a day such as "2026-03-09", not "20260309"'),
        ({"date": 5}, 'date: must be a day such as "2026-03-09", not 5'),
        ({"minutes": -1}, "minutes: must be between 0 and 10000000, not -1"),
        ({"minutes": 50.5}, "minutes: must be a whole number, not 50.5"),
        ({"minutes": "50"}, 'minutes: must be a whole number, not "50"'),
        ({"minutes": True}, "minutes: must be a whole number, not true"),
        ({"minutes": 10**30}, "minutes: must be between 0 and 10000000, not 1000000000000000000000000000000"),
        ({"status": MISSING}, "status: is needed, but missing or null"),
        ({"status": "Showed Up"}, 'status: must be an object in braces, not "Showed Up"'),
        ({"status__transition": None}, "status.transition: is needed, but missing or null"),
        ({"status__showed_up": "yes"}, 'status.showed_up: must be true or false, not "yes"'),
        (
            {"status__cancellation_fee": "-5.00"},
            'status.cancellation_fee: must not be negative, and is "-5.00"',
        ),
        ({"override_price": "1.005"}, 'override_price: "1.005" has more than two decimals'),
        ({"override_price": 1.5}, 'override_price: must be an amount as text, such as "130.00", not 1.5'),
        ({"override_price": ""}, 'override_price: must be an amount such as "130.00", not ""'),
        ({"override_price": "NaN"}, 'override_price: must be an amount such as "130.00", not "NaN"'),
        ({"override_price": "1e9"}, 'override_price: must be an amount such as "130.00", not "1e9"'),
        ({"override_price": "٣.00"}, 'override_price: must be an amount such as "130.00", not "\\u0663.00"'),
        ({"override_price": "99999999999.00"}, 'override_price: "99999999999.00" is too large'),
        ({"service__code": None}, "service.code: is needed, but missing or null"),
        ({"service__code": 90834}, "service.code: must be text in quotes, not 90834"),
        ({"service__code": " "}, "service.code: is empty; leave it out or write null"),
        ({"service__code": "x" * 201}, "service.code: is longer than 200 characters"),
        ({"service__kind": "family"}, 'service.kind: must be one of individual, group, not "family"'),
        ({"service__kind": []}, "service.kind: must be one of individual, group, not a list"),
        (
            {"service__default_prices": {}},
            "service.default_prices: must be a list in square brackets, not an object",
        ),
        (
            {"service__default_prices": [{}]},
            "service.default_prices[0].price: is needed, but missing or null",
        ),
        (
            {"service__duration__rounding": "NX"},
            "service.duration.rounding: must be one of NW, NH, NQ, NT, UW",
        ),
        (
            {"service__duration__interval_minutes": 0},
            "service.duration.interval_minutes: must be between 1 and",
        ),
        ({"service__duration__interval_minutes": None}, "service.duration.interval_minutes: is needed"),
        ({"service__duration__min_units": "-1"}, 'service.duration.min_units: must be units such as "1"'),
        (
            {"payer__claim_format": "fax"},
            "payer.claim_format: must be one of electronic, paper, patient_statement",
        ),
        ({"payer__name": None}, "payer.name: is needed, but missing or null"),
        ({"copay__group": "abc"}, 'copay.group: must be an amount such as "130.00", not "abc"'),
        (
            {"fee_schedules": [{"name": "s", "kind": "cheap"}]},
            "fee_schedules[0].kind: must be one of standard, reduced",
        ),
        (
            {"fee_schedules": schedules(row("1.005"))},
            'fee_schedules[0].rows[0].fee: "1.005" has more than two',
        ),
        ({"fee_schedules": schedules({**ROW, "fee": None})}, "fee_schedules[0].rows[0].fee: is needed"),
        (
            {"fee_schedules": schedules(ROW, {**ROW, "fee": "2.00"})},
            "fee_schedules[0].rows[1]: same keys and day as row 1",
        ),
        (
            {"fee_schedules": schedules(reduced=[ROW, ROW])},
            "fee_schedules[1].rows[1]: same keys and day as row 1",
        ),
        (
            {"fee_schedules": [{"name": "r", "kind": "reduced"}] * 2},
            'fee_schedules[1].name: two reduced schedules are called "r"',
        ),
        (
            {"service__default_prices": [{"price": "1.00"}] * 2},
            "service.default_prices[1].from: null is there twice",
        ),
        ({"patient__fees": [{"service": "A"}] * 2}, 'patient.fees[1].service: "A" is there twice'),
        (
            {"modifier_rules": [{"modifiers": ["95"]}, {"modifiers": ["GT"]}]},
            "modifier_rules[1]: asks for the same as rule 1",
        ),
        (
            {"modifier_rules": [{"modifiers": []}]},
            "modifier_rules[0].modifiers: a rule adds 1 to 4 modifiers, not 0",
        ),
        (
            {"modifier_rules": [{"modifiers": ["1A", "1B", "1C", "1D", "1E"]}]},
            "modifier_rules[0].modifiers: a rule adds",
        ),
        (
            {"modifier_rules": [{"modifiers": ["95"], "fee_change": {}}]},
            "modifier_rules[0].fee_change.amount: give either",
        ),
        (
            {"modifier_rules": [{"modifiers": ["95"], "age": {"from": 9, "to": 8}}]},
            "modifier_rules[0].age.to: must not",
        ),
        (
            {"manual_modifiers": ["950"]},
            'manual_modifiers: a modifier is two letters or digits, such as "95", not "950"',
        ),
        ({"manual_modifiers": [95]}, "manual_modifiers[0]: must be text in quotes, not 95"),
        ({"manual_modifiers": "95"}, 'manual_modifiers: must be a list in square brackets, not "95"'),
        ({"units": 1.5}, 'units: must be units such as "1" or "0.25"'),
    ],
)
def test_malformed_cases_are_told_where_and_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], error: str
) -> None:
    ran = Ran(capsys, write(tmp_path, as_json(**changes)), "--json")
    assert ran.status == 2
    assert ran.json()["error"].startswith(error)
    assert ran.err.count("\n") == 1
    assert error in ran.err


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "not JSON: Expecting value at line 1"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON: the file is not UTF-8 text"),
        (b"[" * 100_000, "nested too deeply"),
        (b"null", "a case: must be an object in braces, not null"),
        (b"1e999999999999999999999", "a case: must be an object in braces"),
        (b"9" * 10_000, "a case: must be an object in braces"),
        (b'{"a": NaN}', "a: NaN is not a number"),
        (b'{"a\\n": 1, "a\\n": 1}', '"a\\n": the key is written twice'),
        (b'{"x": {"y": [1, {"z": 1, "z": 2}]}}', "x.y[1].z: the key is written twice"),
    ],
)
def test_files_that_hold_no_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, error: str
) -> None:
    ran = Ran(capsys, write(tmp_path, content), "--json")
    assert ran.status == 2
    assert error in ran.err
    assert ran.err.count("\n") == 1
    assert error in ran.json()["error"]


def test_bad_arguments_and_unreadable_files_say_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in ((), ("--bogus",), (str(tmp_path / "nothing.json"),), (str(tmp_path),), ("a\nb",)):
        ran = Ran(capsys, *arguments)
        assert ran.status == 2
        assert ran.err.count("\n") == 1


def test_a_missing_key_means_null(tmp_path: Path) -> None:
    least = {
        "date": "2026-03-09",
        "status": {"showed_up": True, "transition": True},
        "service": {"code": "90834", "kind": "individual", "default_prices": [{"price": "120.00"}]},
    }
    answer = price_file(write(tmp_path, least)).document
    assert (answer["charge"], answer["patient"], answer["payer"]) == ("120.00", "120.00", "0.00")
    nulls = as_json(patient=None, copay=None, fee_schedules=None, modifier_rules=None, manual_modifiers=None)
    answer = price_file(write(tmp_path, nulls)).document
    assert (answer["charge"], answer["patient"], answer["payer"]) == ("90.00", "0.00", "90.00")


def test_the_eight_minute_rule_ignores_the_interval(tmp_path: Path) -> None:
    for interval in (None, 0, 60, MISSING):
        data = as_json(service__duration={"rounding": "CMS8", "interval_minutes": interval, "min_units": "0"})
        if interval is MISSING:
            del data["service"]["duration"]["interval_minutes"]
        assert price_file(write(tmp_path, data)).document["quantity"] == "3"


def test_unknown_keys_are_ignored_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = as_json(comment="spring prices", status=NO_SHOW)
    data["payer"]["phone"] = 1.5
    ran = Ran(capsys, write(tmp_path, data), "--json")
    assert (ran.status, ran.json()["charge"]) == (0, "50.00")
    assert ran.err.splitlines() == [
        "warning: payer.phone: unknown key, ignored",
        "warning: comment: unknown key, ignored",
    ]


def test_small_letters_are_lifted(tmp_path: Path) -> None:
    assert price_file(write(tmp_path, as_json(manual_modifiers=["gt"]))).document["modifiers"] == ["GT", "95"]


def test_a_file_too_large_to_be_a_case(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    report = price_file(str(path))
    assert (report.status, report.document) == (2, {"error": "larger than 64 MB"})


def test_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert price_file(write(tmp_path, b"\xef\xbb\xbf" + json.dumps(as_json()).encode())).status == 0


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inner for found in [(*before, key), *paths(each, (*before, key))]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(paths(as_json())), JUNK)
def test_anything_anywhere_ends_in_an_answer(tmp_path: Path, path: tuple[Any, ...], junk: Any) -> None:
    data: Any = as_json()
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    report = price_file(write(tmp_path, data))
    assert report.status in (0, 1, 2)
    assert (report.status == 2) == ("error" in report.document) == (report.error is not None)
    assert report.error is None or "\n" not in report.error
    json.dumps(report.document)
