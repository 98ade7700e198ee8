"""docker-compose.yml as a document: the same commands and variables as ./start; no test can run it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from stack.places import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
READ = re.compile(r"""env\.(?:text|flag|number|words)\(\s*"([A-Z_]+)\"""")


def test_every_service_of_the_product_is_there() -> None:
    assert set(COMPOSE["services"]) == {
        "web",
        "worker",
        "beat",
        "setup",
        "postgres",
        "valkey",
        "pgbouncer",
        "proxy",
    }
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_commands_are_those_of_start(name: str) -> None:
    words = COMPOSE["services"][name]["command"].split()
    source = (ROOT / "stack" / "up.py").read_text()
    assert words[:4] == ["celery", "-A", "config", name]
    assert all(f'"{word}"' in source for word in words)


def test_the_web_image_runs_the_server_of_start() -> None:
    dockerfile, source = (ROOT / "Dockerfile").read_text(), (ROOT / "stack" / "up.py").read_text()
    flags = re.findall(r'"(--[a-z-]+)"', source.split("gunicorn = [")[1].split("programs")[0])
    assert len(flags) >= 6
    assert all(f'"{flag}"' in dockerfile for flag in set(flags) - {"--log-level"})


def test_services_that_work_with_rows_go_through_pgbouncer_as_app_rw() -> None:
    for name in ("web", "worker", "beat"):
        environment = COMPOSE["services"][name]["environment"]
        assert (environment["DB_HOST"], environment["DB_USER"]) == ("pgbouncer", "app_rw")
        assert "DB_OWNER_PASSWORD" not in environment


def test_every_variable_is_documented() -> None:
    table = (ROOT / "docs" / "operating.md").read_text()
    sources = [*(ROOT / "config").glob("*.py"), *(ROOT / "stack").glob("*.py")]
    read = {name for path in sources for name in READ.findall(path.read_text())}
    read |= set(COMPOSE["services"]["web"]["environment"])
    assert len(read) > 15
    assert sorted(name for name in read if f"`{name}`" not in table) == []


def test_requirements_name_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text
        assert "--index-url" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
