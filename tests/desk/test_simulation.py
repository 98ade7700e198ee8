"""The simulation agrees with the books, tells the same story twice, and its auditor notices what is wrong."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from django.core.management import call_command

from clinics.models import Company
from desk.demo.catalogue import ALDER
from desk.simulation.auditor import read_payments, sent_numbers
from desk.simulation.life import ClinicLife
from desk.simulation.run import judge, tell
from tests.conftest import empty_tables

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = 2


def story(folder) -> ClinicLife:
    return tell(Company.objects.create(name="Larkfield"), ALDER, Random("7"), DAYS)


@pytest.mark.rule("SIM-1")
@pytest.mark.rule("SIM-2")
@pytest.mark.rule("SIM-3")
def test_days_under_faults_tie_and_the_auditor_can_fail(settings, tmp_path) -> None:
    settings.EXCHANGE_DIR = tmp_path / "first"
    life = story(tmp_path)
    first = judge(life)
    assert (first.cents_off, first.claims_lost, first.claims_sent_twice, first.violations) == (0, 0, 0, 0), (
        first.said
    )
    assert first.given_up == 0
    assert first.visits >= 2 * DAYS
    assert first.responses
    assert first.faults["killed"]

    _doctor(life)

    empty_tables(None)
    settings.EXCHANGE_DIR = tmp_path / "second"
    assert judge(story(tmp_path)).as_json() == first.as_json()


def _doctor(life: ClinicLife) -> None:
    """Each side is changed by a hair, and the auditor says so."""
    notes, received = dict(life.auditor.visits), list(life.partner.received)
    life.auditor.note_visit("one cent more", [Decimal("0.01")], Decimal("0.00"), is_insured=False)
    assert judge(life).cents_off == 1
    life.auditor.visits = notes
    life.partner.received.append(received[0])
    assert judge(life).claims_sent_twice == len(sent_numbers(received[:1]))
    life.partner.received = received[1:]
    assert judge(life).claims_lost == len(sent_numbers(received[:1]))
    life.partner.received = received
    key, content = next(
        (key, content) for key, content in life.partner.laid.items() if list(read_payments([content]))
    )
    del life.partner.laid[key]
    assert judge(life).cents_off
    life.partner.laid[key] = content
    assert judge(life).ok or not judge(life).cents_off


@pytest.mark.parametrize(
    ("throwaway", "days", "why"), [(False, 1, "throw-away"), (True, 0, "--days"), (True, 9999, "--days")]
)
def test_the_command_refuses_in_one_line(settings, capsys, throwaway, days, why) -> None:
    settings.THROWAWAY = throwaway
    with pytest.raises(SystemExit) as ended:
        call_command("simulate", days=days)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert why in told.err
    assert told.err.count("\n") == 1
    assert not told.out
