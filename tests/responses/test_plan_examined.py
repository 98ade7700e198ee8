"""Cases for ``./manage plan`` written from the rules alone, without a look at the product, expected results first.

From rules.md B9, B11.2 and x12.md 6 to 9; ``run`` asserts the closing equation of every one.
"""

from __future__ import annotations

import json

import pytest

from responses.plan_case import plan_file
from tests.responses.edi import Clp, Svc, claim, remit
from tests.responses.plans import (
    BACK,
    EX1,
    ITSELF,
    ONE,
    P_BACK,
    PAIR,
    TWO,
    TWO_LINES,
    K,
    P,
    case,
    claims_of,
    decisions,
    later,
    rule,
    rules,
    run,
    stands,
    two,
    whole,
)

PAID = claim(K, "1", "150", "110", ("CO", "45", "40"))
DENIED = two("T1", "80", [("CO", "45", "20")], "0", [("CO", "97", "60")], "1", "AETNA")
S_ALL = claim(K, "2", "200", "24", ("OA", "23", "176"), icn="S1")


def by_aetna(*own):
    return case(DENIED, layers=("Aetna",), **rules(*own), **PAIR)


def after_first(*cas, paid, status="2", **more):
    """The first insurer's 96 + 80 of 200.00 with 24.00 left, then the second's answer."""
    second = claim(K, status, "200", paid, *cas, icn="S1")
    return case(remit(P), later(second, trace="T2", payer="AARP"), **{**TWO, **more})


def unwound(*steps, **more):
    """Example 1 (85 + 40 + 25 of 150.00, copay taken), then what came after it."""
    return case(remit(EX1), *steps, **ITSELF, **more)


WO = [("WO:ICN1", "-85")]
CASES = {
    # --- rules: payer before reason, own before default -----------------------------------------
    "a rule of this payer releases what a rule of all holds": (
        by_aetna((None, "CO", "97", "hold"), ("Aetna", "CO", "97", "write_off")),
        [("post", [], "none")], (["0.00"], "0.00", "80.00", "80.00"),
    ),
    "a rule of this payer holds what a rule of all writes off": (
        by_aetna((None, "CO", "97", "write_off"), ("Aetna", "CO", "97", "hold")),
        [("exception", ["E10", "E15"], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "another payer's rule has no say": (
        by_aetna(("Cigna", "CO", "97", "write_off")),
        [("exception", ["E10"], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "this payer's rule for every reason beats the default": (
        case(remit(PAID), **rules(("Medicare", "CO", None, "hold")), **ONE),
        [("exception", ["E15"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "no rule sends to the patient what is not PR": (
        case(remit(claim(K, "1", "150", "110", ("CO", "96", "40"))), **rule("CO", "96", "patient"), **ONE),
        [("exception", ["E09"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "nor to the next insurer": (
        case(remit(claim(K, "1", "200", "0", ("OA", "22", "200"))), **rule("OA", "22", "next_payer"), **TWO),
        [("exception", ["E10"], "none")], (["200.00", "0.00"], "0.00", "0.00", "0.00"),
    ),
    "PI-45 is not CO-45": (
        case(remit(claim(K, "1", "150", "110", ("PI", "45", "40"))), **ONE),
        [("exception", ["E09"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "PR-45 of a payer out of network is for a person": (
        case(remit(claim(K, "1", "150", "100", ("PR", "45", "30"), ("PR", "2", "20"))), **ONE),
        [("exception", ["E09"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "called a duplicate": (
        case(remit(claim(K, "1", "150", "0", ("OA", "18", "150"))), **ONE),
        [("exception", ["E10"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "capitated, by rule, with a second insurer": (
        case(remit(claim(K, "1", "200", "0", ("CO", "24", "200"))), **rule("CO", "24", "write_off"), **TWO),
        [("post", [], "none")], (["0.00", "0.00"], "0.00", "0.00", "200.00"),
    ),
    "-13.65 of the patient's part by rule": (
        case(
            remit(claim(K, "1", "100", "72.65", ("CO", "45", "20"), ("PR", "2", "21", "", "23", "-13.65"))),
            charge="100.00", **rule("PR", "23", "patient"), **ONE,
        ),
        [("post", [], "patient")], (["0.00"], "7.35", "72.65", "20.00"),
    ),
    "six codes in one segment, with quantities": (
        case(
            remit(claim(
                K, "1", "150", "100",
                ("CO", "45", "10", "1", "253", "1", "", "131", "2", "1", "237", "3", "", "59", "4", "", "B10", "5"),
                ("PR", "1", "20", "", "2", "5"),
            )),
            **rules(*((None, "CO", reason, "write_off") for reason in ("131", "237", "59", "B10"))), **ONE,
        ),
        [("post", [], "patient")], (["0.00"], "25.00", "100.00", "25.00"),
    ),
    # --- what the claim says as a whole -----------------------------------------------------------
    "all of two lines denied, told once": (
        case(remit(whole("1", "160", "0", ("CO", "29", "160"))), **PAIR),
        [("exception", ["E10"], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "all of two lines the deductible, told once": (
        case(remit(whole("1", "160", "0", ("PR", "1", "160"))), **PAIR),
        [("post", [], "patient")], (["0.00"], "160.00", "0.00", "0.00"),
    ),
    "all of two lines paid, told once": (
        case(remit(whole("1", "160", "160")), **PAIR),
        [("post", [], "none")], (["0.00"], "0.00", "160.00", "0.00"),
    ),
    "all of two lines paid, told once, and taken back": (
        case(
            remit(whole("1", "160", "160")), later(whole("22", "-160", "-160"), trace="T2"), **PAIR, **ITSELF
        ),
        [("post", [], "none"), ("post", [], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "two lines in one sum, and nobody knows how": (
        case(remit(whole("1", "160", "100", ("CO", "45", "60"))), **PAIR),
        [("exception", ["E07"], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "two lines in one sum, denied for two reasons": (
        case(remit(whole("1", "160", "0", ("CO", "45", "60"), ("CO", "29", "100"))), **PAIR),
        [("exception", ["E07", "E10"], "none")], (["160.00"], "0.00", "0.00", "0.00"),
    ),
    "denied by a remark alone": (
        case(remit(claim(K, "1", "150", "0", remarks=["N130"])), **ONE),
        [("exception", ["E03"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    # --- the second insurer -------------------------------------------------------------------------
    "its own contractual where nothing is left": (
        after_first(("CO", "45", "176"), paid="24"),
        [("post", [], "layer-2"), ("post", [], "none")], (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "it leaves to the patient more than was open": (
        after_first(("OA", "23", "96"), ("PR", "2", "104"), paid="0"),
        [("post", [], "layer-2"), ("exception", ["E13"], "none")], (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    "it tells the first's part as CO-23": (
        after_first(("CO", "23", "176"), paid="24"),
        [("post", [], "layer-2"), ("exception", ["E09"], "none")], (["0.00", "24.00"], "0.00", "96.00", "80.00"),
    ),
    "one payer in both layers: the status tells which": (
        case(remit(P), later(S_ALL, trace="T2"), **{**TWO, "layers": ("Medicare", "Medicare")}),
        [("post", [], "layer-2"), ("post", [], "none")], (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "sent on to a third insurer": (
        after_first(
            ("OA", "23", "176"), ("PR", "2", "10"), paid="14", status="20", layers=("Medicare", "AARP", "Cigna")
        ),
        [("post", [], "layer-2"), ("post", [], "crossover")],
        (["0.00", "0.00", "10.00"], "0.00", "110.00", "80.00"),
    ),
    "sent on, though nobody is next": (
        case(remit(claim(K, "19", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))),
        [("post", [], "patient")], (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "the copay stays credit until the last insurer has answered": (
        case(remit(EX1), later(claim(K, "2", "150", "25", ("OA", "23", "125"), icn="S1"), trace="T2", payer="AARP"),
             layers=("Medicare", "AARP")),
        [("post", [], "layer-2"), ("post", [], "none")], (["0.00", "0.00"], "-25.00", "110.00", "40.00"),
    ),
    # --- taken back -----------------------------------------------------------------------------------
    "taken back and right, under the new number": (
        unwound(later(
            claim("NEWNUM77", "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"), icn="ICN9",
                  extra="REF*F8*ICN1"),
            claim("NEWNUM77", "1", "150", "90", ("CO", "45", "40"), ("PR", "3", "20"), icn="ICN9",
                  extra="REF*F8*ICN1"),
            trace="T2",
        )),
        [("post", [], "patient"), ("post", [], "none"), ("post", [], "patient")],
        (["0.00"], "-5.00", "90.00", "40.00"),
    ),
    "taken back with the codes mixed up": (
        unwound(later(claim(K, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "2", "-25")), trace="T2")),
        [("post", [], "patient"), ("exception", ["E11"], "none")], (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "shown now, the money taken by the check after": (
        unwound(
            remit(BACK, trace="T2", plb=WO, amount="0"),
            remit(claim(K, "1", "150", "100", ("CO", "45", "40"), ("PR", "3", "10"), icn="ICN2"), trace="T3",
                  plb=[("WO:ICN1", "85")]),
        ),
        [("post", [], "patient"), ("post", [], "none"), ("post", [], "patient")],
        (["0.00"], "-15.00", "100.00", "40.00"),
    ),
    "a correction of a correction": (
        unwound(
            later(BACK, claim(K, "1", "150", "90", ("CO", "45", "40"), ("PR", "3", "20"), icn="ICN2"), trace="T2"),
            later(
                claim(K, "22", "-150", "-90", ("CO", "45", "-40"), ("PR", "3", "-20"), icn="ICN2"),
                claim(K, "1", "150", "100", ("CO", "45", "40"), ("PR", "3", "10"), icn="ICN3"), trace="T3",
            ),
        ),
        [("post", [], "patient"), *[("post", [], "none"), ("post", [], "patient")] * 2],
        (["0.00"], "-15.00", "100.00", "40.00"),
    ),
    "in a check that does not add up": (
        unwound(remit(BACK, trace="T2", amount="5.00")),
        [("post", [], "patient"), ("exception", ["E02"], "none")], (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "the first insurer takes back under a second that has paid": (
        case(remit(P), later(S_ALL, trace="T2", payer="AARP"), later(P_BACK, trace="T3"), **TWO, **ITSELF),
        [("post", [], "layer-2"), ("post", [], "none"), ("exception", ["E13"], "none")],
        (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "both take back, last first, and pay anew": (
        case(
            remit(P), later(S_ALL, trace="T2", payer="AARP"),
            later(claim(K, "22", "-200", "-24", ("OA", "23", "-176"), icn="S1"), trace="T3", payer="AARP"),
            later(P_BACK, claim(K, "1", "200", "100", ("CO", "45", "80"), ("PR", "2", "20"), icn="P2"), trace="T4"),
            remit(claim(K, "2", "200", "20", ("OA", "23", "180"), icn="S2"), trace="T5", payer="AARP",
                  plb=[("FB:T3", "20")]),
            **TWO, **ITSELF,
        ),
        [("post", [], "layer-2"), ("post", [], "none"), ("post", [], "none"), ("post", [], "none"),
         ("post", [], "layer-2"), ("post", [], "none")],
        (["0.00", "0.00"], "0.00", "120.00", "80.00"),
    ),
    "a split line taken back in one": (
        case(
            remit(Clp(K, "1", "150", "85", [
                Svc("100", "60", [("CO", "45", "40")]), Svc("50", "25", [("PR", "3", "25")]),
            ])),
            later(BACK, trace="T2"), **ITSELF,
        ),
        [("post", [], "patient"), ("post", [], "none")], (["125.00"], "0.00", "0.00", "0.00"),
    ),
    "the first check again, after it was taken back": (
        unwound(later(BACK, trace="T2"), remit(EX1, isa="000000009")),
        [("post", [], "patient"), ("post", [], "none"), ("ignored", ["E01"], "none")],
        (["125.00"], "0.00", "0.00", "0.00"),
    ),
    # --- the check -----------------------------------------------------------------------------------
    "every kind of provider-level money": (
        case(
            remit(PAID, plb=[
                ("WO:A", "6"), ("FB:B", "-2"), ("L6:C", "-1.23"), ("CS:D", "3"), ("72:E", "-6"), ("50", "0.5"),
                ("AP:F", "-4"), ("IR:G", "12"), ("J1:H", "1"), ("LE:I", "7.77"), ("ZZ:J", "0.01"),
            ]),
            **ONE,
        ),
        [("post", [], "none")], (["0.00"], "0.00", "110.00", "40.00"),
    ),
    "the whole check withheld": (
        case(remit(PAID, plb=[("WO:OLD", "110")]), **ONE),
        [("post", [], "none")], (["0.00"], "0.00", "110.00", "40.00"),
    ),
    "provider-level money that is not in the check": (
        case(remit(PAID, plb=[("WO:OLD", "6")], amount="110"), **ONE),
        [("exception", ["E02"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "another patient's claim in front of ours": (
        case(remit(claim("OTHER001", "1", "90", "90", icn="I9"), PAID), **ONE),
        [("exception", ["E04"], "none"), ("post", [], "none")], (["0.00"], "0.00", "110.00", "40.00"),
    ),
    "a price without money": (
        case(remit(claim(K, "25", "150", "110", ("CO", "45", "40")), amount="0"), **ONE),
        [("exception", ["E02", "E17"], "none")], (["150.00"], "0.00", "0.00", "0.00"),
    ),
    "one line, told as a claim": (
        case(remit(whole("1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))),
        [("post", [], "patient")], (["0.00"], "0.00", "85.00", "40.00"),
    ),
    "a line of ours without a charge": (
        case(
            remit(Clp(K, "1", "160", "160", [
                Svc("100", "100", line_id="L1"), Svc("60", "60", line_id="L2", code="97140"),
                Svc("0", "0", line_id="L3", code="G8427"),
            ])),
            lines=[*TWO_LINES, {"id": "L3", "code": "G8427", "charge": "0.00"}], paid="0.00",
        ),
        [("post", [], "none")], (["0.00"], "0.00", "160.00", "0.00"),
    ),
}  # fmt: skip
for told in ("taken back and right, under the new number",):
    CASES[told][0]["claim"]["control_numbers"].append("NEWNUM77")


@pytest.mark.rule("B9", "B11.2")
@pytest.mark.parametrize("name", CASES)
def test_an_examiners_case_ends_where_the_arithmetic_says(name):
    data, decided, stood = CASES[name]
    told = run(data)
    assert decisions(told) == decided
    assert stands(told) == stood


def test_a_rule_that_no_clinic_may_have_is_named_and_left_out(tmp_path):
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case(remit(PAID), **rule("CO", "96", "patient"), **ONE)))
    report = plan_file(str(path))
    assert report.status == 0
    [warning] = report.warnings
    assert warning.startswith("settings.posting_rules[0].action: left out") and "B10" in warning


def test_every_line_that_stops_a_claim_is_named():
    """Two lines denied: both are told with their amounts, and of many the first four."""
    [one] = claims_of(run(case(remit(whole("1", "160", "0", ("CO", "29", "160"))), **PAIR)))
    assert one["reasons"] == {
        "E10": "line 99213 was denied: CO-29 100.00; line 97140 was denied: CO-29 60.00"
    }
    six = [{"id": f"L{n}", "code": f"9921{n}", "charge": "10.00"} for n in range(6)]
    text = remit(whole("1", "60", "0", ("CO", "29", "60")))
    [one] = claims_of(run(case(text, lines=six, paid="0.00")))
    assert one["reasons"]["E10"].count("was denied") == 4
    assert one["reasons"]["E10"].endswith("CO-29 10.00; and more")
