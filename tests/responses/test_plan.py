"""The posting plan from a case alone: every gate, every worked figure, and a model beside it."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.plan_case import plan_file
from tests.responses.edi import Clp, Svc, claim, remit
from tests.responses.plans import EX1, K, case, claims_of, run


@pytest.mark.rule("B9")
def test_example_1():
    told = run(case(remit(EX1)))
    [one] = claims_of(told)
    assert (one["decision"], one["codes"], one["layer"], one["next"]) == ("post", [], 1, "patient")
    assert one["lines"] == [
        {
            "id": "L1",
            "paid": "85.00",
            "write_off": "40.00",
            "patient": "25.00",
            "denied": "0.00",
            "note": "0.00",
        }
    ]
    after = told["after"]
    assert (after["insurers"], after["patient"], after["unapplied_credit"]) == ({"1": "0.00"}, "0.00", "0.00")
    assert (after["paid"], after["written_off"]) == ("85.00", "40.00")


@pytest.mark.rule("B9.E10")
def test_example_2():
    told = run(
        case(
            remit(claim(K, "1", "100", "0", ("CO", "16", "100"))),
            charge="100.00",
            expected="0.00",
            paid="0.00",
        )
    )
    [one] = claims_of(told)
    assert one["decision"] == "exception"
    assert one["codes"] == ["E10"]
    assert one["lines"][0]["denied"] == "100.00"
    assert told["after"]["insurers"] == {"1": "100.00"}


def test_example_4_reversal_then_correction():
    reversal = claim(K, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"))
    correction = claim(
        K, "1", "150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"), icn="I2"
    )
    second = remit(reversal, correction, trace="T2", plb=[("FB", "-15")], amount="0")
    told = run(case(remit(EX1), second, reversals="auto_if_exact"))
    assert [one["decision"] for one in claims_of(told)] == ["post"] * 3
    assert claims_of(told)[1]["lines"][0] == {
        "id": "L1", "paid": "-85.00", "write_off": "-40.00", "patient": "-25.00", "denied": "0.00", "note": "0.00"
    }  # fmt: skip
    assert (told["after"]["paid"], told["after"]["patient"]) == ("70.00", "15.00")
    assert told["remittances"][1]["codes"] == ["E16"]
    blocked = run(case(remit(EX1), second))
    assert [one["codes"] for one in claims_of(blocked)] == [[], ["E11"], ["E12"]]
    assert blocked["after"]["paid"] == "85.00"


@pytest.mark.rule("B11.2")
@pytest.mark.parametrize(("status", "went"), [("1", "layer-2"), ("19", "crossover")])
def test_examples_1_and_2_of_coordination(status, went):
    first = remit(claim(K, status, "200", "96", ("CO", "45", "80"), ("PR", "2", "24")))
    one = case(first, charge="200.00", expected="0.00", paid="0.00", layers=("Medicare", "AARP"))
    told = run(one)
    assert claims_of(told)[0]["next"] == went
    assert told["after"]["insurers"] == {"1": "0.00", "2": "24.00"}
    one["remittances"].append(
        remit(
            claim(K, "2", "200", "0", ("OA", "23", "176"), ("PR", "1", "24"), icn="A"),
            trace="A",
            payer="AARP",
        )
    )
    told = run(one)
    assert (claims_of(told)[1]["next"], claims_of(told)[1]["lines"][0]["note"]) == ("patient", "176.00")
    assert (told["after"]["insurers"], told["after"]["patient"]) == ({"1": "0.00", "2": "0.00"}, "24.00")


def test_example_3_of_coordination_three_layers():
    told = run(
        case(
            remit(claim(K, "1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"))),
            remit(claim(K, "2", "200", "14", ("OA", "23", "176"), ("PR", "2", "10")), trace="2", payer="AARP"),
            remit(claim(K, "3", "200", "10", ("OA", "23", "190")), trace="3", payer="TRICARE"),
            charge="200.00", expected="0.00", paid="0.00", layers=("Medicare", "AARP", "Tricare"),
        )
    )  # fmt: skip
    assert [one["next"] for one in claims_of(told)] == ["layer-2", "layer-3", "none"]
    assert set(told["after"]["insurers"].values()) == {"0.00"}
    assert told["after"]["paid"] == "120.00"


@pytest.mark.rule("B9.E01")
def test_the_same_remittance_is_ignored_in_any_envelope():
    text = remit(EX1)
    told = run(case(text, text, text.replace("000000001", "000000009")))
    assert [each["duplicate"] for each in told["remittances"]] == [False, True, True]
    assert [one["decision"] for one in claims_of(told)] == ["post", "ignored", "ignored"]
    assert told["after"]["paid"] == "85.00"


@pytest.mark.rule("B9.E01")
def test_the_same_trace_with_another_amount_and_the_same_payer_claim_are_questions():
    other = claim(K, "1", "150", "80", ("CO", "45", "45"), ("PR", "3", "25"), icn="I9")
    told = run(case(remit(EX1), remit(other), remit(EX1, trace="T3")))
    assert ["E01" in one["codes"] for one in claims_of(told)] == [False, True, True]
    assert not any(each["duplicate"] for each in told["remittances"])


@pytest.mark.rule("B9.E02")
def test_a_file_that_does_not_add_up_posts_nothing():
    told = run(case(remit(EX1, amount="86")))
    assert not told["remittances"][0]["balanced"]
    assert claims_of(told)[0]["codes"] == ["E02"]


@pytest.mark.rule("B9.E03")
def test_a_claim_that_does_not_add_up():
    told = run(case(remit(claim(K, "1", "150", "85", ("CO", "45", "41"), ("PR", "3", "25")))))
    assert told["remittances"][0]["balanced"]
    assert claims_of(told)[0]["codes"] == ["E03"]


@pytest.mark.rule("B9.E04")
def test_an_unknown_number():
    told = run(case(remit(claim("STRANGER", "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")))))
    assert (claims_of(told)[0]["codes"], claims_of(told)[0]["layer"]) == (["E04"], None)


@pytest.mark.rule("B9.E05")
def test_a_match_by_the_payers_number_or_an_unnamed_layer_is_weak():
    again = claim("STRANGER", "1", "150", "80", ("CO", "45", "45"), ("PR", "3", "25"))
    told = run(case(remit(EX1), remit(again, trace="T2")))
    assert "E05" in claims_of(told)[1]["codes"]
    odd = claim(K, "4", "150", "0", ("CO", "16", "150"))
    told = run(case(remit(odd, payer="NOBODY WE KNOW"), layers=("Medicare", "AARP")))
    assert "E05" in claims_of(told)[0]["codes"]


@pytest.mark.rule("B9.E06")
def test_another_charge_than_submitted():
    told = run(case(remit(claim(K, "1", "140", "85", ("CO", "45", "30"), ("PR", "3", "25")))))
    assert claims_of(told)[0]["codes"] == ["E06"]


LINES = [
    {"id": "L1", "code": "98941", "charge": "100.00", "patient_expected": "0.00"},
    {"id": "L2", "code": "97110", "charge": "50.00", "patient_expected": "0.00"},
]


@pytest.mark.rule("B9.E07")
def test_lines_are_matched_once_by_id_then_by_value():
    by_value = Clp(K, "1", "150", "100", [
        Svc("50", "30", [("CO", "45", "20")], "", "97110"), Svc("100", "70", [("CO", "45", "30")], "", "98941"),
    ])  # fmt: skip
    told = run(case(remit(by_value), lines=LINES, paid="0.00"))
    assert [(line["id"], line["paid"]) for line in claims_of(told)[0]["lines"]] == [
        ("L1", "70.00"),
        ("L2", "30.00"),
    ]
    twice = Clp(K, "1", "150", "100", [
        Svc("100", "70", [("CO", "45", "30")], "L1", "98941"), Svc("50", "30", [("CO", "45", "20")], "L1", "98941"),
    ])  # fmt: skip
    assert "E07" in claims_of(run(case(remit(twice), lines=LINES, paid="0.00")))[0]["codes"]


def test_a_split_line_adds_up_and_an_empty_extra_line_is_nothing():
    split = Clp(K, "1", "150", "85", [
        Svc("100", "60", [("CO", "45", "40")]), Svc("50", "25", [("PR", "3", "25")]), Svc("0", "0", [], "", "G9999"),
    ])  # fmt: skip
    [one] = claims_of(run(case(remit(split))))
    assert (one["decision"], one["lines"][0]["paid"]) == ("post", "85.00")


@pytest.mark.rule("B9.E08")
def test_a_recoded_line():
    changed = claim(
        K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), code="99212", submitted="99213"
    )
    assert claims_of(run(case(remit(changed))))[0]["codes"] == ["E08"]


@pytest.mark.rule("B9.E09")
def test_an_unlisted_code_stops_or_stays_with_the_payer():
    partly = remit(claim(K, "1", "150", "85", ("CO", "45", "20"), ("CO", "97", "20"), ("PR", "3", "25")))
    assert claims_of(run(case(partly)))[0]["codes"] == ["E09"]
    told = run(case(partly, unlisted_codes="post_as_denial"))
    assert (claims_of(told)[0]["decision"], claims_of(told)[0]["lines"][0]["denied"]) == ("post", "20.00")
    assert told["after"]["insurers"] == {"1": "20.00"}


RULE = {"payer": None, "group": "CO", "reason": "59", "action": "write_off"}


def test_own_rules_more_specific_wins_payer_then_reason():
    text = remit(claim(K, "1", "150", "85", ("CO", "45", "20"), ("CO", "59", "20"), ("PR", "3", "25")))
    told = run(case(text, posting_rules=[RULE]))
    assert claims_of(told)[0]["lines"][0]["write_off"] == "40.00"
    stops = {"payer": "Medicare", "group": "CO", "reason": None, "action": "hold"}
    assert "E15" in claims_of(run(case(text, posting_rules=[RULE, stops])))[0]["codes"]
    loose = {"payer": None, "group": "CO", "reason": None, "action": "hold"}
    assert claims_of(run(case(text, posting_rules=[RULE, loose])))[0]["decision"] == "post"


@pytest.mark.rule("B9.E15")
@pytest.mark.parametrize("action", ["hold", "dispute"])
def test_a_stopping_rule(action):
    told = run(
        case(remit(EX1), posting_rules=[{"payer": None, "group": "CO", "reason": "45", "action": action}])
    )
    assert claims_of(told)[0]["codes"] == ["E15"]


@pytest.mark.rule("B9.E11")
def test_a_reversal_that_is_not_exact_waits():
    other = remit(claim(K, "22", "-150", "-84", ("CO", "45", "-41"), ("PR", "3", "-25")), trace="2")
    told = run(case(remit(EX1), other, reversals="auto_if_exact"))
    assert claims_of(told)[1]["codes"] == ["E11"]
    assert told["after"]["paid"] == "85.00"


def test_a_reversal_may_come_without_lines():
    bare = Clp(K, "22", "-150", "-85", [], [("CO", "45", "-40"), ("PR", "3", "-25")])
    told = run(case(remit(EX1), remit(bare, trace="2", amount="-85"), reversals="auto_if_exact"))
    assert claims_of(told)[1]["decision"] == "post"
    assert told["after"]["insurers"] == {"1": "125.00"}


@pytest.mark.rule("B9.E12")
def test_the_second_insurer_may_not_answer_first_nor_the_first_twice():
    early = remit(claim(K, "2", "150", "10", ("OA", "23", "140")), payer="AARP")
    assert "E12" in claims_of(run(case(early, layers=("Medicare", "AARP"))))[0]["codes"]
    again = claim(K, "1", "150", "70", ("CO", "45", "55"), ("PR", "3", "25"), icn="I7")
    assert claims_of(run(case(remit(EX1), remit(again, trace="2"))))[1]["codes"] == ["E12"]


@pytest.mark.rule("B9.E13")
def test_a_second_insurer_that_pays_more_than_is_open():
    told = run(
        case(
            remit(claim(K, "1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"))),
            remit(claim(K, "2", "200", "30", ("OA", "23", "170")), trace="2", payer="AARP"),
            charge="200.00", expected="0.00", paid="0.00", layers=("Medicare", "AARP"),
        )
    )  # fmt: skip
    assert claims_of(told)[1]["codes"] == ["E13"]
    assert told["after"]["insurers"]["2"] == "24.00"


def test_a_second_contractual_posts_only_up_to_what_is_open():
    told = run(
        case(
            remit(claim(K, "1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"))),
            remit(claim(K, "2", "200", "14", ("CO", "45", "100"), ("OA", "23", "86")), trace="2", payer="AARP"),
            charge="200.00", expected="0.00", paid="0.00", layers=("Medicare", "AARP"),
        )
    )  # fmt: skip
    assert claims_of(told)[1]["lines"][0]["write_off"] == "10.00"
    assert told["after"]["written_off"] == "90.00"


@pytest.mark.rule("B9.E14")
@pytest.mark.parametrize(("variance", "codes"), [("0.00", ["E14"]), ("9.99", ["E14"]), ("10.00", [])])
def test_paid_under_contract(variance, codes):
    data = case(remit(EX1), max_auto_variance=variance)
    data["claim"]["lines"][0]["expected_allowed"] = "120.00"  # 85 + 25 = 110 allowed
    assert claims_of(run(data))[0]["codes"] == codes


@pytest.mark.rule("B9.E16")
def test_example_3_provider_level_money_does_not_stop_claims():
    told = run(case(remit(EX1, plb=[("WO", "6")])))
    assert (told["remittances"][0]["paid"], told["remittances"][0]["provider_adjustments"]) == (
        "79.00",
        "6.00",
    )
    assert (told["remittances"][0]["codes"], claims_of(told)[0]["decision"]) == (["E16"], "post")


@pytest.mark.rule("B9.E17")
@pytest.mark.parametrize("status", ["23", "25"])
def test_what_never_posts(status):
    told = run(case(remit(claim(K, status, "150", "0", ("CO", "45", "150")))))
    assert (claims_of(told)[0]["decision"], claims_of(told)[0]["codes"]) == ("exception", ["E17"])


@pytest.mark.parametrize(
    "text", ["", "hello", "ISA*00*", remit(EX1)[:400], remit(EX1).replace("005010", "004010"), "\ud800"]
)
def test_a_text_that_is_no_whole_835_carries_findings_and_posts_nothing(text):
    told = run(case(text, remit(EX1)))
    assert any(finding["severity"] == "error" for finding in told["remittances"][0]["findings"])
    assert all(one["decision"] != "post" for one in told["remittances"][0]["claims"])
    assert told["after"]["paid"] == "85.00"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("claim"), "claim: is needed"),
        (lambda d: d["claim"].update(layers=[]), "claim.layers"),
        (lambda d: d["claim"].update(lines=[]), "claim.lines"),
        (lambda d: d["claim"].update(responsible_layer=2), "there is no layer 2"),
        (lambda d: d["claim"]["lines"][0].update(charge="1.005"), "more than two decimals"),
        (lambda d: d["claim"]["lines"][0].update(patient_expected="151.00"), "more than the charge"),
        (lambda d: d["settings"].update(reversals="perhaps"), "settings.reversals"),
        (lambda d: d["settings"].update(posting_rules=[RULE, RULE]), "two rules"),
        (lambda d: d.update(remittances=[7]), "remittances[0]"),
    ],
)
def test_a_malformed_case_names_its_slip(tmp_path, change, words):
    data = case(remit(EX1))
    change(data)
    file = tmp_path / "case.json"
    file.write_text(json.dumps([data, case(remit(EX1))]))
    report = plan_file(str(file))
    assert report.status == 2
    assert words in report.document[0]["error"]
    assert report.document[1]["after"]["paid"] == "85.00"


def test_a_file_that_cannot_be_read_is_two(tmp_path):
    assert plan_file(str(tmp_path / "nothing.json")).status == 2
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    assert plan_file(str(tmp_path / "x")).status == 2


# --- beside a model of a dozen lines ---------------------------------------------------------------

cents = st.integers(min_value=0, max_value=20000)


def text_of(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


@st.composite
def stories(draw):
    charge = draw(st.integers(min_value=1, max_value=20000))
    layers = draw(st.integers(min_value=1, max_value=3))
    answers = []
    for _ in range(draw(st.integers(min_value=1, max_value=5))):
        cuts = sorted(draw(st.lists(st.integers(min_value=0, max_value=charge), min_size=3, max_size=3)))
        parts = [cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], charge - cuts[2]]
        answers.append((draw(st.integers(min_value=1, max_value=layers)), parts))
    return charge, draw(st.integers(min_value=0, max_value=charge)), draw(cents), layers, answers


def model(charge, expected, layers, answers):
    """Whole cents: what each party owes when only paid, CO-45, PR-1 and OA-23 occur."""
    insurers = dict.fromkeys(range(1, layers + 1), 0)
    insurers[1], patient, paid, off, pointer, decisions = charge - expected, expected, 0, 0, 1, []
    for rank, (pays, contract, share, _) in answers:
        room = insurers[rank] + patient - pays - share
        cut = contract if paid_nobody(decisions) else min(contract, max(room, 0))
        if rank != pointer or room - cut < 0:
            decisions.append("exception")
            continue
        decisions.append("post")
        insurers[rank], patient, paid, off = room - cut, 0, paid + pays, off + cut
        if share and rank < layers:
            insurers[rank + 1] += share
            pointer = rank + 1
        elif share:
            patient, pointer = share, None
        else:
            pointer = rank if insurers[rank] else None
    return insurers, patient, paid, off, decisions


def paid_nobody(decisions):
    return "post" not in decisions


@given(stories())
@settings(max_examples=150, deadline=None)
def test_the_plan_agrees_with_a_small_model(story):
    charge, expected, handed, layers, answers = story
    names = ("Alpha", "Beta", "Gamma")[:layers]
    texts = [
        remit(
            claim(K, str(rank), text_of(charge), text_of(p), ("CO", "45", text_of(c)), ("PR", "1", text_of(s)),
                  ("OA", "23", text_of(n)), icn=f"I{place}"),
            trace=f"T{place}", payer=names[rank - 1].upper(),
        )
        for place, (rank, (p, c, s, n)) in enumerate(answers)
    ]  # fmt: skip
    told = run(
        case(*texts, charge=text_of(charge), expected=text_of(expected), paid=text_of(handed), layers=names)
    )
    insurers, patient, paid, off, decisions = model(charge, expected, layers, answers)
    assert [one["decision"] for one in claims_of(told)] == decisions
    after = told["after"]
    assert after["insurers"] == {str(rank): text_of(amount) for rank, amount in insurers.items()}
    assert D(after["patient"]) - D(after["unapplied_credit"]) == D(patient - handed) / 100
    assert (after["paid"], after["written_off"]) == (text_of(paid), text_of(off))
