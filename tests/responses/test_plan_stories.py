"""Whole stories through ``./manage plan``: each with its figures worked out by hand, and the closing equation.

A story is remittances in order; after it stand what each insurer owes, the patient (credit below zero), what
was received and what was written off. ``run`` asserts the closing equation each time.
"""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal as D

import pytest

from responses.plan_case import plan_file
from tests.responses.edi import Clp, Svc, claim, remit
from tests.responses.plans import (
    BACK,
    EX1,
    ITSELF,
    P_BACK,
    RIGHT,
    S_BACK,
    THREE,
    TWO,
    TWO_LINES,
    K,
    P,
    S,
    case,
    claims_of,
    decisions,
    later,
    run,
    stands,
)

# Each: the case, the decision with codes and next of every answer, and what stands at the end.
STORIES = {
    # charge 200 = 94.08 + 80 + 24 + 1.92: sequestration is written off, the allowed amount stays 120
    "sequestration": (
        case(remit(claim(K, "1", "200", "94.08", ("CO", "45", "80"), ("PR", "2", "24"), ("CO", "253", "1.92"))), **TWO),
        [("post", [], "layer-2")],
        (["0.00", "24.00"], "0.00", "94.08", "81.92"),
    ),
    # deductible not met: nothing is paid, and it is no denial; 25 were handed over
    "all deductible": (
        case(remit(claim(K, "1", "150", "0", ("CO", "45", "30"), ("PR", "1", "120")))),
        [("post", [], "patient")],
        (["0.00"], "95.00", "0.00", "30.00"),
    ),
    # the second insurer works its own contractual out: 24 open - 14 - 10 leaves nothing for it
    "second contractual": (
        case(
            remit(P),
            later(
                claim(K, "2", "200", "14", ("CO", "45", "80"), ("OA", "23", "96"), ("PR", "2", "10"), icn="S1"),
                trace="T2",
                payer="AARP",
            ),
            **TWO,
        ),
        [("post", [], "layer-2"), ("post", [], "patient")],
        (["0.00", "0.00"], "10.00", "110.00", "80.00"),
    ),
    # forwarded by the first insurer; the second leaves all of its 24 to the patient
    "crossover": (
        case(
            remit(claim(K, "19", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"), icn="P1")),
            later(claim(K, "2", "200", "0", ("OA", "23", "176"), ("PR", "1", "24")), trace="T2", payer="AARP"),
            **TWO,
        ),
        [("post", [], "crossover"), ("post", [], "patient")],
        (["0.00", "0.00"], "24.00", "96.00", "80.00"),
    ),
    "second before first": (
        case(later(S, trace="T0", payer="AARP"), remit(P), **TWO),
        [("exception", ["E12"], "none"), ("post", [], "layer-2")],
        (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    "second denies": (
        case(
            remit(P),
            later(claim(K, "2", "200", "0", ("OA", "23", "176"), ("CO", "16", "24")), trace="T2", payer="AARP"),
            **TWO,
        ),
        [("post", [], "layer-2"), ("exception", ["E10"], "none")],
        (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    # the answers stand upon each other: the first cannot be taken back under the second
    "first taken back under the second": (
        case(remit(P), later(S, trace="T2", payer="AARP"), later(P_BACK, trace="T3"), **TWO, **ITSELF),
        [("post", [], "layer-2"), ("post", [], "patient"), ("exception", ["E13"], "none")],
        (["0.00", "0.00"], "10.00", "110.00", "80.00"),
    ),
    # and in the right order everything comes back and is answered anew: 100 + 20 + CO 80 = 200
    "both taken back, then answered anew": (
        case(
            remit(P), later(S, trace="T2", payer="AARP"), later(S_BACK, trace="T3", payer="AARP"),
            later(P_BACK, trace="T4"),
            later(claim(K, "1", "200", "100", ("CO", "45", "80"), ("PR", "2", "20"), icn="P2"), trace="T5"),
            later(claim(K, "2", "200", "20", ("OA", "23", "180"), icn="S2"), trace="T6", payer="AARP"),
            **TWO, **ITSELF,
        ),
        [("post", [], "layer-2"), ("post", [], "patient"), ("post", [], "none"), ("post", [], "none"),
         ("post", [], "layer-2"), ("post", [], "none")],
        (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    # 70 + 40 written off + 40 patient, 25 of them handed over
    "correction in a later file": (
        case(remit(EX1), later(BACK, trace="T2"), later(RIGHT, trace="T3", plb=[("FB", "85")], amount="-15"), **ITSELF),
        [("post", [], "patient"), ("post", [], "none"), ("post", [], "patient")],
        (["0.00"], "15.00", "70.00", "40.00"),
    ),
    "correction written before its reversal": (
        case(remit(EX1), later(RIGHT, BACK, trace="T2"), **ITSELF),
        [("post", [], "patient"), ("post", [], "patient"), ("post", [], "none")],
        (["0.00"], "15.00", "70.00", "40.00"),
    ),
    # in another file the correction is early: it waits, and the reversal brings the claim back to the insurer
    "correction in a file before its reversal": (
        case(remit(EX1), later(RIGHT, trace="T2"), later(BACK, trace="T3"), **ITSELF),
        [("post", [], "patient"), ("exception", ["E12"], "none"), ("post", [], "none")],
        (["125.00"], "0.00", "0.00", "0.00"),
    ),
    "a reversal of nothing": (
        case(later(BACK, trace="T0"), remit(EX1), **ITSELF),
        [("exception", ["E11"], "none"), ("post", [], "patient")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "one trace, one amount, other claims": (
        case(remit(EX1), remit(claim(K, "1", "150", "85", ("CO", "45", "20"), ("PR", "3", "45"), icn="I8"))),
        [("post", [], "patient"), ("exception", ["E01", "E12"], "none")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    # PR that cancels out is nobody's: 120 + 80, PR 21 - 21
    "negative patient part": (
        case(remit(claim(K, "1", "200", "120", ("CO", "45", "80"), ("PR", "2", "21"), ("PR", "3", "-21"))), **TWO),
        [("post", [], "none")],
        (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    # negative contractual: the insurer pays ten more than was charged
    "paid above the charge": (
        case(remit(claim(K, "1", "150", "160", ("CO", "45", "-10"))), paid="0.00", expected="0.00"),
        [("post", [], "none")],
        (["0.00"], "0.00", "160.00", "-10.00"),
    ),
    # other PR than 1, 2, 3 is nobody's by itself
    "not covered": (
        case(remit(claim(K, "1", "150", "0", ("PR", "96", "150")))),
        [("exception", ["E09"], "none")],
        (["125.00"], "0.00", "0.00", "0.00"),
    ),
    # 200: 96 + 80, 24 on; 14, 10 on; 4 paid, 6 left to the patient
    "three layers": (
        case(
            remit(P), later(S, trace="T2", payer="AARP"),
            later(claim(K, "3", "200", "4", ("OA", "23", "190"), ("PR", "2", "6")), trace="T3", payer="TRICARE"),
            **THREE,
        ),
        [("post", [], "layer-2"), ("post", [], "layer-3"), ("post", [], "patient")],
        (["0.00", "0.00", "0.00"], "6.00", "114.00", "80.00"),
    ),
    "interest is no one's payment": (
        case(remit(EX1, plb=[("L6", "-3.21")])),
        [("post", [], "patient")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    # the remark says that the claim went on, though the status does not
    "sent on by remark": (
        case(remit(claim(K, "1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"), extra="MOA***MA18")), **TWO),
        [("post", [], "crossover")],
        (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    "sent on, the carrier named": (
        case(
            remit(claim(K, "1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"), extra="NM1*TT*2*AARP*****PI*A1")),
            **TWO,
        ),
        [("post", [], "crossover")],
        (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    # forwarded by the second: the third is awaited, 200 - 96 - 80 - 14 = 10
    "the second sends it on": (
        case(
            remit(P),
            later(claim(K, "20", "200", "14", ("OA", "23", "176"), ("PR", "2", "10")), trace="T2", payer="AARP"),
            **THREE,
        ),
        [("post", [], "layer-2"), ("post", [], "crossover")],
        (["0.00", "0.00", "10.00"], "0.00", "110.00", "80.00"),
    ),
    # one claim twice in one check: the second finds nobody who is to answer
    "a claim twice in one check": (
        case(remit(EX1, EX1)),
        [("post", [], "patient"), ("exception", ["E12"], "none")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "only the second insurer's answer taken back": (
        case(remit(P), later(S, trace="T2", payer="AARP"), later(S_BACK, trace="T3", payer="AARP"), **TWO, **ITSELF),
        [("post", [], "layer-2"), ("post", [], "patient"), ("post", [], "none")],
        (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    # 125 due before the answer; the posted denial of 25 stays with the insurer, and all of it goes back
    "a denial that was posted is taken back": (
        case(
            remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("CO", "16", "25"))),
            later(claim(K, "22", "-150", "-85", ("CO", "45", "-40"), ("CO", "16", "-25")), trace="T2"),
            unlisted_codes="post_as_denial", **ITSELF,
        ),
        [("post", [], "none"), ("post", [], "none")],
        (["125.00"], "0.00", "0.00", "0.00"),
    ),
    # 25 are open after it: 110 more is too much
    "paid again without taking the first back": (
        case(
            remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("CO", "16", "25"))),
            remit(claim(K, "1", "150", "110", ("CO", "45", "40"), icn="I2"), trace="T2"),
            unlisted_codes="post_as_denial",
        ),
        [("post", [], "none"), ("exception", ["E13"], "none")],
        (["25.00"], "-25.00", "85.00", "40.00"),
    ),
    "taken back twice": (
        case(remit(EX1), later(BACK, trace="T2"), later(BACK, trace="T3"), **ITSELF),
        [("post", [], "patient"), ("post", [], "none"), ("exception", ["E01", "E11"], "none")],
        (["125.00"], "0.00", "0.00", "0.00"),
    ),
    "taken back and paid the same again": (
        case(remit(EX1), later(BACK, trace="T2"), remit(EX1, trace="T3"), **ITSELF),
        [("post", [], "patient"), ("post", [], "none"), ("post", [], "patient")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    # no reversal by itself: both wait, what was posted stands
    "taken back where a person decides": (
        case(remit(EX1), later(BACK, RIGHT, trace="T2")),
        [("post", [], "patient"), ("exception", ["E11"], "none"), ("exception", ["E12"], "none")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "a reversal in the older group": (
        case(
            remit(EX1), later(claim(K, "22", "-150", "-85", ("CR", "45", "-40"), ("CR", "3", "-25")), trace="T2"),
            **ITSELF,
        ),
        [("post", [], "patient"), ("exception", ["E11"], "none")],
        (["0.00"], "0.00", "85.00", "40.00"),
    ),
    # 160 = 130 paid, 20 written off, 10 to the patient: 40 + 60 under one number are one line
    "a line answered in two": (
        case(
            remit(Clp(K, "1", "160", "130", [
                Svc("40", "40", line_id="L1"), Svc("60", "40", [("CO", "45", "20")], line_id="L1"),
                Svc("60", "50", [("PR", "2", "10")], line_id="L2", code="97140"),
            ])), lines=TWO_LINES, paid="0.00",
        ),
        [("post", [], "patient")],
        (["0.00"], "10.00", "130.00", "20.00"),
    ),
    "a line answered in two without its number": (
        case(
            remit(Clp(K, "1", "160", "130", [
                Svc("40", "40", line_id=""), Svc("60", "40", [("CO", "45", "20")], line_id=""),
                Svc("60", "50", [("PR", "2", "10")], line_id="", code="97140"),
            ])), lines=TWO_LINES, paid="0.00",
        ),
        [("exception", ["E07"], "none")],
        (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "the payer mixes up the lines' numbers": (
        case(
            remit(Clp(K, "1", "160", "128", [
                Svc("100", "80", [("CO", "45", "20")], line_id="L2"),
                Svc("60", "48", [("PR", "2", "12")], line_id="L1", code="97140"),
            ])), lines=TWO_LINES, paid="0.00",
        ),
        [("exception", ["E06", "E08"], "none")],
        (["160.00"], "0.00", "0.00", "0.00"),
    ),
    # claim-level deductible of 35: 80 - 35 on the first line, 40 on the second
    "an adjustment of the whole claim": (
        case(
            remit(Clp(K, "1", "160", "85", [
                Svc("100", "80", [("CO", "45", "20")], line_id="L1"),
                Svc("60", "40", [("CO", "45", "20")], line_id="L2", code="97140"),
            ], cas=[("PR", "1", "35")])), lines=TWO_LINES, paid="0.00",
        ),
        [("post", [], "patient")],
        (["0.00"], "35.00", "85.00", "40.00"),
    ),
    # one line denied stops the other with it: a claim posts whole or not at all
    "one of two lines denied": (
        case(
            remit(Clp(K, "1", "160", "80", [
                Svc("100", "80", [("CO", "45", "20")], line_id="L1"),
                Svc("60", "0", [("CO", "50", "60")], line_id="L2", code="97140"),
            ])), lines=TWO_LINES, paid="0.00",
        ),
        [("exception", ["E10"], "none")],
        (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "the second insurer's contractual is all that is left": (
        case(
            remit(P),
            later(claim(K, "2", "200", "0", ("OA", "23", "176"), ("CO", "45", "24")), trace="T2", payer="AARP"),
            **TWO,
        ),
        [("post", [], "layer-2"), ("post", [], "none")],
        (["0.00", "0.00"], "0.00", "96.00", "104.00"),
    ),
    "denied by status, though paid": (
        case(remit(claim(K, "4", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))),
        [("exception", ["E10"], "none")],
        (["125.00"], "0.00", "0.00", "0.00"),
    ),
    "a check of provider-level money alone": (
        case(remit(plb=[("L6", "-5")])), [], (["125.00"], "0.00", "0.00", "0.00"),
    ),
}  # fmt: skip


@pytest.mark.rule("B9")
@pytest.mark.rule("B11.2")
@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_where_the_arithmetic_says(name):
    data, decided, stood = STORIES[name]
    told = run(data)
    assert decisions(told) == decided
    assert stands(told) == stood


def test_two_transactions_in_one_file_are_two_remittances_and_a_repeated_one_is_nothing():
    one, two = remit(EX1), remit(RIGHT, trace="T2")
    body = two[two.index("ST*") : two.index("GE*")].replace("*0001", "*0002")
    again = one[one.index("ST*") : one.index("GE*")].replace("*0001", "*0003")
    whole = one[: one.index("GE*")] + body + again + one[one.index("GE*") :].replace("GE*1*", "GE*3*")
    told = run(case(whole))
    assert [(each["trace_number"], each["duplicate"]) for each in told["remittances"]] == [
        ("EFT1", False), ("T2", False), ("EFT1", True),
    ]  # fmt: skip
    assert decisions(told) == [
        ("post", [], "patient"),
        ("exception", ["E12"], "none"),
        ("ignored", ["E01"], "none"),
    ]


def test_delimiters_line_ends_and_capitals_do_not_matter():
    text = remit(claim(K.lower(), "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))
    for form in (
        text.replace("\n", ""),
        text.replace("*", "|").replace(":", ">"),
        text.replace("\n", "\r\n"),
    ):
        assert decisions(run(case(form))) == [("post", [], "patient")]


BUNDLE = [
    {"id": "L1", "code": "98941", "charge": "100.00", "patient_expected": "0.00"},
    {"id": "L2", "code": "97140", "modifiers": ["59"], "charge": "60.00", "patient_expected": "0.00"},
]


@pytest.mark.rule("B9.E08")
def test_a_bundled_line_names_what_it_was_and_stays_open():
    answer = Clp(K, "1", "160", "70", [
        Svc("100", "70", [("CO", "45", "30")], "L1", "98941"),
        Svc("60", "0", [("CO", "97", "60")], "L2", "98941", submitted="97140:59"),
    ])  # fmt: skip
    [one] = claims_of(run(case(remit(answer), lines=BUNDLE, paid="0.00")))
    assert (one["codes"], [line["denied"] for line in one["lines"]]) == (["E08", "E10"], ["0.00", "60.00"])
    assert "97140" in one["reasons"]["E08"]


@pytest.mark.rule("B9.E06")
def test_a_line_that_shrank_is_told_with_both_amounts():
    answer = Clp(K, "1", "148", "70", [
        Svc("100", "70", [("CO", "45", "30")], "L1", "98941"), Svc("48", "0", [("CO", "45", "48")], "L2", "97140:59"),
    ])  # fmt: skip
    [one] = claims_of(run(case(remit(answer), lines=BUNDLE, paid="0.00")))
    assert (one["codes"], "148" in one["reasons"]["E06"], "160" in one["reasons"]["E06"]) == (
        ["E06"],
        True,
        True,
    )


def test_contract_amounts_hold_for_the_first_insurer_only():
    data = case(
        remit(P),
        later(
            claim(K, "2", "200", "14", ("OA", "23", "176"), ("PR", "2", "10"), allowed="24"),
            trace="T2",
            payer="AARP",
        ),
        **TWO,
    )
    data["claim"]["lines"][0]["expected_allowed"] = "120.00"
    assert decisions(run(data)) == [("post", [], "layer-2"), ("post", [], "patient")]


JUNK = [
    None,
    True,
    1,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [[]],
    "1e5",
    "-5.00",
    "\x00",
    "é" * 300,
    [None],
    [{}],
    10**30,
]


def places(value, path=()):
    """Every place of a case."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def test_any_case_at_all_ends_in_a_status_one_line_and_no_traceback(tmp_path):
    """Every place of a case given every kind of junk, and its texts damaged: never an exception."""
    base = case(
        remit(EX1), later(BACK, S, trace="2", payer="AARP"), layers=("Medicare", "AARP"), **ITSELF,
        posting_rules=[{"payer": None, "group": "CO", "reason": "59", "action": "write_off"}],
    )  # fmt: skip
    cases = []
    for path in places(base):
        for junk in JUNK if path else []:
            damaged = json.loads(json.dumps(base))
            inner = damaged
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = junk
            cases.append(damaged)
    dice = random.Random(835)
    for _ in range(200):
        damaged = json.loads(json.dumps(base))
        for place, text in enumerate(damaged["remittances"]):
            segments = re.split("(?<=~\n)", text)
            first, second = dice.randrange(len(segments)), dice.randrange(len(segments))
            segments[first] = dice.choice(["", segments[second], segments[first] * 2, segments[first][:-4]])
            damaged["remittances"][place] = "".join(segments)
        cases.append(damaged)
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases))
    report = plan_file(str(file))
    assert report.status == 2
    assert report.error and "\n" not in report.error
    for told in report.document:
        if "after" in told:
            after = {
                name: D(told["after"][name])
                for name in told["after"]
                if name not in ("insurers", "responsible_layer")
            }
            owed = (
                sum(map(D, told["after"]["insurers"].values())) + after["patient"] - after["unapplied_credit"]
            )
            assert owed + after["paid"] + after["patient_paid"] + after["written_off"] == after["charges"]


def test_the_whole_file_posts_after_its_damaged_copy():
    text = remit(EX1)
    told = run(case(text[: text.index("SE*")], text))
    assert [one["decision"] for one in claims_of(told)] == ["exception", "post"]
    assert not any(each["duplicate"] for each in told["remittances"])
