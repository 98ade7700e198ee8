"""Mend a claim that has not left: edits of the frozen copy that touch no money (rules.md B8, screens: review).

Before it: claims/queue.py. After it: claims/submitting.py. Codes, units and charges are corrected on the
visit and come back by ``refresh``; diagnoses, dates, references and modifiers live in the version. Two
people cannot overwrite each other: ``document_version`` must be the one the form was opened with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from claims import building, checks, lifecycle, queue, scrubbing
from claims.errors import NotEditable, StaleDocument
from claims.models import Claim, ClaimEvent, ClaimLine
from claims.review_fields import BLANK, close_parts, is_optional, open_parts, parser_of
from claims.snapshot import Naming
from clinics import audit
from clinics.errors import BadInput
from lib.findings import Finding, Severity
from lib.frozen import freeze, thaw
from x12.documents.professional_claim import ClaimDocument


def save_review(
    claim: Claim, edits: Mapping[str, Any], document_version: int, today: date, *, reason: str = ""
) -> list[Finding]:
    """Apply edits (dotted path -> value), check again, and move: zero errors makes ``ready``, else ``new``.

    Returns the findings. Raises NotEditable, StaleDocument, BadInput (with the field in ``data``).
    """
    if claim.state not in queue.WAITING:
        raise NotEditable(f"Claim {claim.control_number} has left; make a new version to change it.")
    document, changes = apply_edits(claim.document, edits)
    scrubbed = _scrub_document(claim, document, today)
    findings = scrubbed.findings
    _write(claim, document, document_version, findings)
    scrubbing.keep([replace(scrubbed, version=claim.document_version)], today)
    if changes:
        lifecycle.note(
            claim,
            "edit",
            f"Changed {len(changes)} field{'s' if len(changes) > 1 else ''}",
            data={
                "changes": changes,
                "reason": reason,
            },
        )
        audit.record("claim.edit", "claim", claim.public_id, reason=reason, changes=changes)
    queue.settle(claim, findings, "Reviewed: nothing is missing")
    return findings


def refresh(claim: Claim, today: date) -> list[Finding]:
    """Copy the visit, patient and card again into a claim that has not left; reviewed edits are kept.

    For what was mended at its source (a birth date, a card). Raises NotEditable, NothingToClaim.
    """
    if claim.state not in queue.WAITING:
        raise NotEditable(f"Claim {claim.control_number} has left; make a new version to change it.")
    source = building.load_source(claim.invoice, claim.rank)
    wanted = set(claim.lines.values_list("charge_id", flat=True))
    charges = [charge for charge in source.charges if charge.pk in wanted]
    naming = Naming(claim.control_number, claim.frequency, claim.payer_claim_number)
    draft = building.make_draft(claim.invoice, source, charges, claim.part, naming, today=today)
    document, _ = apply_edits(freeze(draft.document), kept_edits(claim), skip_gone=True)
    card = {
        "patient_name": draft.claim.patient_name,
        "policy_id": draft.claim.policy_id,
        "payer_id": draft.claim.payer_id,
        "payer_name": draft.claim.payer_name,
        "format": draft.claim.format,
        "filing_deadline": draft.claim.filing_deadline if claim.frequency == "1" else claim.filing_deadline,
    }
    for name, value in card.items():  # the checks ask the new card, not the one the claim was built with
        setattr(claim, name, value)
    scrubbed = _scrub_document(claim, document, today)
    findings = scrubbed.findings
    _write(claim, document, claim.document_version, findings, **card)
    scrubbing.keep([replace(scrubbed, version=claim.document_version)], today)
    lifecycle.note(claim, "edit", "Copied again from the visit")
    queue.settle(claim, findings, "Copied again from the visit: nothing is missing")
    return findings


def stored_findings(claim: Claim) -> list[Finding]:
    """What the last check found, as findings again."""
    return [
        Finding(row["code"], row["where"], row["message"], severity_of(row["severity"]))
        for row in claim.findings
    ]


def severity_of(text: str) -> Severity:
    """A stored severity; what is not known blocks."""
    known: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info"}
    return known.get(text, "error")


def kept_edits(claim: Claim) -> dict[str, Any]:
    """The latest value of every field a person changed in this version."""
    kept: dict[str, Any] = {}
    for event in ClaimEvent.objects.filter(claim=claim, kind="edit").order_by("at", "pk"):
        kept.update({path: values[1] for path, values in event.data.get("changes", {}).items()})
    return kept


def apply_edits(
    stored: Mapping[str, Any], edits: Mapping[str, Any], *, skip_gone: bool = False
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The frozen document with these fields changed, and what changed: path -> [old, new]. Pure.

    Raises NotEditable for a path outside the table, BadInput for a value that does not fit.
    """
    document = freeze(thaw(ClaimDocument, dict(stored)))  # a deep copy in today's shape
    changes: dict[str, list[Any]] = {}
    for path, raw in edits.items():
        parse = parser_of(path)
        try:
            value = parse(raw)
        except ValueError as error:
            raise BadInput(f"{path}: {error}", code="bad_field", field=path) from error
        opened = open_parts(document, path) if value not in BLANK else []
        owner, name = _owner(document, path)
        if owner is None:
            if skip_gone or (value in BLANK and is_optional(path)):
                continue
            raise NotEditable(f"The claim has no field {path}.", field=path)
        old = None if opened else owner[name]
        if old != value:
            owner[name] = value
            changes[path] = [old, value]
    close_parts(document)
    thaw(ClaimDocument, document)
    return document, changes


def _owner(document: dict[str, Any], path: str) -> tuple[Any, Any]:
    """The container and key a path names; (None, None) where the claim has no such part."""
    owner: Any = document
    *way, last = path.split(".")
    for step in way:
        if isinstance(owner, list):
            owner = owner[int(step)] if int(step) < len(owner) else None
        elif isinstance(owner, dict):
            owner = owner.get(step)
        if owner is None:
            return None, None
    return owner, last


def _scrub_document(claim: Claim, document: dict[str, Any], today: date) -> scrubbing.Scrubbed:
    return scrubbing.scrub_documents([claim], [thaw(ClaimDocument, document)], today)[0]


def _write(
    claim: Claim, document: dict[str, Any], version: int, findings: list[Finding], **fields: Any
) -> None:
    """One conditional UPDATE guards the version; lines follow their modifiers."""
    values = {
        "document": document,
        "document_version": version + 1,
        **checks.stored(findings),
        **fields,
    }
    hit = Claim.objects.filter(pk=claim.pk, document_version=version, state__in=queue.WAITING).update(
        **values
    )
    if hit != 1:
        raise StaleDocument(claim.control_number, version)
    for name, value in values.items():
        setattr(claim, name, value)
    for row in claim.lines.all():
        modifiers = document["lines"][row.line_no - 1]["modifiers"]
        if modifiers != row.modifiers:
            ClaimLine.objects.filter(pk=row.pk).update(modifiers=modifiers)
