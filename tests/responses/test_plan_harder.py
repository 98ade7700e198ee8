"""Harder cases through ``./manage plan``: three insurers unwound, corrected, told oddly; worked out by hand first.

From rules.md B9, B11.2 and x12.md 6 to 9 alone. test_plan_posts takes them to real books as well.
"""

from __future__ import annotations

import pytest

from tests.responses.edi import Clp, Svc, claim, remit
from tests.responses.plans import (
    BACK,
    EX1,
    ITSELF,
    ONE,
    P_BACK,
    PAIR,
    RIGHT,
    S_BACK,
    THREE,
    TWO,
    TWO_LINES,
    K,
    P,
    S,
    case,
    decisions,
    later,
    rule,
    run,
    stands,
    two,
    whole,
)

AARP, TRICARE = {"payer": "AARP"}, {"payer": "TRICARE"}
ON = claim(K, "19", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"), icn="P1")
THIRD = claim(K, "3", "200", "10", ("OA", "23", "190"), icn="X1")
THIRD_BACK = claim(K, "22", "-200", "-10", ("OA", "23", "-190"), icn="X1")
S_MORE = claim(K, "2", "200", "20", ("OA", "23", "176"), ("PR", "2", "4"), icn="S2")
SPLIT = two("T1", "80", [("CO", "45", "20")], "50", [("CO", "45", "10")], "1", "MEDICARE")
NONE, START = ["0.00", "0.00", "0.00"], (["125.00"], "0.00", "0.00", "0.00")
DONE = (["0.00"], "0.00", "85.00", "40.00")
PT = [  # one code twice, told apart by a modifier
    {"id": "L1", "code": "97110", "modifiers": ["GP"], "charge": "60.00"},
    {"id": "L2", "code": "97110", "modifiers": ["GP", "59"], "charge": "60.00"},
]


def posts(to):
    return ("post", [], to)


def stops(*codes):
    return ("exception", list(codes), "none")


def all_three(*more, **settings):
    """96 + 14 + 10 paid and 80 written off of 200.00, then what came after it."""
    return case(
        remit(P),
        later(S, trace="T2", **AARP),
        later(THIRD, trace="T3", **TRICARE),
        *more,
        **THREE,
        **settings,
    )


def to_second(*cas, paid, **more):
    """24.00 of 200.00 are left to the second insurer; its answer."""
    answer = claim(K, "2", "200", paid, *cas, icn="S1")
    return case(remit(P), later(answer, trace="T2", **AARP), **{**TWO, **more})


def contract(allowed, *remittances, **settings):
    """Example 1's claim with a contract row."""
    line = {
        "id": "L1",
        "code": "99213",
        "charge": "150.00",
        "patient_expected": "25.00",
        "expected_allowed": allowed,
    }
    return case(*remittances, lines=[line], **settings)


ALL = [posts("layer-2"), posts("layer-3"), posts("none")]
CASES = {
    # --- three insurers -----------------------------------------------------------------------------
    "the third after a crossover to the second": (
        case(remit(ON), later(S, trace="T2", **AARP), later(THIRD, trace="T3", **TRICARE), **THREE),
        [posts("crossover"), posts("layer-3"), posts("none")], (NONE, "0.00", "120.00", "80.00"),
    ),
    "the third calls itself second": (
        case(
            remit(P), later(S, trace="T2", **AARP),
            later(claim(K, "2", "200", "10", ("OA", "23", "190"), icn="X1"), trace="T3", **TRICARE), **THREE,
        ),
        ALL, (NONE, "0.00", "120.00", "80.00"),
    ),
    "the second takes back under the third that has paid": (
        all_three(later(S_BACK, trace="T4", **AARP), **ITSELF),
        [*ALL, stops("E13")], (NONE, "0.00", "120.00", "80.00"),
    ),
    "the second takes back under the third's denial": (
        case(
            remit(P), later(S, trace="T2", **AARP),
            later(claim(K, "3", "200", "0", ("OA", "23", "190"), ("CO", "16", "10")), trace="T3", **TRICARE),
            later(S_BACK, trace="T4", **AARP), **THREE, **ITSELF,
        ),
        [posts("layer-2"), posts("layer-3"), stops("E10"), posts("none")],
        (["0.00", "24.00", "0.00"], "0.00", "96.00", "80.00"),
    ),
    # 96 + 20 + 4: third and second taken back in turn, then both pay anew
    "unwound to the first, and answered anew": (
        all_three(
            later(THIRD_BACK, trace="T4", **TRICARE), later(S_BACK, trace="T5", **AARP),
            later(S_MORE, trace="T6", **AARP),
            later(claim(K, "3", "200", "4", ("OA", "23", "196"), icn="X2"), trace="T7", **TRICARE), **ITSELF,
        ),
        [*ALL, posts("none"), posts("none"), posts("layer-3"), posts("none")], (NONE, "0.00", "120.00", "80.00"),
    ),
    "the second corrects itself while the third is awaited": (
        case(
            remit(P), later(S, trace="T2", **AARP), later(S_BACK, S_MORE, trace="T4", **AARP), **THREE, **ITSELF
        ),
        [posts("layer-2"), posts("layer-3"), posts("none"), posts("layer-3")],
        (["0.00", "0.00", "4.00"], "0.00", "116.00", "80.00"),
    ),
    # --- the first corrects itself under the second ---------------------------------------------------
    "corrected until nothing is left to the second": (
        case(remit(P), later(P_BACK, claim(K, "1", "200", "120", ("CO", "45", "80"), icn="P2"), trace="T2"),
             **TWO, **ITSELF),
        [posts("layer-2"), posts("none"), posts("none")], (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "corrected into all deductible": (
        case(
            remit(P),
            later(P_BACK, claim(K, "1", "200", "0", ("CO", "45", "80"), ("PR", "1", "120"), icn="P2"), trace="T2"),
            **TWO, **ITSELF,
        ),
        [posts("layer-2"), posts("none"), posts("layer-2")], (["0.00", "120.00"], "0.00", "0.00", "80.00"),
    ),
    "a deductible taken back and told the same again": (
        case(
            remit(claim(K, "1", "200", "0", ("CO", "45", "80"), ("PR", "1", "120"), icn="P1")),
            later(
                claim(K, "22", "-200", "0", ("CO", "45", "-80"), ("PR", "1", "-120"), icn="P1"),
                claim(K, "1", "200", "0", ("CO", "45", "80"), ("PR", "1", "120"), icn="P2"), trace="T2",
            ),
            **TWO, **ITSELF,
        ),
        [posts("layer-2"), posts("none"), posts("layer-2")], (["0.00", "120.00"], "0.00", "0.00", "80.00"),
    ),
    "a crossover that has nothing to carry": (
        case(remit(claim(K, "19", "200", "120", ("CO", "45", "80"))), **TWO),
        [posts("none")], (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "the second answers what was paid in full": (
        case(
            remit(claim(K, "1", "200", "120", ("CO", "45", "80"))),
            later(claim(K, "2", "200", "0", ("OA", "23", "200")), trace="T2", **AARP), **TWO,
        ),
        [posts("none"), stops("E12")], (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "20 stay denied at the first, the second pays its part": (
        case(
            remit(claim(K, "1", "200", "96", ("CO", "45", "60"), ("CO", "97", "20"), ("PR", "2", "24"))),
            later(claim(K, "2", "200", "24", ("OA", "23", "176"), icn="S1"), trace="T2", **AARP),
            unlisted_codes="post_as_denial", **TWO,
        ),
        [posts("layer-2"), posts("none")], (["20.00", "0.00"], "0.00", "120.00", "60.00"),
    ),
    # --- what the second says of the first ------------------------------------------------------------
    "sequestration by the second": (
        to_second(("OA", "23", "176"), ("CO", "253", "0.48"), paid="23.52"),
        [posts("layer-2"), posts("none")], (["0.00", "0.00"], "0.00", "119.52", "80.48"),
    ),
    "sequestration where nothing is open": (
        to_second(("OA", "23", "175.52"), ("CO", "253", "0.48"), paid="24"),
        [posts("layer-2"), posts("none")], (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    # its contractual finds nothing open: 24 - 14 - 10
    "less of the first than the first did": (
        to_second(("OA", "23", "150"), ("CO", "45", "26"), ("PR", "2", "10"), paid="14"),
        [posts("layer-2"), posts("patient")], (["0.00", "0.00"], "10.00", "110.00", "80.00"),
    ),
    # 24 - 5 - 5: what it does not explain stays with it
    "more of the first than the first did": (
        to_second(("OA", "23", "190"), ("PR", "2", "5"), paid="5"),
        [posts("layer-2"), posts("patient")], (["0.00", "14.00"], "5.00", "101.00", "80.00"),
    ),
    # --- the patient's part -----------------------------------------------------------------------------
    "deductible, coinsurance and copay in one, more paid in advance": (
        case(
            remit(claim(K, "1", "300", "150", ("CO", "45", "60"), ("PR", "1", "50", "", "2", "25", "", "3", "15"))),
            charge="300.00", expected="15.00", paid="20.00",
        ),
        [posts("patient")], (["0.00"], "70.00", "150.00", "60.00"),
    ),
    "less paid in advance than the copay": (
        case(remit(claim(K, "1", "150", "80", ("CO", "45", "40"), ("PR", "3", "30"))), expected="30.00", paid="10.00"),
        [posts("patient")], (["0.00"], "20.00", "80.00", "40.00"),
    ),
    "asked on one line, left on the other": (
        case(
            two("T1", "80", [("CO", "45", "20")], "35", [("PR", "3", "25")], "1", "MEDICARE"),
            lines=[{**TWO_LINES[0], "patient_expected": "25.00"}, TWO_LINES[1]],
        ),
        [posts("patient")], (["0.00"], "0.00", "115.00", "20.00"),
    ),
    "PR-96 that nobody may send on stays at the payer": (
        case(remit(claim(K, "1", "150", "60", ("CO", "45", "40"), ("PR", "96", "50"))),
             unlisted_codes="post_as_denial", **ONE),
        [posts("none")], (["50.00"], "0.00", "60.00", "40.00"),
    ),
    # --- contract rows: 85 + 25 = 110.00 allowed --------------------------------------------------------
    "short by what may pass": (contract("112.00", remit(EX1), max_auto_variance="2.00"), [posts("patient")], DONE),
    "short by a cent more": (contract("112.01", remit(EX1), max_auto_variance="2.00"), [stops("E14")], START),
    "sequestration is no underpayment": (
        contract("110.00", remit(claim(K, "1", "150", "83.30", ("CO", "45", "40"), ("CO", "253", "1.70"),
                                       ("PR", "3", "25")))),
        [posts("patient")], (["0.00"], "0.00", "83.30", "41.70"),
    ),
    "the payer's own word on the allowed amount": (
        contract("110.00", remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), allowed="109.99"))),
        [stops("E14")], START,
    ),
    "written off by rule, and under contract all the same": (
        contract("110.00", remit(claim(K, "1", "150", "65", ("CO", "45", "40"), ("CO", "59", "20"), ("PR", "3", "25"))),
                 **rule("CO", "59", "write_off")),
        [stops("E14")], START,
    ),
    # --- taken back, but not quite ----------------------------------------------------------------------
    "one of two lines taken back": (
        case(
            SPLIT,
            later(Clp(K, "22", "-100", "-80", [Svc("-100", "-80", [("CO", "45", "-20")])], icn="T1"), trace="T2"),
            **PAIR, **ITSELF,
        ),
        [posts("none"), stops("E11")], (["0.00"], "0.00", "130.00", "30.00"),
    ),
    "the same sums on other lines": (
        case(
            SPLIT,
            later(Clp(K, "22", "-160", "-130", [
                Svc("-100", "-90", [("CO", "45", "-10")]),
                Svc("-60", "-40", [("CO", "45", "-20")], line_id="L2", code="97140"),
            ], icn="T1"), trace="T2"),
            **PAIR, **ITSELF,
        ),
        [posts("none"), stops("E11")], (["0.00"], "0.00", "130.00", "30.00"),
    ),
    "without its signs": (
        case(
            remit(EX1), later(claim(K, "22", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), trace="T2"), **ITSELF
        ),
        [posts("patient"), stops("E11")], DONE,
    ),
    "under a number of the payer that nobody knows": (
        case(
            remit(EX1),
            later(claim(K, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"), icn="ZZZ9"), trace="T2"),
            **ITSELF,
        ),
        [posts("patient"), posts("none")], START,
    ),
    "told with lines what came without": (
        case(
            remit(whole("1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"))), later(BACK, trace="T2"), **ITSELF
        ),
        [posts("patient"), posts("none")], START,
    ),
    # --- lines ------------------------------------------------------------------------------------------
    "one code twice, in the other order, told apart by modifiers": (
        case(
            remit(Clp(K, "1", "120", "90", [
                Svc("60", "50", [("CO", "45", "10")], line_id="", code="97110:59:GP"),
                Svc("60", "40", [("PR", "2", "20")], line_id="", code="97110:GP"),
            ])),
            lines=PT, paid="0.00",
        ),
        [posts("patient")], (["0.00"], "20.00", "90.00", "10.00"),
    ),
    "re-coded by a modifier": (
        case(remit(claim(
            K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), code="99213:25", submitted="99213",
        ))),
        [stops("E08")], START,
    ),
    "the submitted code told, and it is the paid one": (
        case(remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), submitted="99213"))),
        [posts("patient")], DONE,
    ),
    "two lines made one": (
        case(remit(Clp(K, "1", "160", "120", [Svc("160", "120", [("CO", "45", "40")])])), **PAIR),
        [stops("E06", "E07")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "the second line's charge moved to the first": (
        case(
            remit(Clp(K, "1", "160", "120", [
                Svc("160", "120", [("CO", "45", "40")]), Svc("0", "0", line_id="L2", code="97140"),
            ])),
            **PAIR,
        ),
        [stops("E06")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "a claim split in two by the payer": (
        case(
            remit(
                Clp(K, "1", "100", "80", [Svc("100", "80", [("CO", "45", "20")])], icn="A"),
                Clp(K, "1", "60", "60", [Svc("60", "60", line_id="L2", code="97140")], icn="B"),
            ),
            **PAIR,
        ),
        [stops("E06", "E07"), stops("E06", "E07")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    # --- the check ----------------------------------------------------------------------------------------
    # -85 carried on, 50 and 35 taken by the next two checks, two older takebacks in the last
    "carried over three checks, with two takebacks": (
        case(
            remit(EX1), later(BACK, trace="T2", plb=[("FB:T2", "-85")]),
            remit(claim("OTHER001", "1", "50", "50", icn="O1"), trace="T3", plb=[("FB:T2", "50")]),
            remit(RIGHT, trace="T4", plb=[("FB:T2", "35"), ("WO:A", "5"), ("WO:B", "10")]), **ITSELF,
        ),
        [posts("patient"), posts("none"), stops("E04"), posts("patient")], (["0.00"], "15.00", "70.00", "40.00"),
    ),
    "capitated, the capitation in the same check": (
        case(remit(claim(K, "1", "150", "0", ("CO", "24", "150")), plb=[("CT:MARCH", "-500")]),
             **rule("CO", "24", "write_off"), **ONE),
        [posts("none")], (["0.00"], "0.00", "0.00", "150.00"),
    ),
    "the same payment under another trace": (
        case(remit(EX1), remit(EX1, trace="T2")), [posts("patient"), stops("E01", "E12")], DONE,
    ),
    "an estimate, then the answer": (
        case(remit(claim(K, "25", "150", "0", ("CO", "45", "40"), ("PR", "1", "110"))), later(EX1, trace="T2")),
        [stops("E17"), posts("patient")], DONE,
    ),
    "still pended in the payer's house": (
        case(remit(claim(K, "5", "150", "0", ("CO", "45", "150"))), later(EX1, trace="T2")),
        [stops("E05"), posts("patient")], DONE,
    ),
    "without a word on how it was processed": (
        case(remit(claim(K, "", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))), [stops("E05")], START,
    ),
    "paid in another country's dollars": (
        case(remit(EX1, currency="CAD")), [stops("E02")], START,
    ),
    "dollars told as such": (case(remit(EX1, currency="USD")), [posts("patient")], DONE),
}  # fmt: skip


@pytest.mark.rule("B9", "B11.2")
@pytest.mark.parametrize("name", CASES)
def test_a_harder_case_ends_where_the_arithmetic_says(name):
    data, decided, stood = CASES[name]
    told = run(data)
    assert decisions(told) == decided
    assert stands(told) == stood
