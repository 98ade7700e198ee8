"""From each finding to where it is mended: a box of the review page, or the page of its source (screens: review)."""

from __future__ import annotations

import ast
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from claims import queue, remedies, review
from claims.boxes import sections
from claims.more_boxes import more_sections
from claims.rare_boxes import rare_sections
from claims.review_fields import EDITABLE
from lib.frozen import thaw
from tests.cast import TODAY, make_patient, make_world
from tests.claims.helpers import bill
from tests.claims.test_pages import sign_in
from x12.documents.professional_claim import ClaimDocument

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B8.links")]
ROOT = Path(__file__).resolve().parents[2]
# What no page mends: we make it ourselves, pass it on as it came, or the product never fills it.
NOBODYS = re.compile(
    r"segment|control_number|clearinghouse_trace|frequency_code|payer_claim_number|(lines\.0\.)?repricing(\..*)?"
)


def all_fields(kind: Any, path: str = "") -> Iterator[str]:
    """Every field a finding could name, lists by their first item."""
    for part, of in zip(fields(kind), typing.get_type_hints(kind).values(), strict=True):
        here = f"{path}{part.name}"
        yield here
        for inner, place in inside(of):
            if place:
                yield f"{here}.0"
            yield from all_fields(inner, f"{here}.0." if place else f"{here}.")


def inside(of: Any, place: bool = False) -> Iterator[tuple[Any, bool]]:
    if is_dataclass(of):
        yield of, place
    elif isinstance(of, types.UnionType) or typing.get_origin(of) is tuple:
        for one in typing.get_args(of):
            yield from inside(one, place or typing.get_origin(of) is tuple)


FIELDS = tuple(dict.fromkeys(all_fields(ClaimDocument)))


@pytest.mark.parametrize("holder", ["18", "19"])
def test_each_field_a_finding_can_name_leads_to_a_box_or_a_page(holder: str) -> None:
    world = make_world()
    client = sign_in(world, "owner")
    with world.open():
        named = {} if holder == "18" else {"holder_last_name": "Doe", "holder_first_name": "Jo"}
        claim = queue.enqueue(bill(world, make_patient(), relationship=holder, **named), TODAY)
        document = thaw(ClaimDocument, claim.document)
        claim.findings = [
            {"code": "x", "where": path, "message": path, "severity": "error"} for path in FIELDS
        ]
        claim.save()
    page = client.get(f"/claims/{claim.public_id}/?more=0").content.decode()
    ids = set(re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', page))
    assert len(ids) == len(re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', page)), "an id twice"
    lists = page.partition('<ol class="find-list">')[2].partition("</ol>")[0]
    found = [
        (re.findall(r"<h3>([^<]+)</h3>", item)[0], "".join(re.findall(r"<a [^>]*>", item)))
        for item in lists.split("<li ")[1:]
    ]
    assert [path for path, _ in found] == list(FIELDS)
    pages, nowhere = set(), []
    for path, link in found:
        if NOBODYS.fullmatch(path):
            continue
        if document.patient is None and path.startswith("patient"):
            continue  # no finding names a patient that the claim does not have
        target = re.search(r'href="([^"]+)"', link)
        if target is None:
            nowhere.append(path)
            continue
        if target[1].startswith("#"):
            assert target[1][1:] in ids, path
        else:
            pages.add(target[1])
    assert not nowhere, "\n".join(nowhere)
    for address in pages:
        assert client.get(address).status_code == 200, address
    assert reverse("claims:claim", args=[claim.public_id]) not in pages


def test_each_field_that_may_be_changed_has_a_box_that_shows_it() -> None:
    world = make_world()
    with world.open():
        named = {"holder_last_name": "Doe", "holder_first_name": "Jo"}
        claim = queue.enqueue(bill(world, make_patient(), relationship="19", **named), TODAY)
    document = thaw(ClaimDocument, claim.document)
    shown = [*sections(document), *more_sections(document), *rare_sections(document, [0])]
    boxes = [box.path for section in shown for box in section.boxes if box.edit]
    boxes += ["lines.0.modifiers", "lines.0.pointers"]
    assert len(boxes) == len(set(boxes)), "a field has two boxes"
    assert all(any(pattern.fullmatch(path) for pattern, _ in EDITABLE) for path in boxes)
    # Those that only some claims show: a replacement's number, Medicare that is not first, the holder's own facts.
    elsewhere = {"payer_claim_number", "coverage.insurance_type"}
    wanted = {path for path in FIELDS if any(pattern.fullmatch(path) for pattern, _ in EDITABLE)} - elsewhere
    missing = {path for path in wanted - set(boxes) if not path.startswith("subscriber.")}
    assert missing == set()


def test_each_literal_field_of_a_check_is_a_field_of_the_claim() -> None:
    places = set()
    for path in [*(ROOT / "claims").glob("*checks.py"), *(ROOT / "x12" / "documents").glob("*_rules.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in ("Finding", "_error") and len(node.args) > 1:
                where = node.args[1]
                if isinstance(where, ast.Constant) and where.value:
                    places.add(where.value)
    assert len(places) > 25
    assert {one for one in places if one not in FIELDS and one.rpartition(".")[0] not in FIELDS} == set()


def test_a_place_of_the_837p_leads_to_its_field() -> None:
    boxes = {"note", "diagnoses", "delay_reason", "transport.reason", "dates.onset"}
    assert remedies.box_of("2300/NTE02", boxes) == "note"
    assert remedies.box_of("2300/CLM20", boxes) == "delay_reason"
    assert remedies.box_of("2310E/N301", boxes) == "transport.reason"
    page = remedies.page_of("guide", "2010AA/N403", has_patient=False)
    assert page == remedies.BILLING_PROVIDER
    assert remedies.page_of("guide", "2400/SV101", has_patient=False) == remedies.VISIT
    assert remedies.field_of("2300/CR109") == "transport"


def test_what_is_missing_after_a_check_out_leads_to_its_place() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world, make_patient(), relationship="19", visit={"onset_on": None})
    client = sign_in(world, "owner")
    address = reverse("claims:for-invoice", args=[invoice.public_id])
    shown = client.get(address).content.decode()
    refused = client.post(address, {"act": "one_click", "idempotency_key": "a-click"}).content.decode()
    for page in (shown, refused):
        items = page.partition('<ul class="why">')[2].partition("</ul>")[0].split("<li>")[1:]
        assert items
        for item in items:
            target = re.search(r'<a href="([^"]+)"', item)
            assert target, item
            assert client.get(target[1]).status_code == 200


def test_a_finding_says_its_place_in_words() -> None:
    labels = {"coverage.group_number": "box 11 Group"}
    said = {
        where: remedies.words_of(where, labels)
        for where in (
            "lines.0.modifiers",
            "lines.11",
            "coverage.group_number",
            "2300/CLM05",
            "payer.name",
            "",
        )
    }
    assert list(said.values()) == [
        "line 1, modifiers",
        "line 12",
        "box 11 Group",
        "2300/CLM05",
        "payer, name",
        "",
    ]


def test_a_fact_changed_on_the_claim_alone_leads_to_where_it_is_kept() -> None:
    world = make_world()
    with world.open():
        claim = queue.enqueue(bill(world, make_patient(sex="")), TODAY)
        edits = {"subscriber.sex": "F", "coverage.group_number": "G7", "place_of_service": "12"}
        review.save_review(claim, edits, claim.document_version, TODAY)
        claim.refresh_from_db()
        person = claim.patient.public_id
    page = sign_in(world).get(reverse("claims:claim", args=[claim.public_id])).content.decode()
    said = re.findall(r"changed since the visit(.*?)</span>", page)
    patient = reverse("patients:edit", args=[person])
    cards = reverse("insurance:manage", args=[person])
    assert sum(f'href="{patient}"' in each for each in said) == 1
    assert sum(f'href="{cards}"' in each for each in said) == 1
    assert len(said) == 3, "the place is the claim's own"
