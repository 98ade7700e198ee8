"""What the dashboard's charts show: money by day, stuck money by reason, rates, receivables by age.

Each figure is read from the rows its own page lists, so a chart and its list agree.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncWeek
from django.urls import reverse

from billing import receivables
from billing.models import LedgerEntry
from claims import inquiries
from claims.models import Claim, StatusInquiry
from desk import charts
from desk.charts import Chart, Row
from lib.money import ZERO, show_money, total
from responses import denials
from responses.models import ClaimResponse

GOAL_CLEAN = 95  # percent of claims that should pass at the first try
WEEKS = 12
SPAN = timedelta(days=90)  # of the answers whose denials are counted
FEWEST = 2  # weeks before a line says anything
MOST_PAYERS = 5


@dataclass(frozen=True, slots=True)
class Collected:
    """Money taken in by day: this month up to today, and all of the month before; dollars, running sums."""

    now: tuple[Decimal, ...]
    before: tuple[Decimal, ...]

    @property
    def ahead(self) -> Decimal:
        """How much more than by the same day of the month before; negative when less."""
        same = self.before[: len(self.now)]
        return (self.now[-1] if self.now else ZERO) - (same[-1] if same else ZERO)


@dataclass(frozen=True, slots=True)
class Stuck:
    """Money that does not move by itself, and why; ``url``: the list that frees it."""

    words: str
    amount: Decimal
    number: int
    url: str


def collected(today: date) -> Collected:
    """Receipts of patients and insurers, by the day they were posted."""
    first = today.replace(day=1)
    last = first - timedelta(days=1)
    rows = LedgerEntry.objects.filter(
        account="cash",
        receipt__kind__in=["patient", "insurance"],
        txn__posted_on__gte=last.replace(day=1),
        txn__posted_on__lte=today,
    )
    by_day: dict[date, Decimal] = dict(
        rows.values_list("txn__posted_on").annotate(sum=Sum("amount")).order_by()
    )
    return Collected(_running(by_day, first, today.day), _running(by_day, last.replace(day=1), last.day))


def _running(by_day: dict[date, Decimal], first: date, days: int) -> tuple[Decimal, ...]:
    sums, at = [], ZERO
    for place in range(days):
        at += by_day.get(first + timedelta(days=place), ZERO)
        sums.append(at)
    return tuple(sums)


def stuck() -> list[Stuck]:
    """Claims' money that waits for a person, the most first."""
    claims = Claim.objects.aggregate(
        rejected=Sum("total", filter=Q(state="rejected")),
        rejected_n=Count("pk", filter=Q(state="rejected")),
        held=Sum("total", filter=Q(state="on_hold")),
        held_n=Count("pk", filter=Q(state="on_hold")),
    )
    silent = StatusInquiry.objects.filter(state__in=inquiries.OPEN).aggregate(
        sum=Sum("claim__total"), n=Count("pk")
    )
    denied, short = denials.denied(), denials.underpaid()
    queue = reverse("claims:queue")
    rows = [
        Stuck("No answer", silent["sum"] or ZERO, silent["n"], reverse("claims:inquiries")),
        Stuck("Denied", total(item.amount for item in denied), len(denied), reverse("responses:denials")),
        Stuck("Rejected", claims["rejected"] or ZERO, claims["rejected_n"], queue + "?tab=rejected"),
        Stuck("Underpaid", total(item.amount for item in short), len(short), reverse("responses:underpaid")),
        Stuck("On hold", claims["held"] or ZERO, claims["held_n"], queue + "?tab=hold"),
    ]
    return sorted(rows, key=lambda row: -row.amount)


def collected_chart(found: Collected, today: date) -> Chart:
    """The month's running sum over the one before it."""
    last = today.replace(day=1) - timedelta(days=1)
    now, before = f"{today:%B}", f"{last:%B}"
    ahead = found.ahead
    words = "ahead" if ahead >= ZERO else "behind"
    days = monthrange(today.year, today.month)[1]
    chart = Chart(
        "collected",
        "Collected",
        say=f"{show_money(abs(ahead))} {words}.",
        spoken=f"Collected by {now} {today.day}: {show_money(found.now[-1])}; all of {before}: "
        f"{show_money(found.before[-1])}",
        heads=("By day", now, before),
        keys=(("f1", now), ("f5", before)),
    )
    for day in sorted({5, 10, 15, 20, 25, today.day, last.day}):
        cells = (
            show_money(found.now[day - 1]) if day <= today.day else "",
            show_money(found.before[min(day, last.day) - 1]),
        )
        chart.rows.append(Row(str(day), cells))
    return charts.running(chart, found.now, found.before, max(days, last.day))


def stuck_chart(rows: list[Stuck]) -> Chart:
    """Stuck money by reason."""
    chart = Chart(
        "stuck",
        "Stuck, and why",
        spoken="Stuck money by reason",
        heads=("Reason", "Claims", "Amount"),
        rows=charts.money_rows([(row.words, row.amount, row.number, row.url) for row in rows]),
    )
    if not any(row.number for row in rows):
        chart.blank = "Nothing is stuck: no claim waits for a person."
        return chart
    chart.say = f"{rows[0].words} is the largest, {rows[0].number:,} claim{'s' * (rows[0].number != 1)}."
    return charts.side_bars(chart, [(row.words, row.amount, show_money(row.amount)) for row in rows])


def clean_chart(today: date) -> Chart:
    """Claims that passed at the first try, of those sent, by week."""
    since = today - timedelta(weeks=WEEKS)
    weeks = list(
        Claim.objects.filter(submitted_at__date__gt=since)
        .annotate(week=TruncWeek("submitted_at"))
        .values("week")
        .annotate(
            sent=Count("pk", distinct=True),
            bad=Count("pk", filter=Q(events__to_state="rejected"), distinct=True),
        )
        .order_by("week")
    )
    shares = [100 * (row["sent"] - row["bad"]) // row["sent"] for row in weeks]
    labels = [f"{row['week']:%b} {row['week'].day}" for row in weeks]
    chart = Chart(
        "clean",
        "Clean-claim rate, %",
        spoken="Claims that no clearinghouse and no payer sent back, of those sent, by week",
        heads=("Week of", "Sent", "Rate"),
        rows=[
            Row(label, (f"{row['sent']:,}", f"{share} %"))
            for label, row, share in zip(labels, weeks, shares, strict=True)
        ],
    )
    if len(weeks) < FEWEST:
        chart.blank = "Claims were sent in fewer than two weeks so far. The line starts with the second."
        return chart
    above = "above" if shares[-1] >= GOAL_CLEAN else "below"
    chart.say = f"Last week {above} the goal of {GOAL_CLEAN}."
    return charts.rates(chart, shares, labels, GOAL_CLEAN)


def age_chart(found: receivables.Receivables) -> Chart:
    """What insurers and patients owe, by age."""
    bars = []
    chart = Chart(
        "ages",
        "Receivables by age, days",
        spoken="What insurers and patients owe by age",
        heads=("Days", "Insurers", "Patients"),
        keys=(("f1", "insurers"), ("f4", "patients")),
    )
    for age in receivables.AGES:
        patients = total(p.ages[age] for p in found.parties if p.name == receivables.PATIENTS)
        insurers = total(p.ages[age] for p in found.parties) - patients
        words = age.removesuffix(" days").replace(" to ", "–").replace("over 120", "120+")
        bars.append((words, insurers, patients))
        chart.rows.append(
            Row(words, (show_money(insurers), show_money(patients)), reverse("billing:receivables"))
        )
    if not any(insurers or patients for _, insurers, patients in bars):
        chart.blank = "Nothing is open: nobody owes this clinic anything."
        return chart
    return charts.columns(chart, bars)


def denial_chart(today: date) -> Chart:
    """Denied answers of all, by insurer, in the last 90 days."""
    rows = list(
        ClaimResponse.objects.filter(remittance__payment_date__gt=today - SPAN)
        .exclude(state__in=denials.NO_MORE)
        .values("remittance__payer_name")
        .annotate(answers=Count("pk"), denied=Count("pk", filter=Q(codes__contains=["E10"])))
        .order_by("-denied", "-answers", "remittance__payer_name")[:MOST_PAYERS]
    )
    chart = Chart("denials", "Denial rate by insurer, %", heads=("Insurer", "Denied", "Answers"))
    chart.spoken = "Denied answers of all by insurer, last 90 days"
    bars = []
    for row in rows:
        name = row["remittance__payer_name"] or "Unnamed"
        share = Decimal(100 * row["denied"]) / row["answers"]
        bars.append((name, share, f"{share:.1f}"))
        chart.rows.append(
            Row(name, (f"{row['denied']:,}", f"{row['answers']:,}"), reverse("responses:by-month"))
        )
    if not bars:
        chart.blank = "No insurer answered in the last 90 days."
        return chart
    bars.sort(key=lambda bar: -bar[1])
    worst = bars[0] if bars[0][1] else None
    chart.say = f"{worst[0]} denies the most." if worst else "Nobody denied anything in 90 days."
    return charts.side_bars(chart, bars, stands_out=worst[0] if worst else "")


def owed_chart(found: receivables.Receivables) -> Chart:
    """What each insurer owes, the most first."""
    parties = [party for party in found.parties if party.name != receivables.PATIENTS]
    chart = Chart("owed", "What insurers owe", heads=("Insurer", "Open"))
    chart.spoken = "What each insurer owes"
    chart.rows = [
        Row(party.name, (show_money(party.total),), reverse("claims:report") + f"?payer={party.public_id}")
        for party in parties
    ]
    if not parties:
        chart.blank = "No insurer owes this clinic anything."
        return chart
    chart.say = (
        f"{len(parties)} insurer{'s' * (len(parties) != 1)}, {show_money(total(p.total for p in parties))}."
    )
    shown = parties[:MOST_PAYERS]
    return charts.side_bars(chart, [(p.name, p.total, show_money(p.total)) for p in shown])
