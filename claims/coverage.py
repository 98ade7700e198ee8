"""What a change of coverage would touch: the visits of a profile with their money and what keeps them there.

The pages of coverage_views.py ask here before anything is done; coverage_moves.py and coverage_layers.py
ask again inside their transactions (rules.md B11.5, B11.6). Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from appointments.enums import AppointmentState
from appointments.models import Appointment
from appointments.queries import GONE
from billing import balances
from billing.balances import LineBalance
from billing.enums import InvoiceState, PlanState, TxnKind
from billing.models import Invoice, LedgerEntry, PlanLine
from claims.enums import ClaimState
from claims.models import Claim
from claims.models.claims import DEAD_STATES
from insurance.coverage import covers
from insurance.enums import ProfileKind
from insurance.models import InsuranceProfile, Layer
from insurance.profiles import layers_on_days
from lib.money import ZERO, show_money, total

# The payer has it, or may have it, and has not answered.
WITH_PAYER = (
    ClaimState.BATCHED,
    ClaimState.SUBMITTED,
    ClaimState.ACKNOWLEDGED,
    ClaimState.ACCEPTED,
    ClaimState.AWAITING_CROSSOVER,
    ClaimState.VOID_REQUESTED,
)
DECIDED = (ClaimState.ADJUDICATED, ClaimState.CLOSED)
VOID = "8"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One visit of the old profile: its money now, who would pay on its day, and why it may have to stay."""

    visit: Appointment
    invoice: Invoice | None
    balance: LineBalance
    claims: tuple[Claim, ...]
    layers: tuple[Layer, ...]  # of the new profile, in force on the visit's day
    stops: tuple[str, ...]

    @property
    def may_move(self) -> bool:
        """Whether nothing keeps it."""
        return not self.stops

    @property
    def is_settled(self) -> bool:
        """Nothing is owed on it, or credit: hidden until asked for."""
        return self.invoice is not None and self.balance.open <= ZERO

    @property
    def patient_is_responsible(self) -> bool:
        """No insurer owes anything on it, the patient does: then the patient's balance may be moved (B11.6)."""
        return self.balance.insurer_open == ZERO and self.balance.patient > ZERO

    @property
    def to_void(self) -> tuple[Claim, ...]:
        """Claims that the old insurer has decided under a number of its own: a void (8) is proposed."""
        return tuple(
            claim
            for claim in self.claims
            if claim.state in DECIDED and claim.payer_claim_number and claim.payer.accepts_frequency_7_8
        )


def candidates(
    profile: InsuranceProfile, to: InsuranceProfile, only: Iterable[str] | None = None
) -> list[Candidate]:
    """The visits on ``profile``, newest first, seen from ``to``; ``only`` names visits by public id."""
    rows = Appointment.objects.filter(profile=profile).exclude(state__in=GONE)
    if only is not None:
        rows = rows.filter(public_id__in=list(only))
    visits = list(
        rows.select_related(
            "patient", "profile", "location__billing_provider", "clinician", "clinic", "appointment_type"
        ).order_by("-service_date", "-id")
    )
    invoices = live_invoices(visits)
    money = balances.invoices([invoice.pk for invoice in invoices.values()])
    claims = standing_claims(invoices.values())
    answered = answered_money(invoices.values())
    planned = on_a_plan(invoices.values())
    layers = layers_on_days((to, visit.service_date) for visit in visits)
    found = []
    for visit in visits:
        invoice = invoices.get(visit.pk)
        own = claims.get(invoice.pk, ()) if invoice else ()
        paying = tuple(layers.get((to.pk, visit.service_date), ()))
        balance = money[invoice.pk] if invoice else LineBalance()
        posted = answered.get(invoice.pk) if invoice else None
        stops = _stops(visit, to, paying, own, posted)
        if invoice is not None and invoice.pk in planned:
            stops += ("It is part of an open payment plan: end the plan first.",)
        found.append(Candidate(visit, invoice, balance, own, paying, stops))
    return found


def changes_insurer(profile: InsuranceProfile, chosen: Iterable[Candidate]) -> bool:
    """Whether the first insurer of any of these visits would be another one than on ``profile`` (B11.6)."""
    rows = [item for item in chosen if item.layers]
    before = layers_on_days((profile, item.visit.service_date) for item in rows)
    for item in rows:
        was = before.get((profile.pk, item.visit.service_date), [])
        if not was or was[0].policy.payer_id != item.layers[0].policy.payer_id:
            return True
    return False


def live_invoices(visits: Sequence[Appointment]) -> dict[int, Invoice]:
    """The live invoice of each visit that was checked out, by visit key."""
    rows = Invoice.objects.filter(appointment_id__in=[visit.pk for visit in visits]).exclude(
        state=InvoiceState.VOID
    )
    return {row.appointment_id: row for row in rows if row.appointment_id is not None}


def standing_claims(invoices: Iterable[Invoice]) -> dict[int, tuple[Claim, ...]]:
    """The claims of each invoice that are neither replaced nor voided, by invoice key."""
    rows = Claim.objects.filter(invoice_id__in=[invoice.pk for invoice in invoices])
    found: dict[int, tuple[Claim, ...]] = {}
    for claim in (
        rows.exclude(state__in=DEAD_STATES).select_related("payer", "policy").order_by("rank", "part")
    ):
        found[claim.invoice_id] = (*found.get(claim.invoice_id, ()), claim)
    return found


def answered_money(invoices: Iterable[Invoice]) -> dict[int, Decimal]:
    """What insurers paid on each invoice whose answer stands posted (0.00 where it only moved or adjusted)."""
    ids = [invoice.pk for invoice in invoices]
    rows = (
        LedgerEntry.objects.filter(charge__invoice_id__in=ids, txn__kind=TxnKind.ADJUDICATION)
        .filter(txn__reversed_by__isnull=True)
        .values_list("charge__invoice_id", "account", "receipt_id", "amount")
    )
    found: dict[int, Decimal] = {}
    for invoice_id, account, receipt_id, amount in rows:
        assert invoice_id is not None, "filtered by it"
        money = -amount if account.startswith("ar:") and receipt_id and account != "ar:patient" else ZERO
        found[invoice_id] = found.get(invoice_id, ZERO) + money
    return found


def on_a_plan(invoices: Iterable[Invoice]) -> set[int]:
    """Those of the invoices that stand on a payment plan that is still paid."""
    rows = PlanLine.objects.filter(
        charge__invoice_id__in=[invoice.pk for invoice in invoices], plan__state=PlanState.ACTIVE
    )
    return {key for key in rows.values_list("charge__invoice_id", flat=True) if key is not None}


def _stops(
    visit: Appointment,
    to: InsuranceProfile,
    layers: Sequence[Layer],
    claims: Sequence[Claim],
    posted: Decimal | None,
) -> tuple[str, ...]:
    """Why this visit has to stay, each with what to do first (B11.6: greyed with the reason)."""
    found = []
    if not covers(to, visit.service_date) or (to.kind != ProfileKind.SELF_PAY and not layers):
        found.append(f"{to.name} covers nobody on {visit.service_date:%m/%d/%Y}.")
    for claim in claims:
        if claim.state in WITH_PAYER:
            found.append(
                f"Claim {claim.control_number} is {claim.get_state_display().lower()} at {claim.payer_name}: "
                "its answer comes first."
            )
    if posted is not None:
        paid = f"{show_money(posted)} of an insurer" if posted else "An insurer's answer"
        found.append(f"{paid} is posted: undo that posting first, or leave the visit here.")
    return tuple(found)


# --- the guard: a card is added to a profile in use (B11.5) ------------------------------------------


@dataclass(frozen=True, slots=True)
class Touched:
    """One visit on the profile and what the added card would mean for it."""

    visit: Appointment
    invoice: Invoice | None
    balance: LineBalance
    is_covered: bool

    @property
    def outcome(self) -> str:
        """before (its day is not covered), open (not billed yet), waits (an insurer has not answered),
        bill (a balance the card may pay) or zero (nothing left)."""
        if not self.is_covered:
            return "before"
        if self.invoice is None:
            return "open"
        if self.balance.insurer_open > ZERO:
            return "waits"
        return "bill" if self.balance.patient > ZERO else "zero"


@dataclass(frozen=True, slots=True)
class Guard:
    """The three questions of B11.5 answered by data, with money in dollars."""

    rows: tuple[Touched, ...]

    def _of(self, outcome: str) -> tuple[Touched, ...]:
        return tuple(row for row in self.rows if row.outcome == outcome)

    @property
    def before(self) -> tuple[Touched, ...]:
        """Visits the card never pays for."""
        return self._of("before")

    @property
    def to_bill(self) -> tuple[Touched, ...]:
        """Visits with a balance that the card may pay."""
        return self._of("bill")

    @property
    def zero(self) -> tuple[Touched, ...]:
        """Visits inside its dates on which nothing is left: skipped."""
        return self._of("zero")

    @property
    def ahead(self) -> tuple[Touched, ...]:
        """Visits inside its dates that come to it by themselves, after the insurers before."""
        return self._of("waits") + self._of("open")

    @property
    def covered(self) -> int:
        """How many visits are inside the card's dates."""
        return sum(row.is_covered for row in self.rows)

    @property
    def paid_visits(self) -> int:
        """Visits on which an insurer or the patient has paid."""
        return sum((row.balance.paid_by_insurers + row.balance.paid_by_patient) > ZERO for row in self.rows)

    @property
    def paid(self) -> Decimal:
        """What insurers have paid on this profile's visits."""
        return total(row.balance.paid_by_insurers for row in self.rows)

    @property
    def to_bill_amount(self) -> Decimal:
        """What would be asked of the card."""
        return total(row.balance.patient for row in self.to_bill)

    @property
    def maybe_refunded(self) -> Decimal:
        """What patients have paid inside its dates: theirs again as far as the card pays it."""
        return total(row.balance.paid_by_patient for row in self.rows if row.is_covered)


def guard(profile: InsuranceProfile, span: object) -> Guard:
    """What a card with these dates (effective_on, expires_on) would touch on a profile, newest visit first."""
    visits = list(
        Appointment.objects.filter(profile=profile)
        .exclude(state__in=GONE)
        .select_related("appointment_type", "location")
        .order_by("-service_date", "-id")
    )
    out = [visit for visit in visits if visit.state == AppointmentState.CHECKED_OUT]
    invoices = live_invoices(out)
    money = balances.invoices([invoice.pk for invoice in invoices.values()])
    rows = []
    for visit in visits:
        invoice = invoices.get(visit.pk)
        balance = money[invoice.pk] if invoice else LineBalance()
        rows.append(Touched(visit, invoice, balance, covers(span, visit.service_date)))  # type: ignore[arg-type]
    return Guard(tuple(rows))
