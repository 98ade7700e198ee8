"""A file that was taken for refused and is answered; a batch that nobody sends any more (rules.md B6.5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claims import delivery
from claims.enums import BatchState
from claims.errors import CannotResend
from claims.models import Batch
from clearinghouses.models import OutboundFile
from tests.cast import World, make_world
from tests.claims.test_answers import sent, state, ta1, take
from work.models import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B6.5.batch")]


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


@pytest.mark.parametrize("again", [False, True])
def test_an_answer_lifts_a_refused_file_and_it_is_never_put_again(world: World, again: bool) -> None:
    with world.open():
        batch, claims = sent(world)
        assert batch.outbound_file is not None
        OutboundFile.objects.filter(pk=batch.outbound_file.pk).update(state="refused", attempts=1)
        Batch.objects.filter(pk=batch.pk).update(state=BatchState.REFUSED)
        if again:
            delivery.send_again(batch)
        take(world, ta1(batch))
        batch.refresh_from_db()
        batch.outbound_file.refresh_from_db()
        assert (batch.state, batch.outbound_file.state, state(claims[0])) == (
            "delivered",
            "delivered",
            "submitted",
        )


def test_a_batch_whose_sending_died_says_so_and_is_tried_again(world: World) -> None:
    with world.open():
        batch, _ = sent(world)
        assert not delivery.is_stuck(batch)
        with pytest.raises(CannotResend):
            delivery.try_again(batch)
        Outbox.objects.filter(kind=delivery.SEND).update(state="dead")
        assert delivery.is_stuck(batch)
        delivery.try_again(batch)
        assert not delivery.is_stuck(batch)
        assert Outbox.objects.filter(kind=delivery.SEND, state="pending").count() == 1
