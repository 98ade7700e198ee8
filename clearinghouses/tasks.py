"""Thin edges to the worker: the promises of this room (work/outbox.py)."""

from __future__ import annotations

from clearinghouses import connections
from work.outbox import handles


@handles(connections.TEST)
def test_connection(clinic_id: int, job_id: int) -> None:
    """Try a mailbox; repeating it does no harm."""
    connections.run_test(clinic_id, job_id)
