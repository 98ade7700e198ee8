"""Find anything: people by name or chart number, claims by any of their numbers, invoices, checks, pages, acts."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

from billing.models import Invoice
from claims.models import Claim
from clinics.permissions import role_may, route_action
from desk import places
from desk.settings_pages import PAGES
from lib.dates import format_d8
from lib.money import show_money
from patients.models import Patient
from responses.models import Remittance

LIMIT = 6


def find(text: str, role: str) -> list[dict[str, Any]]:
    """What the palette shows for ``text``; names by prefix, numbers exactly or by prefix."""
    words = " ".join(text.split())
    if len(words) < 2:
        return []
    found = _pages(words, role) + _patients(words)
    if role_may(role, "claim.view"):
        found += _claims(words)
    if role_may(role, "remit.view"):
        found += _checks(words)
    return found + _invoices(words)


def _pages(words: str, role: str) -> list[dict[str, Any]]:
    """Places, acts and settings pages: each typed word begins one of theirs, in any order."""
    known = [
        (item["url"], item["icon"], item["label"], group["label"])
        for group in places.for_role(role, "", {})
        for item in group["items"]
    ]
    known += [(item["url"], item["icon"], item["label"], "do it now") for item in places.acts_for(role)]
    known += [
        (reverse(route), "settings", label, f"Settings, {group}")
        for group, pages in PAGES.items()
        for label, route, _ in pages
        if (action := route_action(route, "GET")) and role_may(role, action)
    ]
    return [
        {"url": url, "icon": icon, "words": label, "note": note}
        for url, icon, label, note in known
        if _begins(words, label)
    ][: 2 * LIMIT]


def _begins(typed: str, label: str) -> bool:
    said = label.lower().replace(",", " ").split()
    return all(any(word.startswith(part) for word in said) for part in typed.lower().split())


def _checks(words: str) -> list[dict[str, Any]]:
    rows = Remittance.objects.filter(trace_number=words)[:LIMIT]
    return [
        {
            "url": f"{reverse('responses:list')}?check={row.public_id}",
            "icon": "building-bank",
            "words": f"{row.payer_name} {row.trace_number}",
            "note": show_money(row.amount),
        }
        for row in rows
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
