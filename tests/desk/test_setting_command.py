"""./manage setting: the contract's JSON, its exit statuses, and the audit row a change leaves."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command

from clinics.models import AuditEvent
from tests.cast import make_world

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> dict:
    out = StringIO()
    call_command("setting", *words, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def test_a_setting_is_read_set_and_told_where_it_comes_from():
    world = make_world()
    assert run("autopay_claims", "--clinic", "alder") == {
        "name": "autopay_claims",
        "value": "off",
        "origin": "default",
    }
    here = ("--clinic", "alder", "--location", world.location.name)
    assert run("autopay_claims", "post", *here)["origin"] == "location"
    assert run("autopay_claims", *here)["value"] == "post"
    assert run("autopay_claims", "--clinic", "alder")["value"] == "off"
    with world.open():
        event = AuditEvent.objects.get(action="setting.change")
        assert (event.actor, event.data["after"]) == ("command line", "post")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("autopay_claims", "sometimes", "--clinic", "alder"), 1),
        (("no_such_setting", "--clinic", "alder"), 2),
        (("autopay_claims", "--clinic", "nowhere"), 2),
        (("autopay_claims", "--clinic", "alder", "--location", "Nowhere"), 2),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(words, status):
    make_world()
    with pytest.raises(SystemExit) as stop:
        run(*words)
    assert stop.value.code == status
