"""What the frame needs on every page."""

from __future__ import annotations

from typing import Any


def frame(request: Any) -> dict[str, Any]:
    """Theme and the open clinic; the places menu joins as rooms grow."""
    return {"theme": request.COOKIES.get("theme", "auto")}
