"""Every periodic job on one page. Each run is guarded by its own rows, so a second beat does no harm."""

from __future__ import annotations

SCHEDULE = {
    # Picks up every outbox row whose wake-up was lost (broker flushed, worker killed).
    "sweep-outbox": {"task": "work.tasks.sweep", "schedule": 5.0},
    # Fetches what the clearinghouses have put out for us.
    "collect-responses": {"task": "responses.tasks.collect_all", "schedule": 5.0},
    # A worker that no longer consumes is noticed by the age of this row (reliability.md e1.7).
    "heartbeat": {"task": "work.tasks.heartbeat", "schedule": 20.0},
    # Tomorrow's eligibility questions where a clinic wants them; questions without an answer are given up.
    "eligibility-evening": {"task": "insurance.tasks.evening", "schedule": 300.0},
    # Completed visits that nobody checked out, by night where a location wants it (B17.0).
    "charge-by-night": {"task": "billing.tasks.charge_by_night", "schedule": 600.0},
    # Payment plans that are paid or in default end (B12).
    "review-plans": {"task": "billing.tasks.review_plans", "schedule": 3600.0},
    # Claims that nobody has answered: the payer is asked (276), or a person is told to.
    "claim-silence": {"task": "claims.tasks.silence", "schedule": 3600.0},
    # Waiting claims are checked again: what changed around them shows before anybody submits them.
    "recheck-claims": {"task": "claims.tasks.recheck_all", "schedule": 3600.0},
    # Crossover timers, held credits, balances that became due.
    "coordination-timers": {"task": "responses.tasks.run_timers", "schedule": 60.0},
}
