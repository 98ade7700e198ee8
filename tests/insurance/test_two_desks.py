"""Two desks at once: whatever they press, a patient has one Default (B11.4)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections

from clinics.scoping import open_clinic
from insurance import profile_edits
from insurance.models import InsuranceProfile
from insurance.profile_edits import LayerSpec
from tests.cast import make_patient, make_policy, make_profile, make_world


@pytest.mark.rule("B11.4")
@pytest.mark.django_db(transaction=True)
def test_two_defaults_at_once_from_two_desks_leave_one_and_lose_nothing() -> None:
    world = make_world()
    with world.open():
        patient = make_patient()
        first = make_profile(patient, make_policy(patient, world.aetna))
        second = make_profile(patient, make_policy(patient, world.medicare, "1EG4TE5MK73"), status="active")
        third = make_policy(patient, world.aarp, "A1")
    gate, done = threading.Barrier(3), []

    def new_one() -> None:
        profile_edits.create_profile(patient, name="AARP", layers=[LayerSpec(third)])

    def desk(name: str, act: Any) -> None:
        try:
            with open_clinic(world.clinic.pk, actor=f"{name}@alder.example"):
                row = InsuranceProfile.objects.select_related("patient").get(pk=act.pk) if act else None
                gate.wait(10)
                profile_edits.set_default(row) if row else new_one()
                done.append(name)
        finally:
            connections.close_all()

    desks = [
        threading.Thread(target=desk, args=job) for job in (("one", first), ("two", second), ("three", None))
    ]
    for thread in desks:
        thread.start()
    for thread in desks:
        thread.join(30)
    assert sorted(done) == ["one", "three", "two"], "nobody was refused, nothing is lost"
    with world.open():
        kinds = list(patient.profiles.order_by("pk").values_list("name", "status"))
        assert [status for _, status in kinds].count("default") == 1
        assert {name for name, _ in kinds} == {"Aetna", "Medicare", "AARP", "Self-pay"}
