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
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from clinics.errors import Refusal
from clinics.models import Membership
from clinics.permissions import ACTIONS
from clinics.scoping import current_actor, require_clinic_id


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
        raise NotFresh("Sign in again first: this act wants a sign-in of the last ten minutes.")


def sign_in_again(request: Any) -> HttpResponse:
    """For a page: to the one that asks for the password or the second factor, and back to this one."""
    again = "mfa_reauthenticate" if is_mfa_enabled(request.user) else "account_reauthenticate"
    return HttpResponseRedirect(f"{reverse(again)}?{urlencode({'next': request.path})}")


def others_who_may(action: str) -> int:
    """How many other active members of the open clinic have the right: a second person needs one (c1, "2")."""
    rows = Membership.objects.filter(clinic_id=require_clinic_id(), is_active=True, user__is_active=True)
    return rows.filter(role__in=ACTIONS[action]).exclude(user__email=current_actor()).count()
