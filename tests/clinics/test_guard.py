"""The product does not start as a role that could pass the wall, nor with a route the matrix does not know."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.urls import path

from clinics import checks
from clinics.guard import is_owners_command, trouble_with

ROOT = Path(__file__).resolve().parents[2]
ASK = ["shell", "-v0", "-c", "from clinics.models import Clinic; print('clinics', Clinic.objects.count())"]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, **environment}
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.django_db
def test_the_owner_of_the_tables_is_refused_with_one_line() -> None:
    done = manage(*ASK, DB_USER=os.environ["DB_OWNER_USER"], DB_PASSWORD=os.environ["DB_OWNER_PASSWORD"])
    assert done.returncode != 0
    assert "clinics" not in done.stdout
    assert "database role app_owner owns tenant tables" in done.stderr.strip().splitlines()[-1]


@pytest.mark.django_db
def test_the_working_role_is_welcome() -> None:
    done = manage(*ASK)
    assert (done.returncode, done.stdout.strip()) == (0, "clinics 0")


@pytest.mark.django_db
def test_the_owner_may_migrate() -> None:
    owner = {"DB_USER": os.environ["DB_OWNER_USER"], "DB_PASSWORD": os.environ["DB_OWNER_PASSWORD"]}
    assert manage("migrate", "--check", **owner).returncode == 0


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ((True, True, True), "is a superuser and has BYPASSRLS"),
        ((False, True, False), "has BYPASSRLS"),
        ((False, False, True), "owns tenant tables"),
    ],
)
def test_each_way_past_the_wall_has_its_words(flags: tuple[bool, bool, bool], reason: str) -> None:
    assert f"database role strong {reason}:" in trouble_with("strong", *flags)
    assert trouble_with("weak", False, False, False) == ""


def test_only_commands_that_make_tables_are_the_owners() -> None:
    assert is_owners_command(["/srv/manage.py", "migrate", "-v0"])
    assert not is_owners_command(["/srv/manage.py", "shell", "migrate"])
    assert not is_owners_command(["gunicorn", "migrate"])
    assert not is_owners_command(["/srv/manage.py"])


class Stray:
    """A URL configuration with one page nobody listed."""

    urlpatterns = [path("stray/<str:public_id>/", lambda request: None, name="stray")]


def test_a_route_without_a_line_stops_the_start(settings: Any) -> None:
    settings.ROOT_URLCONF = Stray
    assert "/stray/<str:public_id>/ (stray) has no line in ROUTES" in checks.route_problems()
    assert [message.id for message in checks.check_routes(None)][:1] == ["clinics.E001"]
    assert checks.check_routes(None, databases=["default"]) == []


def test_a_line_without_a_route_or_with_an_unknown_action_stops_the_start(monkeypatch: Any) -> None:
    monkeypatch.setitem(checks.ROUTES, "moon:landing", {"read": "moon.walk", "WALK": "home"})
    assert [text for text in checks.route_problems() if "moon" in text] == [
        "ROUTES names moon:landing, but there is no such URL",
        "ROUTES moon:landing: moon.walk is no action of the matrix",
        "ROUTES moon:landing: WALK is no method",
    ]


def test_every_url_is_in_the_matrix() -> None:
    assert checks.route_problems() == []
