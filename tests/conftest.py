"""The tests' database: a clone of the migrated template for each test process, worked on as app_rw.

./check makes the template (stack/throwaway.py). The owner's password is used for cloning and for emptying
tables after tests that commit; everything else in a test runs with the rights of the running product.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, nothing about the product.
settings.register_profile("cleanclaim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cleanclaim")
OWNER_TIMEOUT = "-c lock_timeout=15s"  # a test that left a transaction open shows itself instead of hanging


def owner_connection(database: str) -> Any:
    """A connection as app_owner in autocommit."""
    import psycopg2

    connection = psycopg2.connect(
        host=os.environ["DB_HOST"],
        port=os.environ.get("DB_PORT", "5432"),
        user=os.environ["DB_OWNER_USER"],
        password=os.environ["DB_OWNER_PASSWORD"],
        dbname=database,
        options=OWNER_TIMEOUT,
    )
    connection.autocommit = True
    return connection


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Clone the template; children of a test (a Celery worker, a command) find the clone by DB_NAME."""
    from django.db import connections
    from django.test import TransactionTestCase

    template = os.environ["DB_NAME"]
    name = "test_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
    with closing(owner_connection("postgres")) as owner, owner.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    with closing(owner_connection(name)) as owner, owner.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations')")
        assert cursor.fetchone()[0], (
            "the migrations failed when the template was made: see the head of this run"
        )
    connection = connections["default"]
    connection.settings_dict["NAME"] = os.environ["DB_NAME"] = name
    original = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]
    os.environ["DB_NAME"] = template
    with django_db_blocker.unblock():
        connections.close_all()


FLUSH = "SELECT kept.empty_tables()"  # stack/emptying.py


def empty_tables(self: Any) -> None:
    """Bring every table back to its state after the migrations, as the owner."""
    from django.db import connections

    connections["default"].close()
    with closing(owner_connection(os.environ["DB_NAME"])) as owner, owner.cursor() as cursor:
        cursor.execute(FLUSH)
