"""A card's pictures: put one, see one, take one away. Pages and API use the same addresses' work."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from clinics import audit
from clinics.errors import BadInput
from insurance import card_images
from insurance.models import CardImage, Policy


@require_GET
def card_image(request: HttpRequest, policy_id: str, side: str) -> HttpResponse:
    """The picture itself; never kept by the browser or a proxy."""
    row = get_object_or_404(
        CardImage.objects.select_related("policy"), policy__public_id=policy_id, side=side
    )
    audit.record("coverage.read", "policy", policy_id, image=side)
    answer = HttpResponse(bytes(row.content), content_type=row.content_type)
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Disposition"] = f'inline; filename="card-{side}.{row.content_type[6:]}"'
    return answer


@require_POST
def card_image_save(request: HttpRequest, policy_id: str) -> HttpResponse:
    """Keep a photographed side, or take it away (``act`` remove)."""
    policy = get_object_or_404(Policy.objects, public_id=policy_id)
    side = request.POST.get("side", "")
    if request.POST.get("act") == "remove":
        card_images.remove(get_object_or_404(CardImage.objects, policy=policy, side=side))
        messages.success(request, "Picture removed")
    else:
        given = request.FILES.get("image")
        if given is None or given.size is None or given.size > card_images.LARGEST:
            raise BadInput("Choose a JPEG or PNG picture of at most 4 MB.", code="no_image")
        card_images.keep(policy, side, given.read())
        messages.success(request, f"The {side} of the card is kept")
    return redirect("insurance:card", policy.public_id)


@extend_schema(request={"multipart/form-data": dict}, responses={201: dict})
@api_view(["POST"])
@parser_classes([MultiPartParser])
def api_card_image(request: Request, policy_id: str) -> Response:
    """Keep one side of a card: ``side`` front or back, ``image`` the file."""
    policy = get_object_or_404(Policy.objects, public_id=policy_id)
    given = request.FILES.get("image")
    if given is None or given.size is None or given.size > card_images.LARGEST:
        raise BadInput("Send a JPEG or PNG picture of at most 4 MB as image.", code="no_image")
    form: Any = request.data
    row = card_images.keep(policy, str(form.get("side", "")), given.read())
    return Response(
        {"id": row.public_id, "side": row.side, "content_type": row.content_type, "size": row.size},
        status=status.HTTP_201_CREATED,
    )
