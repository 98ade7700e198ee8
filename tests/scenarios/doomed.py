"""Real Celery workers that shoot themselves: ``python -m tests.scenarios.doomed`` (test_kill_points.py).

It loads the product once; each line on stdin forks one worker and is answered with its number, then its exit status.
The file that DOOM names says where it dies: ``{"event": "call", "name": "plan_claim", "n": 2}`` is the second call of
that function in a task, ``{"event": "any", "n": 700}`` the seven hundredth call of any function of the product. It is
taken away before the shot (SIGKILL). With ``{"event": "count"}`` nobody dies: the file then says how many calls each
task made.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import django
from celery.signals import task_postrun, task_prerun

from config.celery import app

DOOM = Path(os.environ["DOOM"])
ROOT = str(Path(__file__).resolve().parents[2])
OURS = tuple(f"{ROOT}/{room}/" for room in ("billing", "claims", "clearinghouses", "clinics", "lib", "responses",
                                            "work", "x12"))  # fmt: skip
seen = {"calls": 0, "named": 0}


def shoot() -> None:
    """No clean-up, no last words."""
    DOOM.unlink()
    os.kill(os.getpid(), signal.SIGKILL)


def watched(doom: dict[str, Any]) -> Any:
    """The profile function of one doom; it sees Python's calls and returns, and those of C functions such as commit."""
    event, name, last = doom["event"], doom.get("name"), doom.get("n", 0)

    def watch(frame: FrameType, kind: str, arg: Any) -> None:
        if kind == "call" and frame.f_code.co_filename.startswith(OURS):
            seen["calls"] += 1
            if event == "any" and seen["calls"] == last:
                shoot()
        if kind == event:
            called = arg.__name__ if kind.startswith("c_") else frame.f_code.co_name
            ours = kind.startswith("c_") or frame.f_code.co_filename.startswith(OURS)
            if ours and called == name:
                seen["named"] += 1
                if seen["named"] == last:
                    shoot()

    return watch


@task_prerun.connect
def begin(**_: Any) -> None:
    """Read the doom of this task."""
    seen.update(calls=0, named=0)
    if DOOM.exists():
        sys.setprofile(watched(json.loads(DOOM.read_text())))


@task_postrun.connect
def end(**_: Any) -> None:
    """It got through."""
    sys.setprofile(None)
    if DOOM.exists() and (told := json.loads(DOOM.read_text()))["event"] == "count":
        DOOM.write_text(json.dumps({**told, "calls": [*told.get("calls", []), seen["calls"]]}))


def forked() -> int:
    """One worker in a child of its own; its number."""
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = ["--without-mingle", "--without-gossip", "--without-heartbeat", "-l", "CRITICAL"]
        app.worker_main(["--quiet", "worker", "--pool", "solo", *quiet])
        os._exit(0)
    return child


if __name__ == "__main__":
    django.setup()
    app.loader.import_default_modules()
    for part in (
        "celery.apps.worker",
        "celery.concurrency.solo",
        "celery.worker.consumer",
        "kombu.transport.redis",
    ):
        import_module(part)
    for _ in sys.stdin:
        worker = forked()
        sys.stdout.write(f"{worker}\n")
        sys.stdout.flush()
        status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()
