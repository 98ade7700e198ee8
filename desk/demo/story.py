"""Sixty days of two clinics, told by the real code; then the mailbox is handed to the running sandbox."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections

from clearinghouses.models import Connection
from clearinghouses.sandbox import home
from clearinghouses.sandbox import memory as sandbox_memory
from clinics.scoping import open_clinic
from desk.demo import days, people
from desk.demo.mail import Post
from desk.demo.world import DemoClinic, make_clinics

DAYS = 60
FRIDAY = 4


def tell(now: datetime, day_count: int = DAYS) -> None:
    """Make everything. ``now`` is an aware moment; the story ends on its day at the clinics.

    The clinics share nothing but the company, so each is told by a process of its own.
    """
    demos = make_clinics()
    connections.close_all()
    with ProcessPoolExecutor(len(demos), mp_context=get_context("fork")) as pool:
        posts = list(pool.map(tell_clinic, demos, [now] * len(demos), [day_count] * len(demos)))
    for demo, post in zip(demos, posts, strict=True):
        hand_over(demo, post)


def tell_clinic(demo: DemoClinic, now: datetime, day_count: int) -> Post:
    """One clinic's days, and its mailbox as they leave it."""
    random = Random(f"cleanclaim {demo.facts.slug}")  # noqa: S311 - invented people, not secrets
    post = Post(demo)
    today = now.astimezone(ZoneInfo(demo.location.time_zone)).date()
    with open_clinic(demo.clinic.pk, actor=days.DESK.format(slug=demo.facts.slug)):
        cast = people.register_all(demo, today - timedelta(days=day_count), random)
    for back in range(day_count, 0, -1):
        day = today - timedelta(days=back)
        if day.weekday() <= FRIDAY:
            days.past_day(demo, cast, day, random)
        if day.weekday() == FRIDAY and back > 4:
            evening = days.at_clinic(demo, day, time(17, 0))
            post.submit(evening)
            post.receive(evening, up_to=_stage(back))
    days.this_day(demo, cast, now, random)
    connections.close_all()
    return post


def _stage(back: int) -> float:
    """How far the answers have come: the last week has its 999 only, the week before it the payers' 277CA."""
    if back <= 7:
        return 0.5
    return 2.0 if back <= 14 else 9.0


def hand_over(demo: DemoClinic, post: Post) -> None:
    """From here on the mailbox is the running sandbox's: an account, a pinned key, its memory."""
    folder = Path(settings.SANDBOX_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    password = home.add_account(folder, demo.connection.username)
    sandbox_memory.save(folder, post.memory)
    key = home.host_key(folder)
    with open_clinic(demo.clinic.pk, actor="demo"):
        Connection.objects.filter(pk=demo.connection.pk).update(
            kind=Connection.Kind.SFTP, password=password, host_key=f"{key.get_name()} {key.get_base64()}"
        )
