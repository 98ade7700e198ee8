"""Answers of the sample files as the benefits page reads them: every row in words, figures only where rows agree."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from insurance.benefits import read_benefits, rejection_words
from insurance.eligibility_words import INFORMATION
from tests.x12 import x12_cast as cast
from x12.documents.eligibility import Eligibility, EligibilityPerson
from x12.reading import read_file

EXPECTED = [json.loads(line) for line in (cast.SAMPLES / "expected" / "271.jsonl").read_text().splitlines()]
FIGURES = {
    "copay": "B",
    "deductible": "C",
    "deductible_left": "C",
    "out_of_pocket": "G",
    "out_of_pocket_left": "G",
}


def people_of(name: str) -> tuple[list[EligibilityPerson], list[dict[str, str]]]:
    reading = read_file((cast.SAMPLES / "x12" / name).read_bytes())
    found = [made.document for made in reading.transactions if isinstance(made.document, Eligibility)]
    told = [rejection_words(row) for document in found for row in document.rejections]
    return [person for document in found for person in document.people], told


@pytest.mark.rule("B14.answer")
@pytest.mark.parametrize("facts", EXPECTED, ids=lambda facts: str(facts["file"])[4:40])
def test_a_sample_answer_in_words_with_its_facts(facts: dict[str, Any]) -> None:
    people, told = people_of(facts["file"])
    read = [read_benefits(person) for person in people]
    rows = [row for found in read for row in found["rows"]]
    assert [row["segment"].split("*")[1:] for row in rows] == facts["eb"], "every row is kept as it came"
    assert {row["segment"].split("*")[1] for row in rows} <= set(INFORMATION), (
        "no row without a word of its own"
    )
    assert all(row["words"] for row in rows)
    assert [row["code"] for row in told] == [row[2] for row in facts["aaa"]]
    assert {row["code"] for row in told if row["words"].startswith("Reason ")} <= {
        "CI"
    }  # no reason of the guide
    for found, person in zip(read, people, strict=True):
        said = [list(benefit.elements) for benefit in person.benefits]
        for name, kind in FIGURES.items():
            if name in found:  # the figure stands in a row of its kind, to the cent
                amounts = {Decimal(row[6]) for row in said if row[0] == kind and len(row) > 6 and row[6]}
                assert Decimal(found[name]) in amounts
        if found["active"] is not None:
            codes = {row[0] for row in said}
            assert codes & set("12345" if found["active"] else "678")
