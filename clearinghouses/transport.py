"""The contract of all carriers of bytes: what sending.py and collecting.py ask for, what sftp/, folder/ give.

A transport is opened for one piece of work, used by one thread and closed. It never retries: an attempt has
exactly one of three endings, and only the caller knows what that means for the file's row (rules.md B6.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

UNFINISHED = (".part", ".tmp", ".filepart")
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,79}\Z")


@dataclass(frozen=True, slots=True)
class Delivered:
    """The far side has the whole file under its final name; it confirmed that itself."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Proven not there: nothing of the file can have been taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may be there or not. Only looking at the far side tells; sending again blindly is forbidden."""

    reason: str


Outcome = Delivered | Refused | Unknown


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A name and a size in bytes, as the far side lists it."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where and how to reach one partner: the plain facts of a Connection row, free of the database."""

    kind: str
    host: str
    port: int
    username: str
    password: str
    private_key: str
    host_key: str  # "type base64", the only key that is accepted
    outbound_folder: str
    inbound_folder: str
    archive_folder: str  # where the partner keeps what it took; empty when it does not show that


class TransportError(Exception):
    """Listing, fetching or opening failed; ``reason`` is a sentence for people, without secrets."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Transport(Protocol):
    """One open mailbox."""

    def put(self, name: str, content: bytes, *, seconds: float) -> Outcome:
        """Write under a temporary name, compare the size, rename. Never raises for trouble on the wire."""
        ...

    def look(self, name: str, size: int) -> Outcome:
        """Whether a file once put is there: Delivered, Refused (proven absent) or still Unknown."""
        ...

    def list(self) -> list[RemoteFile]:
        """What waits for us, finished names only, by name. Raises TransportError."""
        ...

    def fetch(self, name: str, limit: int) -> bytes:
        """At most ``limit`` + 1 bytes of a listed file. Raises TransportError."""
        ...

    def close(self) -> None:
        """Let go; never raises."""
        ...


def is_plain_name(name: str) -> bool:
    """Whether a file name is one of ours or safe to take over: no folders, no tricks."""
    return PLAIN_NAME.match(name) is not None and not name.endswith(UNFINISHED)


def judge(name: str, size: int, waiting: dict[str, int], archived: dict[str, int] | None) -> Outcome:
    """What listings of the far side prove about a file of ours.

    ``waiting`` is the folder we put into, listed first; ``archived`` the folder of taken files, listed second
    (so a file taken in between is seen there), None when the partner does not show one. A left-over
    temporary name proves that the rename, our last step, never happened.
    """
    for found in (waiting, archived or {}):
        if found.get(name) == size:
            return Delivered()
        if name in found:
            return Unknown(f"{name} is there with {found[name]} bytes instead of {size}")
    if name + UNFINISHED[0] in waiting:
        return Refused("the upload broke off before the file got its final name")
    if archived is not None:
        return Refused("the file is neither waiting nor among the taken files")
    return Unknown("the file is not listed; the partner may have taken it already")
