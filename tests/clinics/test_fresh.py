"""Acts that want a sign-in of the last ten minutes: pages ask before, forms keep what was typed, the API says so."""

from __future__ import annotations

import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clinics.models import Setting
from clinics.permissions import ACTIONS, FRESH
from patients.models import PatientImport
from tests.cast import PASSWORD, make_world, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.rule("M.fresh")]


@pytest.fixture
def world():
    return make_world()


def test_the_acts_of_the_matrix_are_there():
    assert ACTIONS.keys() >= FRESH


def test_a_page_for_such_an_act_asks_before_it_is_shown(client, world):
    client.force_login(world.users["admin"])
    new = reverse("clearinghouses:new")
    answer = client.get(new)
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/accounts/reauthenticate/?next={new.replace('/', '%2F')}",
    )
    back = client.post(answer["Location"], {"password": PASSWORD, "next": new})
    assert back["Location"] == new
    assert client.get(new).status_code == 200
    age(client, 601)
    assert client.get(new).status_code == 302, "eleven minutes later it is asked again"
    assert client.get(reverse("clearinghouses:connections")).status_code == 200, "the list is no such act"


def test_a_form_that_comes_too_late_changes_nothing_and_keeps_what_was_typed(client, world):
    client.force_login(world.users["admin"])
    page = reverse("desk:advanced-settings", args=[world.location.public_id, "claim-response-handling"])
    assert client.get(page).status_code == 200, "reading settings is no such act"
    typed = {"autopay_claims": "post", "accept_below_contract": "on"}
    late = client.post(page, typed)
    assert late.status_code == 403
    text = late.content.decode()
    assert '<input type="hidden" name="autopay_claims" value="post">' in text
    assert 'href="/accounts/reauthenticate/?next=%2Fsigned-in-again%2F"' in text
    with world.open():
        assert not Setting.objects.exists()
    in_second_tab = client.post(
        "/accounts/reauthenticate/", {"password": PASSWORD, "next": "/signed-in-again/"}
    )
    assert b"Close this tab" in client.get(in_second_tab["Location"]).content
    assert client.post(page, typed).status_code == 302
    with world.open():
        assert Setting.objects.get(name="autopay_claims").value == "post"


def test_a_file_is_chosen_again_and_the_api_is_told(client, world):
    client.force_login(world.users["admin"])
    upload = SimpleUploadedFile("people.csv", b"last name,first name\nOkafor,Maya\n")
    late = client.post(reverse("patients:imports"), {"file": upload})
    assert (late.status_code, b"choose the file once more" in late.content) == (403, True)
    told = client.post("/api/v1/patients/imports/", {}, content_type="application/json")
    assert (told.status_code, told.json()["error"]["code"]) == (403, "sign_in_again")
    with world.open():
        assert not PatientImport.objects.exists()


def test_one_role_less_is_refused_before_anything_is_asked(client, world):
    sign_in(client, world.users["biller"])
    assert client.get(reverse("clearinghouses:new")).status_code == 403


def age(client, seconds: int) -> None:
    """The sign-in of this client becomes older."""
    session = client.session
    for row in session["account_authentication_methods"]:
        row["at"] = time.time() - seconds
    session.save()
