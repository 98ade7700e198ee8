"""Pages ask the database a constant number of questions, whatever they list."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import statements
from billing.checkout import check_out
from tests.cast import NOW, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


def asked(client, path) -> int:
    client.get(path)  # what is asked once a process stays out of the count
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize(
    ("name", "most"),
    [("patient-balance", 30), ("explain", 32), ("statement-preview", 40), ("take-payment", 30)],
)
def test_a_patients_pages(client, world, name, most):
    client.force_login(world.users["biller"])
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        check_out(make_visit(world, patient, profile).public_id, [], at=NOW)
    path = reverse(f"billing:{name}", args=[patient.public_id])
    one = asked(client, path)
    with world.open():
        for services in ((world.exam,), (world.exam, world.adjustment)):
            check_out(make_visit(world, patient, profile, *services).public_id, [], at=NOW)
    assert asked(client, path) == one <= most


def test_the_check_out_page_and_the_list_of_statements(client, world):
    client.force_login(world.users["biller"])
    paths, counts = [], []
    for services in ((world.exam,), (world.exam, world.adjustment, world.exam)):
        with world.open():
            patient = make_patient()
            profile = make_profile(patient, make_policy(patient, world.aetna))
            visit = make_visit(world, patient, profile, *services)
            paths.append(reverse("billing:check-out", args=[visit.public_id]))
            other = make_visit(world, patient, profile)
            check_out(other.public_id, [], at=NOW)
            statements.issue(patient, world.location, at=NOW)
        counts.append(asked(client, reverse("billing:statements")))
    assert counts[0] == counts[1] <= 33
    pages = [asked(client, path) for path in paths]
    assert pages[0] == pages[1] <= 40
