"""The same act is applied once: repeated, at the same instant, with other values, after a failure (I-9)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from clinics.errors import Refusal
from clinics.scoping import open_clinic
from patients.models import Patient
from tests.cast import World, make_patient, make_world
from work.idempotency import once
from work.models import IdempotencyKey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return make_world()


def register(last: str = "Okafor") -> dict[str, Any]:
    return {"patient": make_patient(last=last).public_id}


def test_a_repeat_gets_the_first_answer(world: World) -> None:
    answers = []
    for _ in range(3):
        with world.open():
            answers.append(once("key-1", {"last": "Okafor"}, register))
    assert [ran for _, ran in answers] == [True, False, False]
    assert len({answer["patient"] for answer, _ in answers}) == 1
    with world.open():
        assert Patient.objects.count() == 1


def test_a_key_with_other_values_is_refused_with_422(world: World) -> None:
    with world.open():
        once("key-1", {"last": "Okafor"}, register)
    with pytest.raises(Refusal) as refused, world.open():
        once("key-1", {"last": "Sato"}, register)
    assert (refused.value.status, refused.value.code) == (422, "key_reused")
    with world.open():
        assert Patient.objects.count() == 1


def test_a_first_call_that_fails_takes_its_key_with_it(world: World) -> None:
    def fail() -> dict[str, Any]:
        register()
        raise Refusal("Not today.")

    with pytest.raises(Refusal, match="Not today"), world.open():
        once("key-1", {}, fail)
    with world.open():
        assert IdempotencyKey.objects.count() == 0
        assert Patient.objects.count() == 0
        assert once("key-1", {}, register)[1] is True


def test_keys_are_each_persons_and_each_clinics_own(world: World) -> None:
    birch = make_world("birch")
    for house, actor in ((world, "ida"), (world, "otto"), (birch, "ida")):
        with house.open(actor):
            assert once("key-1", {}, register)[1] is True


def test_without_a_key_the_act_just_runs(world: World) -> None:
    with world.open():
        assert [once("", {}, register)[1] for _ in range(2)] == [True, True]
        assert IdempotencyKey.objects.count() == 0


def test_five_at_the_same_instant_are_one(world: World) -> None:
    """The unique key makes the others wait for the first one's commit, and then answers them alike."""
    barrier, answers, errors = threading.Barrier(5), [], []

    def press() -> None:
        try:
            barrier.wait()
            with open_clinic(world.clinic.pk, actor="ida"):
                answers.append(once("key-1", {"last": "Okafor"}, register))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert sorted(ran for _, ran in answers) == [False, False, False, False, True]
    assert len({answer["patient"] for answer, _ in answers}) == 1
    with world.open():
        assert Patient.objects.count() == 1
