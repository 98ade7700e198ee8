"""Where things lie on disk: the data folder, its secrets and sockets, and who owns what.

Before it: a path chosen by --data or CLEANCLAIM_DATA. After it: postgres.py and valkey.py.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SYSTEM_HOME = Path("/var/lib/cleanclaim")  # root only: for what an unprivileged account could not reach
SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107


class StackError(Exception):
    """The stack cannot run; the message is one line for the person who called it."""


@dataclass(frozen=True)
class Account:
    """The unprivileged account PostgreSQL runs as when the caller is root (it refuses to run as root)."""

    uid: int
    gid: int

    def popen(self) -> dict[str, object]:
        """Arguments for subprocess that drop to this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class Place:
    """One data folder and everything under it."""

    data: Path

    @property
    def run(self) -> Path:
        """Sockets, locks, logs, the environment of the running stack."""
        return self.data / "run"

    def make(self) -> Place:
        """Create the folders; secrets are readable by the owner alone."""
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            (self.data / "secrets").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(f"cannot use the data folder {self.data}: {error.strerror}") from None
        if not os.access(self.run, os.W_OK) or not os.access(self.data / "secrets", os.W_OK | os.X_OK):
            raise StackError(f"the data folder {self.data} belongs to another user, choose one by --data")
        return self

    def secret(self, name: str) -> str:
        """A random secret, made at first use and kept with mode 0600."""
        path = self.data / "secrets" / name
        if not path.exists():
            value = secrets.token_urlsafe(64 if name == "secret_key" else 32)
            if name == "field_key":  # a Fernet key: 32 bytes in urlsafe base64, padding included
                value = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            write_private(path, value)
        return path.read_text()

    def account(self) -> Account | None:
        """None for an ordinary user; for root the owner of an existing cluster, else postgres or nobody."""
        if os.geteuid() != 0:
            return None
        for cluster in (self.data / "pg18", self.far_home() / "pg18"):
            if cluster.exists() and cluster.stat().st_uid != 0:
                return Account(cluster.stat().st_uid, cluster.stat().st_gid)
        for name in (os.environ.get("CLEANCLAIM_PG_USER", ""), "postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name) if name else None
            except KeyError:
                continue
            if entry and entry.pw_uid != 0:
                return Account(entry.pw_uid, entry.pw_gid)
        raise StackError(
            "no unprivileged account for PostgreSQL: create one and name it in CLEANCLAIM_PG_USER"
        )

    def far_home(self) -> Path:
        """Where root keeps the cluster when its account cannot reach the data folder (say, under /root)."""
        return SYSTEM_HOME / hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]

    def cluster_home(self, account: Account | None) -> Path:
        """The folder the PostgreSQL cluster lies in."""
        if account is None or can_reach(account, self.data):
            return self.data
        SYSTEM_HOME.mkdir(mode=0o755, exist_ok=True)
        self.far_home().mkdir(mode=0o755, exist_ok=True)
        return self.far_home()

    def sockets(self, account: Account | None) -> Path:
        """A folder for Unix sockets; moved to the temporary folder when the path would be too long."""
        base = self.cluster_home(account) / "run"
        if len(os.fsencode(base / "pg" / ".s.PGSQL.5432.lock")) > SOCKET_PATH_BYTES:
            digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
            base = Path(tempfile.gettempdir()) / f"cleanclaim-{os.geteuid()}-{digest}"
        base.mkdir(mode=0o755, parents=True, exist_ok=True)
        if base.stat().st_uid != os.geteuid():
            raise StackError(f"{base} belongs to another user")
        return base


def write_private(path: Path, text: str) -> None:
    """Write a file that only the owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    draft.replace(path)


def can_reach(account: Account, path: Path) -> bool:
    """True if the account may walk down to this path."""
    for folder in (path, *path.parents):
        mode = folder.stat()
        if mode.st_uid == account.uid:
            allowed = mode.st_mode & stat.S_IXUSR
        elif mode.st_gid == account.gid:
            allowed = mode.st_mode & stat.S_IXGRP
        else:
            allowed = mode.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def chosen_place(data: str | None = None) -> Place:
    """The data folder named by --data, else CLEANCLAIM_DATA, else var/ in the project."""
    return Place(Path(data or os.environ.get("CLEANCLAIM_DATA") or ROOT / "var").expanduser().resolve())
