"""Reads of the Claim Responses pages: lists by tab, counts, and what an opened row shows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from lib.frozen import thaw
from lib.money import ZERO, parse_money, total
from responses import copays, manual, owed
from responses.causes import Known, causes
from responses.enums import PostingState
from responses.family import is_mirror
from responses.models import ClaimResponse, Remittance
from responses.plan_json import plan_json
from x12.carc import REASONS
from x12.documents.remittance import ClaimPayment

PAGE = 50
MOST_MONTHS = 200
DENIAL_CODE = re.compile(r"\b(?:CO|OA|PI|PR)-[A-Z0-9]{1,5}\b")
LINES_FIT = frozenset({"E03", "E06", "E07", "E08", "E09"})  # a line is not as it was sent
NOT_OURS = frozenset({"E01", "E13"})  # paid twice, or more than is open
NOT_OURS_MAYBE = NOT_OURS | {"E04", "E11", "E12", "E17"}  # a stranger's, never posted, out of turn, foretold
LINES_HELP_NOT = frozenset({"E04", "E12", "E17"})  # no claim, not the insurer's turn, nothing that posts
POSTED = (PostingState.AUTO_POSTED, PostingState.POSTED_MANUALLY)
TABS: dict[str, tuple[str, Q]] = {
    "exceptions": ("Exceptions", Q(state=PostingState.EXCEPTION)),
    "proposed": ("Proposed", Q(state=PostingState.PROPOSED)),
    "posted": ("Posted", Q(state__in=POSTED)),
    "other": ("Reversed, set aside", Q(state__in=("reversed", "ignored", "duplicate"))),
    "all": ("All", Q()),
}
STATUS_WORDS = {
    "1": "As primary", "2": "As secondary", "3": "As tertiary", "4": "Denied",
    "19": "As primary, forwarded", "20": "As secondary, forwarded",
    "21": "As tertiary, forwarded", "22": "Reversal",
    "23": "Not theirs, forwarded", "25": "Predetermination",
}  # fmt: skip
CODE_WORDS = {
    "E01": "Seen before", "E02": "Check does not add up", "E03": "Claim does not add up", "E04": "No match",
    "E05": "Weak match", "E06": "Charge differs", "E07": "Line not matched", "E08": "Recoded",
    "E09": "No rule for a code", "E10": "Denied", "E11": "Reversal", "E12": "Not this insurer's turn",
    "E13": "More than is open", "E14": "Underpaid", "E15": "Held by rule", "E17": "Never posts",
}  # fmt: skip


def rows_of(
    tab: str, *, check: str = "", q: str = "", code: str = "", payer: str = ""
) -> QuerySet[ClaimResponse]:
    """The rows of a tab, newest first; ``check`` narrows to one remittance by its public id."""
    rows = ClaimResponse.objects.select_related("remittance", "claim__patient").order_by("-pk")
    if check:
        rows = rows.filter(remittance__public_id=check).order_by("ordinal")
    elif tab in TABS:
        rows = rows.filter(TABS[tab][1])
    if code:
        rows = rows.filter(codes__contains=[code])
    if payer:
        rows = rows.filter(remittance__payer__public_id=payer)
    if q:
        rows = rows.filter(
            Q(control_number__startswith=q.upper())
            | Q(remittance__trace_number=q)
            | Q(patient_name__istartswith=q)
        )
    return rows


def counts() -> dict[str, int]:
    """How many stand in each tab that empties, in one query."""
    made = ClaimResponse.objects.aggregate(
        exceptions=Count("pk", filter=TABS["exceptions"][1]), proposed=Count("pk", filter=TABS["proposed"][1])
    )
    return {name: int(value or 0) for name, value in made.items()}


def remittances() -> QuerySet[Remittance]:
    """Checks with what still waits of each."""
    waits = Q(responses__state__in=("exception", "proposed"))
    return (
        Remittance.objects.select_related("receipt", "inbound_file")
        .annotate(
            claim_count=Count("responses"), waiting=Count("responses", filter=waits),
            waiting_amount=Sum("responses__paid", filter=waits),
        )
        .order_by("-pk")
    )  # fmt: skip


def by_month() -> list[dict[str, Any]]:
    """Answers by month and insurer: how many, passed at once, denied, paid, days to pay."""
    rows = (
        ClaimResponse.objects.exclude(state=PostingState.DUPLICATE)
        .annotate(month=TruncMonth("remittance__payment_date"))
        .values("month", "remittance__payer_name")
        .annotate(
            answers=Count("pk"),
            at_once=Count("pk", filter=Q(state=PostingState.AUTO_POSTED)),
            denied=Count("pk", filter=Q(codes__contains=["E10"])),
            sum_contracted=Sum("allowed", filter=Q(expected_allowed__isnull=False)),
            sum_paid=Sum("paid"), sum_expected=Sum("expected_allowed"), sum_patient=Sum("patient_responsibility"),
            wait=Avg(F("remittance__payment_date") - F("claim__submitted_at__date")),
        )
        .order_by("-month", "remittance__payer_name")
    )  # fmt: skip
    causes = _denials_by_month()
    parts = copays.patient_parts(copays.scored())
    made = []
    for row in rows[:MOST_MONTHS]:
        key = (row["month"], row["remittance__payer_name"])
        expected = row["sum_expected"]
        part = parts.get(key, copays.PatientPart())
        made.append(
            {
                **row,
                "days": row["wait"].days if row["wait"] is not None else None,
                "rate": f"{100 * row['at_once'] // row['answers']} %",
                "denial_rate": f"{100 * row['denied'] // row['answers']} %",
                "causes": ", ".join(
                    f"{code} {number}" for code, number in causes.get(key, Counter()).most_common(3)
                ),
                "benefits": part.known if part.answers else None,
                "benefits_told": part.told if part.answers else None,
                "of_expected": f"{int(100 * row['sum_contracted'] / expected)} %" if expected else "",
            }
        )
    return made


def _denials_by_month() -> dict[tuple[Any, str], Counter[str]]:
    """Which codes the denied answers carried: month and payer -> code -> how many answers."""
    rows = ClaimResponse.objects.filter(codes__contains=["E10"]).exclude(state=PostingState.DUPLICATE)
    found: dict[tuple[Any, str], Counter[str]] = {}
    values = rows.annotate(month=TruncMonth("remittance__payment_date")).order_by("-pk")
    for month, payer, reasons in values.values_list("month", "remittance__payer_name", "plan__reasons__E10")[
        :5000
    ]:
        codes = set(DENIAL_CODE.findall(reasons or ""))
        found.setdefault((month, payer), Counter()).update(codes)
    return found


def usual_codes(payer_id: int) -> list[str]:
    """The codes this insurer used most in its last 200 answers; without any, the commonest of all."""
    rows = (
        ClaimResponse.objects.filter(claim__payer=payer_id).order_by("-pk").values_list("document", flat=True)
    )
    used: Counter[str] = Counter()
    for document in rows[:200]:
        for holder in [document, *(document.get("lines") or [])]:
            used.update(f"{item['group']}-{item['reason']}" for item in holder.get("adjustments") or [])
    found = [code for code, _ in used.most_common(6)]
    return found + [code for code in ("CO-45", "PR-1", "PR-2", "PR-3") if code not in found]


def main_code(row: ClaimResponse) -> str:
    """The code that says most: a denial before the missing rule that comes with it."""
    return "E10" if "E10" in row.codes else next(iter(row.codes), "")


@dataclass(slots=True)
class LineShown:
    """One line of an opened answer; ``left`` is what the line does not explain."""

    code: str
    charge: Decimal
    allowed: Decimal | None
    paid: Decimal
    chips: list[dict[str, Any]] = field(default_factory=list)
    left: Decimal = ZERO
    figure: str = "claim"  # how its figures are found in the file (file_words.figures)

    @property
    def figure_allowed(self) -> str:
        """The same for the allowed amount."""
        return f"{self.figure} allowed"


@dataclass(slots=True)
class Opened:
    """Everything an opened row shows."""

    row: ClaimResponse
    lines: list[LineShown]
    reasons: list[tuple[str, str, str]]
    sides: list[dict[str, Any]]
    trace: list[dict[str, Any]]
    sum_line: str
    acts: list[tuple[str, str, str]]
    posts: bool
    causes: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)  # how a person posted it, line by line
    goes_to: str = ""  # who is asked next, in words


def opened(row: ClaimResponse) -> Opened:
    """Lines, chips in plain words, plan before and after, the reason it stopped, and the fitting acts."""
    payment = thaw(ClaimPayment, row.document)
    plan = row.plan
    posts = False
    if row.state in (PostingState.PROPOSED, PostingState.EXCEPTION):
        again = manual.replan(row, accepted=manual.MAY_PASS)
        plan = plan_json(again.plan, again.found.ledger if again.found else None)
        posts = again.plan.posts and again.found is not None and again.plan.layer is not None
        posts = posts and not (
            row.status_code == "22" and again.plan.reverses is None
        )  # taken back line by line
    reasons = [(code, CODE_WORDS.get(code, code), text) for code, text in plan.get("reasons", {}).items()]
    sides = [
        {
            "who": side["who"], "before": parse_money(side["before"]), "after": parse_money(side["after"]),
            "note": f"credit {side['credit']}" if side.get("credit", "0.00") != "0.00" else "",
        }
        for side in plan.get("sides", [])
    ]  # fmt: skip
    return Opened(
        row,
        _lines(payment),
        reasons,
        sides,
        plan.get("trace", []),
        _sum_line(payment),
        _acts(row, posts),
        posts,
        _causes(row) if row.state == PostingState.EXCEPTION else [],
        _by_hand(plan.get("by_hand")),
        f"{NEXT_WORDS[plan['next']]} {row.next_payer}".strip() if plan.get("next") in NEXT_WORDS else "",
    )


NEXT_WORDS = {
    "layer-2": "a claim to the second insurer,",
    "layer-3": "a claim to the third insurer,",
    "crossover": "forwarded by the payer to",
}
GOES_WORDS = {
    "write_off": "written off", "next": "to the next in line", "stays": "left with the insurer",
    "dispute": "disputed", "note": "information only",
}  # fmt: skip


def _by_hand(sheet: dict[str, Any] | None) -> list[str]:
    """The sheet a person posted, a line each."""
    told = []
    for line in (sheet or {}).get("lines", []):
        codes = [f"{c['code']} {c['amount']} {GOES_WORDS.get(c['goes'], '')}" for c in line["codes"]]
        note = f". {line['note']}" if line["note"] else ""
        told.append(", ".join([f"{line['code']}: paid {line['paid']}", *codes]) + note)
    return told


def _causes(row: ClaimResponse) -> list[str]:
    """What probably lies behind the first codes, from the family's other answers and versions."""
    claim = row.claim
    family = ClaimResponse.objects.none()
    if claim is not None:
        family = ClaimResponse.objects.filter(claim__invoice=claim.invoice_id, claim__part=claim.part)
    others = list(family.exclude(pk=row.pk).values_list("state", "status_code"))
    waiting = [status for state, status in others if state in (PostingState.EXCEPTION, PostingState.PROPOSED)]
    known = Known(
        versions=claim.version if claim is not None else 1, earlier_answers=len(others), waiting_answers=len(waiting),
        has_reversal_waiting="22" in waiting, charged=row.charged, sent=claim.total if claim is not None else None,
        by_name="name" in row.match_reason or "member" in row.match_reason,
    )  # fmt: skip
    return [text for code in row.codes[:2] for text in causes(code, known)][:4]


def _lines(payment: ClaimPayment) -> list[LineShown]:
    shown = [
        LineShown(
            code=" ".join([line.procedure.code, *line.procedure.modifiers]), charge=line.charge,
            allowed=line.allowed, paid=line.paid, figure=str(place),
            chips=[_chip(a.group, a.reason, a.amount, str(place)) for a in line.adjustments],
            left=line.charge - line.paid - total(a.amount for a in line.adjustments),
        )
        for place, line in enumerate(payment.lines)
    ]  # fmt: skip
    if payment.adjustments or not shown:
        chips = [_chip(a.group, a.reason, a.amount, "claim") for a in payment.adjustments]
        shown.append(LineShown("Whole claim", payment.charge if not shown else ZERO, None, ZERO, chips))
    return shown


def _chip(group: str, reason: str, amount: Decimal, owner: str) -> dict[str, Any]:
    known = REASONS.get(reason)
    return {
        "code": f"{group}-{reason}",
        "figure": f"{owner} {group}-{reason}",
        "amount": amount,
        "words": known.meaning if known else "see the code list",
    }


def _sum_line(payment: ClaimPayment) -> str:
    adjusted = payment.charge - payment.paid
    return f"{payment.charge} = {payment.paid} paid + {adjusted} adjusted"


def _acts(row: ClaimResponse, posts: bool) -> list[tuple[str, str, str]]:
    """(act, words, key), the fitting one first."""
    if row.state in POSTED:
        acts = [("undo", "Undo", "u")] if not is_mirror(row) else []
        return [*acts, ("dispute", "Dispute", "d"), ("resubmit", "Duplicate & resubmit", "r")]
    if owed.is_owed_back(row):
        return [("undo", "Ours after all", "u")]
    if row.state not in (PostingState.PROPOSED, PostingState.EXCEPTION):
        return []
    made = []
    if row.claim_id is None or "E04" in row.codes or "E05" in row.codes:
        made.append(("match", "Match to a claim", "m"))
    if posts:
        post = ("post", f"Post as remitted {row.paid}", "p")
        made = [post, *made] if "E10" not in row.codes else [*made, post]
    if "E10" in row.codes and row.claim_id is not None:
        made.insert(0, ("resubmit", "Duplicate & resubmit", "r"))
    if "E14" in row.codes:
        made.insert(0, ("dispute", "Post and dispute", "d"))
    if row.claim_id is not None and not LINES_HELP_NOT & set(row.codes):
        lines = ("lines", "Line by line", "e")
        fits = LINES_FIT & set(row.codes) or (row.status_code == "22" and not posts)
        made = [lines, *made] if fits else [*made, lines]
    made += [("hold", "Hold", "h")]
    if not row.paid:
        made.append(("leave", "Note and leave", "n"))
    elif not posts and NOT_OURS_MAYBE & set(row.codes) and row.remittance.receipt_id is not None:
        owe = ("owe", f"Owed back {row.paid}", "o")
        made = [owe, *made] if NOT_OURS & set(row.codes) else [*made, owe]
    if "E14" not in row.codes:
        made.append(("dispute", "Dispute", "d"))
    return made
