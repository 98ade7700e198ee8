"""What stops the start: a URL without its line in the permission matrix, or a line without its URL.

The middleware refuses an unlisted route anyway (default deny); this check says so before anybody clicks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error
from django.urls import URLPattern, URLResolver, get_resolver

from clinics.permissions import ACTIONS, PUBLIC, SIGNED_IN
from clinics.routes import ALLAUTH_PREFIXES, ROUTES, SPANNING

KEYS = {"read", "write", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Route:
    """One URL pattern: its full name (``claims:queue``), its text, the names of its parameters and its view."""

    name: str
    path: str
    parameters: tuple[str, ...]
    view: Any


def all_routes() -> list[Route]:
    """Every URL the resolver knows, pages and API alike, allauth's own included."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def own_routes() -> list[Route]:
    """The routes that the matrix speaks about: all but allauth's, which guard themselves."""
    return [route for route in all_routes() if not route.name.startswith(ALLAUTH_PREFIXES)]


def _walk(patterns: Any, namespace: str, prefix: str) -> Iterator[Route]:
    for item in patterns:
        path = f"{prefix}{item.pattern}"
        if isinstance(item, URLResolver):
            inner = f"{namespace}{item.namespace}:" if item.namespace else namespace
            yield from _walk(item.url_patterns, inner, path)
        elif isinstance(item, URLPattern):
            parameters = tuple(item.pattern.regex.groupindex) if not item.pattern.converters else ()
            parameters = parameters or tuple(item.pattern.converters)
            yield Route(f"{namespace}{item.name or ''}", path, parameters, item.callback)


def check_routes(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Django's system check. ``migrate`` (which names databases) makes tables, serves nothing, and goes on."""
    if databases:
        return []
    return [Error(text, hint="clinics/routes.py", id="clinics.E001") for text in route_problems()]


def route_problems() -> list[str]:
    """One sentence for each URL or line that does not fit."""
    routes = own_routes()
    names = {route.name for route in routes}
    problems = [
        f"/{route.path} ({route.name or 'without a name'}) has no line in ROUTES"
        for route in routes
        if route.name not in ROUTES
    ]
    problems += [f"ROUTES names {name}, but there is no such URL" for name in ROUTES if name not in names]
    problems += [f"SPANNING names {name}, but there is no such URL" for name in SPANNING if name not in names]
    for name, entry in ROUTES.items():
        parts = {"read": entry, "write": entry} if isinstance(entry, str) else entry
        for key, action in parts.items():
            if key not in KEYS:
                problems.append(f"ROUTES {name}: {key} is no method")
            if action not in ACTIONS and action not in (PUBLIC, SIGNED_IN):
                problems.append(f"ROUTES {name}: {action} is no action of the matrix")
    return problems
