"""One 835 taken in from the command line or an upload, told as the contract writes it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.urls import reverse

from billing import balances
from clearinghouses import inbound as receiving
from clearinghouses.models import InboundFile
from clinics.errors import Refusal
from clinics.models import Clinic
from clinics.scoping import open_clinic
from lib.money import ZERO
from responses import inbox
from responses.enums import PostingState
from responses.models import ClaimResponse, Remittance
from work import jobs, outbox
from work.models import Job

CLAIMS = re.compile(
    rb"(?<![A-Za-z0-9])CLP(?![A-Za-z0-9])"
)  # the segments, not numbers that hold these letters
LARGE = 1_000_000  # bytes, some 1,500 claims: from here on the worker takes an upload
DECISIONS = {
    PostingState.AUTO_POSTED: "posted",
    PostingState.POSTED_MANUALLY: "posted",
    PostingState.REVERSED: "posted",
    PostingState.PROPOSED: "proposed",
    PostingState.EXCEPTION: "exception",
    PostingState.DUPLICATE: "duplicate",
    PostingState.IGNORED: "ignored",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Exit status, the JSON document (None when it could not run), one line for status 2."""

    status: int
    document: dict[str, Any] | None
    error: str | None = None


def remit_file(path: str, slug: str, *, preview: bool, at: datetime) -> Report:
    """Take a file in for a clinic; ``preview`` rolls everything back."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(receiving.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return Report(2, None, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
    clinic = Clinic.objects.filter(slug=slug).first()
    if clinic is None:
        return Report(2, None, f"there is no clinic {slug!r}")
    if not content:
        return Report(1, _nothing(Path(path).name, preview=preview))
    try:
        with open_clinic(clinic.pk, actor="remit"):
            document = take_bytes(content, Path(path).name, "command", at=at)
            if preview:
                document["preview"] = True
                transaction.set_rollback(True)
    except Refusal as refused:
        return Report(2, None, refused.message)
    return Report(int(_needs_a_person(document)), document)


def _nothing(name: str, *, preview: bool) -> dict[str, Any]:
    """An empty file: nothing to keep, nothing to take."""
    finding = {
        "code": "not_x12",
        "level": "file",
        "severity": "error",
        "segment": 0,
        "message": "The file is empty.",
    }
    digest = hashlib.sha256(b"").hexdigest()
    return {
        "file": {"sha256": digest, "duplicate": False, "name": name, "state": InboundFile.State.REJECTED},
        "kinds": [], "transactions": [], "findings": [finding], "preview": preview,
    }  # fmt: skip


def take_bytes(
    content: bytes, name: str, source: str, *, at: datetime, effective_on: date | None = None
) -> dict[str, Any]:
    """Receive and take a file in the open scope; the same bytes again change nothing."""
    inbound, is_new = receiving.receive(content, name, source)
    if is_new or inbound.state == InboundFile.State.RECEIVED:
        inbox.take(inbound, at=at, effective_on=effective_on)
    else:
        Remittance.objects.filter(inbound_file=inbound).update(times_received=inbound.times_received)
    return tell(inbound, is_new=is_new, digest=hashlib.sha256(content).hexdigest())


def take_later(content: bytes, name: str) -> Job:
    """Keep a large file and promise it to the worker: taking thousands of claims is no work for a request.

    The job shows how far it is. The same bytes again show the job of the first time; where that was given up,
    they are worked again under a job of their own.
    """
    inbound, _ = receiving.receive(content, name, "upload")
    known = Job.objects.filter(kind=inbox.TAKE, params__inbound=inbound.pk).order_by("-pk").first()
    key = f"{inbox.TAKE}:{inbound.pk}"
    if known is not None and not _tried_again(known, key):
        return known
    job = jobs.start(
        inbox.TAKE,
        f"Take in {name}"[:160],
        total=len(CLAIMS.findall(content)),
        params={"inbound": inbound.pk},
    )
    if inbound.state == InboundFile.State.RECEIVED:
        outbox.promise(inbox.TAKE, inbound.clinic_id, inbound.pk, key=key)
    else:
        jobs.finish(job, result={"already": True}, done=job.total, url=reverse("responses:remittances"))
    return job


def _tried_again(job: Job, key: str) -> bool:
    """Whether the work of this job was given up and is armed once more now."""
    return job.state == Job.State.FAILED and job.clinic_id is not None and outbox.again(job.clinic_id, key)


def preview_bytes(
    content: bytes, name: str, *, at: datetime, effective_on: date | None = None
) -> dict[str, Any]:
    """What taking a file in would do, by the code that takes it in, and rolled back: nothing is written."""
    with transaction.atomic():
        document = take_bytes(content, name, "upload", at=at, effective_on=effective_on)
        transaction.set_rollback(True)
    return {**document, "preview": True}


def tell(inbound: InboundFile, *, is_new: bool, digest: str) -> dict[str, Any]:
    """The contract's JSON for one file."""
    own = list(inbound.remittances.order_by("ordinal"))
    told = [_transaction(row, is_repeat=not is_new) for row in own]
    if is_new:
        told += [_transaction(row, is_repeat=True) for row in repeats_in(inbound, own)]
    return {
        "file": {"sha256": digest, "duplicate": not is_new, "name": inbound.name, "state": inbound.state},
        "kinds": inbound.kinds,
        "transactions": told,
        "findings": inbound.findings,
    }


def repeats_in(inbound: InboundFile, own: list[Remittance]) -> list[Remittance]:
    """Remittances of this file that another file brought first."""
    mine = {row.pk for row in own}
    return [
        taken.remittance
        for taken in getattr(inbound, "taken_now", [])
        if taken.is_repeat and taken.remittance.pk not in mine
    ]


def _transaction(row: Remittance, *, is_repeat: bool) -> dict[str, Any]:
    return {
        "trace_number": row.trace_number,
        "paid": _money(row.amount),
        "escrow": _money(balances.escrow(row.receipt_id) if row.receipt_id else ZERO),
        "provider_adjustments": _money(row.provider_total),
        "balanced": row.is_balanced,
        "duplicate": is_repeat,
        "remittance": row.public_id,
        "claims": [_claim(each, is_repeat=is_repeat) for each in row.responses.order_by("ordinal")],
    }


def _claim(row: ClaimResponse, *, is_repeat: bool) -> dict[str, Any]:
    lines = row.plan.get("lines", [])
    return {
        "control_number": row.control_number,
        "decision": "duplicate" if is_repeat else DECISIONS[PostingState(row.state)],
        "codes": sorted({"E01", *row.codes}) if is_repeat else row.codes,
        "paid": _money(row.paid),
        "write_off": _money(sum((Decimal(line["write_off"]) for line in lines), ZERO)),
        "patient": _money(sum((Decimal(line["patient"]) for line in lines), ZERO)),
        "next": row.plan.get("next", "none"),
        "reasons": row.plan.get("reasons", {}),
        "sides": row.plan.get("sides", []),
        "response": row.public_id,
    }


def _needs_a_person(document: dict[str, Any]) -> bool:
    if any(finding["severity"] == "error" for finding in document["findings"]):
        return True
    claims = [claim for each in document["transactions"] for claim in each["claims"]]
    return any(claim["decision"] == "exception" for claim in claims)


def in_words(document: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{document['file']['name']}: {'taken before' if document['file']['duplicate'] else 'taken'}"]
    lines += [f"  {finding['severity']}: {finding['message']}" for finding in document["findings"]]
    for each in document["transactions"]:
        lines.append(f"Check {each['trace_number']}: {each['paid']}, escrow {each['escrow']}")
        for claim in each["claims"]:
            lines.append(
                f"  {claim['control_number']}: {claim['decision']} {' '.join(claim['codes'])}".rstrip()
            )
    return "\n".join(lines)


def _money(amount: Decimal) -> str:
    return f"{amount + ZERO:.2f}"
