"""Chromium and the running product, one of each for all browser tests of a process."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.browsing import LIGHT, PATIENCE, Form, Reader, Visitors
from tests.browser.clinic_days import Days, make_days, settle
from tests.browser.product import Product
from tests.cast import PASSWORD

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--force-color-profile=srgb",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which they are; stack/sharing.py keeps them together, as each process with some of them starts a product."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    """The product's logs stand under a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.browser_test_failed = report.failed  # type: ignore[attr-defined]
    product = getattr(item.config, "product_of_browser_tests", None)
    if report.failed and product is not None:
        for name in ("web", "worker", "sandbox"):
            if text := product.log(name, 25):
                report.sections.append((f"{name}.log", text))


@pytest.fixture(scope="session")
def product(
    request: Any, django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any
) -> Iterator[Product]:
    """The processes; the database holds what clinic_days.py made."""
    made = Product(request.config.template_database, tmp_path_factory.mktemp("product"))
    request.config.product_of_browser_tests = made
    try:
        made.clone()
        with made.database(django_db_blocker):
            made.days = make_days(made)  # type: ignore[attr-defined]
        made.start()
        with made.database(django_db_blocker):
            settle(made.days, made.sweep)  # type: ignore[attr-defined]
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def days(product: Product) -> Days:
    """The sample objects."""
    return product.days  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; playwright brings none here."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Chromium is not installed: sudo apt-get install -y chromium"
    # Playwright's loop runs in this thread for as long as Chromium lives; the tests' own queries are not its guests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def visitors(chromium: Browser, product: Product) -> Iterator[Visitors]:
    """Everybody signs in once."""
    made = Visitors(chromium, product.url, PASSWORD)
    yield made
    made.close()


@pytest.fixture
def page_as(request: Any, visitors: Visitors, days: Days) -> Iterator[Any]:
    """``page_as(role, form)``: a watched page; the test fails on anything noticed and not asked for."""
    used: list[Reader] = []

    def give(role: str, form: Form = LIGHT, *, fresh: bool = False) -> Reader:
        reader = visitors.reader(days.email(role) if role else "", form, fresh=fresh)
        reader.problems.clear()
        reader.expected.clear()
        if reader not in used:
            used.append(reader)
        return reader

    yield give
    if getattr(request.node, "browser_test_failed", False):
        keep_pictures(used, Path(tempfile.gettempdir()) / "cleanclaim-pictures" / request.node.name[:60])
    problems = [f"{reader.role} {reader.form.name}: {item}" for reader in used for item in reader.told()]
    assert not problems, "\n".join(problems)


def keep_pictures(readers: list[Reader], folder: Path) -> None:
    """What stood on the screens when a test failed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for reader in readers:
        if not reader.page.is_closed():
            name = folder / f"{reader.role.split('@')[0] or 'stranger'}-{reader.form.name}"
            reader.page.screenshot(path=f"{name}.png", full_page=True)
            name.with_suffix(".html").write_text(reader.page.content())
    sys.stderr.write(f"pictures of the failed test: {folder}\n")


def pytest_configure(config: Any) -> None:
    """The template's name, before the session's own clone takes its place in DB_NAME."""
    config.template_database = os.environ.get("DB_NAME", "")
