"""Move visits to another profile and queue them for re-billing; one undo takes the whole move back (B11.6).

A checked-out visit gets its next invoice: the old one is voided with its claims, the new one is priced and
split for the new insurer, and what the patient had paid is applied to it. Answers that come late for the old
claims therefore never touch the new insurer's money. coverage.py says which visits may go and why others stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing import accounts, checkout, invoicing, ledger, payments, voiding
from billing.fees import FeeRule
from billing.models import Charge, Invoice
from billing.pricing import PricingResult
from billing.trace import Step
from billing.visit_pricing import PricedVisit, price_visit
from claims import corrections, coverage, lifecycle, queue
from claims.coverage import Candidate
from claims.enums import ClaimState
from claims.errors import CannotMove, NothingToClaim
from claims.models import Claim, CoverageMove
from clinics import audit
from clinics.scoping import current_actor
from insurance.models import InsuranceProfile
from lib.dates import local_day
from lib.money import ZERO, total

UNSENT = (*queue.WAITING, ClaimState.REJECTED)


@dataclass(frozen=True, slots=True)
class Options:
    """What the dialog asks (B11.6). Fees kept: charges stay, only who owes them changes.

    ``reset_dunning``: where the first insurer is another one, asking for money begins anew (B12).
    ``billing_note``: the note stands on the claims' timelines and the patient page too.
    """

    rebill: bool = True
    transfer_balance: bool = True
    update_fees: bool = True
    void_old: bool = True
    reset_dunning: bool = True
    billing_note: bool = True


@dataclass(frozen=True, slots=True)
class Preview:
    """One visit before and after, dollars. ``credit`` is what the patient paid more than the new part."""

    candidate: Candidate
    charge_before: Decimal
    charge: Decimal
    insurer: Decimal
    patient: Decimal
    applied: Decimal
    credit: Decimal
    payer: str
    problems: tuple[str, ...]


def preview(
    profile: InsuranceProfile, to: InsuranceProfile, visits: Iterable[str], options: Options
) -> list[Preview]:
    """What the move would do to each chosen visit; nothing is written. Raises CannotMove for one that must stay."""
    return [_look(item, to, options) for item in _chosen(profile, to, visits)]


def move(
    profile: InsuranceProfile,
    to: InsuranceProfile,
    visits: Iterable[str],
    options: Options,
    *,
    at: datetime,
    note: str = "",
) -> CoverageMove:
    """Move the named visits, all or none. Raises CannotMove with what keeps one of them where it is."""
    with transaction.atomic():
        payments.lock_patient_money(profile.patient)
        chosen = _chosen(profile, to, visits)
        problems = [words for item in chosen for words in _look(item, to, options).problems]
        if problems:
            raise CannotMove(problems[0], stops=problems)
        changes = coverage.changes_insurer(profile, chosen)
        before = {item.visit.pk: item.claims for item in chosen}
        items = [_move_one(item, to, options, at) for item in chosen]
        kept: dict[str, Any] = asdict(options)
        if changes and options.reset_dunning:
            kept |= _reset_dunning(profile, at)
        made = CoverageMove.objects.create(
            kind="profile", patient=profile.patient, profile_from=profile, profile_to=to, options=kept,
            note=note.strip()[:300], items=items, created_by=current_actor(),
        )  # fmt: skip
        words = f" {note.strip()}" if options.billing_note else ""
        for claim in Claim.objects.filter(public_id__in=[key for item in items for key in item["claims"]]):
            lifecycle.note(claim, "note", f"Moved from {profile.name}.{words}")
        if words.strip():
            for claim in (claim for claims in before.values() for claim in claims):
                lifecycle.note(claim, "note", f"Visit moved to {to.name}.{words}")
        audit.record(
            "coverage.move", "profile", profile.public_id, reason=note.strip()[:300], to=to.public_id,
            visits=[item["visit"] for item in items], options=asdict(options),
        )  # fmt: skip
    return made


def undo(done: CoverageMove, *, at: datetime, reason: str = "") -> CoverageMove:
    """Take a whole move back: each visit on its old profile with its old invoice, claims that had stood made again.

    Raises CannotMove when a claim has left, an answer is posted, or it was undone before.
    """
    with transaction.atomic():
        row = CoverageMove.objects.select_for_update(of=("self",), no_key=True).get(pk=done.pk)
        if row.undone_at is not None:
            return row
        payments.lock_patient_money(row.patient)
        stops = undo_stops(row)
        if stops:
            raise CannotMove(stops[0], code="cannot_undo", stops=stops)
        for item in row.items:
            if row.kind == "layer":
                _undo_layer(item, row, at)
            else:
                _undo_one(item, row.profile_from, at)
        _restore_dunning(row)
        row.undone_at, row.undone_by = at, current_actor()
        row.save(update_fields=["undone_at", "undone_by"])
        audit.record(
            "coverage.undo",
            "profile",
            row.profile_from.public_id,
            reason=reason.strip()[:300],
            move=row.public_id,
        )
    return row


def undo_stops(row: CoverageMove) -> list[str]:
    """Why a move can no longer be taken back; empty when it can."""
    invoices = list(Invoice.objects.filter(public_id__in=[item["new"] for item in row.items if item["new"]]))
    found = []
    claims = Claim.objects.filter(public_id__in=[key for item in row.items for key in item["claims"]])
    for claim in claims.order_by("pk"):
        if claim.state not in (*UNSENT, ClaimState.VOIDED):
            found.append(f"Claim {claim.control_number} has left ({claim.get_state_display().lower()}).")
    if row.kind == "profile":
        gone = Claim.objects.filter(
            invoice__public_id__in=[item["old"] for item in row.items if item["old"]], frequency=coverage.VOID
        ).exclude(state__in=(*UNSENT, ClaimState.VOIDED, ClaimState.SUPERSEDED))
        found += [f"The void {claim.control_number} has left." for claim in gone]
        found += (
            ["An insurer's answer is posted to a moved visit."] if coverage.answered_money(invoices) else []
        )
        here = Appointment.objects.filter(public_id__in=[item["visit"] for item in row.items])
        if here.exclude(profile=row.profile_to).exists():
            found.append("A visit was moved on since.")
    return found


def _reset_dunning(profile: InsuranceProfile, at: datetime) -> dict[str, Any]:
    """Asking for money begins anew; returns what an undo needs: the level at which it stood, and since when."""
    account = accounts.account_of(profile.patient)
    level, since = account.level, account.level_at
    if not level:
        return {}
    accounts.set_level(account, 0, at)
    return {"level_before": level, "level_at_before": since.isoformat() if since else ""}


def _restore_dunning(row: CoverageMove) -> None:
    """Asking goes on where it stood, as if the move had never been (B12).

    Statements sent meanwhile asked for another insurer's share: they never put the level above both. The
    moment comes back too, so a payment since then still takes the level back at the next statement.
    """
    level = row.options.get("level_before", 0)
    account = accounts.account_of(row.patient) if level else None
    if account is not None and account.level < level:
        since = row.options.get("level_at_before", "")
        accounts.set_level(account, level, datetime.fromisoformat(since) if since else None)


# --- one visit ----------------------------------------------------------------------------------------


def _chosen(profile: InsuranceProfile, to: InsuranceProfile, visits: Iterable[str]) -> list[Candidate]:
    wanted = set(visits)
    if profile.patient_id != to.patient_id:
        raise CannotMove("That profile belongs to another patient.", code="other_patient")
    if profile.pk == to.pk:
        raise CannotMove("Choose another profile than the one the visits are on.", code="same_profile")
    if not wanted:
        raise CannotMove("Choose at least one visit.", code="nothing_chosen")
    list(
        Appointment.objects.select_for_update(of=("self",), no_key=True)
        .filter(public_id__in=wanted)
        .order_by("pk")
    )
    found = coverage.candidates(profile, to, wanted)
    if len(found) != len(wanted):
        raise CannotMove(
            "Some of these visits are not on this profile any more. Reload the page.", code="stale"
        )
    stops = [words for item in found for words in item.stops]
    if stops:
        raise CannotMove(stops[0], stops=stops)
    return found


def _look(item: Candidate, to: InsuranceProfile, options: Options) -> Preview:
    payer = item.layers[0].policy.payer.name if item.layers else "the patient"
    if item.invoice is None:
        return Preview(item, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, payer, ())
    priced = _priced(item, to, options)
    paid = item.balance.paid_by_patient
    return Preview(
        candidate=item, charge_before=item.invoice.total, charge=priced.total, insurer=priced.payer,
        patient=priced.patient, applied=min(paid, priced.patient), credit=max(ZERO, paid - priced.patient),
        payer=payer, problems=checkout.problem_words(priced),
    )  # fmt: skip


def _priced(item: Candidate, to: InsuranceProfile, options: Options) -> PricedVisit:
    """The visit as the new insurer's: its fees or the old ones, its split, or the patient's part as it was."""
    item.visit.profile = to
    fresh = price_visit(item.visit)
    assert item.invoice is not None, "only a checked-out visit is priced again"
    charges = {charge.visit_line_id: charge for charge in item.invoice.charges.all()}
    stays = item.patient_is_responsible and not options.transfer_balance
    if options.update_fees and not stays:
        return fresh
    lines = tuple(
        replace(line, result=_kept(charges[line.line.pk], line.result, options, stays))
        if line.line.pk in charges
        else line
        for line in fresh.lines
    )
    return replace(fresh, lines=lines)


def _kept(old: Charge, new: PricingResult, options: Options, stays: bool) -> PricingResult:
    """One line with its old charge, or its old patient part, or both; the trace says so."""
    if options.update_fees and new.billable:
        assert new.charge is not None, "billable"
        charge, said = new.charge, "the patient's part stays as it was"
        patient = min(old.patient_part, charge)
        made = new
    else:
        charge, said = old.amount, "the fee stays as it was billed before the move"
        everything = new.patient is None or new.patient == new.charge
        patient = old.patient_part if stays else charge if everything else min(new.patient or ZERO, charge)
        made = as_it_was(old)
    step = Step("B11.6", {"charge": str(charge), "patient_before": str(old.patient_part)}, str(patient), said)
    modifiers = new.modifiers if new.billable else tuple(old.modifiers)
    return replace(
        made,
        charge=charge,
        patient=patient,
        payer=charge - patient,
        modifiers=modifiers,
        trace=(*made.trace, step),
    )


def as_it_was(old: Charge) -> PricingResult:
    """A charge of a frozen invoice as the result that made it."""
    return PricingResult(
        transition=True, problems=(), rule=FeeRule(old.rule), fee=old.unit_fee, quantity=old.units,
        charge=old.amount, modifiers=tuple(old.modifiers), patient=old.patient_part,
        payer=old.amount - old.patient_part, findings=(), trace=tuple(Step(**step) for step in old.trace),
    )  # fmt: skip


def _move_one(item: Candidate, to: InsuranceProfile, options: Options, at: datetime) -> dict[str, Any]:
    visit, old, before = item.visit, item.invoice, item.balance
    if old is None:
        _put(visit, to)
        return _item(visit, "", "", [], False)
    priced = _priced(item, to, options)
    was_claimed = any(claim.state in UNSENT for claim in item.claims)
    decided = [claim.public_id for claim in item.claims if claim.state in coverage.DECIDED]
    _release(item.claims, f"Moved to {to.name}", at, void=item.to_void if options.void_old else ())
    new = _issue_again(visit, old, to, priced, before.paid_by_patient, at)
    claims = _claim_again(new, at) if options.rebill else []
    return _item(visit, old.public_id, new.public_id, claims, was_claimed) | {"decided": decided}


def _undo_one(item: dict[str, Any], back: InsuranceProfile, at: datetime) -> None:
    """The new invoice ends, the old one stands again as it was, with the claims that a payer had decided."""
    visit = Appointment.objects.select_related("location").get(public_id=item["visit"])
    if not item["new"]:
        _put(visit, back)
        return
    old = Invoice.objects.select_related("location", "patient").get(public_id=item["old"])
    new = Invoice.objects.get(public_id=item["new"])
    standing = coverage.standing_claims([new, old])
    words = f"Back to {back.name}"
    for claim in (*standing.get(new.pk, ()), *standing.get(old.pk, ())):
        if claim.state in UNSENT:
            queue.discard(claim, words)
    out_at = visit.checked_out_at or at
    voiding.void_invoice(new.public_id, reason=words, at=at, issued_again=True)
    voiding.revive(old, reason=words, at=at)
    old.refresh_from_db()
    for claim in Claim.objects.filter(public_id__in=item["decided"], state=ClaimState.SUPERSEDED):
        lifecycle.move(claim, ClaimState.ADJUDICATED, text=words)
    _put(visit, back)
    Appointment.objects.filter(pk=visit.pk).update(state=AppointmentState.CHECKED_OUT, checked_out_at=out_at)
    if item["was_claimed"]:
        _claim_again(old, at)


def _undo_layer(item: dict[str, Any], row: CoverageMove, at: datetime) -> None:
    txn = ledger.find(item["txn"])
    assert txn is not None, "the move posted it"
    invoice = Invoice.objects.select_related("location").get(public_id=item["old"])
    for claim in Claim.objects.filter(public_id__in=item["claims"], state__in=UNSENT):
        lifecycle.move(claim, ClaimState.VOIDED, text="The card found later is not billed after all")
    day = local_day(at, invoice.location.time_zone)
    ledger.reverse(txn, key=f"undo:{txn.public_id}", on=day, reason="Billed to a card found later: undone")
    invoicing.settle([invoice.pk])


def _issue_again(
    visit: Appointment, old: Invoice, to: InsuranceProfile, priced: PricedVisit, paid: Decimal, at: datetime
) -> Invoice:
    """Void the invoice, freeze the next one under ``to``, use what the patient had paid."""
    out_at = visit.checked_out_at or at
    voiding.void_invoice(old.public_id, reason=f"Moved to {to.name}", at=at, issued_again=True)
    _put(visit, to)
    today = local_day(at, visit.location.time_zone)
    new = invoicing.issue(visit, priced, at=at, today=today)
    checkout.count_authorizations(visit, new)
    Appointment.objects.filter(pk=visit.pk).update(state=AppointmentState.CHECKED_OUT, checked_out_at=out_at)
    if paid > ZERO:
        payments.apply_credit(
            visit.patient, list(new.charges.all()), paid, today=today, key=f"moved:{new.public_id}"
        )
    invoicing.settle([new.pk])
    new.refresh_from_db()
    return new


def _release(claims: Sequence[Claim], words: str, at: datetime, *, void: Sequence[Claim]) -> None:
    """The old insurer's claims: given up where they never left, replaced where it had decided (void 8 if asked)."""
    for claim in claims:
        if claim.state in UNSENT:
            queue.discard(claim, words)
        elif claim in void:
            day = local_day(at, claim.location.time_zone)
            corrections.duplicate(claim, coverage.VOID, words, today=day)
        elif claim.state in coverage.DECIDED:
            lifecycle.move(claim, ClaimState.SUPERSEDED, text=words)


def _claim_again(invoice: Invoice, at: datetime) -> list[str]:
    today = local_day(at, invoice.location.time_zone)
    try:
        return [queue.make_ready_or_queue(invoice, today).public_id]
    except NothingToClaim:
        return []


def _put(visit: Appointment, profile: InsuranceProfile) -> None:
    """The visit stands on the profile."""
    Appointment.objects.filter(pk=visit.pk).update(profile=profile, version=visit.version + 1)
    visit.version += 1
    visit.profile = profile


def _item(visit: Appointment, old: str, new: str, claims: list[str], was_claimed: bool) -> dict[str, Any]:
    return {"visit": visit.public_id, "old": old, "new": new, "claims": claims, "was_claimed": was_claimed}


def sums(looks: Sequence[Preview]) -> dict[str, Decimal]:
    """The preview's bottom line, dollars."""
    return {
        "before": total(look.charge_before for look in looks),
        "charge": total(look.charge for look in looks),
        "insurer": total(look.insurer for look in looks),
        "patient": total(look.patient - look.applied for look in looks),
        "credit": total(look.credit for look in looks),
    }
