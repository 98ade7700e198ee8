"""Addresses of rooms above, where they are there: a page is whole without them (design.md 2)."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def url_if_there(route: str, *arguments: str) -> str:
    """The address of a route that another room may have, "" where it has none."""
    try:
        return reverse(route, args=arguments)
    except NoReverseMatch:
        return ""
