"""Turn refusals into answers, in one place: a page for people, JSON for machines."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework.response import Response
from rest_framework.views import exception_handler

from clinics.errors import Refusal


def roll_back() -> None:
    """What was half done is undone: DRF and Django swallow exceptions before the outer transaction sees them."""
    if transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)


def refusal_body(refusal: Refusal) -> dict[str, Any]:
    """The JSON of a refusal."""
    return {"error": {"code": refusal.code, "message": refusal.message, **refusal.data}}


def api_exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: refusals with their code, busy rows as 409, everything else as DRF has it."""
    roll_back()
    refusal = as_refusal(exception)
    if refusal is not None:
        return Response(refusal_body(refusal), status=refusal.status)
    response = exception_handler(exception, context)
    if response is not None and not (isinstance(response.data, dict) and "error" in response.data):
        response.data = {
            "error": {"code": _code(exception), "message": _message(response.data), "fields": response.data}
        }
    return response


def as_refusal(exception: Exception) -> Refusal | None:
    """A Refusal for what people can act on; None for a bug."""
    if isinstance(exception, Refusal):
        return exception
    if isinstance(exception, OperationalError) and getattr(exception.__cause__, "pgcode", "") in (
        "55P03",
        "40P01",
        "40001",
    ):
        return Refusal("Somebody else is changing this right now. Wait a moment and try again.", code="busy")
    if isinstance(exception, IntegrityError) and getattr(exception.__cause__, "pgcode", "") == "23505":
        return Refusal("This was just done by somebody else. Reload to see it.", code="already_done")
    return None


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page or JSON for a refusal raised by a page's view."""
    if is_api(request):
        return JsonResponse(refusal_body(refusal), status=refusal.status)
    template = {404: "404.html", 403: "403.html"}.get(refusal.status, "refused.html")
    if refusal.code in ("busy", "raced", "already_done"):
        template = "409.html"
    back = request.path if request.method == "GET" else _referrer(request)
    return render(request, template, {"why": refusal.message, "back": back}, status=refusal.status)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for pages and API alike; another clinic's row answers the same."""
    if is_api(request):
        return JsonResponse({"error": {"code": "not_found", "message": "There is nothing here."}}, status=404)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug: generic words, nothing of the data (ASVS 16.5)."""
    if is_api(request):
        body = {
            "error": {"code": "server_error", "message": "Something went wrong here. Nothing was changed."}
        }
        return JsonResponse(body, status=500)
    return render(request, "500.html", status=500)


def is_api(request: HttpRequest) -> bool:
    """Whether a machine asks."""
    return request.path.startswith("/api/")


def _referrer(request: HttpRequest) -> str:
    from_url = request.headers.get("Referer", "")
    own = f"{request.scheme}://{request.get_host()}/"
    return "/" + from_url.removeprefix(own) if from_url.startswith(own) else "/"


def _code(exception: Exception) -> str:
    return getattr(exception, "default_code", "error")


def _message(data: Any) -> str:
    if isinstance(data, dict) and "detail" in data:
        return str(data["detail"])
    return "Some fields need another value."
