"""The request's edges: the wall's transaction, the permission matrix, session limits, no caching.

Before these stand Django's session and sign-in; after them the view. One request is one
transaction inside one scope; any answer of 400 or more to a request that writes rolls it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.http import urlencode

from clinics.errors import BadInput
from clinics.fresh import ask_first, wants_sign_in
from clinics.models import Location, Membership
from clinics.permissions import PUBLIC, SIGNED_IN, role_may, route_action
from clinics.refusals import answer, as_refusal
from clinics.routes import ALLAUTH_PREFIXES, SPANNING
from clinics.scoping import open_clinics
from clinics.typed import opened

Handler = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS")
POLLING = ("/places/",)


def no_store(get_response: Handler) -> Handler:
    """Pages of signed-in people are never kept by a browser or proxy (ASVS 14.3.2)."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        return response

    return handle


def session_limits(get_response: Handler) -> Handler:
    """A session ends 12 hours after sign-in, however busy (ASVS 7.3.2)."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            # Only what a person does keeps a session alive; the menu's own polling must not (164.312(a)(2)(iii)).
            request.session.modified = request.path not in POLLING
            began = request.session.setdefault("began_at", int(time.time()))
            if time.time() - began > settings.SESSION_ABSOLUTE_SECONDS:
                logout(request)
        return get_response(request)

    return handle


class clinic_wall:  # noqa: N801 - named as the function it stands for in MIDDLEWARE
    """Ask the matrix, open the scope and the transaction, and undo what was refused."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request."""
        if request.path.startswith("/static/"):
            return self.get_response(request)
        try:
            route = resolve(request.path_info).view_name
        except Resolver404:
            return self.get_response(request)
        request.membership = None  # type: ignore[attr-defined]
        if route.startswith(ALLAUTH_PREFIXES):
            return self.get_response(request)
        action = route_action(route, request.method or "GET")
        if action == PUBLIC:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return _sign_in(request)
        if action == SIGNED_IN:
            return _not_text(request) or self._in_own_transaction(request)
        membership = _choose_membership(request)
        if membership is None:
            return _refuse(request, "You are not a member of any clinic. Ask an admin to add you.")
        request.membership = membership  # type: ignore[attr-defined]
        if action is None or not role_may(membership.role, action):
            with open_clinics([membership.clinic_id], actor=request.user.email, user_id=request.user.pk):
                return _refuse(request, "Your role does not include this.")
        if wants_sign_in(request, action):
            with open_clinics([membership.clinic_id], actor=request.user.email, user_id=request.user.pk):
                held = ask_first(request, action, route)
            if held is not None:
                return held
        return self._inside_the_wall(request, membership, route)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal becomes its answer and rolls back; a bug goes on to Django's handler."""
        if transaction.get_connection().in_atomic_block:
            transaction.set_rollback(True)
        refusal = as_refusal(exception)
        return answer(request, refusal) if refusal is not None else None

    def _in_own_transaction(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 400 and request.method not in SAFE:
                transaction.set_rollback(True)
        return response

    def _inside_the_wall(self, request: Any, membership: Membership, route: str) -> HttpResponse:
        ids = [membership.clinic_id]
        if route in SPANNING and request.method in SAFE:
            ids = [mine.clinic_id for mine in request.memberships if mine.role == membership.role]
        scope = open_clinics(ids, actor=request.user.email, user_id=request.user.pk)
        request.GET = opened(request.GET, membership.clinic_id)
        try:
            with scope, timezone.override(_zone(request, membership)):
                response = _not_text(request) or self.get_response(request)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response.render()  # templates read rows: inside the wall, not after it
                if response.status_code >= 400 and request.method not in SAFE:
                    transaction.set_rollback(True)
        except Exception as exception:  # refused at COMMIT: deferred checks of the ledger
            refusal = as_refusal(exception)
            if refusal is None:
                raise
            return answer(request, refusal)
        return response


def _not_text(request: HttpRequest) -> HttpResponse | None:
    """Refuse NUL at the door: no field is one, and PostgreSQL's text cannot hold it (F-13)."""
    values = [text for name, texts in request.GET.lists() for text in (name, *texts)] + [request.path_info]
    if request.content_type == "application/json":
        is_bad = b"\\u0000" in request.body or b"\0" in request.body
    else:
        values += [text for name, texts in request.POST.lists() for text in (name, *texts)]
        is_bad = False
    if is_bad or any("\0" in text for text in values):
        return answer(request, BadInput("That is not text: it holds a NUL character.", code="not_text"))
    return None


def _choose_membership(request: Any) -> Membership | None:
    """The membership for the clinic this session chose, else the first by clinic name."""
    mine = list(
        Membership.objects.filter(user=request.user, is_active=True)
        .select_related("clinic", "clinic__company")
        .order_by("clinic__name")
    )
    request.memberships = mine
    chosen = request.session.get("clinic_id")
    for membership in mine:
        if membership.clinic_id == chosen:
            return membership
    return mine[0] if mine else None


def _zone(request: HttpRequest, membership: Membership) -> str:
    """The clinic's time zone, that of its first location; remembered in the session."""
    known = request.session.get("zone")
    if known and known[0] == membership.clinic_id:
        return str(known[1])
    zones = Location.objects.filter(clinic_id=membership.clinic_id, is_active=True).order_by("name", "id")
    zone = zones.values_list("time_zone", flat=True).first() or settings.TIME_ZONE
    request.session["zone"] = [membership.clinic_id, zone]
    return zone


def _sign_in(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": {"code": "not_signed_in", "message": "Sign in first."}}, status=401)
    target = resolve_url(settings.LOGIN_URL)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    following = request.get_full_path() if request.method in SAFE else "/"
    return HttpResponseRedirect(f"{target}?{urlencode({'next': following})}")


def _refuse(request: HttpRequest, message: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": {"code": "not_allowed", "message": message}}, status=403)
    return render(request, "403.html", {"why": message}, status=403)


def not_found(thing: Any) -> Any:
    """``thing``, or the one 404 that also stands for another clinic's rows."""
    if thing is None:
        raise Http404
    return thing
