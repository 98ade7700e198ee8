"""Sixty days of two clinics, told by the real code; then the mailbox is handed to the running sandbox."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, time, timedelta
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections as database

from clearinghouses import connections
from clearinghouses.sandbox import memory as sandbox_memory
from clinics.scoping import open_clinic
from desk.demo import covering, days, ending, front, people
from desk.demo.mail import Post
from desk.demo.world import DemoClinic, make_clinics

DAYS = 60
FRIDAY = 4
OPEN_DAYS = (0, 1, 3)  # the demo clinics see patients on Monday, Tuesday and Thursday


def tell(now: datetime, day_count: int = DAYS) -> None:
    """Make everything. ``now`` is an aware moment; the story ends on its day at the clinics.

    The clinics share nothing but the company, so each is told by a process of its own.
    """
    demos = make_clinics()
    database.close_all()
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
    in_turn = cycle(cast)
    for back in range(day_count, 0, -1):
        day = today - timedelta(days=back)
        if day.weekday() in OPEN_DAYS:
            days.past_day(demo, in_turn, day, random)
        if day.weekday() == FRIDAY and back > 4:
            evening = days.at_clinic(demo, day, time(17, 0))
            post.submit(evening)
            post.receive(evening, up_to=_stage(back))
    days.this_day(demo, cast, now, random)
    ending.leave_work(demo, post, cast, now, today)
    front.leave_odds(demo, cast, now, today)
    covering.know_coverage(demo, post, cast, now, today)
    database.close_all()
    return post


def _stage(back: int) -> float:
    """How far the answers have come: the last week has its 999 only, the week before it the payers' 277CA."""
    if back <= 7:
        return 0.5
    return 2.0 if back <= 14 else 9.0


def hand_over(demo: DemoClinic, post: Post) -> None:
    """From here on the mailbox is the running sandbox's: an account, its pinned key, the memory of all this."""
    with open_clinic(demo.clinic.pk, actor="demo"):
        account = connections.open_sandbox(demo.connection, demo.facts.slug).username
    post.memory.account = account
    sandbox_memory.save(Path(settings.SANDBOX_DIR), post.memory)
