"""From a figure to the segment it came from: the payer's file in plain words."""

from __future__ import annotations

import pytest
from django.urls import reverse

from responses import file_words
from tests.cast import make_world
from tests.responses.edi import Clp, Svc, remit
from tests.responses.stage import AETNA, answer, claimed, clp
from x12.reader import SegmentReader


def test_the_segments_of_one_claim_with_their_words_and_no_bank_account():
    mine = Clp(
        "K1", "1", "160", "85",
        [Svc("100", "80", [("CO", "45", "20")], line_id="L1", allowed="80"), Svc("60", "5", [("PR", "3", "55")])],
        cas=[("PR", "1", "0")],
    )  # fmt: skip
    other = Clp("K2", "22", "-10", "-10", [Svc("-10", "-10")])
    segments = list(SegmentReader(remit(other, mine, other, plb=[("WO", "5")]).encode()))
    at = next(each.position for each in segments if each.id == "CLP" and each[1] == "K1")
    read = file_words.read(segments, at)
    assert read.other_claims == 2
    assert "88888" not in str(read)
    told = {each.place: each.words for each in read.claim}
    places = file_words.figures(read.claim)
    assert told[places["claim"]] == (
        "claim K1: processed as primary; charged 160, paid 85; payer's number ICN1"
    )
    assert told[places["0 CO-45"]] == "CO-45 20 (charge above fee schedule/allowed)"
    assert told[places["0 allowed"]] == "allowed 80"
    assert told[places["1 PR-3"]].startswith("PR-3 55")
    assert told[places["claim PR-1"]].startswith("PR-1 0")
    assert read.after[0].words == "WO 5 (recovery of an overpayment, REF)"
    assert file_words.read(segments, 10_000).claim == []


@pytest.mark.django_db
def test_every_figure_of_an_answer_leads_to_its_segment(client):
    world = make_world()
    with world.open():
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), **AETNA)
    client.force_login(world.users["biller"])
    address = reverse("responses:in-file", args=[row.public_id])
    opened = client.get(reverse("responses:response", args=[row.public_id])).content.decode()
    for figure in ("claim", "0", "0%20CO-45", "0%20PR-3"):
        assert f"{address}?figure={figure}" in opened
    page = client.get(address, {"figure": "0 CO-45"}).content.decode()
    lit = page[page.index('aria-current="true"') :]
    assert "CO-45 40" in lit[:300]
    read = client.get(reverse("responses-api:in-file", args=[row.public_id])).json()
    assert read["segments"][0]["place"] == read["figures"]["claim"]
    client.force_login(world.users["front_desk"])
    assert client.get(address).status_code == 403
    birch = make_world("birch")
    client.force_login(birch.users["biller"])
    assert client.get(address).status_code == 404
