"""Random claims of every kind: our rules let them pass, pyx12 accepts them, and our reader gives them back.

``FIELDS`` are all fields of a claim document; that each was drawn is a test, so that none is forgotten.
"""

from __future__ import annotations

import csv
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import x12_cast as cast
from x12_claims import PIECES, told, valid_claim

from lib.frozen import freeze, thaw
from x12.documents.claim_rules import check_claim
from x12.documents.professional_claim import ClaimDocument, ClaimTransaction
from x12.documents.write_837p import write_837p
from x12.guides.parse import SegmentRule
from x12.guides.professional import PROFESSIONAL
from x12.pyx12_check import objections
from x12.reading import read_file

pytestmark = pytest.mark.rule("X12.missed")
# Parts of values that other documents share with a claim: a payer's web page and kind of contact, what a REF means
# in an 835; the place in a file that was read.
NOT_OF_A_CLAIM = {"Contact.url", "Contact.function", "Reference.description", "ClaimDocument.segment"}
SEEDS = range(80)
SHOWN = range(30)  # of these, to pyx12 as well: it takes 150 ms for a claim with everything


def all_fields(kind: Any) -> Iterator[str]:
    """``Class.field`` of everything a claim document can hold."""
    for part, of in zip(fields(kind), typing.get_type_hints(kind).values(), strict=True):
        yield f"{kind.__name__}.{part.name}"
        for inner in inside(of):
            yield from all_fields(inner)


def inside(of: Any) -> Iterator[Any]:
    if is_dataclass(of):
        yield of
    elif isinstance(of, types.UnionType) or typing.get_origin(of) is tuple:
        for one in typing.get_args(of):
            yield from inside(one)


def test_random_claims_pass_our_rules_and_pyx12_and_read_back_equal() -> None:
    for seed in SEEDS:
        document = valid_claim(seed)
        assert [one for one in check_claim(document, cast.TODAY) if one.severity == "error"] == [], seed
        purpose, kind = ("00", "CH") if seed % 3 else ("18", "RP")
        sent = ClaimTransaction("BATCH1", cast.TODAY, "0930", purpose, kind, (document,))
        data = cast.interchange("837", write_837p(sent), "HC", "005010X222A1", "005010X222A1")
        assert seed not in SHOWN or objections(data) == [], seed
        reading = read_file(data)
        assert reading.findings == [], seed
        assert reading.transactions[0].document == sent, seed
        assert thaw(ClaimDocument, freeze(document)) == document, seed


def test_each_field_of_a_claim_is_drawn() -> None:
    drawn = [valid_claim(seed) for seed in SHOWN]
    assert set(all_fields(ClaimDocument)) - NOT_OF_A_CLAIM - set(told(tuple(drawn))) == set()
    drawn = [valid_claim(seed) for seed in SEEDS]
    kinds = {(one.coverage.responsibility, one.frequency_code) for one in drawn}
    assert kinds == set(product("PST", "178"))
    assert {one.patient is not None for one in drawn} == {True, False}


def test_a_field_without_a_way_to_draw_it_is_told() -> None:
    way = PIECES[ClaimDocument].pop("special_program")
    try:
        with pytest.raises(AssertionError, match="special_program"):
            valid_claim(0)
    finally:
        PIECES[ClaimDocument]["special_program"] = way


def test_what_is_said_without_an_error_is_said_on_every_later_day() -> None:
    """Claims stamped by a scrub rely on it (claims/scrubbing.py)."""
    for seed in range(40):
        document, later = valid_claim(seed), cast.TODAY + timedelta(days=23 * seed)
        assert check_claim(document, later) == check_claim(document, cast.TODAY), seed


# What the guide has and a claim document does not hold (docs/x12.md), as loop and element.
NOT_HELD = {
    *(f"{loop} N407" for loop in (
        "2010AA", "2010AB", "2010AC", "2010BA", "2010BB", "2010CA", "2310C", "2310E", "2310F", "2330A", "2330B",
        "2420C", "2420E", "2420G", "2420H",
    )),  # a part of a country abroad
    *(f"{loop} REF04-0{part}" for loop in ("2400", "2420A", "2420B", "2420C", "2420D", "2420E") for part in (1, 2)),
    *(f"2420F REF04-0{part}" for part in (1, 2)),  # whose number it is, when another payer's
    *(f"{loop} PER0{place}" for loop in ("2010BA", "2010CA") for place in range(1, 7)),  # property and casualty
    "2330A REF01", "2330A REF02",  # the SSN of another policy's holder
}  # fmt: skip


def test_a_claim_holds_everything_of_the_guide_but_what_is_named() -> None:
    table = cast.EXAMPLES.parent / "maps" / "837P_005010X222A1.tsv"
    held = {place for key, rule in PROFESSIONAL.items() for place in places(key, rule)}
    with table.open(encoding="utf-8") as rows:
        wanted = {
            f"{row[1]} {row[3]}"
            for row in csv.reader(rows, delimiter="\t")
            if row[0] in ("elem", "sub") and not row[1].endswith("_LOOP") and row[1] != "HEADER"
        }
    assert wanted - held == NOT_HELD


def places(key: str, rule: SegmentRule) -> Iterator[str]:
    loop = key.partition("/")[0]
    for place in rule.elements:
        yield f"{loop} {rule.segment_id}{place:02d}"
    for place, parts in rule.components.items():
        for part in parts:
            yield f"{loop} {rule.segment_id}{place:02d}-{part:02d}"
