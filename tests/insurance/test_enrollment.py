"""Enrollment: what is missing stops a claim, or warns; the sandbox takes everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from claims import queue
from claims.models import Claim
from insurance import enrollment
from insurance.errors import BadCoverage
from tests.cast import TODAY, World, make_world
from tests.claims.helpers import bill

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened() -> Any:
    world = make_world()
    with world.open():
        yield world


def errors(claim: Claim) -> set[str]:
    queue.check(claim, TODAY)
    return {row["code"] for row in Claim.objects.get(pk=claim.pk).findings if row["severity"] == "error"}


def note(world: World, state: str, kind: str = "837P") -> None:
    enrollment.save(world.aetna, world.connection, kind, state, on=TODAY, today=TODAY)


@pytest.mark.rule("B14.enrollment")
def test_the_table_of_the_docs(opened: World) -> None:
    claim = queue.enqueue(bill(opened), TODAY)
    opened.connection.is_sandbox = True
    opened.connection.save()
    assert "ENROLLMENT" not in errors(claim)
    note(opened, "pending")
    assert "ENROLLMENT" in errors(claim)
    opened.aetna.enrollments.all().delete()
    opened.connection.is_sandbox = False
    opened.connection.save()
    assert "ENROLLMENT" in errors(claim)
    note(opened, "active")
    assert "ENROLLMENT" not in errors(claim)


@pytest.mark.rule("B14.enrollment")
def test_the_lines_of_the_page(opened: World) -> None:
    opened.connection.is_sandbox = False
    opened.connection.save()
    note(opened, "active")
    note(opened, "asked", "835")
    line = next(line for line in enrollment.lines() if line.payer == opened.aetna)
    assert [cell.state for cell in line.cells] == ["active", "asked", "missing", "missing"]
    assert (line.needs_claims, line.needs_payments) == (False, True)
    assert enrollment.save_many([opened.aetna, opened.medicare], "835", "active", on=TODAY, today=TODAY) == 2
    assert not any(line.needs_payments for line in enrollment.lines([opened.aetna, opened.medicare]))


def test_a_day_in_the_future_and_unknown_words_are_refused(opened: World) -> None:
    with pytest.raises(BadCoverage):
        enrollment.save(
            opened.aetna, opened.connection, "837P", "active", on=TODAY + timedelta(days=1), today=TODAY
        )
    for kind, state in (("277", "active"), ("835", "maybe")):
        with pytest.raises(BadCoverage):
            enrollment.save(opened.aetna, opened.connection, kind, state, on=TODAY, today=TODAY)
