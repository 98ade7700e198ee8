"""What a visit will cost the patient: the patient part of the expected allowed amounts (rules.md B14). Pure.

Before it: billing/estimating.py, which loads prices, contract rates and the payer's last answer. After it: the
booking, check-in and check-out pages and the good-faith estimate. Each amount has a line that explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lib.money import ZERO, round_money, show_money, total


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """One service: what the payer will allow for it, or what the patient pays alone. Dollars."""

    code: str
    allowed: Decimal
    is_self_pay: bool = False
    because: str = ""  # where the figure comes from


@dataclass(frozen=True, slots=True)
class Terms:
    """What the plan leaves to the patient; None is not known. ``coinsurance`` is a percent, the patient's share."""

    copay: Decimal | None = None
    coinsurance: Decimal | None = None
    deductible_left: Decimal | None = None
    out_of_pocket_left: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the explanation: what it is, how it came about, what it adds (or takes). Dollars."""

    label: str
    because: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected patient share with its lines; ``insured`` + ``self_pay`` + ``old_balance`` is the total."""

    steps: tuple[Step, ...]
    allowed: Decimal
    insured: Decimal
    self_pay: Decimal
    old_balance: Decimal
    is_known: bool  # whether the plan's share could be reckoned at all

    @property
    def today(self) -> Decimal:
        """This visit alone."""
        return self.insured + self.self_pay

    @property
    def total(self) -> Decimal:
        """This visit and the old balance."""
        return self.today + self.old_balance


def estimate(
    lines: Sequence[ExpectedLine], terms: Terms, old_balance: Decimal = ZERO, *, waits_for: str | None = None
) -> Estimate:
    """Deductible first, then coinsurance, or the fixed copay; never above the allowed amount or what is left of
    the out-of-pocket maximum; then self-pay items and the old balance. The steps add up to the total.

    ``waits_for`` names a later insurer that wants nothing asked before it has answered (B11.2).
    """
    covered = [line for line in lines if not line.is_self_pay]
    allowed = total(line.allowed for line in covered)
    steps, is_known = _shares(allowed, terms, has_lines=bool(covered))
    share = total(step.amount for step in steps)
    steps += _caps(share, allowed, terms)
    left = total(step.amount for step in steps)
    if waits_for is not None and left:
        steps.append(Step(f"{waits_for} is asked first", "what it leaves is asked after its answer", -left))
    insured = total(step.amount for step in steps)
    own = [line for line in lines if line.is_self_pay]
    steps += [
        Step(f"{line.code}, paid by the patient", line.because or "not covered", line.allowed) for line in own
    ]
    if old_balance:
        steps.append(Step("Old balance", "open from earlier visits", old_balance))
    return Estimate(
        tuple(steps),
        allowed,
        insured,
        total(line.allowed for line in own),
        old_balance,
        is_known or not covered,
    )


def _shares(allowed: Decimal, terms: Terms, *, has_lines: bool) -> tuple[list[Step], bool]:
    """The copay, or deductible and coinsurance; and whether the plan's rule is known."""
    if not has_lines:
        return [], True
    if terms.copay is not None:
        return [Step("Copay", "fixed for a visit", terms.copay)], True
    steps = []
    deductible = min(max(terms.deductible_left or ZERO, ZERO), allowed)
    if deductible:
        because = f"{show_money(terms.deductible_left or ZERO)} is left of it; the visit allows {show_money(allowed)}"
        steps.append(Step("Deductible", because, deductible))
    rest = allowed - deductible
    if terms.coinsurance is not None and rest:
        percent = f"{terms.coinsurance:f}"
        percent = percent.rstrip("0").rstrip(".") if "." in percent else percent
        share = round_money(rest * terms.coinsurance / 100)
        steps.append(Step("Coinsurance", f"{percent} % of {show_money(rest)}", share))
    is_known = terms.coinsurance is not None or (terms.deductible_left is not None and not rest)
    return steps, is_known


def _caps(share: Decimal, allowed: Decimal, terms: Terms) -> list[Step]:
    """What is taken off again: the share never exceeds the allowed amount nor the out-of-pocket rest."""
    steps = []
    if share > allowed:
        steps.append(Step("Not above the allowed amount", show_money(allowed), allowed - share))
        share = allowed
    left = terms.out_of_pocket_left
    if left is not None and share > max(left, ZERO):
        left = max(left, ZERO)
        steps.append(
            Step("Out-of-pocket maximum", f"only {show_money(left)} is left this year", left - share)
        )
    return steps
