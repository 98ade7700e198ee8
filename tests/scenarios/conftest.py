"""The clinic of the stories: real transactions, a folder for a clearinghouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import World, make_world
from tests.clearinghouses.conftest import sandbox  # noqa: F401 - the hostile partner's
from tests.scenarios.stage import Story

pytest.register_assert_rewrite("tests.scenarios.histories")


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)
