"""Pictures of every page in three forms, for people to look at: `SHOTS=DIR ./check tests/browser/shots.py`.

Named by route and form. Not collected by itself: it asserts nothing that the walk does not.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser import samples
from tests.browser.browsing import FORMS, Form
from tests.browser.clinic_days import Days
from tests.browser.test_walk import kind_of

WANTED = os.environ.get("ONLY", "").split(",")  # parts of routes' names


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_shots(visitors: Any, days: Days, form: Form) -> None:
    folder = Path(os.environ.get("SHOTS", "var/shots"))
    folder.mkdir(parents=True, exist_ok=True)
    reader = visitors.reader(days.email("owner"), form)
    pages = [(route, samples.address(route, days)) for route in samples.page_routes() if is_wanted(route)]
    pages += [(f"{route}-{name}", path(days)) for route, name, path in samples.VIEWS]
    for name, path in pages:
        if is_wanted(name) and (name not in samples.page_routes() or kind_of(reader, path) == "page"):
            reader.open(path)
            reader.page.wait_for_timeout(250)  # pieces that come after the page
            file = re.sub(r"[^a-z0-9]+", "-", name)
            reader.page.screenshot(path=folder / f"{file}-{form.name}.png", full_page=True)


def is_wanted(name: str) -> bool:
    """Whether one of the parts asked for is in it."""
    return any(part in name for part in WANTED)
