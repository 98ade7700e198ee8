"""Servers for one test run: a copy of a cached cluster whose database is migrated already.

The cache lies in the temporary folder, one per user and per state of the migrations; concurrent runs share it
and never each other's servers. A migration that fails costs only the tests that need the database.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stack import emptying
from stack import environment as env
from stack.children import note, stop
from stack.command import prepare_servers
from stack.places import ROOT, Place
from stack.postgres import Postgres
from stack.valkey import Valkey

IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\s+([\w, ]+)|import\s+([\w.]+))", re.MULTILINE)
KEPT = 12  # states of the migrations kept in the cache: several working copies may stand side by side


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """The environment of a fresh PostgreSQL and Valkey; both are gone afterwards."""
    cached = cached_cluster()
    folder = Path(tempfile.mkdtemp(prefix="cleanclaim-test-"))
    folder.chmod(0o755)  # PostgreSQL's account walks through it when we are root
    place = Place(folder).make()
    postgres, valkey = Postgres(place, throwaway=True), Valkey(place, throwaway=True)
    try:
        with shared(cached):
            subprocess.run(["cp", "-a", f"{cached}/secrets", f"{cached}/pg18", str(folder)], check=True)
        postgres.start()
        valkey.start()
        yield {**env.variables(postgres, valkey, port=0), "CHECK_CLUSTER": str(cached)}
    finally:
        stop(valkey.process, 9, 5)
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def cached_cluster() -> Path:
    """A stopped cluster with roles and the migrated database `cleanclaim`; made if there is none."""
    cache = Path(tempfile.gettempdir()) / f"cleanclaim-cache-{os.geteuid()}"
    cache.mkdir(mode=0o755, exist_ok=True)
    if cache.stat().st_uid != os.geteuid():
        raise SystemExit(f"{cache} belongs to another user")
    path = cache / state_of_migrations()
    with open(cache / f"{path.name}.lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (path / "pg18").exists() and not (path / "failed").exists():
            os.utime(path)
        else:
            make_cluster(path)
    forget_old(cache)
    return path


def make_cluster(path: Path) -> None:
    """initdb, roles, migrate, stop; only a whole one gets its name."""
    draft = path.with_name(f"{path.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    place = Place(draft).make()
    postgres, valkey = Postgres(place, throwaway=True), Valkey(place, throwaway=True)
    try:
        prepare_servers(place, postgres, valkey)
        variables = env.complete(env.as_owner(env.variables(postgres, valkey)))
        migrate = env.manage_command("migrate", "-v0")
        done = subprocess.run(migrate, env=variables, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no message"])[-1]
            note(f"THE MIGRATIONS FAIL, tests that need the database will too: {why}")
        else:
            note("migrated a template database")
        with postgres.connect("cleanclaim").cursor() as cursor:
            cursor.execute(emptying.SQL)
            cursor.execute("ANALYZE; CHECKPOINT")
    finally:
        stop(valkey.process, 9, 5)
        stop(postgres.process, 2, 60)  # a clean stop: this cluster is copied
    if done.returncode:
        (draft / "failed").touch()  # the next run tries again
    shutil.rmtree(path, ignore_errors=True)
    draft.rename(path)


def state_of_migrations() -> str:
    """A name for what the tables will be: the migrations, what they import, and the libraries."""
    pending = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/migrations/sql/*.sql")])
    seen: set[Path] = set()
    digest = hashlib.sha256((ROOT / "requirements" / "base.txt").read_bytes())
    for name in ("places.py", "postgres.py", "roles.py", "throwaway.py", "emptying.py"):
        digest.update((ROOT / "stack" / name).read_bytes())
    digest.update(re.sub(rb"#.*", b"", _read(ROOT / "config" / "settings.py")))
    while pending:
        path = pending.pop(0)
        if path in seen:
            continue
        seen.add(path)
        text = _read(path)
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + text)
        for package, names, module in IMPORT.findall(text.decode()):
            dotted = [package or module] + [f"{package}.{name.strip()}" for name in names.split(",")]
            files = [ROOT / (name.replace(".", "/") + ".py") for name in dotted if name]
            pending += [file for file in files if file.exists() and file.parts[len(ROOT.parts)] != "stack"]
    return digest.hexdigest()[:16]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


@contextlib.contextmanager
def shared(path: Path) -> Iterator[None]:
    """Keep a cached cluster from being forgotten while it is copied."""
    with open(path.with_name(f"{path.name}.lock"), "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def forget_old(cache: Path) -> None:
    """Remove all but the newest few; one in use is left alone."""
    clusters = sorted(cache.glob("????????????????"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in clusters[KEPT:]:
        with open(cache / f"{path.name}.lock", "a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(path, ignore_errors=True)


def python(*arguments: str) -> list[str]:
    """A module of the venv as a command line."""
    return [sys.executable, "-m", *arguments]
