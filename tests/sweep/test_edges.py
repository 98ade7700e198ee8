"""The request's edges: what was refused half-way is undone, COMMIT may say no, scopes do not nest, 404 for strangers.

Views of this file's own URL configuration fail at the moments that matter; they hang behind the product's middleware.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from billing.models import LedgerTxn
from clinics import routes
from clinics.errors import Refusal
from clinics.models import Membership
from clinics.roles import Role
from clinics.scoping import NoScope, current_scope, open_clinic, open_clinics
from config import urls as product
from patients.models import Patient
from tests.cast import TODAY, World, make_patient, make_world, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def page_refuses(request: Any) -> HttpResponse:
    """Writes, then a rule says no."""
    make_patient(last="Halfway")
    raise Refusal("No.", code="no")


def page_answers_400(request: Any) -> HttpResponse:
    """Writes, then answers that something is wrong, without an exception."""
    make_patient(last="Halfway")
    return HttpResponse("bad", status=400)


def page_breaks(request: Any) -> HttpResponse:
    """Writes, then a bug."""
    make_patient(last="Halfway")
    raise ZeroDivisionError


def page_fails_at_commit(request: Any) -> HttpResponse:
    """A ledger header without its entries: only the deferred check at COMMIT can see it (I-1)."""
    make_patient(last="Halfway")
    LedgerTxn.objects.create(key="edge:1", kind="charge", lines=2, posted_on=TODAY, effective_on=TODAY)
    return HttpResponse("all is well")


def page_writes(request: Any) -> HttpResponse:
    """Writes and is content."""
    make_patient(last="Whole")
    return HttpResponse("done")


def page_tells_its_clinics(request: Any) -> HttpResponse:
    """Which clinics are open, and whether rows of them can be written."""
    return HttpResponse(",".join(str(clinic_id) for clinic_id in current_scope().clinic_ids))


@api_view(["POST"])
def api_refuses(request: Any) -> Response:
    """Writes, then a rule says no."""
    make_patient(last="Halfway")
    raise Refusal("No.", code="no")


@api_view(["POST"])
def api_answers_400(request: Any) -> Response:
    """Writes, then DRF's own way of saying 400."""
    make_patient(last="Halfway")
    raise ValidationError({"name": "needed"})


@api_view(["POST"])
def api_returns_400(request: Any) -> Response:
    """Writes, then answers 400 by itself."""
    make_patient(last="Halfway")
    return Response({"error": {"code": "bad"}}, status=400)


@api_view(["POST"])
def api_breaks(request: Any) -> Response:
    """Writes, then a bug."""
    make_patient(last="Halfway")
    raise ZeroDivisionError


@api_view(["POST"])
def api_fails_at_commit(request: Any) -> Response:
    """As the page."""
    return Response(page_fails_at_commit(request).content)


VIEWS = {
    "refuses": page_refuses,
    "answers-400": page_answers_400,
    "breaks": page_breaks,
    "fails-at-commit": page_fails_at_commit,
    "writes": page_writes,
    "clinics": page_tells_its_clinics,
}
API = {
    "refuses": api_refuses,
    "answers-400": api_answers_400,
    "returns-400": api_returns_400,
    "breaks": api_breaks,
    "fails-at-commit": api_fails_at_commit,
}
edges = ([path(f"{name}/", view, name=name) for name, view in VIEWS.items()], "edges")
api_edges = ([path(f"{name}/", view, name=name) for name, view in API.items()], "api-edges")
urlpatterns = [
    path("edges/", include(edges)),
    path("api/v1/edges/", include(api_edges)),
    *product.urlpatterns,
]


@pytest.fixture
def world(settings: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    settings.ROOT_URLCONF = __name__
    for name in VIEWS:
        monkeypatch.setitem(routes.ROUTES, f"edges:{name}", "patient.write")
    for name in API:
        monkeypatch.setitem(routes.ROUTES, f"api-edges:{name}", "patient.write")
    return make_world()


@pytest.fixture
def visitor(world: World) -> Client:
    client = Client(raise_request_exception=False)
    sign_in(client, world.users["owner"])
    return client


def patients(world: World) -> list[str]:
    with world.open():
        return list(Patient.objects.values_list("last_name", flat=True))


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/edges/refuses/", 409),
        ("/edges/answers-400/", 400),
        ("/edges/breaks/", 500),
        ("/api/v1/edges/refuses/", 409),
        ("/api/v1/edges/answers-400/", 400),
        ("/api/v1/edges/returns-400/", 400),
        ("/api/v1/edges/breaks/", 500),
    ],
)
def test_what_failed_half_way_is_undone(world: World, visitor: Client, url: str, status: int) -> None:
    assert visitor.post(url).status_code == status
    assert patients(world) == []


def test_what_went_well_stays(world: World, visitor: Client) -> None:
    assert visitor.post("/edges/writes/").status_code == 200
    assert patients(world) == ["Whole"]


@pytest.mark.parametrize("url", ["/edges/fails-at-commit/", "/api/v1/edges/fails-at-commit/"])
def test_a_no_at_commit_is_an_answer_and_never_a_success(world: World, visitor: Client, url: str) -> None:
    """scaling.md rule 12: an error at COMMIT means "not posted", whatever its code."""
    response = visitor.post(url)
    assert response.status_code >= 400
    assert b"all is well" not in response.content
    assert patients(world) == []
    with world.open():
        assert LedgerTxn.objects.count() == 0


def test_a_scope_never_nests_in_another(world: World) -> None:
    birch = make_world("birch")
    with world.open():
        with world.open():  # the same clinic again is the same scope
            pass
        with pytest.raises(NoScope, match="cannot nest"), birch.open():
            pass
        with pytest.raises(NoScope), open_clinics([world.clinic.pk, birch.clinic.pk]):
            pass
    with pytest.raises(NoScope):
        current_scope()


def test_nothing_stays_set_after_a_request(world: World, visitor: Client) -> None:
    """A session's SET would show Birch to the next one on the connection (e2.4)."""
    assert visitor.get("/edges/clinics/").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.clinics', true), '')")
        assert cursor.fetchone()[0] == ""


def test_without_a_scope_no_tenant_table_shows_a_row(world: World) -> None:
    with world.open():
        make_patient()
        assert Patient.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM patients_patient")
        assert cursor.fetchone() == (0,)
    with pytest.raises(NoScope):
        Patient.objects.count()


def test_a_row_cannot_be_written_into_another_clinic(world: World) -> None:
    birch = make_world("birch")
    with pytest.raises(Exception, match="row-level security"), world.open():
        make_patient(clinic_id=birch.clinic.pk)


def test_choosing_a_clinic_one_is_no_member_of_is_404(world: World, visitor: Client) -> None:
    birch = make_world("birch")
    answer = visitor.post("/choose-clinic/", {"where": f"birch:{birch.location.public_id}"})
    assert answer.status_code == 404
    nowhere = visitor.post("/choose-clinic/", {"where": "nowhere:"})
    assert nowhere.status_code == 404
    assert answer.content == nowhere.content, "one cannot tell whether a clinic exists"
    assert visitor.get("/edges/clinics/").content == str(world.clinic.pk).encode()


def test_a_membership_that_ended_opens_nothing(world: World, visitor: Client) -> None:
    Membership.objects.filter(user=world.users["owner"]).update(is_active=False)
    assert visitor.get("/edges/clinics/").status_code == 403


def test_a_companys_biller_sees_both_clinics_on_spanning_pages_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    birch, cedar = make_world("birch"), make_world("cedar")
    user = world.users["company_biller"]
    Membership.objects.create(user=user, clinic=birch.clinic, role=Role.COMPANY_BILLER)
    Membership.objects.create(user=user, clinic=cedar.clinic, role=Role.FRONT_DESK)
    client = Client(raise_request_exception=False)
    sign_in(client, user)
    assert client.get("/edges/clinics/").content == str(world.clinic.pk).encode()
    monkeypatch.setattr("clinics.middleware.SPANNING", ("edges:clinics", "edges:writes"))
    both = f"{world.clinic.pk},{birch.clinic.pk}".encode()
    assert client.get("/edges/clinics/").content == both, "clinics of another role stay closed"
    assert client.post("/edges/clinics/").content == str(world.clinic.pk).encode(), "writing opens one"
    assert client.get("/edges/writes/").status_code == 500, "a row of no single clinic cannot be made"
    assert patients(world) == patients(birch) == []


def test_the_clinics_page_shows_both_and_a_strangers_not(world: World) -> None:
    birch, cedar = make_world("birch"), make_world("cedar")
    user = world.users["company_biller"]
    Membership.objects.create(user=user, clinic=birch.clinic, role=Role.COMPANY_BILLER)
    client = Client()
    sign_in(client, user)
    text = client.get("/clinics/").content.decode()
    assert world.clinic.name in text
    assert birch.clinic.name in text
    assert cedar.clinic.name not in text


def test_a_task_opens_its_own_clinic_and_no_other(world: World) -> None:
    birch = make_world("birch")
    with birch.open():
        make_patient(last="Secret")
    with open_clinic(world.clinic.pk, actor="worker"):
        assert list(Patient.objects.values_list("last_name", flat=True)) == []
        assert list(Patient.objects.filter(clinic_id=birch.clinic.pk)) == []
