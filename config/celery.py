"""The Celery app. Celery is the alarm clock; the database is the queue of record (design.md 1.2)."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("cleanclaim")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule_filename = str(
    Path(os.environ.get("CLEANCLAIM_DATA", "var")) / "run" / "celerybeat-schedule"
)


@app.on_after_configure.connect
def set_schedule(sender: Celery, **_: object) -> None:
    """Take the periodic jobs from the one page that lists them."""
    from config.schedule import SCHEDULE

    sender.conf.beat_schedule = SCHEDULE
