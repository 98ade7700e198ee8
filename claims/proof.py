"""The proof packet: that a claim was filed in time, as a PDF for an appeal (rules.md B14, timely filing).

Before it: a claim that left. After it: a person who sends it to the payer. Everything in it is taken from
rows as they are: the deadline's arithmetic, the file's hash, the answers with their segments, the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from claims import deadlines
from claims.models import Acknowledgement, BatchItem, Claim, ClaimEvent
from lib.frozen import thaw
from lib.pdf_pages import COURIER, INCH, POINT, SANS, PdfPage, make_pdf, wrapped
from x12.documents.professional_claim import ClaimDocument

LINE = 14 * POINT
LEFT, TOP, BOTTOM = INCH * 3 // 4, INCH, 10 * INCH
ROOM = 7 * INCH  # from LEFT to the right margin
SIZES = {"head": 13 * POINT, "plain": 10 * POINT, "segment": 9 * POINT}
HEAD, SEGMENT, PLAIN = "head", "segment", "plain"


def packet(claim: Claim) -> bytes:
    """The PDF of one claim's filing."""
    pages = [PdfPage()]
    y = TOP
    for kind, words in lines(claim):
        size, font = SIZES[kind], COURIER if kind == SEGMENT else SANS
        parts = wrapped(words, ROOM, size, font)
        if y + LINE * len(parts) > BOTTOM:
            pages.append(PdfPage())
            y = TOP
        if kind == HEAD:
            y += LINE // 2
        for part in parts:
            pages[-1].text(LEFT, y, part, size=size, font=font)
            y += LINE
    for number, page in enumerate(pages, 1):
        said = f"Claim {claim.control_number}, sheet {number} of {len(pages)}"
        page.text(LEFT, 10 * INCH + INCH // 2, said, size=8 * POINT)
    return make_pdf(pages, f"Proof of timely filing {claim.control_number}")


def lines(claim: Claim) -> Iterator[tuple[str, str]]:
    """The packet's text, line by line: kind and words."""
    zone = ZoneInfo(claim.location.time_zone)
    yield HEAD, "Proof of timely filing"
    yield PLAIN, f"Claim {claim.control_number}, version {claim.version}, for {claim.patient_name}"
    yield PLAIN, f"Payer {claim.payer_name}, its claim number {claim.payer_claim_number or 'not told yet'}"
    yield PLAIN, f"Service {_span(claim)}, charge {claim.total:.2f}"
    yield from _parties(thaw(ClaimDocument, claim.document))
    yield from _deadline(claim)
    yield from _files(claim, zone)
    yield from _answers(claim, zone)
    yield HEAD, "Timeline"
    for event in ClaimEvent.objects.filter(claim=claim).exclude(kind="edit").order_by("at", "pk"):
        yield PLAIN, f"{_moment(event.at, zone)}  {event.text} ({event.actor})"


def _parties(document: ClaimDocument) -> Iterator[tuple[str, str]]:
    """By what the payer finds them: the member's number and birth date, the provider's numbers, as they were sent."""
    member, provider = document.subscriber, document.billing_provider
    born = (document.patient or member).birth_date
    tax = f", tax ID {provider.tax_id}" if provider.tax_id_qualifier == "EI" and provider.tax_id else ""
    yield PLAIN, f"Member {member.party.identifier}" + (f", patient born {born:%m/%d/%Y}" if born else "")
    yield PLAIN, f"From {provider.party.display_name}, NPI {provider.party.identifier}{tax}"


def _deadline(claim: Claim) -> Iterator[tuple[str, str]]:
    yield HEAD, "The limit"
    days = claim.payer.filing_days or deadlines.DEFAULT_DAYS
    if claim.filing_deadline is None:
        yield PLAIN, "No limit is known."
        return
    start = claim.filing_deadline.toordinal() - days
    told = (
        "the last date of service" if start == claim.service_to.toordinal() else "the earlier payer's answer"
    )
    begun = claim.service_to.fromordinal(start)
    yield PLAIN, f"{begun:%m/%d/%Y} ({told}) and {days} days make {claim.filing_deadline:%m/%d/%Y}."
    if claim.submitted_at is not None:
        left = (claim.filing_deadline - claim.submitted_at.date()).days
        said = f"{left} days before the limit" if left >= 0 else f"{-left} days after the limit"
        yield PLAIN, f"It was submitted on {claim.submitted_at.date():%m/%d/%Y}, {said}."


def _files(claim: Claim, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield HEAD, "What was sent"
    rows = BatchItem.objects.filter(claim=claim, is_live=True).select_related(
        "batch__connection", "batch__stored"
    )
    for item in rows.order_by("pk"):
        batch = item.batch
        partner = batch.connection.name if batch.connection else "paper"
        delivered = _moment(batch.delivered_at, zone) if batch.delivered_at else "not confirmed"
        yield PLAIN, f"Batch {batch.public_id} to {partner}, delivered {delivered}"
        if batch.connection:
            numbers = f"ISA13 {batch.interchange_number:09d}, GS06 {batch.group_number}, ST02 {item.transaction_number}"
            yield PLAIN, numbers
        if batch.stored:
            yield SEGMENT, f"{batch.stored.name}, {batch.stored.size} bytes, SHA-256 {batch.stored.sha256}"


def _answers(claim: Claim, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield HEAD, "What was answered"
    batches = BatchItem.objects.filter(claim=claim, is_live=True).values_list(
        "batch_id", "transaction_number"
    )
    for batch_id, number in batches:
        rows = Acknowledgement.objects.filter(batch_id=batch_id).order_by("received_at", "pk")
        for ack in rows:
            if ack.claim_id not in (None, claim.pk):
                continue
            if ack.kind == "999" and ack.reference.rpartition("/")[2].lstrip("0") not in (
                "*",
                number.lstrip("0"),
            ):
                continue
            yield PLAIN, f"{_moment(ack.received_at, zone)}  {ack.kind}: {ack.text}"
            yield SEGMENT, ack.segment


def _span(claim: Claim) -> str:
    first, last = f"{claim.service_from:%m/%d/%Y}", f"{claim.service_to:%m/%d/%Y}"
    return first if first == last else f"{first} to {last}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m/%d/%Y %H:%M}"
