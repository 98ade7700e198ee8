"""Settings: what there is to set, and Location Settings > Advanced Settings with its groups."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from clinics import settings as house
from clinics.errors import BadInput
from clinics.fresh import ask_first
from clinics.models import AuditEvent, Location
from clinics.permissions import may, role_may, route_action
from desk.settings_pages import PAGES
from lib.money import parse_money, show_money

# A setting whose details have a page of their own.
DETAILS = {
    "automation_rules": ("responses:rules", "See the rules, add one…"),
    "autopay_claims": ("responses:trust", "Codes trusted to post…"),
}
ORIGINS = {
    "location": ("set at {location}", "map-pin"),
    "clinic": ("from the clinic", "building"),
    "company": ("from the company", "buildings"),
    "default": ("as delivered", "box"),
}


@require_GET
def settings_home(request: Any) -> HttpResponse:
    """Every settings page this role may open."""
    groups = [(name, [_page(request, *page) for page in pages]) for name, pages in PAGES.items()]
    shown = [(name, [page for page in pages if page]) for name, pages in groups]
    locations = Location.objects.filter(is_active=True).order_by("name")
    return render(
        request,
        "desk/settings.html",
        {"groups": [group for group in shown if group[1]], "locations": locations, "title": "Settings"},
    )


def _page(request: Any, label: str, route: str, words: str) -> dict[str, str] | None:
    """One line of the list; None where the role may not open it."""
    action = route_action(route, "GET")
    if action is None or not role_may(request.membership.role, action):
        return None
    return {"label": label, "url": reverse(route), "words": words}


@require_http_methods(["GET", "POST"])
def advanced(request: Any, location_id: str, group: str = "") -> HttpResponse:
    """One group of Advanced Settings at one location; a POST saves what changed."""
    location = get_object_or_404(Location.objects.select_related("clinic"), public_id=location_id)
    groups = _groups()
    chosen = next((name for name in groups if slugify(name) == group), None) or _first(groups)
    errors: dict[str, str] = {}
    if request.method == "POST":
        held = ask_first(request, _action(chosen), "desk:advanced-settings")
        if held is not None:
            return held
        changed, errors = _save(request, location, groups[chosen])
        if not errors:
            messages.success(request, f"Saved {changed} change{'s' if changed != 1 else ''}")
            return redirect("desk:advanced-settings", location.public_id, slugify(chosen))
    context = {
        "location": location,
        "group": chosen,
        "groups": [
            {
                "label": name,
                "n": len(specs),
                "current": name == chosen,
                "url": reverse("desk:advanced-settings", args=[location.public_id, slugify(name)]),
            }
            for name, specs in groups.items()
        ],
        "rows": [_row(spec, location, request.POST if errors else None, errors) for spec in groups[chosen]],
        "errors": errors,
        "last": _last_change(groups[chosen]),
        "title": f"Advanced Settings, {location.name}",
        "crumbs": [
            ("Settings", reverse("desk:settings")),
            ("Location Settings", reverse("desk:settings")),
            ("Advanced Settings", reverse("desk:advanced-settings", args=[location.public_id])),
            (chosen, ""),
        ],
    }
    return render(request, "desk/advanced.html", context, status=400 if errors else 200)


def _groups() -> dict[str, list[house.SettingSpec]]:
    found: dict[str, list[house.SettingSpec]] = {}
    for spec in house.SPECS.values():
        found.setdefault(spec.group, []).append(spec)
    return dict(sorted(found.items()))


def _first(groups: dict[str, list[house.SettingSpec]]) -> str:
    return next((name for name in groups if name == "Claim response handling"), next(iter(groups)))


def _save(request: Any, location: Location, specs: list[house.SettingSpec]) -> tuple[int, dict[str, str]]:
    """Parse everything before anything is written: all of the page, or nothing."""
    errors, wanted = {}, []
    for spec in specs:
        raw = request.POST.get(spec.name, "off" if spec.kind == "flag" else None)
        if raw is None or spec.kind == "rules":
            continue
        try:
            value = house.parse_value(spec, raw)
        except BadInput as refusal:
            errors[spec.name] = refusal.message
            continue
        if value != house.effective(spec.name, location.clinic, location).value:
            wanted.append((spec, raw))
    if errors:
        return 0, errors
    for spec, raw in wanted:
        if not may(request, _action(spec.group)):
            return 0, {spec.name: "Your role does not include changing this."}
        house.change(spec.name, raw, location.clinic, location)
    return len(wanted), {}


def _action(group: str) -> str:
    """The act of the matrix that changing a setting of this group is."""
    return "settings.autopay" if group == "Claim response handling" else "settings.other"


def _row(spec: house.SettingSpec, location: Location, typed: Any, errors: dict[str, str]) -> dict[str, Any]:
    value = house.effective(spec.name, location.clinic, location)
    words, icon = ORIGINS[value.origin]
    shown = typed.get(spec.name, value.value) if typed is not None else value.value
    return {
        "spec": spec,
        "value": shown,
        "origin": words.format(location=location.name),
        "icon": icon,
        "error": errors.get(spec.name, ""),
        "options": list(spec.choices),
        "money": show_money(parse_money(value.value)) if spec.kind == "money" else "",
        "details": DETAILS.get(spec.name),
    }


def _last_change(specs: list[house.SettingSpec]) -> dict[str, Any] | None:
    """The newest change of the group in the words of the page; None before the first."""
    by_name = {spec.name: spec for spec in specs}
    rows = AuditEvent.objects.filter(object_kind="setting", object_id__in=list(by_name))
    row = rows.order_by("-at").first()
    if row is None:
        return None
    spec = by_name[row.object_id]
    before, after = (_value_words(spec, row.data.get(name)) for name in ("before", "after"))
    return {"actor": row.actor, "at": row.at, "label": spec.label, "before": before, "after": after}


def _value_words(spec: house.SettingSpec, value: Any) -> str:
    """A stored value as the page shows it: a choice by its words, a switch as on or off."""
    if spec.kind == "flag":
        return "on" if value in (True, "on", "True", "true") else "off"
    return dict(spec.choices).get(str(value), str(value))
