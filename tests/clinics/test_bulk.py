"""Many rows in a few statements: what goes in by COPY comes out as it was."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clinics import bulk
from tests.cast import make_world
from work.models import Job

ODD = ["\\N", "\\", "a\tb", "a\nb", "a\r\nb", "\\.", '"', "''", ",", " x ", "\\t", "é\\", "plain", ""]


@pytest.mark.django_db
@pytest.mark.parametrize("times", [1, 4])  # by VALUES, and by COPY
def test_any_text_and_nothing_go_in_and_come_out(times: int) -> None:
    texts, world = ODD * times, make_world()
    assert (len(texts) > bulk.SMALL) is (times > 1)
    with world.open():
        rows = [
            Job(kind="odd", message=text, params={"said": text}, total=number, created_at=timezone.now())
            for number, text in enumerate(texts)
        ]
        bulk.insert_rows(rows)
        kept = Job.objects.filter(kind="odd").order_by("total")
        assert [(row.message, row.params, row.finished_at) for row in kept] == [
            (text, {"said": text}, None) for text in texts
        ]
