"""Pages that mend what a claim copies, as words and an address, for who may open them. Part of claims/claim_views.py.

Before it: claims/remedies.py, which knows no addresses.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from claims import remedies
from claims.models import Claim
from clinics.permissions import may, route_action
from x12.documents.professional_claim import ClaimDocument


def remedy_of(
    request: HttpRequest, code: str, where: str, row: Claim, *, has_patient: bool
) -> tuple[str, str] | None:
    """Words and address of the page that mends a finding which the claim itself cannot; None where the person who
    looks may not open it (the finding's words say whose it is)."""
    page = remedies.page_of(code, where, has_patient=has_patient)
    if page is None or (page is remedies.PAYER and row.payer_id is None):
        return None
    return _link(request, row, page)


def source_of(request: HttpRequest, row: Claim, path: str, document: ClaimDocument) -> tuple[str, str] | None:
    """Where the fact behind a changed box is kept, for who may go there: the next claim is copied from it again."""
    page = remedies.copied_from(path, has_patient=document.patient is not None)
    return _link(request, row, page) if page is not None else None


def _link(request: HttpRequest, row: Claim, page: remedies.Page) -> tuple[str, str] | None:
    action = route_action(page.route, "GET")
    if action is None or not may(request, action):
        return None
    owner: Any = row
    for step in filter(None, page.owner.split(".")):
        owner = getattr(owner, step)
    return page.words, reverse(page.route, args=[owner.public_id] if page.owner else [])
