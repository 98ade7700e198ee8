"""More cases through ``./manage plan``, each worked out by hand from rules.md B9 and B11.2 and x12.md 6 to 8.

``run`` asserts the closing equation of every one; ``stands`` is what is owed, received and written off at the end.
"""

from __future__ import annotations

import pytest

from tests.responses.edi import Clp, Svc, claim, remit
from tests.responses.plans import (
    BACK,
    EX1,
    ITSELF,
    P_BACK,
    PAIR,
    RIGHT,
    THREE,
    TWO,
    K,
    P,
    case,
    decisions,
    later,
    rule,
    run,
    stands,
    two,
)

LONG = {"charge": "300.00", "expected": "0.00", "paid": "0.00", "layers": ("Medicare", "AARP", "Tricare")}
FIRST = claim(K, "1", "300", "150", ("CO", "45", "100"), ("PR", "1", "30"), ("PR", "2", "20"), icn="P1")
SECOND = claim(K, "2", "300", "20", ("OA", "23", "250"), ("PR", "2", "30"), icn="S1")
BUNDLED = Clp(K, "1", "160", "80", [
    Svc("100", "80", [("CO", "45", "20")], line_id="L1"),
    Svc("60", "0", [("CO", "97", "60")], line_id="L2", code="97140"),
])  # fmt: skip


OF_BOTH = two("T1", "50", [("CO", "45", "30"), ("PR", "2", "20")], "0", [("PR", "1", "60")], "1", "MEDICARE")
NOTHING = (["125.00"], "0.00", "0.00", "0.00")  # as checked out
DONE = (["0.00"], "0.00", "85.00", "40.00")  # example 1

CASES = {
    "three insurers, 150 + 20 + 10 paid": (
        case(
            remit(FIRST), later(SECOND, trace="T2", payer="AARP"),
            later(claim(K, "3", "300", "10", ("OA", "23", "270"), ("PR", "1", "20")), trace="T3", payer="TRICARE"),
            **LONG,
        ),
        [("post", [], "layer-2"), ("post", [], "layer-3"), ("post", [], "patient")],
        (["0.00", "0.00", "0.00"], "20.00", "180.00", "100.00"),
    ),
    "the third denies": (
        case(
            remit(FIRST), later(SECOND, trace="T2", payer="AARP"),
            later(claim(K, "3", "300", "0", ("OA", "23", "270"), ("CO", "16", "30")), trace="T3", payer="TRICARE"),
            **LONG,
        ),
        [("post", [], "layer-2"), ("post", [], "layer-3"), ("exception", ["E10"], "none")],
        (["0.00", "0.00", "30.00"], "0.00", "170.00", "100.00"),
    ),
    # 30 open, 25 paid: of its own contractual only 5 are left to write off
    "the third's contractual": (
        case(
            remit(FIRST), later(SECOND, trace="T2", payer="AARP"),
            later(claim(K, "3", "300", "25", ("OA", "23", "235"), ("CO", "45", "40")), trace="T3", payer="TRICARE"),
            **LONG,
        ),
        [("post", [], "layer-2"), ("post", [], "layer-3"), ("post", [], "none")],
        (["0.00", "0.00", "0.00"], "0.00", "195.00", "105.00"),
    ),
    "the third before the second": (
        case(
            remit(FIRST),
            later(claim(K, "3", "300", "10", ("OA", "23", "270"), ("PR", "1", "20")), trace="T3", payer="TRICARE"),
            **LONG,
        ),
        [("post", [], "layer-2"), ("exception", ["E12"], "none")],
        (["0.00", "50.00", "0.00"], "0.00", "150.00", "100.00"),
    ),
    "the payer's name decides, not the status": (
        case(
            remit(P),
            later(claim(K, "1", "200", "24", ("OA", "23", "176"), icn="S1"), trace="T2", payer="AARP"), **TWO,
        ),
        [("post", [], "layer-2"), ("post", [], "none")],
        (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "a longer name of the payer": (
        case(remit(EX1, payer="MEDICARE PART B OF OHIO")), [("post", [], "patient")], DONE,
    ),
    "the number in small letters behind a zero": (
        case(remit(claim(f"0{K.lower()}", "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))),
        [("post", [], "patient")], DONE,
    ),
    # 150 = 120 + 40 - 10; the copay was the patient's no longer: 25 of credit
    "a contractual with a negative part": (
        case(remit(claim(K, "1", "150", "120", ("CO", "45", "40"), ("CO", "45", "-10")))),
        [("post", [], "none")],
        (["0.00"], "-25.00", "120.00", "30.00"),
    ),
    # without a rule the -5 would stay with the insurer: below zero
    "an incentive below zero has no rule": (
        case(remit(claim(K, "1", "150", "95", ("CO", "45", "40"), ("CO", "144", "-5"), ("PR", "3", "20")))),
        [("exception", ["E09", "E13"], "none")], NOTHING,
    ),
    "an incentive below zero by rule": (
        case(
            remit(claim(K, "1", "150", "95", ("CO", "45", "40"), ("CO", "144", "-5"), ("PR", "3", "20"))),
            **rule("CO", "144", "write_off"),
        ),
        [("post", [], "patient")],
        (["0.00"], "-5.00", "95.00", "35.00"),
    ),
    "unlisted stays at the payer": (
        case(
            remit(claim(K, "1", "150", "60", ("CO", "97", "50"), ("CO", "45", "15"), ("PR", "3", "25"))),
            unlisted_codes="post_as_denial",
        ),
        [("post", [], "patient")],
        (["50.00"], "0.00", "60.00", "15.00"),
    ),
    "a denial is none the less one": (
        case(remit(claim(K, "1", "150", "0", ("CO", "16", "150"))), unlisted_codes="post_as_denial"),
        [("exception", ["E10"], "none")], NOTHING,
    ),
    "a denial that a rule writes off": (
        case(remit(claim(K, "1", "150", "0", ("CO", "97", "150"))), **rule("CO", "97", "write_off")),
        [("post", [], "none")],
        (["0.00"], "-25.00", "0.00", "150.00"),
    ),
    "thrice the same": (
        case(remit(EX1), remit(EX1, isa="000000002"), remit(EX1, isa="000000003")),
        [("post", [], "patient"), ("ignored", ["E01"], "none"), ("ignored", ["E01"], "none")], DONE,
    ),
    "one cent apart": (case(remit(EX1, amount="84.99")), [("exception", ["E02"], "none")], NOTHING),
    "one cent not explained": (
        case(remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "24.99")))),
        [("exception", ["E03"], "none")], NOTHING,
    ),
    "a line answered as 40 + 60": (
        case(
            remit(Clp(K, "1", "160", "120", [
                Svc("40", "30", [("CO", "45", "10")], line_id="L1"),
                Svc("60", "50", [("CO", "45", "10")], line_id="L1"),
                Svc("60", "40", [("PR", "2", "20")], line_id="L2", code="97140"),
            ])),
            **PAIR,
        ),
        [("post", [], "patient")],
        (["0.00"], "20.00", "120.00", "20.00"),
    ),
    "a line answered as 40 + 50": (
        case(
            remit(Clp(K, "1", "150", "110", [
                Svc("40", "30", [("CO", "45", "10")], line_id="L1"),
                Svc("50", "40", [("CO", "45", "10")], line_id="L1"),
                Svc("60", "40", [("PR", "2", "20")], line_id="L2", code="97140"),
            ])),
            **PAIR,
        ),
        [("exception", ["E06", "E07"], "none")],
        (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "bundled": (
        case(remit(BUNDLED), **PAIR), [("exception", ["E10"], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "bundled, written off by rule": (
        case(remit(BUNDLED), **PAIR, **rule("CO", "97", "write_off")),
        [("post", [], "none")],
        (["0.00"], "0.00", "80.00", "80.00"),
    ),
    "re-coded": (
        case(remit(claim(K, "1", "150", "60", ("CO", "45", "65"), ("PR", "3", "25"), code="99212", submitted="99213"))),
        [("exception", ["E08"], "none")], NOTHING,
    ),
    "re-coded, without the line's number": (
        case(remit(claim(
            K, "1", "150", "60", ("CO", "45", "65"), ("PR", "3", "25"), code="99212", submitted="99213", line_id="",
        ))),
        [("exception", ["E08"], "none")], NOTHING,
    ),
    "the other way round, without numbers": (
        case(
            remit(Clp(K, "1", "160", "130", [
                Svc("60", "50", [("CO", "45", "10")], line_id="", code="97140"),
                Svc("100", "80", [("CO", "45", "20")], line_id=""),
            ])),
            **PAIR,
        ),
        [("post", [], "none")],
        (["0.00"], "0.00", "130.00", "30.00"),
    ),
    "interest beside it": (case(remit(EX1, plb=[("L6", "-5")])), [("post", [], "patient")], DONE),
    "all of it kept for an older claim": (case(remit(EX1, plb=[("WO", "85")])), [("post", [], "patient")], DONE),
    "taken back, then right, the carried amount applied": (
        case(
            remit(EX1), later(BACK, trace="T2"), remit(RIGHT, trace="T3", plb=[("FB:T2", "70")]), **ITSELF,
        ),
        [("post", [], "patient"), ("post", [], "none"), ("post", [], "patient")],
        (["0.00"], "15.00", "70.00", "40.00"),
    ),
    "taken back under a denial that waits": (
        case(
            remit(P),
            later(claim(K, "2", "200", "0", ("OA", "23", "176"), ("CO", "16", "24")), trace="T2", payer="AARP"),
            later(P_BACK, trace="T3"),
            later(claim(K, "1", "200", "100", ("CO", "45", "80"), ("PR", "2", "20"), icn="P2"), trace="T4"),
            **TWO, **ITSELF,
        ),
        [("post", [], "layer-2"), ("exception", ["E10"], "none"), ("post", [], "none"), ("post", [], "layer-2")],
        (["0.00", "20.00"], "0.00", "100.00", "80.00"),
    ),
    "corrected into a denial": (
        case(
            remit(EX1), later(BACK, claim(K, "1", "150", "0", ("CO", "16", "150"), icn="ICN2"), trace="T2"), **ITSELF,
        ),
        [("post", [], "patient"), ("post", [], "none"), ("exception", ["E10"], "none")], NOTHING,
    ),
    "paid after a denial that nobody posted": (
        case(
            remit(claim(K, "1", "150", "0", ("CO", "16", "150"), icn="D1")),
            remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), icn="D2"), trace="T2"),
        ),
        [("exception", ["E10"], "none"), ("post", [], "patient")], DONE,
    ),
    "a denial taken back that nobody posted": (
        case(
            remit(claim(K, "1", "150", "0", ("CO", "16", "150"), icn="D1")),
            remit(
                claim(K, "22", "-150", "0", ("CO", "16", "-150"), icn="D1"),
                claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), icn="D2"), trace="T2",
            ),
            **ITSELF,
        ),
        [("exception", ["E10"], "none"), ("exception", ["E11"], "none"), ("post", [], "patient")], DONE,
    ),
    "reversals are a person's": (
        case(remit(EX1), later(BACK, RIGHT, trace="T2")),
        [("post", [], "patient"), ("exception", ["E11"], "none"), ("exception", ["E12"], "none")], DONE,
    ),
    # 150 = 50 + 75 + 25: what somebody else paid is no write-off; it stays open and is told
    "information in the first insurer's answer": (
        case(remit(claim(K, "1", "150", "50", ("OA", "23", "75"), ("PR", "3", "25")))),
        [("post", [], "patient")],
        (["75.00"], "0.00", "50.00", "0.00"),
    ),
    "the second insurer tells the first's part in two codes": (
        case(
            remit(P),
            later(
                claim(K, "2", "200", "14", ("OA", "23", "96"), ("OA", "45", "80"), ("PR", "2", "10")), trace="T2",
                payer="AARP",
            ),
            **TWO,
        ),
        [("post", [], "layer-2"), ("exception", ["E09"], "none")],
        (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    "the payer's own reduction": (
        case(remit(claim(K, "1", "150", "85", ("PI", "45", "40"), ("PR", "3", "25")))),
        [("exception", ["E09"], "none")], NOTHING,
    ),
    "not covered, the patient's by rule": (
        case(
            remit(claim(K, "1", "150", "60", ("CO", "45", "15"), ("PR", "96", "75"))), **rule("PR", "96", "patient"),
        ),
        [("post", [], "patient")],
        (["0.00"], "50.00", "60.00", "15.00"),
    ),
    "an adjustment of the claim beside its line's": (
        case(remit(Clp(
            K, "1", "150", "85", [Svc("150", "100", [("CO", "45", "25"), ("PR", "3", "25")])], [("CO", "253", "15")],
        ))),
        [("post", [], "patient")], DONE,
    ),
    "the allowed amount is told": (
        case(
            remit(claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), allowed="130")),
            lines=[{"id": "L1", "code": "99213", "charge": "150.00", "patient_expected": "25.00",
                    "expected_allowed": "130.00"}],
        ),
        [("post", [], "patient")], DONE,
    ),
    "paid 20.00 under contract": (
        case(
            remit(EX1),
            lines=[{"id": "L1", "code": "99213", "charge": "150.00", "patient_expected": "25.00",
                    "expected_allowed": "130.00"}],
        ),
        [("exception", ["E14"], "none")], NOTHING,
    ),
    "two lines to the second insurer": (
        case(
            OF_BOTH, two("T2", "20", [("OA", "23", "80")], "40", [("PR", "1", "20")]),
            layers=("Medicare", "AARP"), **PAIR,
        ),
        [("post", [], "layer-2"), ("post", [], "patient")],
        (["0.00", "0.00"], "20.00", "110.00", "30.00"),
    ),
    "one of two lines denied by the second insurer": (
        case(
            OF_BOTH, two("T2", "20", [("OA", "23", "80")], "0", [("CO", "16", "60")]),
            layers=("Medicare", "AARP"), **PAIR,
        ),
        [("post", [], "layer-2"), ("exception", ["E10"], "none")],
        (["0.00", "80.00"], "0.00", "50.00", "30.00"),
    ),
    # the claim has 20 + 40 open; 40 on the first line are more than is open there
    "too much on one line, not on the claim": (
        case(
            OF_BOTH, two("T2", "40", [("OA", "23", "60")], "20", [("PR", "1", "40")]),
            layers=("Medicare", "AARP"), **PAIR,
        ),
        [("post", [], "layer-2"), ("exception", ["E13"], "none")],
        (["0.00", "80.00"], "0.00", "50.00", "30.00"),
    ),
    "the patient had paid ahead": (
        case(remit(EX1), paid="100.00"), [("post", [], "patient")], (["0.00"], "-75.00", "85.00", "40.00"),
    ),
    "only estimated": (
        case(remit(claim(K, "25", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), amount="85")),
        [("exception", ["E17"], "none")], NOTHING,
    ),
    "the first insurer once more, when the second is to answer": (
        case(
            remit(P), later(claim(K, "1", "200", "10", ("CO", "45", "190"), icn="P9"), trace="T2"), **THREE,
        ),
        [("post", [], "layer-2"), ("exception", ["E12"], "none")],
        (["0.00", "24.00", "0.00"], "0.00", "96.00", "80.00"),
    ),
    "taken back by the claim's number, without the payer's": (
        case(
            remit(EX1),
            later(claim(K, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"), icn=""), trace="T2"),
            **ITSELF,
        ),
        [("post", [], "patient"), ("post", [], "none")], NOTHING,
    ),
}  # fmt: skip


@pytest.mark.rule("B9", "B11.2")
@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_where_the_arithmetic_says(name):
    data, decided, stood = CASES[name]
    told = run(data)
    assert decisions(told) == decided
    assert stands(told) == stood
