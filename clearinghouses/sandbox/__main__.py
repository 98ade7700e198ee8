"""Run the sandbox clearinghouse: `python -m clearinghouses.sandbox`. Stops cleanly on SIGTERM and Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from clearinghouses.sandbox.faults import Faults
from clearinghouses.sandbox.home import settings_from
from clearinghouses.sandbox.server import Server
from clearinghouses.sandbox.watching import Watcher
from clearinghouses.sandbox.web import WebServer


def main() -> int:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    settings = settings_from(dict(os.environ))
    settings.folder.mkdir(parents=True, exist_ok=True)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    faults = Faults(settings.folder, stopping)
    server = Server(settings, faults)
    server.start()
    web = WebServer(settings, faults) if settings.https_port else None
    if web is not None:
        web.start()
    sys.stdout.write(f"sandbox clearinghouse on {settings.host}:{server.port}\n")
    sys.stdout.flush()
    try:
        Watcher(settings, faults, stopping).run()
    finally:
        server.stop()
        if web is not None:
            web.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
