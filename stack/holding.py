"""Who runs the servers of a data folder, and who borrows them: two file locks that no crash can leave behind.

`run/lock` is held by the one process that runs the servers (./start, or a ./manage that found none).
`run/guests` is held shared by everyone who borrows them; a ./manage that runs the servers waits for its
guests before it stops.
"""

from __future__ import annotations

import fcntl
import os
import time
from types import TracebackType
from typing import IO

from stack.environment import load
from stack.places import Place, StackError


class Holding:
    """The exclusive right to run the servers of one data folder."""

    def __init__(self, place: Place, kind: str) -> None:
        self.place = place
        self.kind = kind
        self.file: IO[str] | None = None

    def take(self) -> bool:
        """True if nobody else runs them; they are then ours until release or death."""
        handle = open(self.place.run / "lock", "a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        self.file = handle
        (self.place.run / "env").unlink(missing_ok=True)  # of a holder that was killed
        handle.truncate(0)
        handle.write(f"{self.kind} {os.getpid()}\n")
        handle.flush()
        return True

    def take_or_refuse(self, seconds: float = 20) -> None:
        """Take it, waiting for a short ./manage to finish; refuse in one line if another ./start runs."""
        end = time.monotonic() + seconds
        while not self.take():
            holder = (self.place.run / "lock").read_text().split()
            if holder[:1] != ["manage"] or time.monotonic() > end:
                by = f" ({' '.join(holder)})" if holder else ""
                raise StackError(f"already running on {self.place.data}{by}: stop it first, or choose --data")
            time.sleep(0.1)

    def release(self) -> None:
        """Let go, after the servers have stopped."""
        (self.place.run / "env").unlink(missing_ok=True)
        if self.file is not None:
            self.file.close()
            self.file = None


class Guest:
    """A lock held shared while someone else's servers are borrowed."""

    def __init__(self, place: Place) -> None:
        self.file = open(place.run / "guests", "a+")
        os.set_inheritable(self.file.fileno(), True)

    def __enter__(self) -> Guest:
        fcntl.flock(self.file, fcntl.LOCK_SH)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.file.close()


def wait_for_guests(place: Place) -> IO[str]:
    """Keep new guests out and wait for those inside; they are let in again when the file is closed."""
    handle = open(place.run / "guests", "a+")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def borrowed_environment(place: Place, holding: Holding, seconds: float = 120) -> dict[str, str] | None:
    """The running stack's environment, waiting while it starts; None if ``holding`` is now ours."""
    end = time.monotonic() + seconds
    while True:
        if holding.take():
            return None
        if environment := load(place):
            return environment
        if time.monotonic() > end:
            raise StackError(f"a start on {place.data} has not come up in {seconds:.0f} s")
        time.sleep(0.05)
