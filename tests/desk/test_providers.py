"""Settings > Clinicians and Locations: added, changed, switched off; what may not stand there; by page and API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment
from clinics.models import AuditEvent, BillingProvider, Clinician, Location
from desk import providers
from lib.npi import npi_from_stem
from tests.cast import make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db

NPI = npi_from_stem("155555555")
PERSON = {"first_name": "Ada", "last_name": "Quill", "credential": "LCSW", "npi": NPI, "taxonomy": "1041c0700x",
          "is_active": "on"}  # fmt: skip
STREET = {"street": "5 Mill Road", "city": "Peoria", "state": "il", "zip_code": "61602-1234"}


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def admin(client, world):
    client.force_login(world.users["admin"])
    return client


def place(world, **more):
    return {
        "name": "North", "billing_provider": world.provider.public_id, "place_of_service": "11",
        "time_zone": "America/Chicago", **STREET, "is_active": "on", **more,
    }  # fmt: skip


def biller(**more):
    return {"name": "North Group", "npi": NPI, "tax_id": "98-7654321", "tax_id_kind": "EI", **STREET, **more}


def url(name, *arguments):
    return reverse(f"desk:{name}", args=arguments)


def test_a_clinician_is_added_changed_and_switched_off_and_the_audit_knows(admin, world):
    spaced = f"{NPI[:4]} {NPI[4:7]}-{NPI[7:]}"
    assert admin.post(url("clinician-new"), {**PERSON, "npi": spaced}).status_code == 302
    with world.open():
        row = Clinician.objects.get(last_name="Quill")
        assert (row.npi, row.taxonomy, row.is_active) == (NPI, "1041C0700X", True)
        visit = make_visit(
            world, patient := make_patient(), make_profile(patient, make_policy(patient, world.aetna))
        )
        Appointment.objects.filter(pk=visit.pk).update(
            clinician=row, state="scheduled", starts_at=timezone.now() + timedelta(days=2)
        )
    page = admin.get(url("clinicians"), {"q": "quil"}).content.decode()
    assert "Quill, Ada" in page and "Bexley" not in page
    off = {**PERSON, "first_name": "Adele"}
    del off["is_active"]
    answer = admin.post(url("clinician", row.public_id), off, follow=True)
    assert "1 coming visit is still booked there" in answer.content.decode()
    with world.open():
        row.refresh_from_db()
        assert (row.first_name, row.is_active) == ("Adele", False)
        events = AuditEvent.objects.filter(object_kind="clinician", object_id=row.public_id).order_by("pk")
        assert [(one.action, one.data.get("fields")) for one in events][1:] == [
            ("clinician.change", ["first_name", "is_active"])
        ]
        assert events[0].action == "clinician.add"
    assert "Adele" not in admin.get("/visits/book/").content.decode(), "one switched off is not offered"
    assert "Quill,Adele,LCSW" in admin.get(url("clinicians"), {"format": "csv"}).content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"npi": NPI[:-1] + str((int(NPI[-1]) + 1) % 10)}, "This is no NPI"),
        ({"npi": ""}, "required"),
        ({"npi": npi_from_stem("123456782")}, "Ida Bexley, DC has this NPI already"),
        ({"taxonomy": "1041C0700Y"}, "ends with X"),
        ({"first_name": ""}, "required"),
        ({"last_name": "Qu*ll"}, "payers refuse them"),
        ({"credential": "x" * 13}, "12 characters"),
        ({"first_name": "A\x00"}, "Nothing was changed"),
    ],
)
def test_what_may_not_stand_at_a_clinician(admin, world, given, said):
    answer = admin.post(url("clinician-new"), {**PERSON, **given})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    api = admin.post(
        reverse("desk-api:clinicians"),
        {**PERSON, "is_active": True, **given},
        content_type="application/json",
    )
    assert api.status_code == 400, "the API refuses the same"
    with world.open():
        assert Clinician.objects.count() == 1


def test_a_location_is_added_with_its_address_in_nine_digits_and_the_last_one_stays(admin, world):
    assert (
        admin.post(url("location-new"), place(world, clia="14d0123456", phone="(309) 555-0100")).status_code
        == 302
    )
    with world.open():
        row = Location.objects.get(name="North")
        assert (row.zip_code, row.state, row.clia, row.phone) == (
            "616021234",
            "IL",
            "14D0123456",
            "3095550100",
        )
    page = admin.get(url("locations")).content.decode()
    assert "61602-1234" in page and "Alder Group" in page
    same = place(world)
    del same["is_active"]
    assert admin.post(url("location", row.public_id), same).status_code == 302
    with world.open():
        row.refresh_from_db()
        assert not row.is_active
        assert row.clia == "", "what is emptied is gone"
    other = place(world, name="Alder Main")
    del other["is_active"]
    last = admin.post(url("location", world.location.public_id), other)
    assert last.status_code == 400
    assert "the last location patients can be booked at" in last.content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "alder main"}, "a location of this name already"),
        ({"zip_code": "61602"}, "claims need nine"),
        ({"zip_code": "6160"}, "ZIP code has 5 digits"),
        ({"state": "QQ"}, "QQ is not a US state"),
        ({"street": ""}, "required"),
        ({"npi": "1234567890"}, "This is no NPI"),
        ({"clia": "14X0123456"}, "CLIA number is two digits"),
        ({"phone": "12"}, "ten digits"),
        ({"place_of_service": "77"}, "valid choice"),
        ({"time_zone": "Mars/Base"}, "valid choice"),
        ({"billing_provider": "NOSUCHID"}, "valid choice"),
    ],
)
def test_what_may_not_stand_at_a_location(admin, world, given, said):
    answer = admin.post(url("location-new"), place(world, **given))
    assert answer.status_code == 400
    assert said in answer.content.decode()
    sent = {**place(world), "is_active": True, **given}
    api = admin.post(reverse("desk-api:locations"), sent, content_type="application/json")
    assert api.status_code == 400
    with world.open():
        assert Location.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (Clinician, PERSON, "has this NPI already"),
        (
            Location,
            {**STREET, "name": "NORTH", "place_of_service": "11", "time_zone": "America/Chicago"},
            "a location of this name",
        ),
    ],
)
def test_two_admins_at_once_cannot_save_twins(world, monkeypatch, kind, given, said):
    with world.open():
        if kind is Location:
            given = {**given, "billing_provider": world.provider}
        given = {**given, "is_active": True}
        providers.save(kind, {**given, "name": "North"} if kind is Location else given)
        seen = iter([[]])  # the second looked before the first had saved
        look = providers.problems
        monkeypatch.setattr(providers, "problems", lambda *args: next(seen, look(*args)))
        with pytest.raises(providers.BadProvider, match=said):
            providers.save(kind, given)
        assert kind.objects.count() == 2


def test_the_same_npi_and_name_may_stand_in_another_clinic(world):
    other = make_world("birch")
    for one in (world, other):
        with one.open():
            providers.save(Clinician, {**PERSON, "is_active": True})


def test_a_billing_provider_is_a_street_with_a_tax_id(admin, world):
    new = url("billing-provider-new")
    for given, said in (
        ({"street": "P.O. Box 12"}, "must be a street"),
        ({"tax_id": "12345"}, "nine digits"),
        ({"tax_id_kind": "SY"}, "Only a person bills with an SSN"),
        ({"pay_to_street": "PO Box 9"}, "Enter the city"),
        ({"npi": "1"}, "This is no NPI"),
    ):
        answer = admin.post(new, biller(**given))
        assert answer.status_code == 400
        assert said in answer.content.decode()
    pay_to = {
        "pay_to_street": "PO Box 9",
        "pay_to_city": "Peoria",
        "pay_to_state": "il",
        "pay_to_zip": "61602",
    }
    assert admin.post(new, biller(**pay_to)).status_code == 302
    with world.open():
        row = BillingProvider.objects.get(name="North Group")
        assert (row.tax_id, row.pay_to_state, row.pay_to_zip) == ("987654321", "IL", "61602")
    solo = biller(first_name="Ada", name="Quill", tax_id_kind="SY")
    assert admin.post(url("billing-provider", row.public_id), solo).status_code == 302
    page = admin.get(url("locations")).content.decode()
    assert "•••-••-4321" in page and "987654321" not in page, "a social security number is masked on lists"


def test_the_same_by_the_api(admin, world):
    made = admin.post(
        reverse("desk-api:clinicians"), {**PERSON, "is_active": True}, content_type="application/json"
    )
    assert made.status_code == 201
    one = reverse("desk-api:clinician", args=[made.json()["id"]])
    assert (
        admin.patch(one, {"is_active": False}, content_type="application/json").json()["is_active"] is False
    )
    assert admin.get(one).json()["npi"] == NPI
    where = admin.post(
        reverse("desk-api:locations"), {**place(world), "is_active": True}, content_type="application/json"
    )
    assert where.status_code == 201
    there = reverse("desk-api:location", args=[where.json()["id"]])
    moved = admin.patch(there, {"time_zone": "America/Denver"}, content_type="application/json")
    assert moved.json()["time_zone"] == "America/Denver"
    bad = admin.patch(there, {"time_zone": "Mars/Base"}, content_type="application/json")
    assert bad.status_code == 400
    who = admin.post(reverse("desk-api:billing-providers"), biller(), content_type="application/json")
    assert who.status_code == 201
    pays = reverse("desk-api:billing-provider", args=[who.json()["id"]])
    assert admin.patch(pays, {"tax_id": "x"}, content_type="application/json").status_code == 400
    assert [one["name"] for one in admin.get(reverse("desk-api:billing-providers")).json()] == [
        "Alder Group", "North Group",
    ]  # fmt: skip


def test_only_admins_change_them_and_the_desk_may_read_by_the_api(client, world):
    client.force_login(world.users["front_desk"])
    assert client.get(url("clinicians")).status_code == 403
    assert client.post(url("clinician-new"), PERSON).status_code == 403
    assert client.post(url("location", world.location.public_id), place(world)).status_code == 403
    assert client.get(reverse("desk-api:locations")).status_code == 200
    assert client.post(reverse("desk-api:locations"), place(world)).status_code == 403
    assert client.get(reverse("desk-api:billing-providers")).status_code == 403
