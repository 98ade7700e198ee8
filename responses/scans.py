"""Scanned EOBs and letters of a check: judged by their bytes, kept encrypted and as they came (rules.md B9).

Before it: the check's page, the paper EOB's sheet and the API. Nothing is drawn or converted.
"""

from __future__ import annotations

from pathlib import PurePath

from clinics import audit
from clinics.errors import BadInput
from clinics.scoping import current_actor
from responses.models import Remittance, Scan

LARGEST = 10_000_000
MOST = 20  # scans of one check
# What the first bytes must be, and what must stand near the end; the name and the type sent say nothing.
KINDS = (
    ("application/pdf", b"%PDF-", b"%%EOF"),
    ("image/jpeg", b"\xff\xd8\xff", b"\xff\xd9"),
    ("image/png", b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"),
)
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpeg", "image/png": "png"}


def kind_of(content: bytes) -> str:
    """application/pdf, image/jpeg or image/png by begin and end; "" for anything else, also a cut-off file."""
    for name, begins, ends in KINDS:
        if content.startswith(begins) and ends in content[-1024:]:
            return name
    return ""


def keep(remittance: Remittance, name: str, content: bytes) -> Scan:
    """Attach a scan to a check. Raises BadInput for what is no whole PDF, JPEG or PNG, or too large."""
    if len(content) > LARGEST:
        raise BadInput("A scan is at most 10 MB.", code="too_large")
    kind = kind_of(content)
    if not kind:
        raise BadInput("This is no whole PDF, JPEG or PNG.", code="no_scan")
    if remittance.scans.count() >= MOST:
        raise BadInput(f"A check holds at most {MOST} scans; put the pages into one PDF.", code="too_many")
    stem = "".join(char for char in PurePath(name).stem if char.isalnum() or char in " -_")[:100].strip()
    row = Scan.objects.create(
        remittance=remittance, name=f"{stem or 'scan'}.{ENDINGS[kind]}", content_type=kind, size=len(content),
        content=content, created_by=current_actor(),
    )  # fmt: skip
    audit.record("remittance.scan", "remittance", remittance.public_id, scan=row.public_id, size=row.size)
    return row


def remove(row: Scan) -> None:
    """Take a scan away for good."""
    audit.record("remittance.scan_remove", "remittance", row.remittance.public_id, scan=row.public_id)
    row.delete()


def of_check(remittance: Remittance) -> list[Scan]:
    """The scans of a check without their bytes, oldest first."""
    return list(remittance.scans.defer("content").order_by("pk"))
