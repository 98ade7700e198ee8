"""An answer in the payer's own file: each segment in plain words, the one a figure came from highlighted."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from clinics import audit
from responses import file_words
from responses.models import ClaimResponse
from responses.views import CRUMBS


@require_GET
def in_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """The claim's segments; ``figure`` names the one to highlight ("claim", "0", "0 CO-45", "0 allowed")."""
    rows = ClaimResponse.objects.select_related("remittance__inbound_file__stored")
    row = get_object_or_404(rows, public_id=public_id)
    reading = file_words.reading_of(row)
    places = file_words.figures(reading.claim)
    asked = request.GET.get("figure", "")
    lit = places.get(asked) or places.get(asked.partition(" ")[0]) or places.get("claim")
    audit.record("response.file", "claim_response", row.public_id)
    context = {
        "row": row, "reading": reading, "lit": lit, "figure": asked,
        "crumbs": [*CRUMBS[:-1], (f"Response {row.control_number}", "")],
    }  # fmt: skip
    return render(request, "responses/in_file.html", context)
