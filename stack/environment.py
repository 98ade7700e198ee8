"""The environment variables by which the product finds its servers; docs/operating.md lists them all."""

from __future__ import annotations

import os
import shlex
import sys

from stack.places import ROOT, Place, write_private
from stack.postgres import Postgres
from stack.roles import OWNER, WORKER
from stack.valkey import Valkey

DATABASE = "cleanclaim"


def variables(
    postgres: Postgres, valkey: Valkey, *, port: int = 8000, sftp_port: int = 2222, https_port: int = 2443
) -> dict[str, str]:
    """What every process of the product gets: as app_rw, with the owner's password for migrations."""
    place = postgres.place
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DB_HOST": str(postgres.socket),
        "DB_PORT": "5432",
        "DB_NAME": DATABASE,
        "DB_USER": WORKER,
        "DB_PASSWORD": place.secret(WORKER),
        "DB_OWNER_USER": OWNER,
        "DB_OWNER_PASSWORD": place.secret(OWNER),
        "REDIS_URL": valkey.url(1),
        "CELERY_BROKER_URL": valkey.broker_url(0),
        "SECRET_KEY": place.secret("secret_key"),
        "FIELD_KEY": place.secret("field_key"),
        "CLEANCLAIM_DATA": str(place.data),
        "CLEANCLAIM_PORT": str(port),
        "CLEANCLAIM_BASE_URL": os.environ.get("CLEANCLAIM_BASE_URL", f"http://localhost:{port}"),
        "SANDBOX_SFTP_PORT": str(sftp_port),
        "SANDBOX_HTTPS_PORT": str(https_port),
        "SANDBOX_DIR": os.environ.get("SANDBOX_DIR", str(place.data / "sandbox")),
        "HTTPS": os.environ.get("HTTPS", "0"),
        "DEBUG": os.environ.get("DEBUG", "0"),
    }


def pure_variables(place: Place) -> dict[str, str]:
    """For commands that touch no database: settings must load, and any connection must fail."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DB_HOST": "/nonexistent",
        "DB_PASSWORD": "none",
        "SECRET_KEY": "none: this command signs nothing",
        "FIELD_KEY": "0" * 43 + "=",
        "CLEANCLAIM_DATA": str(place.data),
    }


def as_owner(environment: dict[str, str]) -> dict[str, str]:
    """The same environment as the role that owns the tables: for migrations, which are not cut short."""
    return {
        **environment,
        "DB_USER": environment["DB_OWNER_USER"],
        "DB_PASSWORD": environment["DB_OWNER_PASSWORD"],
        "DB_STATEMENT_TIMEOUT": "0",
    }


def complete(environment: dict[str, str]) -> dict[str, str]:
    """On top of the caller's own environment, with the project importable from any folder."""
    others = [
        path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", str(ROOT))
    ]
    path = os.pathsep.join([str(ROOT), *others])
    return {**os.environ, **environment, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def save(place: Place, environment: dict[str, str]) -> None:
    """Leave it in run/env (0600) for second shells: `set -a; . var/run/env`."""
    write_private(place.run / "env", "".join(f"{k}={shlex.quote(v)}\n" for k, v in environment.items()))


def load(place: Place) -> dict[str, str]:
    """Read what the running stack saved; empty if it has not come that far."""
    try:
        lines = (place.run / "env").read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(shlex.split(line)[0].split("=", 1) for line in lines if line)


def manage_command(*arguments: str) -> list[str]:
    """The command line of one management command."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def has_command(name: str) -> bool:
    """True if some room of the product has this management command."""
    return any(ROOT.glob(f"*/management/commands/{name}.py"))
