"""Closed days: what comes late goes to the next open day, and the database refuses the closed one (I-24)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from billing.checkout import check_out
from billing.models import DayClose, LedgerTxn
from tests.cast import NOW, TODAY, make_patient, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


def test_late_work_goes_to_the_next_open_day_and_a_closed_one_is_refused():
    world = make_world()
    with world.open():
        DayClose.objects.create(day=TODAY, sums={}, closed_by="x")
        patient = make_patient()
        check_out(make_visit(world, patient, make_profile(patient)).public_id, [], at=NOW)
        txn = LedgerTxn.objects.get()
        assert (txn.posted_on, txn.effective_on) == (TODAY + timedelta(days=1), TODAY)
        with pytest.raises(IntegrityError, match="are closed"), transaction.atomic():
            LedgerTxn.objects.create(
                key="late",
                digest="x",
                kind="receipt",
                lines=2,
                posted_on=TODAY,
                effective_on=TODAY,
                actor="x",
            )
