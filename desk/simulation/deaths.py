"""Processes that die: a piece of work runs in a child which is killed before its n-th SQL statement."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import connection

LAST_STATEMENT = 60  # most pieces of work are shorter: some children get through


class Reaper:
    """Decides by the seed who dies, ``chance`` of a hundred, and counts."""

    def __init__(self, random: Random, chance: int) -> None:
        self._random = random
        self._chance = chance
        self.killed = 0

    def visit(self, work: Callable[[], object]) -> bool:
        """True: ``work`` was done, here or in a child. False: a child died over it, nothing was heard of it."""
        if self._random.randrange(100) >= self._chance:
            work()
            return True
        if run_and_die(work, self._random.randint(1, LAST_STATEMENT)):
            return True
        self.killed += 1
        return False


def run_and_die(work: Callable[[], object], at_statement: int) -> bool:
    """Run ``work`` in a forked child that gets SIGKILL before its n-th statement; True when it got through."""
    connection.close()
    child = os.fork()
    if child == 0:
        _work_in_child(work, at_statement)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed, see above"
    return True


def _work_in_child(work: Callable[[], object], at_statement: int) -> None:
    seen = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == at_statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    status = 0
    try:
        with connection.execute_wrapper(count):
            work()
        connection.close()
    except BaseException:  # noqa: BLE001 - the parent reads the status
        traceback.print_exc()
        status = 3
    sys.stderr.flush()
    os._exit(status)
