"""The fast path and the plain twin give the same file and the same rows (performance, submit_837)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench import claims_world
from bench import submit_837 as measured
from claims import queue
from claims.models import Batch, BatchItem, Claim, ClaimEvent, ScrubStamp
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


def vary(clinic: int, random: Random) -> None:
    """Claims of every kind: families, notes, days, places, providers; stamped, unstamped, stamped before a change."""
    families = [f"FAMILY{number}" for number in range(3)]
    with open_clinic(clinic):
        changed = []
        for claim in Claim.objects.order_by("pk"):
            document = claim.document
            holder = document["subscriber"]
            if random.random() < 0.5:
                holder["party"]["last_name"] = holder["party"]["identifier"] = random.choice(families)
                holder["address"]["line1"] = "1 Oak Lane"
            if random.random() < 0.5:
                party = {
                    **holder["party"],
                    "first_name": random.choice(("ADA", "BO")),
                    "identifier": "",
                    "id_qualifier": "",
                }
                document["patient"] = {**{key: holder[key] for key in ("address", "birth_date", "sex")},
                                       "party": party, "relationship": "19"}  # fmt: skip
            if random.random() < 0.3:
                document["note"] = {"kind": "ADD", "text": f"Seen twice; see note {random.randint(1, 99)}"}
            document["dates"]["onset"] = str(claims_world.DAY - timedelta(days=random.randint(0, 30)))
            for line in document["lines"]:
                line["modifiers"] = random.sample(["59", "GP", "KX"], random.randint(0, 2))
            claim.save()
            changed.append(claim)
        queue.check_many(changed[::2], claims_world.DAY)
        ScrubStamp.objects.filter(claim__in=changed[::3]).delete()


@pytest.mark.parametrize("seed", [1, 2])
def test_fast_path_and_plain_twin_give_the_same(settings: Any, tmp_path: Path, seed: int) -> None:
    settings.EXCHANGE_DIR = tmp_path
    clinic = claims_world.make(24).clinic.pk
    vary(clinic, Random(seed))
    fast, plain = outcome(clinic, measured.ours), outcome(clinic, measured.twin)
    assert fast == plain
    assert fast["file"].count("CLM*") == 24
    limit = outcome(clinic, measured.limit)
    assert limit["file"].count("SV1*") == 72
    assert limit["claims"] == fast["claims"]
