"""Who signed in just now: acts marked M in the matrix want it within ten minutes (reliability.md c1).

With a second factor, the second factor counts; without one, the password. Nothing here asks for more than the
person has set up: whether a factor is needed at all is the clinic's setting.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from clinics.errors import Refusal
from clinics.models import Membership
from clinics.permissions import ACTIONS, FRESH
from clinics.routes import ROUTES
from clinics.scoping import current_actor, require_clinic_id

STALE = "Sign in again first: this act wants a sign-in of the last ten minutes."
CSRF = "csrfmiddlewaretoken"


class NotFresh(Refusal):
    """The person has to sign in again before this act."""

    status = 403
    code = "sign_in_again"


def is_fresh(request: Any) -> bool:
    """Whether this session proved who it is within the last ten minutes, by the strongest way it has."""
    wanted = ("mfa",) if is_mfa_enabled(request.user) else ("password", "mfa")
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(
        row["method"] in wanted and row["at"] >= since
        for row in get_authentication_records(request, request.user)
    )


def need_fresh(request: Any) -> None:
    """For the API: NotFresh where the sign-in is older."""
    if not is_fresh(request):
        raise NotFresh(STALE)


def wants_sign_in(request: Any, action: str) -> bool:
    """Whether the matrix wants a fresh sign-in for this act, and there is none."""
    return action in FRESH and not is_fresh(request)


def ask_first(request: Any, action: str, route: str) -> HttpResponse | None:
    """What answers instead where the matrix wants a fresh sign-in for this act; None: go on.

    A page that is only for such an act asks before it is shown, so nobody fills in a form for nothing. A form sent
    too late is held on a page of its own: sign in in a second tab, press once more, nothing typed again.
    """
    if not wants_sign_in(request, action):
        return None
    is_write = request.method not in ("GET", "HEAD", "OPTIONS")
    if request.path.startswith("/api/"):
        return _refused() if is_write else None
    if not is_write:
        return sign_in_again(request) if isinstance(ROUTES[route], str) else None
    context = {
        "sign_in": f"{_again(request)}?{urlencode({'next': reverse('desk:signed-in-again')})}",
        "typed": [(name, text) for name, texts in request.POST.lists() for text in texts if name != CSRF],
        "has_files": bool(request.FILES),
        "back": request.path,
    }
    return render(request, "again.html", context, status=403)


def _refused() -> JsonResponse:
    return JsonResponse({"error": {"code": NotFresh.code, "message": STALE}}, status=NotFresh.status)


def _again(request: Any) -> str:
    return reverse("mfa_reauthenticate" if is_mfa_enabled(request.user) else "account_reauthenticate")


def sign_in_again(request: Any) -> HttpResponse:
    """For a page: to the one that asks for the password or the second factor, and back to this one."""
    return HttpResponseRedirect(f"{_again(request)}?{urlencode({'next': request.path})}")


def others_who_may(action: str) -> int:
    """How many other active members of the open clinic have the right: a second person needs one (c1, "2")."""
    rows = Membership.objects.filter(clinic_id=require_clinic_id(), is_active=True, user__is_active=True)
    return rows.filter(role__in=ACTIONS[action]).exclude(user__email=current_actor()).count()
