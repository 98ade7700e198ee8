"""The dashboard: its charts are drawn from the rows that the lists behind them show."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from django.urls import reverse

from clinics.models import AuditEvent
from desk import charts, owner_figures
from desk.charts import Chart
from tests.cast import make_world
from tests.claims.helpers import bill


@pytest.mark.parametrize(
    ("most", "end"),
    [
        ("0", "1"),
        ("0.40", "1"),
        ("3", "5"),
        ("84", "100"),
        ("101", "200"),
        ("2101", "2500"),
        ("9999", "10000"),
    ],
)
def test_an_axis_ends_at_a_round_figure(most: str, end: str) -> None:
    assert charts.nice(D(most)) == D(end)


def test_the_longest_bar_has_all_the_room_and_none_leaves_the_picture() -> None:
    bars = [
        ("Denied", D("370.00"), "370.00"),
        ("On hold", D("185.00"), "185.00"),
        ("Underpaid", D("0.00"), "0.00"),
    ]
    chart = charts.side_bars(Chart("x", "X"), bars)
    assert [mark.width for mark in chart.marks] == [charts.BAR_MOST, charts.BAR_MOST / 2]
    assert charts.BAR_FROM + charts.BAR_MOST < 360


def test_running_sums_compare_the_same_days() -> None:
    money = owner_figures.Collected((D(1), D(3)), (D(2), D(2), D(9)))
    assert money.ahead == D(1)
    assert owner_figures.Collected((D(0),), ()).ahead == D(0)
    chart = charts.running(Chart("x", "X"), money.now, money.before, 31)
    assert chart.line.startswith(f"{charts.LEFT}.0,") and chart.before.count(",") == 3


def test_a_month_is_longer_than_the_one_before_it(db: None) -> None:
    world = make_world()
    with world.open():
        found = owner_figures.collected(date(2026, 3, 31))
        assert (len(found.now), len(found.before)) == (31, 28)
        assert owner_figures.collected_chart(found, date(2026, 3, 31)).rows[-1].label == "31"


def test_the_owner_sees_the_charts_and_takes_each_with_her(client, db: None) -> None:
    world = make_world()
    client.force_login(world.users["owner"])
    address = reverse("desk:dashboard")
    empty = client.get(address).content.decode()
    assert "Nothing is stuck" in empty and "nobody owes this clinic anything" in empty
    with world.open():
        bill(world, pay="25.00")
    page = client.get(address).content.decode()
    assert page.count("<figure") == 6 and world.aetna.name in page
    answer = client.get(address, {"chart": "owed", "format": "csv"})
    head, line = answer.content.decode().split("\r\n")[:2]
    assert head == "Insurer,Open" and line.startswith(f"{world.aetna.name},")
    with world.open():
        assert AuditEvent.objects.filter(action="report.export", object_id="dashboard owed").exists()


def test_what_is_typed_anywhere_finds_acts_settings_and_checks(client, db: None) -> None:
    world = make_world()
    client.force_login(world.users["owner"])
    address = reverse("desk:find")

    def asked(text: str) -> str:
        return client.post(address, {"q": text}).content.decode()

    assert reverse("patients:register") in asked("new pat")
    assert reverse("claims:queue") + "?tab=ready" in asked("submit")
    assert reverse("billing:modifier-rules") in asked("rules mod")
    assert reverse("desk:dashboard") in asked("dash")
    client.force_login(world.users["front_desk"])
    assert reverse("billing:modifier-rules") not in asked("rules mod")
    assert reverse("claims:queue") not in asked("submit")
