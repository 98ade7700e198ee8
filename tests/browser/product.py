"""The running product for browser tests: gunicorn, a Celery worker and the sandbox clearinghouse.

All three are real processes on a database of their own, cloned from ./check's migrated template, so that
tests which empty tables beside them do no harm. There is no beat: `sweep()` rings its bells one by one, and
the tests say when. Logs are kept to be shown when something fails.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.children import answers, any_free_port, die_with_parent, stop
from stack.environment import complete, manage_command
from stack.places import ROOT
from tests.conftest import owner_connection
from tests.post_office import PostOffice

READY_SECONDS = 60
BELLS = (
    "work.tasks.sweep",
    "responses.tasks.collect_all",
    "responses.tasks.run_timers",
    "work.tasks.heartbeat",
)


@dataclass
class Product:
    """Its address, its environment and its processes."""

    template: str
    folder: Path
    name: str = field(default_factory=lambda: "browser_" + os.environ.get("PYTEST_XDIST_WORKER", "main"))
    port: int = field(default_factory=any_free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    office: PostOffice = field(default_factory=lambda: PostOffice().open())  # where its mail goes

    def __post_init__(self) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        database = 62 - 2 * int(worker if worker.isdigit() else 0)  # the tests themselves count from below
        inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_ALLOW_ASYNC_UNSAFE"}
        self.variables = {
            **inherited,
            "DB_NAME": self.name,
            "REDIS_URL": re.sub(r"\?db=\d+", f"?db={database + 1}", os.environ["REDIS_URL"]),
            "CELERY_BROKER_URL": re.sub(r"host=\d+", f"host={database}", os.environ["CELERY_BROKER_URL"]),
            "CLEANCLAIM_PORT": str(self.port),
            "CLEANCLAIM_BASE_URL": self.url,
            "CLEANCLAIM_DATA": str(self.folder),
            "SANDBOX_DIR": str(self.folder / "sandbox"),
            "SANDBOX_SFTP_PORT": str(any_free_port()),
            "SANDBOX_HTTPS_PORT": str(any_free_port()),
            "SANDBOX_DELAY_SECONDS": "0",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.office.port),
            "EMAIL_USE_TLS": "0",
            "LOGIN_LIMITS": "1000/m/ip",
            "FRESH_SIGN_IN_SECONDS": "7200",  # one sign-in a role serves a whole run
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    def url(self) -> str:
        """Passkeys want a name, so it is localhost."""
        return f"http://localhost:{self.port}"

    def clone(self) -> None:
        """A database of its own."""
        with closing(owner_connection("postgres")) as owner, owner.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {self.name} TEMPLATE {self.template} STRATEGY FILE_COPY")

    @contextmanager
    def database(self, blocker: Any) -> Iterator[None]:
        """The test's own connection looks at the product's database; what is written is committed."""
        from django.db import connections

        connection = connections["default"]
        before = connection.settings_dict["NAME"]
        with blocker.unblock():
            connection.close()
            connection.settings_dict["NAME"] = self.name
            try:
                yield
            finally:
                connection.close()
                connection.settings_dict["NAME"] = before

    def start(self) -> None:
        """Everything that ./start starts, but beat."""
        (self.folder / "run").mkdir(parents=True, exist_ok=True)
        python = sys.executable
        web = [python, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        web += [
            "--worker-class",
            "gthread",
            "--threads",
            "8",
            "--log-level",
            "warning",
            "--no-control-socket",
        ]
        self._launch("sandbox", manage_command("sandbox"))
        self._launch("web", web)
        self._launch("worker", [python, "-m", "celery", "-A", "config", "worker", "-c", "2", "-l", "WARNING"])
        end = time.monotonic() + READY_SECONDS
        while not answers(self.port, "/health/ready"):
            assert self.processes["web"].poll() is None, f"the web server ended:\n{self.log('web')}"
            assert time.monotonic() < end, f"the web server is not ready:\n{self.log('web')}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Web first, then the worker, then the stranger."""
        for name in ("web", "worker", "sandbox"):
            stop(self.processes.get(name), signal.SIGTERM, 10)
        self.office.close()
        with suppress(Exception), closing(owner_connection("postgres")) as owner, owner.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def sweep(self) -> None:
        """What beat does every few seconds, once and now."""
        from config.celery import app

        with app.connection_for_write(self.variables["CELERY_BROKER_URL"]) as connection:
            for bell in BELLS:
                app.send_task(bell, connection=connection)

    def log(self, name: str, lines: int = 40) -> str:
        """The end of a process's log."""
        path = self.folder / "run" / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def _launch(self, name: str, command: list[str]) -> None:
        with open(self.folder / "run" / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                env={**complete(self.variables), "DJANGO_ALLOW_ASYNC_UNSAFE": ""},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509
            )
