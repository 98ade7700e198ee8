"""post_835: one stored remittance to committed postings and what follows them, against the plain twin and the limit
script.

The clinic's claims have been submitted; each run has claims and a file of its own, so that nothing is a repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection

from bench import claims_world, rows
from bench.limit_835 import limit as limit_script
from bench.measuring import analyze, timed, told
from bench.twin_835 import take_plainly
from billing.models import Charge
from claims.enums import ClaimState, Outcome
from claims.models import Claim
from clearinghouses import inbound as receiving
from clearinghouses.models import InboundFile
from clinics.models import Setting
from clinics.scoping import open_clinic
from desk.demo.world import DemoClinic
from lib.money import total
from responses import coordination, inbox
from responses.closing import BLOCK, ROLLOVER_BLOCK
from responses.models import ClaimResponse
from work.models import Outbox

Way = Callable[[int, int, datetime], None]
PATIENT = 15  # dollars of each line that stay with the patient


def prepare(clinic_id: int) -> None:
    """Auto-Pay Claims: post, for the whole clinic."""
    with open_clinic(clinic_id, actor="bench"):
        Setting.objects.update_or_create(
            location=None, name="autopay_claims", defaults={"value": "post", "changed_by": "bench"}
        )


def submitted(demo: DemoClinic, count: int) -> list[int]:
    """``count`` fresh claims as they stand when the payer answers; their keys."""
    with open_clinic(demo.clinic.pk, actor="bench"), connection.cursor() as cursor:
        keys = claims_world.more(count)
        for before, after in (("ready", "batched"), ("batched", "submitted"), ("submitted", "accepted")):
            cursor.execute(
                "UPDATE claims_claim SET state = %s WHERE clinic_id = %s AND id = ANY(%s) AND state = %s",
                [after, demo.clinic.pk, keys, before],
            )
    analyze()
    return keys


def file_for(clinic_id: int, keys: list[int], trace: str) -> int:
    """One 835 that answers these claims, received; its key."""
    with open_clinic(clinic_id, actor="bench"):
        text = remittance_text(keys, trace)
        row, is_new = receiving.receive(text.encode(), f"{trace}.835", "bench")
        assert is_new
        return row.pk


def remittance_text(keys: list[int], trace: str) -> str:
    """CO-45 a fifth of each line, PR-3 fifteen dollars, the rest paid; it adds up."""
    claims = list(Claim.objects.filter(pk__in=keys).select_related("payer").defer("document").order_by("pk"))
    lines: dict[int, list[tuple[str, str, Any]]] = {}
    rows = Charge.objects.filter(claim_lines__claim_id__in=keys).order_by("line_no")
    for claim_id, line_id, code, amount in rows.values_list(
        "claim_lines__claim_id", "claim_lines__line_id", "procedure_code", "amount"
    ):
        lines.setdefault(claim_id, []).append((line_id, code, amount))
    payer = claims[0].payer
    body, paid_in_all = [], total([])
    for number, claim in enumerate(claims):
        services, paid_for_claim = [], total([])
        for line_id, code, amount in lines[claim.pk]:
            contract = (amount / 5).quantize(amount)
            paid = amount - contract - PATIENT
            paid_for_claim += paid
            services += [
                f"SVC*HC:{code}*{amount}*{paid}**1", f"DTM*472*{claim.service_from:%Y%m%d}",
                f"CAS*CO*45*{contract}", f"CAS*PR*3*{PATIENT}.00", f"REF*6R*{line_id}",
                f"AMT*B6*{amount - contract}",
            ]  # fmt: skip
        paid_in_all += paid_for_claim
        last, first = claim.patient_name.split(", ")
        body += [
            f"CLP*{claim.control_number}*1*{claim.total}*{paid_for_claim}*{PATIENT * 3}.00*12*{trace}{number:07d}*11*1",
            f"NM1*QC*1*{last}*{first}****MI*W{number:07d}", "NM1*82*1*BEXLEY*IDA****XX*1234567893",
            f"DTM*232*{claim.service_from:%Y%m%d}", *services,
        ]  # fmt: skip
    provider = claims[0].location.billing_provider
    head = [
        "ST*835*0001",
        f"BPR*I*{paid_in_all}*C*ACH*CCP*01*999999999*DA*123456*1066033492**01*999988880*DA*98765*20260316",
        f"TRN*1*{trace}*1066033492", "DTM*405*20260316", f"N1*PR*{payer.name.upper()}*XV*{payer.payer_id}",
        "N3*1 PAYER WAY", "N4*COLUMBUS*OH*43215", "PER*BL*HELP*TE*8005550100",
        f"N1*PE*{provider.name.upper()}*XX*{provider.npi}", f"REF*TJ*{provider.tax_id}", "LX*1",
    ]  # fmt: skip
    segments = [*head, *body]
    return "~".join(
        [
            "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260316*1200*^*00501*000000001*0*P*:",
            "GS*HP*PAYER*CLINIC*20260316*1200*1*X*005010X221A1",
            *segments, f"SE*{len(segments) + 1}*0001", "GE*1*1", "IEA*1*000000001", "",
        ]
    )  # fmt: skip


def ours(clinic_id: int, inbound_id: int, at: datetime) -> None:
    """The product's own way: the file in one transaction, then the blocks that it promised."""
    with open_clinic(clinic_id, actor="bench"):
        inbox.take(_stored(inbound_id), at=at)
    promised = Outbox.objects.filter(clinic_id=clinic_id, kind=ROLLOVER_BLOCK, state="pending").order_by("pk")
    for row in promised:
        with open_clinic(clinic_id, actor="bench"):
            coordination.roll_over_block(row.subject_id, BLOCK, at=at)
        Outbox.objects.filter(pk=row.pk, clinic_id=clinic_id).update(state="done")


def twin(clinic_id: int, inbound_id: int, at: datetime) -> None:
    """The plain way: claim by claim and row by row through the models, every gate and row kept."""
    with open_clinic(clinic_id, actor="bench"):
        take_plainly(_stored(inbound_id), at)


def limit(clinic_id: int, inbound_id: int, at: datetime) -> None:
    """The floor: the same rows by SQL and string work, one commit, no rule."""
    with open_clinic(clinic_id, actor="bench"), connection.cursor() as cursor:
        limit_script(cursor, clinic_id, _stored(inbound_id), at)


WAYS: dict[str, Way] = {"ours": ours, "twin": twin, "limit": limit}


def _stored(inbound_id: int) -> InboundFile:
    return InboundFile.objects.select_related("stored").get(pk=inbound_id)


def measure(count: int, runs: int) -> list[dict[str, Any]]:
    """Ours, the twin and the limit script by turns, each on claims of its own."""
    from django.utils import timezone

    demo = claims_world.make(1)
    prepare(demo.clinic.pk)
    clinic_id = demo.clinic.pk
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    for run in range(runs):
        left = {}
        for name, way in WAYS.items():
            keys = submitted(demo, count)
            file = file_for(clinic_id, keys, f"{name.upper()}{run}")
            since = _marks(clinic_id)
            act = partial(way, clinic_id, file, timezone.now())
            rates[name].append(count / timed(lambda act=act: act))
            left[name] = _left(clinic_id, keys, since)
        for name, other in left.items():
            assert not rows.differences(left["ours"], other), (name, rows.differences(left["ours"], other))
    return [
        told(
            f"post_835/{count}/twin", rates["ours"], rates["twin"], is_what="plain Django twin", goal=(20, 1)
        ),
        told(f"post_835/{count}/limit", rates["ours"], rates["limit"], is_what="limit script", goal=(1, 2)),
    ]


def _marks(clinic_id: int) -> dict[str, int]:
    with open_clinic(clinic_id, actor="bench"):
        return rows.marks(clinic_id)


def _left(clinic_id: int, keys: list[int], since: dict[str, int]) -> dict[str, rows.Written]:
    """The rows that a way left, once its claims, answers and file stand as they should."""
    with open_clinic(clinic_id, actor="bench"):
        closed = Claim.objects.filter(pk__in=keys, state=ClaimState.CLOSED, outcome=Outcome.PAID)
        assert closed.exclude(payer_claim_number="").count() == len(keys)
        states = set(ClaimResponse.objects.filter(claim_id__in=keys).values_list("state", flat=True))
        assert states == {"auto_posted"}, states
        assert not InboundFile.objects.exclude(state=InboundFile.State.READ).exists()
        return rows.written(clinic_id, since)
