"""The plumbing of "row first, then work": outbox, jobs, idempotency keys, period runs, stored files, bulk.

Knows nothing of claims or money. Rooms above register handlers for outbox kinds (work/outbox.py).
"""
