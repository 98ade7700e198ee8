"""Put and take files in folders below one root; a file appears under its name whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from clearinghouses.transport import (
    UNFINISHED,
    Delivered,
    Mailbox,
    Outcome,
    Refused,
    RemoteFile,
    TransportError,
    Unknown,
    is_plain_name,
    judge,
)


class FolderTransport:
    """Transport over a local folder."""

    def __init__(self, root: Path, mailbox: Mailbox) -> None:
        self._out = _below(root, mailbox.outbound_folder)
        self._in = _below(root, mailbox.inbound_folder)
        self._archive = _below(root, mailbox.archive_folder) if mailbox.archive_folder else None
        try:
            for folder in (self._out, self._in):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TransportError(f"the folder cannot be used: {error.strerror}") from error

    def put(self, name: str, content: bytes, *, seconds: float) -> Outcome:
        """Write beside, flush to disk, replace. A file already there with the same size was put before."""
        assert is_plain_name(name), name
        target = self._out / name
        if target.exists():
            return judge(name, len(content), {name: target.stat().st_size}, None)
        part = self._out / (name + UNFINISHED[0])
        try:
            with part.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            return Refused(f"the file could not be written: {error.strerror}")
        try:
            part.replace(target)
        except OSError as error:
            return Unknown(f"the file could not get its name: {error.strerror}")
        return Delivered()

    def look(self, name: str, size: int) -> Outcome:
        """By listing the folders."""
        try:
            waiting = _sizes(self._out)
            archived = _sizes(self._archive) if self._archive is not None else None
        except OSError as error:
            return Unknown(f"the folder cannot be listed: {error.strerror}")
        return judge(name, size, waiting, archived)

    def list(self) -> list[RemoteFile]:
        """Finished files, by name."""
        try:
            found = _sizes(self._in)
        except OSError as error:
            raise TransportError(f"the folder cannot be listed: {error.strerror}") from error
        return [RemoteFile(name, size) for name, size in sorted(found.items()) if is_plain_name(name)]

    def fetch(self, name: str, limit: int) -> bytes:
        """The bytes, at most one more than ``limit``."""
        assert is_plain_name(name), name
        try:
            with (self._in / name).open("rb") as handle:
                return handle.read(limit + 1)
        except OSError as error:
            raise TransportError(f"{name} cannot be read: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is held open."""


def _below(root: Path, folder: str) -> Path:
    """``folder`` below ``root``; never outside, whatever somebody typed."""
    path = (root / folder.strip("/")).resolve()
    if not path.is_relative_to(root.resolve()):
        raise TransportError("the folder lies outside the exchange folder of this clinic")
    return path


def _sizes(folder: Path) -> dict[str, int]:
    if not folder.is_dir():
        return {}
    return {
        entry.name: entry.stat().st_size
        for entry in os.scandir(folder)
        if entry.is_file(follow_symlinks=False)
    }
