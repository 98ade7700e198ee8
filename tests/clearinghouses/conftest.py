"""The sandbox as its own process with a real SFTP server on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clearinghouses.sandbox import home

PASSWORD = "let us in"
DELAY = 0.1


@dataclass
class SandboxProcess:
    """A running sandbox; ``port`` changes when it is started again."""

    folder: Path
    port: int = 0
    https_port: int = 0
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder.parent / "sandbox.log"
        home.add_account(self.folder, "alder", PASSWORD)

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "SANDBOX_DIR": str(self.folder),
            "SANDBOX_SFTP_PORT": "0",
            "SANDBOX_DELAY_SECONDS": str(DELAY),
        }
        self.https_port = free_port()
        environment["SANDBOX_HTTPS_PORT"] = str(self.https_port)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "clearinghouses.sandbox"],
                env={**environment, "SANDBOX_SFTP_PORT": str(free_port())},
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert ":" in line, self.log.read_text()
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=10)

    def plan(self, *faults: dict[str, Any]) -> None:
        home.write_json(self.folder / "faults.json", list(faults))

    def files(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / "alder" / folder).iterdir())

    def host_key(self) -> str:
        key = home.host_key(self.folder)
        return f"{key.get_name()} {key.get_base64()}"

    def certificate(self) -> str:
        return (self.folder / "https_certificate.pem").read_text()


def free_port() -> int:
    import socket

    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    made = SandboxProcess(tmp_path / "sandbox")
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        assert made.stop() == 0, made.log.read_text()


def until(met: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The first true answer of ``met``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = met()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")
