"""./start: the whole product on one machine, and one process that watches over it.

Order up: PostgreSQL, Valkey, roles, tables, demo data, sandbox clearinghouse, web, worker, beat. Order down:
the reverse. A child that ends is started again; the data survives the death of any process.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from stack import environment as env
from stack.children import answers, any_free_port, die_with_parent, is_free, note, stop
from stack.command import prepare_servers
from stack.holding import Holding
from stack.places import ROOT, Place, StackError, chosen_place
from stack.postgres import Postgres
from stack.valkey import Valkey

RESTARTS = 5  # of one child within RESTART_SECONDS; more is a fault that a person must see
RESTART_SECONDS = 60
READY_SECONDS = 90


@dataclass
class Child:
    """One program of the product."""

    name: str
    command: list[str]
    seconds_to_stop: float
    process: subprocess.Popen[bytes] | None = None
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS))


class Stopped(Exception):
    """Ctrl-C or SIGTERM arrived."""


def up(arguments: list[str]) -> int:
    """Run until Ctrl-C or SIGTERM; 0 after a clean stop, 1 if something failed, 2 if it could not start."""
    parser = argparse.ArgumentParser(prog="./start", description="Run the whole product on this machine.")
    parser.add_argument("--data", metavar="DIR", help="data folder (CLEANCLAIM_DATA, else var/)")
    parser.add_argument("--port", type=int, help="web port (CLEANCLAIM_PORT, else 8000)")
    parser.add_argument(
        "--no-demo", action="store_true", help="do not fill an empty database with demo clinics"
    )
    chosen = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        place = chosen_place(chosen.data).make()
        holding = Holding(place, "start")
        holding.take_or_refuse()
        port = choose_port(chosen.port)
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    except Stopped:
        return 0
    return Supervisor(place, holding, port, with_demo=not chosen.no_demo).run()


def _stop(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C does not interrupt the stop
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def choose_port(asked: int | None) -> int:
    """The port asked for, or refusal; else 8000, or another free one when that is taken."""
    wanted = asked if asked is not None else int(os.environ.get("CLEANCLAIM_PORT") or 8000)
    if wanted == 0:
        return any_free_port()
    end = time.monotonic() + 3  # the web server of a killed start lets go within a moment
    while not is_free(wanted):
        if time.monotonic() > end:
            if asked is not None:
                raise StackError(f"port {wanted} is taken, choose another by --port")
            note(f"port {wanted} is taken, using another")
            return any_free_port()
        time.sleep(0.1)
    return wanted


class Supervisor:
    """Starts everything in order, watches, and stops everything in order."""

    def __init__(self, place: Place, holding: Holding, port: int, *, with_demo: bool) -> None:
        self.place = place
        self.holding = holding
        self.port = port
        self.with_demo = with_demo
        self.postgres = Postgres(place)
        self.valkey = Valkey(place)
        self.children: list[Child] = []
        sftp = int(os.environ.get("SANDBOX_SFTP_PORT") or 0)
        self.variables = env.variables(
            self.postgres,
            self.valkey,
            port=port,
            sftp_port=sftp or any_free_port(),
            https_port=int(os.environ.get("SANDBOX_HTTPS_PORT") or 0) or any_free_port(),
        )

    def run(self) -> int:
        """Up, watch, down."""
        try:
            self.start()
            self.watch()
        except Stopped:
            return 0
        except StackError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            self.stop()
        return 0

    def start(self) -> None:
        """Everything in order, each step with its time."""
        prepare_servers(self.place, self.postgres, self.valkey)
        env.save(self.place, self.variables)
        note("PostgreSQL and Valkey are up")
        self._command(env.as_owner(self.variables), "migrate", "-v0")
        note("tables are up to date")
        if self.with_demo and env.has_command("demo"):
            self._command(self.variables, "demo", "--if-empty")
            note("demo data is there")
        self.children = self._programs()
        for child in self.children:
            self._launch(child)
        web = next(child for child in self.children if child.name == "web")
        end = time.monotonic() + READY_SECONDS
        while not answers(self.port, "/health/ready"):
            ended = web.process is None or web.process.poll() is not None
            if ended or time.monotonic() > end:
                trouble = "ended at once" if ended else "is not ready (/health/ready)"
                raise StackError(f"the web server {trouble}, see {self.place.run / 'web.log'}")
            time.sleep(0.1)
        note(f"open {self.variables['CLEANCLAIM_BASE_URL']}   (Ctrl-C stops everything, data stays)")
        self._print_logins()

    def watch(self) -> None:
        """Start again what ends; give up when it ends again and again."""
        while True:
            time.sleep(0.3)
            if self.postgres.process is None or self.postgres.process.poll() is not None:
                note("PostgreSQL ended, starting it again")
                self.postgres.start()
                note("PostgreSQL is up")
            if self.valkey.process is None or self.valkey.process.poll() is not None:
                note("Valkey ended, starting it again")
                self.valkey.start()
            for child in self.children:
                if child.process is not None and child.process.poll() is not None:
                    note(f"{child.name} ended with {child.process.returncode}, starting it again")
                    if len(child.starts) == RESTARTS and time.monotonic() - child.starts[0] < RESTART_SECONDS:
                        raise StackError(f"{child.name} ends again and again, see {self.place.run}")
                    self._launch(child)

    def stop(self) -> None:
        """The programs first, then Valkey, then PostgreSQL."""
        began = time.monotonic()
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        for child in reversed(self.children):
            stop(child.process, signal.SIGTERM, child.seconds_to_stop)
        self.valkey.stop()
        self.postgres.stop()
        self.holding.release()
        note(f"stopped in {time.monotonic() - began:.1f} s")

    def _programs(self) -> list[Child]:
        python = sys.executable
        bind = os.environ.get("CLEANCLAIM_BIND", "127.0.0.1")
        celery = [python, "-m", "celery", "-A", "config"]
        gunicorn = [
            python,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--bind",
            f"{bind}:{self.port}",
            "--workers",
            "2",
        ]
        gunicorn += [
            "--worker-class",
            "gthread",
            "--threads",
            "8",
            "--timeout",
            "60",
            "--graceful-timeout",
            "10",
        ]
        gunicorn += ["--log-level", "warning", "--no-control-socket"]
        programs = [Child("web", gunicorn, 12)]
        if env.has_command("sandbox"):
            programs.insert(0, Child("sandbox", env.manage_command("sandbox"), 5))
        programs.append(Child("worker", [*celery, "worker", "-c", "2", "-l", "WARNING"], 35))
        programs.append(Child("beat", [*celery, "beat", "-l", "WARNING", "--pidfile="], 5))
        return programs

    def _launch(self, child: Child) -> None:
        child.starts.append(time.monotonic())
        with open(self.place.run / f"{child.name}.log", "ab") as log:
            child.process = subprocess.Popen(
                child.command,
                env=env.complete(self.variables),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def _command(self, variables: dict[str, str], *arguments: str) -> None:
        child = subprocess.Popen(
            env.manage_command(*arguments),
            env=env.complete(variables),
            cwd=ROOT,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            status = child.wait()
        finally:
            stop(child, signal.SIGTERM, 10)
        if status:
            raise StackError(f"manage.py {' '.join(arguments)} failed, see above")

    def _print_logins(self) -> None:
        path = self.place.run / "logins"
        if path.exists():
            print(path.read_text().rstrip(), file=sys.stderr, flush=True)
        elif self.with_demo and env.has_command("demo"):
            self._command(self.variables, "demo", "--logins")
