"""The database roles: who owns the tables, who works in them, and what neither may do.

`app_owner` makes and migrates the tables. `app_rw` is the product at work: rows only, no TRUNCATE, no tables
of its own, and row-level security holds for it. The superuser makes roles, databases and extensions only.
"""

from __future__ import annotations

import os
import time
from typing import Any

OWNER = "app_owner"
WORKER = "app_rw"
EXTENSIONS = ("btree_gist",)
# Also where PgBouncer drops the limits that the settings ask for at connecting.
WORKER_LIMITS = {
    "statement_timeout": "120s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "60s",
}

GRANTS = f"""
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {WORKER};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {WORKER};
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {WORKER};
"""


def prepare(connect: Any, database: str, owner_password: str, worker_password: str) -> bool:
    """Make roles, database and extensions; True if the database is new. Safe to run at every start.

    ``connect(name)`` gives a superuser connection in autocommit to that database. template1 gets the same
    extensions and default privileges, so that databases which app_owner makes (tests, simulations) are alike.
    """
    from psycopg2 import sql

    with connect("postgres").cursor() as cursor:
        for role, option, password in (
            (OWNER, "CREATEDB", owner_password),
            (WORKER, "NOCREATEDB", worker_password),
        ):
            name = sql.Identifier(role)
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {}").format(name))
            flags = sql.SQL(f"LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION {option}")
            cursor.execute(sql.SQL("ALTER ROLE {} {} PASSWORD %s").format(name, flags), [password])
        for setting, value in WORKER_LIMITS.items():
            cursor.execute(f"ALTER ROLE {WORKER} SET {setting} = '{value}'")
        prepare_inside(connect, "template1")
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        is_new = cursor.fetchone() is None
        if is_new:
            made = sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(OWNER)
            )
            cursor.execute(made)
    prepare_inside(connect, database)
    return is_new


def prepare_inside(connect: Any, database: str) -> None:
    """Extensions and default privileges of one database."""
    connection = connect(database)
    with connection.cursor() as cursor:
        for extension in EXTENSIONS:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        cursor.execute(GRANTS)
    connection.close()


def prepare_from_environment() -> int:
    """For containers: the superuser by PGUSER and PGPASSWORD, the rest as everywhere (operating.md)."""
    import psycopg2

    def connect(name: str) -> Any:
        connection = psycopg2.connect(
            host=os.environ["DB_HOST"],
            port=os.environ.get("DB_PORT", "5432"),
            user=os.environ.get("PGUSER", "postgres"),
            password=os.environ["PGPASSWORD"],
            dbname=name,
        )
        connection.autocommit = True
        return connection

    for attempt in range(60):
        try:
            connect("postgres").close()
            break
        except psycopg2.OperationalError:
            if attempt == 59:
                raise
            time.sleep(1)
    name = os.environ.get("DB_NAME", "cleanclaim")
    prepare(connect, name, os.environ["DB_OWNER_PASSWORD"], os.environ["DB_PASSWORD"])
    return 0
