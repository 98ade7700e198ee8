"""The fast path and the plain twin give the same file and the same rows (performance, submit_837)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench import claims_world
from bench import submit_837 as measured
from claims.models import Batch, BatchItem, Claim, ClaimEvent
from clinics.scoping import open_clinic
from work.files import read

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)


def outcome(clinic: int, way: Any) -> dict[str, Any]:
    """What one way left behind, without what must differ: control numbers and keys."""
    job = measured.start_job(clinic, measured.make_ready(clinic))
    with open_clinic(clinic):
        before = ClaimEvent.objects.count()
    way(clinic, job, AT)
    with open_clinic(clinic):
        batch = Batch.objects.get(job=job)
        assert batch.stored is not None
        content = read(batch.stored).decode()
        items = BatchItem.objects.filter(batch=batch).order_by("claim_id")
        events = ClaimEvent.objects.order_by("pk")[before:]
        return {
            "file": re.sub(
                r"(?m)^(ISA.{77}.{12}|GS\*.*|ST\*.*|BHT\*.*|SE\*.*|GE\*.*|IEA\*.*).*$", "", content
            ),
            "claims": list(Claim.objects.order_by("pk").values_list("control_number", "state")),
            "items": [(item.claim_id, item.is_live) for item in items],
            "events": [(e.claim_id, e.kind, e.from_state, e.to_state, e.text[:8]) for e in events],
            "batch": (batch.claim_count, batch.total, batch.state, batch.billing_provider_id, batch.usage),
        }


def test_fast_path_and_plain_twin_give_the_same(settings: Any, tmp_path: Path) -> None:
    settings.EXCHANGE_DIR = tmp_path
    clinic = claims_world.make(12).clinic.pk
    fast, plain = outcome(clinic, measured.ours), outcome(clinic, measured.twin)
    assert fast == plain
    assert fast["file"].count("CLM*") == 12
    limit = outcome(clinic, measured.limit)
    assert limit["file"].count("SV1*") == 36
    assert limit["claims"] == fast["claims"]
