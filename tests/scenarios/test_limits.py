"""Days for corrected claims and appeals, counted from the payer's answer (B14.limits)."""

from __future__ import annotations

from datetime import date

import pytest

from claims import corrections, deadlines, queue, review
from responses import denials
from responses.models import ClaimResponse
from tests.responses.edi import remit
from tests.responses.stage import AETNA, clp
from tests.scenarios.stage import Story

pytestmark = pytest.mark.django_db(transaction=True)
MAR_9, MAR_16 = date(2026, 3, 9), date(2026, 3, 16)


@pytest.mark.rule("B14.limits")
@pytest.mark.parametrize(
    ("answered", "days", "until"),
    [
        (MAR_16, 60, date(2026, 5, 15)),
        (MAR_16, 180, date(2026, 9, 12)),
        (MAR_16, None, None),
        (None, 60, None),
    ],
)
def test_the_table(answered: date | None, days: int | None, until: date | None) -> None:
    assert deadlines.limit_after(answered, days) == until


@pytest.mark.rule("B14.limits")
def test_a_replacement_and_an_appeal_count_from_the_answer(story: Story) -> None:
    with story.on(MAR_9) as at:
        aetna = story.world.aetna
        aetna.corrected_days, aetna.appeal_days = 60, 180
        aetna.save()
        patient = story.insured("Ines", "Varga", "W1", aetna, today=MAR_9)
        claim = queue.one_click(story.check_out(story.treat(patient, at), at).invoice, MAR_9)
    story.submit_all(MAR_9)
    with story.on(MAR_9, 20):
        denied = clp(claim, "1", "150", "0", ("CO", "16", "150"), icn="AET9")
    story.mail(remit(denied, trace="D9", **AETNA).encode(), story.at(MAR_16))
    with story.on(MAR_16, 12) as at:
        from responses import manual

        manual.post_as_remitted(ClaimResponse.objects.get(claim=claim), at=at, reason="denied")
        claim.refresh_from_db()
        assert corrections.last_answered(claim) == MAR_16
        (item,) = denials.denied()
        assert item.appeal_by == date(2026, 9, 12)
        made = corrections.duplicate(claim, "7", "Diagnosis corrected", today=MAR_16)
        assert made.filing_deadline == date(2026, 5, 15)
        review.refresh(made, MAR_16)
        made.refresh_from_db()
        assert made.filing_deadline == date(2026, 5, 15)
        queue.check(made, date(2026, 5, 16))
        assert "The limit for corrected claims passed on 05/15/2026" in str(made.findings)
