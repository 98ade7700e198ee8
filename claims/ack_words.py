"""Acknowledgement codes in plain words, our own: what a biller reads on the timeline. Pure.

Numbers without words here are shown as numbers, with the free text the sender gave (STC12).
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.money import show_money
from x12.documents.claim_ack import ClaimStatus, StatusCode
from x12.documents.claim_inquiry import InquiryStatus
from x12.documents.functional_ack import SegmentError, TransactionAck

TA1_NOTES = {
    "001": "the control numbers of beginning and end differ",
    "006": "our sender ID is not known there",
    "009": "the receiver ID is not known there",
    "014": "the date is not valid",
    "015": "the time is not valid",
    "018": "the control number is not valid",
    "021": "the number of groups is wrong",
    "022": "the control structure is not valid",
    "023": "the file ends too early",
    "024": "the content is not valid",
    "025": "this interchange number was used before: the file is a duplicate, do not send it again",
}
SEGMENT_ERRORS = {
    "1": "is not known",
    "2": "is not expected here",
    "3": "is missing",
    "4": "repeats its loop too often",
    "5": "occurs too often",
    "6": "does not belong to this transaction",
    "7": "stands in the wrong order",
    "8": "has wrong elements",
    "I4": "is not used here",
    "I6": "breaks the guide",
    "I7": "is needed in this situation",
    "I8": "is not allowed in this situation",
    "I9": "breaks the guide",
}
ELEMENT_ERRORS = {
    "1": "is missing",
    "2": "is missing its partner",
    "3": "is too many",
    "4": "is too short",
    "5": "is too long",
    "6": "has a character that is not allowed",
    "7": "has a code that is not allowed",
    "8": "is no valid date",
    "9": "is no valid time",
    "10": "excludes another",
    "12": "repeats too often",
    "13": "repeats too often",
    "I10": "is not used here",
    "I6": "breaks the guide",
    "I9": "breaks the guide",
}
CATEGORIES = {
    "A0": "sent on to another",
    "A1": "received, not yet accepted",
    "A2": "accepted into adjudication",
    "A3": "returned as unprocessable",
    "A4": "not found",
    "A5": "split on acceptance",
    "A6": "rejected: something is missing",
    "A7": "rejected: something is not valid",
    "A8": "rejected: fields do not fit together",
    "P0": "pending",
    "P1": "in process",
    "P2": "in review",
    "P3": "waiting for something from the provider",
    "P4": "waiting for something from the patient",
    "F0": "decided",
    "F1": "decided and paid",
    "F2": "decided and denied",
    "F3": "decided, revised",
    "F4": "decided, nothing to pay",
    "D0": "not found",
    "E0": "the question could not be read",
    "E1": "the payer cannot be reached",
    "E2": "the payer does not answer",
}
STATUSES = {
    "1": "for more ask the payer", "3": "claim is on file", "65": "paid", "66": "payment reflects the plan",
    "16": "forwarded", "19": "received", "20": "accepted for processing", "21": "missing or invalid information",
    "23": "returned", "33": "subscriber not found", "35": "claim not found", "88": "not eligible on this date",
    "97": "patient not found", "109": "not eligible", "116": "sent to the wrong payer", "124": "name and address",
    "125": "name", "126": "address", "145": "taxonomy code", "153": "ID number", "158": "date of birth",
    "162": "ID number", "171": "other coverage", "178": "submitted charges", "187": "date of service",
    "188": "from and through dates", "218": "drug code", "247": "line information", "249": "place of service",
    "252": "authorization", "254": "first diagnosis", "255": "diagnosis", "286": "other payer's answer",
    "400": "out of balance", "453": "modifier", "454": "procedure code", "464": "payer's claim number",
    "477": "diagnosis pointer", "478": "charge", "481": "claim format", "488": "diagnosis of the line",
    "496": "submitter not approved", "500": "ZIP code", "507": "procedure code", "516": "date of the other answer",
    "560": "NPI", "562": "NPI",
}  # fmt: skip
ENTITIES = {
    "85": "billing provider",
    "82": "rendering provider",
    "IL": "subscriber",
    "QC": "patient",
    "PR": "payer",
    "77": "service facility",
    "DN": "referring provider",
    "40": "receiver",
    "41": "submitter",
}


def ta1(status: str, note: str) -> str:
    """The partner's word about the envelope."""
    if status == "A":
        return "The partner took the file's envelope"
    reason = TA1_NOTES.get(note, f"note {note}" if note else "no reason given")
    if status == "E":
        return f"The partner took the file's envelope with a remark: {reason}"
    return f"The partner refused the whole file: {reason}"


def group(status: str, codes: Sequence[str]) -> str:
    """A 999 that speaks of the group alone."""
    if status in ("A", "E"):
        return "The receiver took the file"
    return f"The receiver refused the whole group{' (code ' + ', '.join(codes) + ')' if codes else ''}"


def transaction(item: TransactionAck) -> str:
    """A 999 about one of our transaction sets."""
    if item.status == "A":
        return "The receiver took it: the form is right (999)"
    told = "; ".join(segment_error(error) for error in item.errors[:3])
    if item.status == "E":
        return f"The receiver took it with a remark (999): {told or 'no detail'}"
    return f"The receiver refused the form (999): {told or 'no detail given'}"


def segment_error(error: SegmentError) -> str:
    """One IK3 with its IK4: which segment, which element, what is wrong, the bad value."""
    where = f"{error.segment_id} in loop {error.loop}" if error.loop else error.segment_id
    claim = f" (claim {error.control_number})" if error.control_number else ""
    if not error.elements:
        return f"{where} {SEGMENT_ERRORS.get(error.code, 'has error ' + error.code)}{claim}"
    parts = []
    for item in error.elements[:2]:
        place = f"{error.segment_id}{item.element:02d}" + (f"-{item.component}" if item.component else "")
        value = f" “{item.value}”" if item.value else ""
        parts.append(f"{place}{value} {ELEMENT_ERRORS.get(item.code, 'has error ' + item.code)}")
    return f"{', '.join(parts)}{claim}"


def error_rows(item: TransactionAck) -> list[dict[str, object]]:
    """What the batch page lists for a refused set."""
    return [
        {"segment": error.segment_id, "position": error.position, "claim": error.control_number,
         "text": segment_error(error)}
        for error in item.errors
    ]  # fmt: skip


def status_code(code: StatusCode) -> str:
    """One composite of STC in words, with its numbers."""
    words = [CATEGORIES.get(code.category, f"category {code.category}")]
    if code.status:
        words.append(STATUSES.get(code.status, f"status {code.status}"))
    text = ", ".join(words)
    entity = ENTITIES.get(code.entity, code.entity)
    numbers = ":".join(part for part in (code.category, code.status, code.entity) if part)
    return f"{text}{' of the ' + entity if entity else ''} ({numbers})"


def statuses(told: Sequence[ClaimStatus]) -> str:
    """Several STC in a sentence, rejections first, with the sender's own words."""
    ordered = sorted(told, key=lambda status: not status.is_rejection)
    parts = []
    for status in ordered[:4]:
        text = "; ".join(status_code(code) for code in status.codes)
        parts.append(f"{text}: {status.text}" if status.text else text)
    sentence = " · ".join(part for part in parts if part)
    return sentence[:1].upper() + sentence[1:]


def stc(told: Sequence[ClaimStatus]) -> str:
    """The segments behind it, near to how they were written."""
    lines = []
    for status in told[:4]:
        codes = [":".join(part for part in (c.category, c.status, c.entity) if part) for c in status.codes]
        lines.append(
            f"STC*{'*'.join(codes[:1])}**{status.action}" + (f"*{status.text}" if status.text else "")
        )
    return "~".join(lines)


# --- 277: where a claim stands ---------------------------------------------------------------------------


def inquiry(told: Sequence[InquiryStatus]) -> str:
    """What a payer says about a claim, in a sentence with its numbers."""
    parts = []
    for status in told[:3]:
        text = "; ".join(status_code(code) for code in status.codes)
        if status.paid is not None:
            text += f", paid {show_money(status.paid)}"
        if status.decided_on is not None:
            text += f", decided {status.decided_on:%m/%d/%Y}"
        if status.check_number:
            text += f", check or EFT {status.check_number}"
        parts.append(f"{text}: {status.text}" if status.text else text)
    return f"The payer says: {' · '.join(parts)}" if parts else "The payer says nothing about it"


def inquiry_stc(told: Sequence[InquiryStatus]) -> str:
    """The segments behind it, near to how they were written."""
    lines = []
    for status in told[:3]:
        codes = [":".join(part for part in (c.category, c.status, c.entity) if part) for c in status.codes]
        paid = "" if status.paid is None else f"{status.paid:.2f}"
        lines.append(f"STC*{'*'.join(codes[:1])}****{paid}" + (f"*{status.text}" if status.text else ""))
    return "~".join(lines)
