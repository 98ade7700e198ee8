"""A partner that calls a number used which we used once: told on the batch, mended by a person (B6.5.clash)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from claims import clashes
from claims.errors import CannotResend
from tests.cast import World, make_world, sign_in
from tests.claims.test_answers import answer_277, answer_999, sent, state, ta1, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


@pytest.mark.rule("B6.5.clash")
def test_a_number_that_another_program_used_is_told_and_mended(world: World) -> None:
    with world.open():
        batch, claims = sent(world, 2)
        assert clashes.told(batch) is None
        take(world, ta1(batch, "R", "025"))
        assert clashes.told(batch) is not None
        connection = batch.connection
        assert connection is not None
        person = world.users["owner"]
    client = Client()
    sign_in(client, person)
    address = reverse("claims:batch", args=[batch.public_id])
    assert "We sent this file once" in client.get(address).content.decode()
    numbers = reverse("clearinghouses:numbers", args=[connection.public_id])
    for wrong in ("", "x", "0", str(batch.interchange_number), "999999999"):
        assert client.post(numbers, {"number": wrong}).status_code == 400
    assert client.post(numbers, {"number": "7000"}).status_code == 302
    act = reverse("claims:batch-act", args=[batch.public_id, "never-taken"])
    assert client.post(act, {"reason": " "}).status_code == 400
    assert client.post(act, {"reason": "Ann at the partner"}).status_code == 302
    assert "had a file of this number" not in client.get(address).content.decode()
    assert client.post(act, {"reason": "again"}).status_code == 409
    with world.open():
        assert [state(claim) for claim in claims] == ["rejected", "rejected"]
        again, _ = sent(world)
        assert (again.interchange_number, again.group_number) == (7001, 7001)


@pytest.mark.rule("B6.5.clash")
@pytest.mark.parametrize("other", ["999", "277CA", "TA1"])
def test_any_other_answer_shows_that_the_file_was_taken(world: World, other: str) -> None:
    with world.open():
        batch, [claim] = sent(world)
        word = {"999": answer_999(batch), "277CA": answer_277(batch, [claim], "A1"), "TA1": ta1(batch)}[other]
        for content in (ta1(batch, "R", "025"), word):
            take(world, content)
        assert clashes.told(batch) is None
        with pytest.raises(CannotResend):
            clashes.give_up(batch, "Ann")
