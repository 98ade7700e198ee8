"""Refuse to work as a database role that could pass the wall (reliability.md e2.1).

A superuser, a role with BYPASSRLS or the owner of the tables sees every clinic, and nothing would look
wrong. So the first connection of each process asks who it is; commands that make tables are the owner's.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

# Commands that need the owner of the tables; they touch no rows of a clinic in the product's name.
OWNERS_COMMANDS = frozenset(
    {"migrate", "makemigrations", "sqlmigrate", "squashmigrations", "optimizemigration"}
)
QUESTION = """
SELECT current_user, rolsuper, rolbypassrls, EXISTS (
  SELECT 1 FROM pg_catalog.pg_class c
   WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER')
) FROM pg_catalog.pg_roles WHERE rolname = current_user
"""
_asked: set[tuple[str, ...]] = set()


def refuse_strong_role(sender: Any, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """On ``connection_created``: once a process and database, before the first statement of ours."""
    config = connection.settings_dict
    asked = tuple(str(config.get(key, "")) for key in ("HOST", "PORT", "NAME", "USER"))
    if asked in _asked or is_owners_command(sys.argv):
        return
    with connection.connection.cursor() as cursor:  # the driver's own: no recorder counts this question
        cursor.execute(QUESTION)
        answer = cursor.fetchone()
    trouble = trouble_with(*answer)
    if trouble:
        connection.close()
        raise ImproperlyConfigured(trouble)
    _asked.add(asked)


def is_owners_command(argv: list[str]) -> bool:
    """Whether this process is ``manage.py migrate`` or another command that makes tables."""
    return len(argv) > 1 and argv[0].endswith("manage.py") and argv[1] in OWNERS_COMMANDS


def trouble_with(role: str, is_super: bool, bypasses: bool, owns: bool) -> str:
    """One line that says why this role may not run the product; empty when it may."""
    reasons = [
        reason
        for reason, holds in (
            ("is a superuser", is_super),
            ("has BYPASSRLS", bypasses),
            ("owns tenant tables", owns and not is_super),
        )
        if holds
    ]
    if not reasons:
        return ""
    return (
        f"database role {role} {' and '.join(reasons)}: it could pass the wall between clinics. "
        "Set DB_USER to the working role (app_rw); the owner only migrates."
    )
