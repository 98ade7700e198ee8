"""The tests' own ground: they work as app_rw, and what a committing test leaves behind is gone after it."""

from __future__ import annotations

import os
from contextlib import closing

import pytest
from django.db import connection, transaction

from tests.conftest import FLUSH, owner_connection

GUARDED = """
CREATE TABLE IF NOT EXISTS guarded_of_test (id bigint);
CREATE OR REPLACE FUNCTION refuse_truncate_of_test() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only';
END $$;
CREATE OR REPLACE TRIGGER guard BEFORE TRUNCATE OR DELETE ON guarded_of_test
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate_of_test();
"""


@pytest.mark.django_db
def test_the_role_cannot_bypass_the_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("app_rw", False, False)


@pytest.mark.django_db(transaction=True)
def test_the_flush_empties_what_refuses_truncate_and_keeps_what_migrations_wrote() -> None:
    with closing(owner_connection(os.environ["DB_NAME"])) as owner, owner.cursor() as cursor:
        cursor.execute(GUARDED)
        try:
            with connection.cursor() as worker:
                worker.execute("INSERT INTO guarded_of_test VALUES (1)")
                worker.execute("SELECT count(*) FROM django_content_type")
                before = worker.fetchone()[0]
                with pytest.raises(Exception, match="permission denied"), transaction.atomic():
                    worker.execute("TRUNCATE guarded_of_test")
            connection.close()
            cursor.execute(FLUSH)
            with connection.cursor() as worker:
                worker.execute("SELECT count(*) FROM guarded_of_test")
                assert worker.fetchone()[0] == 0
                worker.execute("SELECT count(*) FROM django_content_type")
                assert worker.fetchone()[0] == before > 0
        finally:
            connection.close()
            cursor.execute("DROP TABLE guarded_of_test; DROP FUNCTION refuse_truncate_of_test()")
