"""Sample data for /design/, the living page that shows every part of the screens once.

Stands beside templates/design/living.html; desk/views.py renders it, tests/browser walks it.
Invented people only.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms

from clinics.templatetags.states import LOOKS


class SampleForm(forms.Form):
    """One field of each kind, to show the field pack and its errors."""

    name = forms.CharField(label="Name on the card", help_text="As the insurer prints it.")
    birth_date = forms.DateField(label="Date of birth", widget=forms.DateInput(attrs={"type": "date"}))
    relation = forms.ChoiceField(
        label="Patient is the insured's",
        choices=[("", "Choose…"), ("18", "Self"), ("01", "Spouse"), ("19", "Child")],
    )
    copay = forms.DecimalField(
        label="Copay",
        max_digits=9,
        decimal_places=2,
        required=False,
        help_text="Empty: as on the card.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    autopay = forms.ChoiceField(
        label="Auto-Pay Claims",
        choices=[("off", "Off"), ("preview", "Preview"), ("post", "Post")],
        widget=forms.RadioSelect,
    )
    signed = forms.BooleanField(label="Signature on file", required=False)
    remind = forms.BooleanField(label="Remind by text message", required=False)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 3}))


def _row(key: int, day: date, who: str, insurer: str, charge: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "day": day, "who": who, "insurer": insurer, "charge": Decimal(charge), **more}


ROWS = [
    _row(
        1,
        date(2026, 3, 16),
        "Rosa Delgado-Hart",
        "Northlake PPO",
        "142.00",
        finding="clean",
        words="clean",
        age=1,
        left=89,
    ),
    _row(
        2,
        date(2026, 3, 16),
        "Caleb Thornbury",
        "Harbor Mutual",
        "176.00",
        finding="warning",
        words="1 warning",
        age=1,
        left=89,
    ),
    _row(
        3,
        date(2026, 3, 12),
        "Noor Haddadin",
        "Harbor Mutual",
        "57.00",
        finding="error",
        words="2 errors",
        age=5,
        left=85,
    ),
    _row(
        4,
        date(2025, 12, 29),
        "Hollis Quade",
        "Northlake PPO",
        "61.50",
        finding="clean",
        words="clean",
        age=78,
        left=12,
    ),
]
LINES = [
    {"words": "Copay, 03/17/2026", "amount": Decimal("25.00")},
    {"words": "January 6, deductible", "amount": Decimal("40.00")},
]


TILES: list[dict[str, Any]] = [
    {
        "label": "Collected",
        "value": "84,220.40",
        "note": "6.2 % over February",
        "family": "ok",
        "icon": "trending-up",
        "url": "#t",
    },
    {
        "label": "In flight",
        "value": "96,410.00",
        "note": "612 claims, usually paid in 19 days",
        "url": "#t",
    },
    {
        "label": "Stuck, and why",
        "value": "12,840.50",
        "note": "74 claims",
        "family": "warn",
        "icon": "alert-triangle",
        "url": "#t",
    },
    {
        "label": "Clean-claim rate",
        "value": "96.4 %",
        "note": "goal 95 %",
        "family": "ok",
        "icon": "trending-up",
        "url": "#t",
    },
    {
        "label": "Days in A/R",
        "value": "27.4",
        "note": "2.3 days fewer",
        "family": "ok",
        "icon": "trending-down",
        "url": "#t",
    },
]
PLAN: list[dict[str, Any]] = [
    {
        "who": "Northlake owes",
        "before": Decimal("161.00"),
        "after": Decimal("0.00"),
        "note": "paid 101.00, written off 60.00",
    },
    {
        "who": "Patient owes",
        "before": Decimal("0.00"),
        "after": Decimal("0.00"),
        "note": "copay 25.00 was taken Mar 3",
    },
    {"who": "Next payer", "before": None, "after": None, "note": "one layer on this profile"},
]
STORY: list[dict[str, Any]] = [
    {"day": date(2026, 1, 6), "say": "The visit cost 210.00.", "amount": Decimal("210.00")},
    {
        "day": date(2026, 1, 29),
        "say": "Written off, nobody pays that part.",
        "amount": Decimal("-49.00"),
        "code": "CO-45",
        "why": "over contract price",
    },
    {"day": date(2026, 1, 29), "say": "Northlake paid 121.00.", "amount": Decimal("-121.00")},
]
SPLIT: list[dict[str, Any]] = [
    {"amount": Decimal("161.00"), "words": "Northlake PPO", "fill": "f1", "x": "0", "width": "85.96"},
    {
        "amount": Decimal("25.00"),
        "words": "Patient: copay",
        "fill": "f4",
        "x": "86.56",
        "width": "13.44",
    },
]
SELECTS: list[dict[str, Any]] = [
    {
        "name": "insurer",
        "label": "Insurer",
        "options": [("", "All insurers"), ("n", "Northlake PPO")],
        "value": "",
    },
    {
        "name": "findings",
        "label": "Findings",
        "options": [("", "Any findings"), ("e", "Errors")],
        "value": "",
    },
]
TIE: list[dict[str, Any]] = [
    {"amount": Decimal("733.60"), "words": "check"},
    {"amount": Decimal("530.60"), "words": "posted, 8 claims", "sign": "="},
    {"amount": Decimal("209.00"), "words": "in escrow, 4 claims", "sign": "+", "family": "warn"},
    {"amount": Decimal("6.00"), "words": "payer took back, WO", "sign": "\u2212"},
]
RUNNING = SimpleNamespace(
    pk=1,
    title="Batch 1046",
    state="running",
    done=34,
    total=52,
    errors=0,
    message="34 of 52 claims written for 3 partners",
)
FINISHED = SimpleNamespace(
    pk=2,
    title="Batch 1045",
    state="done",
    done=52,
    total=52,
    errors=2,
    message="50 claims went to 3 partners,",
)


def _form(data: dict[str, str] | None = None) -> SampleForm:
    return SampleForm(
        data, auto_id="bad_%s" if data else "id_%s", initial={"name": "Maren Okafor", "autopay": "post"}
    )


def living_context() -> dict[str, Any]:
    """Everything templates/design/living.html shows; plain data, no database."""
    money = Decimal
    return {
        "title": "Design",
        "crumbs": [("Settings", "#crumb"), ("Design", "")],
        "tabs": [
            {"label": "New", "url": "#new", "count": 14},
            {"label": "Ready", "url": "#ready", "count": 4, "current": True},
            {"label": "On hold", "url": "#hold", "count": 6},
            {"label": "Rejected", "url": "#rejected", "count": 0},
        ],
        "selects": SELECTS,
        "dates": [{"name": "from", "label": "DOS from", "value": ""}],
        "rows": ROWS,
        "looks": [(kind, list(table)) for kind, table in LOOKS.items()],
        "amounts": [money("7412.50"), money("-15.00"), money("0.00"), None],
        "moment": datetime(2026, 3, 17, 15, 42, tzinfo=UTC),
        "today": date(2026, 3, 17),
        "born": date(1984, 5, 2),
        "form": _form(),
        "bad_form": _form({"name": "", "copay": "ten", "autopay": "post"}),
        "running": RUNNING,
        "finished": FINISHED,
        "tie": TIE,
        "plan": PLAN,
        "tiles": TILES,
        "story": STORY,
        "split": SPLIT,
        "segments": [("off", "Off"), ("preview", "Preview"), ("post", "Post")],
        "figures": [
            (212, "would have posted in February"),
            (42, "would have waited"),
            (0, "posted and later undone"),
        ],
        "address": ["220 Elm St", "Elm Falls, OR 97099"],
        "receipt_lines": LINES,
        "receipt_total": money("65.00"),
    }
