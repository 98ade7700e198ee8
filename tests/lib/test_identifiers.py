"""Numbers that people read aloud and payers send back: NPIs, public ids, spellings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lib.identifiers import ALPHABET, has_valid_check, new_control_number, new_public_id
from lib.npi import is_npi, npi_from_stem
from lib.spellings import show_diagnosis, show_phone, show_zip


def test_the_example_of_the_law_is_an_npi() -> None:
    assert is_npi("1234567893")  # the worked example of the check digit in the standard
    for wrong in ("1234567890", "3234567893", "123456789", "12345678933", "123456789x", "१२३४५६७८९३"):
        assert not is_npi(wrong), wrong


@given(
    st.sampled_from("12"), st.text("0123456789", min_size=8, max_size=8), st.integers(0, 9), st.integers(1, 9)
)
def test_one_wrong_digit_is_noticed(first: str, rest: str, place: int, off: int) -> None:
    good = npi_from_stem(first + rest)
    assert is_npi(good)
    changed = str((int(good[place]) + off) % 10)
    assert not is_npi(good[:place] + changed + good[place + 1 :])


@given(st.integers(0, 11), st.integers(1, len(ALPHABET) - 1), st.integers(0, 10))
def test_a_misread_or_swapped_character_is_noticed(place: int, off: int, swap: int) -> None:
    for made in (new_public_id(), new_control_number()):
        assert has_valid_check(made)
        other = ALPHABET[(ALPHABET.index(made[place]) + off) % len(ALPHABET)]
        assert not has_valid_check(made[:place] + other + made[place + 1 :])
        swapped = made[:swap] + made[swap + 1] + made[swap] + made[swap + 2 :]
        if swap < 10 and swapped != made:
            assert not has_valid_check(swapped)


def test_ids_are_not_repeated_and_fit_a_claim() -> None:
    made = {new_control_number() for _ in range(2000)}
    assert len(made) == 2000
    assert all(
        len(number) <= 20 and number.isalnum() and number.isupper() for number in made if not number.isdigit()
    )


def test_spellings_show_and_do_not_judge() -> None:
    assert [show_zip(text) for text in ("627041234", "62704", "62704-1234", "K1A 0B1", "")] == [
        "62704-1234", "62704", "62704-1234", "K1A 0B1", "",
    ]  # fmt: skip
    assert [show_phone(text) for text in ("2175550123", "217-555-0123", "5550123")] == [
        "(217) 555-0123", "(217) 555-0123", "5550123",
    ]  # fmt: skip
    assert [show_diagnosis(code) for code in ("M5450", "M54.50", "I10", "")] == [
        "M54.50",
        "M54.50",
        "I10",
        "",
    ]
