"""Where the sandbox keeps things: one folder, an account a mailbox, the host key, atomic writes.

An account is what a clearinghouse gives a new customer: a user name, a password and three folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

FOLDERS = ("inbound", "outbound", "archive")
ACCOUNT_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}\Z")
RESERVED = {"state"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says: SANDBOX_DIR, _SFTP_PORT, _HTTPS_PORT, _DELAY_SECONDS, _SEED, _HOST."""

    folder: Path
    port: int
    delay_seconds: float = 3.0
    seed: int = 1
    host: str = "127.0.0.1"
    https_port: int = 0  # 0: no HTTPS door


def settings_from(environment: dict[str, str]) -> Settings:
    """Read the variables; without SANDBOX_DIR the folder is var/sandbox."""
    return Settings(
        folder=Path(environment.get("SANDBOX_DIR") or "var/sandbox").resolve(),
        port=int(environment.get("SANDBOX_SFTP_PORT") or 2222),
        delay_seconds=float(environment.get("SANDBOX_DELAY_SECONDS") or 3),
        seed=int(environment.get("SANDBOX_SEED") or 1),
        host=environment.get("SANDBOX_HOST") or "127.0.0.1",
        https_port=int(environment.get("SANDBOX_HTTPS_PORT") or 0),
    )


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """The file is there whole or as before, whenever the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def read_json(path: Path, default: Any) -> Any:
    """The JSON of a file, or ``default`` where there is none or it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return default


def write_json(path: Path, value: Any) -> None:
    """Atomically."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True).encode())


def add_account(folder: Path, name: str, password: str = "") -> str:
    """Open a mailbox, or change its password; returns the password (a random one when none is given)."""
    if not ACCOUNT_NAME.match(name) or name in RESERVED:
        raise ValueError(f"not an account name: {name!r}")
    password = password or secrets.token_urlsafe(18)
    accounts = read_json(folder / "accounts.json", {})
    salt = secrets.token_hex(8)
    accounts[name] = {"salt": salt, "password": _digest(password, salt)}
    for part in FOLDERS:
        (folder / name / part).mkdir(parents=True, exist_ok=True)
    write_json(folder / "accounts.json", accounts)
    return password


def is_password(folder: Path, name: str, password: str) -> bool:
    """Whether an account exists and this is its password."""
    account = read_json(folder / "accounts.json", {}).get(name)
    if not isinstance(account, dict):
        return False
    return hmac.compare_digest(_digest(password, str(account.get("salt"))), str(account.get("password")))


def account_names(folder: Path) -> list[str]:
    """All mailboxes."""
    return sorted(name for name in read_json(folder / "accounts.json", {}) if ACCOUNT_NAME.match(name))


def host_key(folder: Path) -> paramiko.PKey:
    """The server's key, made once."""
    path = folder / "host_key"
    if not path.exists():
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        made = ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        folder.mkdir(parents=True, exist_ok=True)
        first = path.with_name(f".host_key-{os.getpid()}")
        first.write_bytes(made)
        first.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # two first starts: one key wins
            os.link(first, path)
        first.unlink()
    return paramiko.Ed25519Key.from_private_key_file(str(path))


def _digest(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**12, r=8, p=1).hex()
