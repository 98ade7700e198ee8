"""Each scenario of docs/sandbox.md, answered and read back by the x12 room; every 835 balances."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clearinghouses.sandbox.memory import Memory
from clearinghouses.sandbox.scenarios import Scenario, scenario_of
from tests.clearinghouses.batches import (
    AETNA,
    MEDICARE,
    answers_to,
    batch,
    claim_acks,
    for_member,
    read,
    remittances,
    shares,
)
from tests.x12.x12_cast import claim, dependent, secondary
from x12.documents.functional_ack import FunctionalAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.parties import Party
from x12.documents.professional_claim import OtherPayer, Payer
from x12.documents.remittance import Remittance


def only(content: bytes, memory: Memory | None = None) -> tuple[Remittance, dict[str, str]]:
    found = remittances(answers_to(content, memory))
    assert len(found) == 1
    return found[0], shares(found[0].claims[0])


@pytest.mark.rule("SB1")
@pytest.mark.parametrize(
    ("member", "status", "paid", "expected"),
    [
        ("W123456789", "1", "85.00", {"CO-45": "40.00", "PR-3": "25.00"}),
        ("PAID1", "1", "150.00", {}),
        ("COPAY25-7", "1", "85.00", {"CO-45": "40.00", "PR-3": "25.00"}),
        ("W1DEDUCT", "1", "0.00", {"CO-45": "40.00", "PR-1": "110.00"}),
        ("DENY16A", "1", "0.00", {"CO-16": "150.00"}),
        ("DENY197A", "1", "0.00", {"CO-197": "150.00"}),
        ("XOVER1", "19", "85.00", {"CO-45": "40.00", "PR-3": "25.00"}),
        ("UNDERPAY1", "1", "63.00", {"CO-45": "62.00", "PR-3": "25.00"}),
        ("TAKEBACK1", "1", "85.00", {"CO-45": "40.00", "PR-3": "25.00"}),
    ],
)
def test_what_a_primary_payer_answers(member: str, status: str, paid: str, expected: dict[str, str]) -> None:
    first = remittances(answers_to(batch(for_member(member))))[0]
    payment = first.claims[0]
    assert (payment.status_code, str(payment.paid), shares(payment)) == (status, paid, expected)
    assert payment.control_number == "K7Q2M4X9BCD2"
    assert payment.lines[0].line_id == "K7Q2M4X9BCD2-1"
    assert (first.payer_identifier, first.payee.npi, first.payee.tax_id) == (
        "1066033492",
        "1234567893",
        "311234567",
    )
    assert first.method == ("ACH" if first.amount else "NON")


@pytest.mark.rule("SB1")
def test_medicare_leaves_twenty_percent_as_coinsurance() -> None:
    _, found = only(batch(for_member("1EG4TE5MK73", payer=MEDICARE, charge="200.00")))
    assert found == {"CO-45": "80.00", "PR-2": "24.00"}


@pytest.mark.rule("SB1")
def test_medicare_sends_on_what_names_its_medigap_carrier() -> None:
    document = for_member("1EG4TE5MK73", payer=MEDICARE, charge="200.00")
    carrier = OtherPayer(
        "S", "18", "AARP", "36273", Party("1", "DOE", "JANE", id_qualifier="MI", identifier="A1")
    )
    found = remittances(answers_to(batch(replace(document, other_payers=(carrier,)))))
    assert [(one.claims[0].status_code, str(one.claims[0].paid)) for one in found] == [
        ("19", "96.00"),
        ("2", "0.00"),
    ]
    assert shares(found[1].claims[0]) == {"OA-23": "176.00", "PR-1": "24.00"}


def test_every_scenario_is_found_at_both_ends_of_a_member_id() -> None:
    for scenario in Scenario:
        if scenario is not Scenario.CONTRACT:
            assert scenario_of(f"{scenario}-1") is scenario_of(f"w9{scenario.lower()}") is scenario
    assert scenario_of("W123456789") is scenario_of("") is Scenario.CONTRACT


@pytest.mark.rule("SB2")
def test_the_way_in_ta1_999_and_two_277ca() -> None:
    found = answers_to(batch(for_member("PAID1"), dependent(), sets=2))
    assert [item.name.split("_")[1] for item in found] == [
        "TA1",
        "999",
        "277CA",
        "277CA-60054",
        "277CA-PAY01",
        "835",
        "835",
    ]
    assert [item.delays for item in found] == sorted(item.delays for item in found)
    ack = read(found, "TA1")[0].transactions[0].document
    assert isinstance(ack, InterchangeAck)
    assert (ack.control_number, ack.status, ack.note) == ("000000001", "A", "000")
    syntax = read(found, "999")[0].transactions[0].document
    assert isinstance(syntax, FunctionalAck)
    assert [(t.control_number, t.status) for t in syntax.transactions] == [
        ("000000010", "A"),
        ("000000011", "A"),
    ]
    acks = claim_acks(found)
    assert [ack.batch_reference for ack in acks] == ["000000010", "000000011", "000000010", "000000011"]
    assert not any(claim.is_rejected for ack in acks for claim in ack.claims)
    assert [bool(ack.claims[0].payer_claim_number) for ack in acks] == [False, False, True, True]
    numbers = {ack.claims[0].control_number: ack.claims[0].payer_claim_number for ack in acks[2:]}
    assert numbers == {
        r.claims[0].control_number: r.claims[0].payer_control_number for r in remittances(found)
    }


@pytest.mark.rule("SB2")
def test_no_ta1_when_none_is_asked_for() -> None:
    assert not read(answers_to(batch(for_member("PAID1"), ta1=False)), "TA1")


@pytest.mark.rule("SB3")
def test_the_same_interchange_again_is_refused_with_025() -> None:
    memory = Memory("alder")
    content = batch(for_member("PAID1"), ta1=False)
    assert remittances(answers_to(content, memory))
    again = answers_to(content, memory)
    assert [item.name.split("_")[1] for item in again] == ["TA1"]
    ack = read(again, "TA1")[0].transactions[0].document
    assert isinstance(ack, InterchangeAck)
    assert (ack.status, ack.note) == ("R", "025")


@pytest.mark.rule("SB3")
@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"", None),
        (b"hello", None),
        (bytes(range(256)) * 4, None),
        (b"%PDF-1.7 nothing", None),
        (batch(for_member("PAID1"))[:-40], "023"),
        (batch(for_member("PAID1"))[:200], "023"),
        (batch(for_member("PAID1")).replace(b"IEA*1*000000001", b"IEA*1*000000002"), "001"),
        (batch(for_member("PAID1")).replace(b"IEA*1*", b"IEA*7*"), "021"),
        (batch(for_member("PAID1")) * 2, "024"),
    ],
)
def test_what_is_no_sound_envelope_is_refused_or_ignored(content: bytes, note: str | None) -> None:
    found = answers_to(content)
    if note is None:
        assert found == []
        return
    ack = read(found, "TA1")[0].transactions[0].document
    assert isinstance(ack, InterchangeAck)
    assert (len(found), ack.status, ack.note) == (1, "R", note)


@pytest.mark.rule("SB3")
def test_every_cut_and_every_flipped_byte_is_survived() -> None:
    whole = batch(for_member("PAID1"))
    for place in range(0, len(whole), 97):
        answers_to(whole[:place])
        answers_to(whole[:place] + b"\xff" + whole[place + 1 :])
        answers_to(whole[:place] + whole[place + 5 :])


@pytest.mark.rule("SB2")
def test_rej999_bounces_its_whole_transaction_set_and_names_the_claim() -> None:
    bad = for_member("REJ999-1", "K7Q2M4X9BCD5")
    found = answers_to(batch(for_member("PAID1"), bad, claim(), claim(control_number="A2"), sets=2))
    syntax = read(found, "999")[0].transactions[0].document
    assert isinstance(syntax, FunctionalAck)
    assert (syntax.status, syntax.accepted) == ("P", 1)
    assert [t.status for t in syntax.transactions] == ["A", "R"]
    error = syntax.transactions[1].errors[0]
    assert (error.segment_id, error.control_number) == ("CLM", "K7Q2M4X9BCD5")
    line = batch(for_member("PAID1"), bad, claim(), claim(control_number="A2"), sets=2).split(b"~\n")
    start = next(n for n, text in enumerate(line) if text.startswith(b"ST*837*000000011"))
    assert error.position is not None
    assert line[start + error.position - 1].startswith(b"CLM*K7Q2M4X9BCD5")
    answered = {c.control_number for r in remittances(found) for c in r.claims}
    assert answered == {"K7Q2M4X9BCD2"}


@pytest.mark.rule("SB2")
def test_pyx12_refuses_what_breaks_the_guide() -> None:
    content = batch(for_member("PAID1")).replace(
        b"CLM*K7Q2M4X9BCD2*150***11:B:1*", b"CLM*K7Q2M4X9BCD2*150***1Z:B:1*"
    )
    found = answers_to(content)
    syntax = read(found, "999")[0].transactions[0].document
    assert isinstance(syntax, FunctionalAck)
    assert (syntax.status, syntax.transactions[0].status) == ("R", "R")
    assert syntax.transactions[0].errors
    assert not claim_acks(found)
    assert not remittances(found)


@pytest.mark.rule("SB2")
def test_rej277_is_rejected_by_its_payer() -> None:
    found = answers_to(batch(for_member("REJ277-1"), for_member("PAID1", "K7Q2M4X9BCD5")))
    acks = claim_acks(found)
    assert [[c.is_rejected for c in ack.claims] for ack in acks] == [[False, False], [True, False]]
    refused = acks[1].claims[0].statuses[0]
    assert (refused.codes[0].category, refused.codes[0].status, refused.action) == ("A7", "164", "U")
    assert refused.text
    assert [c.control_number for r in remittances(found) for c in r.claims] == ["K7Q2M4X9BCD5"]


@pytest.mark.rule("SB2")
def test_the_clearinghouse_has_edits_of_its_own() -> None:
    wrong = replace(for_member("PAID1"), total_charge=Decimal("151.00"))
    acks = claim_acks(answers_to(batch(wrong)))
    assert len(acks) == 1
    assert acks[0].claims[0].statuses[0].codes[0].status == "400"


@pytest.mark.rule("SB1")
def test_silence_after_the_clearinghouse() -> None:
    found = answers_to(batch(for_member("SILENT1")))
    assert len(claim_acks(found)) == 1
    assert not remittances(found)


@pytest.mark.rule("SB1")
def test_crossover_the_supplement_answers_under_the_primarys_number() -> None:
    first, second = remittances(answers_to(batch(for_member("XOVER1", payer=MEDICARE, charge="200.00"))))
    carrier = first.claims[0].crossover_carrier
    assert carrier is not None
    assert (first.claims[0].status_code, carrier.identifier) == ("19", "36273")
    other = second.claims[0]
    assert (second.payer.name, second.amount, other.status_code) == (carrier.last_name, 0, "2")
    assert other.control_number == first.claims[0].control_number
    assert shares(other) == {"OA-23": "176.00", "PR-1": "24.00"}
    assert second.payer_identifier != first.payer_identifier


@pytest.mark.rule("SB1")
def test_crossover_goes_to_the_other_payer_the_claim_names() -> None:
    other = OtherPayer("S", "18", "OTHER PLAN", "OTH01", Party("1", "DOE", "JOHN", "", "", "MI", "M9"), "CI")
    first, second = remittances(answers_to(batch(replace(for_member("XOVER1"), other_payers=(other,)))))
    assert first.claims[0].crossover_carrier == Party(
        "2", "OTHER PLAN", id_qualifier="PI", identifier="OTH01"
    )
    assert second.payer.name == "OTHER PLAN"


@pytest.mark.rule("SB4")
@pytest.mark.parametrize(
    ("member", "paid", "expected"),
    [
        ("M9", "20.00", {"OA-23": "130.00"}),
        ("DEDUCT9", "0.00", {"OA-23": "130.00", "PR-1": "20.00"}),
        ("COPAY25", "0.00", {"OA-23": "130.00", "PR-3": "20.00"}),
        ("UNDERPAY", "10.00", {"OA-23": "130.00", "PR-2": "10.00"}),
        ("DENY197", "0.00", {"OA-23": "130.00", "CO-197": "20.00"}),
    ],
)
def test_what_a_secondary_payer_answers(member: str, paid: str, expected: dict[str, str]) -> None:
    made = secondary()
    party = replace(made.subscriber.party, identifier=member)
    made = replace(made, subscriber=replace(made.subscriber, party=party))
    remittance, found = only(batch(made))
    payment = remittance.claims[0]
    assert (payment.status_code, str(payment.paid), found) == ("2", paid, expected)


@pytest.mark.rule("SB4")
def test_a_secondary_claim_without_the_first_answer_is_denied() -> None:
    made = claim(coverage=replace(claim().coverage, responsibility="S"))
    other = OtherPayer("P", "18", "FIRST", "P1", Party("1", "DOE", "JOHN", "", "", "MI", "M9"), "CI")
    remittance, found = only(batch(replace(made, other_payers=(other,))))
    assert found == {"CO-22": "150.00"}
    assert remittance.claims[0].remarks == ("MA04",)


@pytest.mark.rule("SB5")
def test_reversal_and_correction_carry_the_difference_forward_until_a_payment_bears_it() -> None:
    memory = Memory("alder")
    first, second = remittances(answers_to(batch(for_member("REVERSE1")), memory))
    reversal, correction = second.claims
    original = first.claims[0]
    assert (reversal.status_code, reversal.charge, reversal.paid) == ("22", -original.charge, -original.paid)
    assert reversal.payer_control_number == original.payer_control_number
    assert shares(reversal) == {"CO-45": "-40.00", "PR-3": "-25.00"}
    assert shares(correction) == {"CO-45": "40.00", "PR-3": "25.00", "PR-2": "15.00"}
    assert correction.original_payer_control_number == original.payer_control_number
    assert (second.amount, str(second.provider_adjustments[0].amount)) == (0, "-15.00")
    later, _ = only(batch(for_member("PAID1"), number=2), memory)
    assert [(p.code, p.reference, str(p.amount)) for p in later.provider_adjustments] == [
        ("FB", second.trace_number, "15.00")
    ]
    assert str(later.amount) == "135.00"
    assert not any(memory.forwarded.values())


@pytest.mark.rule("SB5")
def test_a_takeback_reduces_the_next_payment_that_bears_it() -> None:
    memory = Memory("alder")
    first, second = remittances(
        answers_to(batch(for_member("TAKEBACK1"), for_member("PAID1", "K7Q2M4X9BCD5")), memory)
    )
    assert not first.provider_adjustments
    assert [(p.code, p.reference, str(p.amount)) for p in second.provider_adjustments] == [
        ("WO", first.claims[0].payer_control_number, "6.00")
    ]
    assert str(second.amount) == "144.00"


@pytest.mark.rule("SB1")
def test_the_same_835_comes_again_renamed_and_in_another_envelope() -> None:
    found = [item for item in answers_to(batch(for_member("DUPFILE1"))) if item.name.endswith("835")]
    assert len(found) == 3
    assert found[0].content == found[1].content != found[2].content
    assert found[0].name != found[1].name
    first, second, third = remittances(found)
    assert first.trace_number == second.trace_number == third.trace_number
    assert first.claims == third.claims


@pytest.mark.rule("SB1")
def test_one_835_a_payer_and_payee_with_a_trace_number_of_its_own() -> None:
    claims = [for_member("M1"), for_member("M2", "K7Q2M4X9BCD5"), for_member("M3", "K7Q2M4X9BCD6", MEDICARE)]
    found = remittances(answers_to(batch(*claims)))
    assert [len(r.claims) for r in found] == [2, 1]
    assert len({r.trace_number for r in found}) == 2


@pytest.mark.rule("SB1")
def test_same_input_and_memory_same_bytes() -> None:
    content = batch(
        for_member("REVERSE1"), for_member("XOVER2", "K7Q2M4X9BCD5"), for_member("DUPFILE", "B3", AETNA)
    )
    assert answers_to(content, Memory("alder")) == answers_to(content, Memory("alder"))
    assert answers_to(content, Memory("alder")) != answers_to(content, Memory("birch"))


@pytest.mark.rule("SB1")
def test_an_unknown_payer_is_paid_by_default_terms() -> None:
    remittance, found = only(batch(for_member("M1", payer=Payer("SMALL PLAN", "SMALL"), charge="100.00")))
    assert found == {"CO-45": "30.00", "PR-2": "14.00"}
    assert len(remittance.payer_identifier) == 10


@pytest.mark.rule("SB7")
def test_a_void_takes_back_the_claim_it_names_once() -> None:
    memory = Memory("alder")
    first, _ = only(batch(for_member("COPAY25")), memory)
    number = first.claims[0].payer_control_number
    void = replace(for_member("COPAY25", "VOID0001"), frequency_code="8", payer_claim_number=number)
    taken, found = only(batch(void, number=2), memory)
    answer = taken.claims[0]
    assert (answer.status_code, answer.control_number) == ("22", first.claims[0].control_number)
    assert (str(answer.charge), str(answer.paid)) == ("-150.00", "-85.00")
    assert found == {"CO-45": "-40.00", "PR-3": "-25.00"}
    assert [(p.code, str(p.amount)) for p in taken.provider_adjustments] == [("FB", "-85.00")]
    again = answers_to(batch(void, number=3), memory)
    assert claim_acks(again)[1].claims[0].statuses[0].codes[0].status == "464"
    assert not remittances(again)


@pytest.mark.rule("SB8")
def test_a_replacement_reverses_the_claim_it_names_and_is_decided_anew() -> None:
    memory = Memory("alder")
    first, _ = only(batch(for_member("COPAY25")), memory)
    number = first.claims[0].payer_control_number
    again = for_member("COPAY25", "AGAIN001", charge="200.00")
    again = replace(again, frequency_code="7", payer_claim_number=number)
    answers = answers_to(batch(again, number=2), memory)
    (told,) = remittances(answers)
    back, new = told.claims
    assert (back.status_code, back.control_number) == ("22", first.claims[0].control_number)
    assert (str(back.charge), str(back.paid)) == ("-150.00", "-85.00")
    assert (new.status_code, new.control_number, str(new.charge)) == ("1", "AGAIN001", "200.00")
    assert [(ref.qualifier, ref.value) for ref in new.references] == [("F8", number)]
    assert new.payer_control_number not in ("", number)
    assert (str(new.paid), str(told.amount)) == ("121.67", "36.67")
    stale = replace(again, control_number="AGAIN002")
    assert not remittances(answers_to(batch(stale, number=3), memory)), "it was replaced: the number is spent"
    third = replace(again, control_number="AGAIN003", payer_claim_number=new.payer_control_number)
    (told,) = remittances(answers_to(batch(third, number=4), memory))
    assert [c.control_number for c in told.claims] == ["AGAIN001", "AGAIN003"]
    assert str(told.amount) == "0.00"
