"""./start and ./manage as people meet them: killed, started twice, interrupted, run by an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from stack.children import answers, any_free_port
from stack.environment import load
from stack.places import ROOT, Account, Place, can_reach

SERVER_NAMES = ("DB_", "REDIS_URL", "CELERY_", "CLEANCLAIM_", "SANDBOX_", "CHECK_", "PYTEST_")
PATIENCE = 60


def clean_environment(data: Path) -> dict[str, str]:
    """What a person's shell would hold: nothing of the servers this test run stands on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SERVER_NAMES)}
    return {**kept, "CLEANCLAIM_DATA": str(data), "PYTHONPATH": str(ROOT)}


def stack(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "stack", *arguments]


def working_on(data: Path) -> list[str]:
    """Every process that was given this data folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(data) in text and entry.name != str(os.getpid()):
            found.append(f"{entry.name} {text[:80]!r}")
    return found


def wait_for(what: str, condition: object) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.1)


def connect(data: Path) -> psycopg2.extensions.connection:
    found = load(Place(data))
    return psycopg2.connect(
        host=found["DB_HOST"],
        user=found["DB_OWNER_USER"],
        password=found["DB_OWNER_PASSWORD"],
        dbname=found["DB_NAME"],
    )


def notes(data: Path) -> list[tuple[str]]:
    try:
        connection = connect(data)
    except (psycopg2.OperationalError, KeyError):
        return []
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT text FROM note_of_test")
        rows = cursor.fetchall()
    connection.close()
    return rows


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a migrated cluster in it, as a product that has run before would have."""
    folder = Path(tempfile.mkdtemp(prefix="cleanclaim-stack-"))
    folder.chmod(0o755)
    cluster = os.environ["CHECK_CLUSTER"]
    subprocess.run(["cp", "-a", f"{cluster}/secrets", f"{cluster}/pg18", str(folder)], check=True)
    yield folder
    wait_for("every process has left", lambda: not working_on(folder))
    shutil.rmtree(folder)


@pytest.fixture
def starts(data: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """The ./start processes of a test; a failed test leaves none behind."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


def start(data: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        stack("up", "--no-demo", "--data", str(data), "--port", str(port)),
        env=clean_environment(data),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    wait_for("ready", lambda: process.poll() is not None or answers(port, "/health/ready"))
    assert process.poll() is None, process.stderr.read() if process.stderr else ""


def test_start_survives_kills_and_stops_on_ctrl_c(data: Path, starts: list[subprocess.Popen[str]]) -> None:
    port = any_free_port()
    first = start(data, port)
    starts.append(first)
    wait_until_ready(first, port)
    connection = connect(data)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE note_of_test AS SELECT 'kept' AS text")
    connection.close()

    second = subprocess.run(
        stack("up", "--data", str(data)), env=clean_environment(data), capture_output=True, text=True
    )
    assert second.returncode == 2
    assert second.stderr.startswith("already running on")
    assert second.stderr.count("\n") == 1

    postmaster = int((data / "pg18" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    wait_for("PostgreSQL is back with its rows", lambda: notes(data) == [("kept",)])
    wait_for("the web answers again", lambda: answers(port, "/health/ready"))

    first.kill()  # its children go with it, and the next start does not wait for a person to tidy up
    first.wait()
    again = start(data, port)
    starts.append(again)
    wait_until_ready(again, port)
    assert notes(data) == [("kept",)]

    os.killpg(again.pid, signal.SIGINT)  # what the terminal does on Ctrl-C
    assert again.wait(PATIENCE) == 0
    assert working_on(data) == []
    assert not (data / "run" / "env").exists()


def test_manage_leaves_nothing_running(data: Path) -> None:
    done = subprocess.run(
        stack("manage", "shell", "--no-imports", "-c", "print('only this')"),
        env=clean_environment(data),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "only this\n"), done.stderr
    assert working_on(data) == []


def test_two_manage_commands_share_the_servers(data: Path) -> None:
    program = "import time; from django.db import connection as c; c.ensure_connection(); time.sleep({}); "
    program += "c.cursor().execute('SELECT 1'); print('done')"
    both = [
        subprocess.Popen(
            stack("manage", "shell", "--no-imports", "-c", program.format(seconds)),
            env=clean_environment(data),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seconds in (0.1, 2)
    ]
    for process in both:
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output) == (0, "done\n"), errors
    assert working_on(data) == []


def test_manage_passes_the_exit_status_through(data: Path) -> None:
    done = subprocess.run(
        stack("manage", "shell", "--no-imports", "-c", "raise SystemExit(7)"), env=clean_environment(data)
    )
    assert done.returncode == 7


def ordinary_user(folder: Path, environment: dict[str, str]) -> tuple[dict[str, object], str]:
    """How to become `nobody`, and a python he may run; root's own (say, under /root) is closed to him."""
    nobody = Account(pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pythons = [Path(sys.executable), *(Path(base) / name for base in ("/usr/bin", "/usr/local/bin"))]
    for python in pythons:
        if python.exists() and can_reach(nobody, python.resolve()) and can_reach(nobody, ROOT):
            probe = [str(python), "-c", "import django, psycopg2, redis"]
            if subprocess.run(probe, env=environment, capture_output=True).returncode == 0:
                os.chown(folder, nobody.uid, nobody.gid)
                return nobody.popen(), str(python)
    return {}, sys.executable  # nobody can run anything here: then the first run is tested as root


def test_an_ordinary_user_makes_a_cluster_of_his_own() -> None:
    """Root drops to `nobody` for this; anybody else is an ordinary user already."""
    folder = Path(tempfile.mkdtemp(prefix="cleanclaim-user-"))
    folder.chmod(0o755)
    environment = clean_environment(folder / "var")
    packages = sysconfig.get_path("purelib")
    environment.update(HOME=str(folder), PYTHONPATH=os.pathsep.join([str(ROOT), packages]))
    user, python = ({}, sys.executable) if os.geteuid() else ordinary_user(folder, environment)
    program = "from django.db import connection as c; k = c.cursor(); k.execute('SELECT current_user'); "
    done = subprocess.run(
        [python, *stack("manage", "shell", "--no-imports", "-c", program + "print(k.fetchone()[0])")[1:]],
        env=environment,
        capture_output=True,
        text=True,
        cwd=folder,
        **user,  # type: ignore[call-overload]
    )
    assert (done.returncode, done.stdout) == (0, "app_rw\n"), done.stderr
    assert (folder / "var" / "secrets").stat().st_mode & 0o077 == 0
    shutil.rmtree(folder)
