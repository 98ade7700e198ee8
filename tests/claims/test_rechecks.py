"""Waiting claims are checked again when what they are checked by changes (B5)."""

from __future__ import annotations

from datetime import date

import pytest

from claims import code_loading, queue, rule_book, tasks
from claims.enums import ClaimState
from claims.models import Claim, ClaimEvent, ClaimRule
from insurance.models import Policy
from tests.cast import World, make_patient, make_world
from tests.claims.helpers import ready_claim, work_off
from tests.claims.test_code_tables import load_table
from tests.claims.test_scrub_pages import data, tried
from work.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return make_world()


def stands(claim: Claim) -> tuple[str, list[str]]:
    claim.refresh_from_db()
    return claim.state, [row["code"] for row in claim.findings]


@pytest.mark.rule("B5.recheck")
def test_a_rule_switched_on_and_off_reaches_claims_that_wait(world: World) -> None:
    """The table of docs/scrubbing.md."""
    with world.open():
        ready = ready_claim(world)
        active = ready_claim(world, patient=make_patient("With", "At"))
        held = ready_claim(world, patient=make_patient("Held", "Back"))
        queue.hold(held, "Letter awaited")
        Claim.objects.filter(pk=active.pk).update(
            document={**active.document, "lines": [{**active.document["lines"][0], "modifiers": ["AT"]}]}
        )
        rule = tried(rule_book.save(data()))
    work_off()
    with world.open():
        rule_book.switch_on(rule)
        assert stands(ready) == ("ready", [])
    work_off()
    with world.open():
        assert stands(ready) == ("new", ["RULE-1"])
        assert stands(held) == ("on_hold", ["RULE-1"])
        assert stands(active) == ("ready", [])
        last = ClaimEvent.objects.filter(claim=ready).order_by("-pk")[0]
        assert (last.from_state, last.to_state, last.text) == (
            "ready", "new", "Something is missing since it was ready",
        )  # fmt: skip
        rule_book.switch_off(ClaimRule.objects.get(pk=rule.pk))
    work_off()
    with world.open():
        assert stands(ready) == ("new", []) and stands(held) == ("on_hold", [])
        assert not Outbox.objects.exclude(state="done").exists()


@pytest.mark.rule("B5.recheck")
def test_tables_and_cards_reach_them_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "RECHECKED", 1)
    with world.open():
        claims = [ready_claim(world, patient=make_patient("P", f"Erson{letter}")) for letter in "ab"]
        table = load_table("codes", "99213\n")
        code_loading.switch_on(table)
    work_off()
    with world.open():
        assert [stands(claim) for claim in claims] == [("new", ["CODE-NOT-LISTED"])] * 2
        code_loading.discard(table)
    work_off()
    with world.open():
        assert [stands(claim) for claim in claims] == [("new", [])] * 2
        queue.settle(claims[0], queue.check(claims[0], date(2026, 3, 9)), "Looked at")
        Policy.objects.filter(pk=claims[0].policy_id).update(expires_on=date(2026, 1, 1))
    tasks.recheck_all()
    with world.open():
        assert stands(claims[0]) == (ClaimState.NEW, ["POLICY-EXPIRED"])
        assert stands(claims[1]) == (ClaimState.NEW, [])
