"""Child processes that never outlive their parent, ports, and waiting for things to answer."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stack.places import StackError

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
STARTED = time.monotonic()


def note(message: str) -> None:
    """One line with the seconds since the command began, on stderr (stdout is the command's own)."""
    print(f"[{time.monotonic() - STARTED:5.1f}s] {message}", file=sys.stderr, flush=True)


def die_with_parent(number: int) -> Callable[[], None]:
    """For preexec_fn: an own process group, and this signal when the parent is gone (Linux).

    Ctrl-C then reaches the supervisor alone, which stops its children in order.
    """
    parent = os.getpid()

    def prepare() -> None:
        os.setpgid(0, 0)
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def stop(process: subprocess.Popen[bytes] | None, number: int, seconds: float) -> None:
    """Ask a child to end, and end its whole group when it does not."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_left(folder: Path, seconds: float = 60) -> None:
    """Wait for servers of a killed supervisor that still work in this folder (Linux: by their cwd)."""
    end = time.monotonic() + seconds
    while any(_cwd(entry) == str(folder) for entry in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > end:
            raise StackError(f"another process still works in {folder}")
        time.sleep(0.05)


def _cwd(entry: Path) -> str:
    try:
        return os.readlink(entry / "cwd")
    except OSError:
        return ""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True if nobody listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str) -> bool:
    """True if the web server answers this path with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": "localhost", "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
