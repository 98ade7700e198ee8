"""/api/v1/: appeal letters with the words they begin with, and payers' files as they came; included by api.py."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from responses import letters, queries
from responses.denial_views import pdf_answer
from responses.entry_views import text_answer
from responses.models import ClaimResponse, FollowUp, Remittance

PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}
TEXT = {(200, "text/plain"): OpenApiTypes.STR}


@extend_schema(responses=dict, operation_id="letter_templates_list")
@api_view(["GET"])
def templates(request: Request) -> Response:
    """The words an appeal begins with, by kind; ?code=CO-29 picks the kind that fits a denial."""
    code = request.query_params.get("code", "")
    return Response(
        {
            "templates": letters.TEMPLATES,
            "places": sorted({place for text in letters.TEMPLATES.values() for place in letters.PLACE.findall(text)}),
            "fits": letters.template_for(code) if code else None,
        }
    )  # fmt: skip


@extend_schema(responses=dict, operation_id="letters_list")
@api_view(["GET"])
def written(request: Request) -> Response:
    """Appeals that were written, newest first; ?response= narrows to one answer, ?after= goes on behind one."""
    asked = request.query_params
    rows = letters.written()
    if asked.get("response"):
        rows = rows.filter(response=get_object_or_404(ClaimResponse.objects, public_id=asked["response"]))
    if asked.get("after"):
        rows = rows.filter(pk__lt=get_object_or_404(FollowUp.objects, public_id=asked["after"]).pk)
    return Response([_told(row) for row in rows[: queries.PAGE]])


@extend_schema(responses=PDF, operation_id="letters_read")
@api_view(["GET"])
def letter(request: Request, public_id: str) -> HttpResponse:
    """One appeal with its evidence, as the PDF that its page gives."""
    return pdf_answer(get_object_or_404(letters.written(), public_id=public_id))


@extend_schema(responses=TEXT, operation_id="remittances_text")
@api_view(["GET"])
def text(request: Request, public_id: str) -> HttpResponse:
    """The 835 as it came, one segment a line."""
    rows = Remittance.objects.select_related("inbound_file__stored")
    return text_answer(get_object_or_404(rows, public_id=public_id))


def _told(row: FollowUp) -> dict[str, Any]:
    return {
        "id": row.public_id, "response": row.response.public_id, "control_number": row.response.control_number,
        "payer": row.response.remittance.payer_name, "cause": row.cause, "outcome": row.outcome,
        "created_at": row.created_at, "created_by": row.created_by, "promised_on": row.promised_on,
    }  # fmt: skip


urlpatterns = [
    path("letters/", written, name="letters"),
    path("letters/templates/", templates, name="letter-templates"),
    path("letters/<str:public_id>/", letter, name="letter"),
    path("remittances/<str:public_id>/text/", text, name="text"),
]
