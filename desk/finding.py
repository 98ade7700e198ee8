"""Find anything: people by name or chart number, claims by any of their numbers, invoices, pages."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

from billing.models import Invoice
from claims.models import Claim
from clinics.permissions import role_may
from desk import places
from lib.dates import format_d8
from patients.models import Patient

LIMIT = 6


def find(text: str, role: str) -> list[dict[str, Any]]:
    """What the palette shows for ``text``; names by prefix, numbers exactly or by prefix."""
    words = " ".join(text.split())
    if len(words) < 2:
        return []
    found = _pages(words, role) + _patients(words)
    if role_may(role, "claim.view"):
        found += _claims(words)
    return found + _invoices(words)


def _pages(words: str, role: str) -> list[dict[str, Any]]:
    return [
        {"url": item["url"], "icon": item["icon"], "words": item["label"], "note": group["label"]}
        for group in places.for_role(role, "", {})
        for item in group["items"]
        if words.lower() in item["label"].lower()
    ]


def _patients(words: str) -> list[dict[str, Any]]:
    folded = words.replace(",", " ").lower()
    folded = " ".join(folded.split())
    by_name = Patient.objects.filter(search_name__gte=folded, search_name__lt=folded + "\U0010ffff")[:LIMIT]
    rows = list(by_name) or list(Patient.objects.filter(chart_number=words.upper())[:LIMIT])
    return [
        {
            "url": _url("patients:patient", row.public_id),
            "icon": "user",
            "words": row.list_name,
            "phi": True,
            "note": format_d8(row.birth_date) if row.birth_date else row.chart_number,
        }
        for row in rows
    ]


def _claims(words: str) -> list[dict[str, Any]]:
    number = words.upper().replace("-", "")
    rows = Claim.objects.filter(control_number__gte=number, control_number__lt=number + "~")[:LIMIT]
    return [
        {
            "url": _url("claims:claim", row.public_id),
            "icon": "file-invoice",
            "words": row.control_number,
            "note": f"{row.patient_name}, {row.get_state_display()}",
            "phi": True,
        }
        for row in rows
    ]


def _invoices(words: str) -> list[dict[str, Any]]:
    rows = Invoice.objects.filter(number=words.upper()).select_related("patient")[:LIMIT]
    return [
        {
            "url": _url("billing:invoice", row.public_id),
            "icon": "file-text",
            "words": row.number,
            "note": row.patient.list_name,
            "phi": True,
        }
        for row in rows
    ]


def _url(route: str, public_id: str) -> str:
    try:
        return reverse(route, args=[public_id])
    except NoReverseMatch:
        return "#"
