"""Let the house live another moment: demo visits of last month are checked out last month."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone


@contextmanager
def moment(at: datetime) -> Iterator[datetime]:
    """Django's clock shows ``at`` inside. Only the demo does this; rules take their time as an argument."""
    real = timezone.now
    timezone.now = lambda: at
    try:
        yield at
    finally:
        timezone.now = real
