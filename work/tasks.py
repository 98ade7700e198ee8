"""Thin Celery edges: ring for one row, sweep what was missed, show that the worker lives."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from work import outbox
from work.models import Heartbeat, Outbox


@shared_task(name="work.tasks.run_one")
def run_one(clinic_id: int, key: str) -> None:
    """Do one promised piece of work, if nobody else has."""
    row = Outbox.objects.filter(clinic_id=clinic_id, key=key).only("pk").first()
    if row is not None:
        outbox.run(row.pk)


@shared_task(name="work.tasks.sweep")
def sweep() -> int:
    """Do what is due and was not rung for; returns how many rows were taken."""
    return sum(outbox.run(outbox_id) for outbox_id in outbox.due_ids())


@shared_task(name="work.tasks.heartbeat")
def heartbeat() -> None:
    """Leave a sign of life that really went through broker, worker and database."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"beat_at": timezone.now()})
