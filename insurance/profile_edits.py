"""Changes of profiles: make, order, add a layer, expire, Default/Active/Inactive, delete (rules.md B11.3 to B11.5).

A profile that visits stand on is never re-ordered or emptied; a layer is added to it only with its
own dates, and bills only visits inside them. The usual answer to new coverage is a new profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from clinics import audit
from insurance.enums import ProfileKind, ProfileStatus
from insurance.errors import BadCoverage, ProfileInUse, ProfileRefused
from insurance.hooks import VISITS_ON, VisitUse
from insurance.models import InsuranceProfile, Layer, Policy
from insurance.profiles import ensure_self_pay
from lib.questions import Unanswered
from patients.address import STATES
from patients.models import Patient

POSITIONS = 3
DETAILS = ("accident_on", "accident_state", "accident_claim_number", "employer")


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One payer's place: the card and the days it is billed for; empty dates are the card's own."""

    policy: Policy
    effective_on: date | None = None
    expires_on: date | None = None


def create_profile(
    patient: Patient,
    *,
    name: str,
    layers: Sequence[LayerSpec],
    kind: str = ProfileKind.STANDARD,
    effective_on: date | None = None,
    expires_on: date | None = None,
    make_default: bool = True,
    seen: str | None = None,
    **details: Any,
) -> InsuranceProfile:
    """A new profile with its cards in order of responsibility; Default unless told otherwise (``seen``: set_default).

    New coverage always means a new profile (B11.3); the old one stays for the visits on it.
    """
    if kind == ProfileKind.SELF_PAY:
        raise ProfileRefused("Every patient has a self-pay profile already.", code="self_pay_exists")
    _check_profile(name, effective_on, expires_on, details)
    with transaction.atomic():
        _lock(patient)
        ensure_self_pay(patient)
        profile = InsuranceProfile.objects.create(
            patient=patient, name=name.strip(), kind=kind, effective_on=effective_on, expires_on=expires_on,
            **{field: details.get(field) or (None if field == "accident_on" else "") for field in DETAILS},
        )  # fmt: skip
        _write_layers(profile, layers)
        audit.record("profile.create", "profile", profile.public_id, name=profile.name, layers=_said(profile))
        return set_default(profile, seen=seen) if make_default else profile


def copy_layers(profile: InsuranceProfile, since: date) -> list[LayerSpec]:
    """ "From Existing": the unchanged layers of another profile that are still good on ``since``."""
    return [
        LayerSpec(layer.policy, max(layer.effective_on, since), layer.expires_on)
        for layer in profile.layers.select_related("policy")
        if layer.expires_on is None or layer.expires_on >= since
    ]


def continue_profile(
    source: InsuranceProfile,
    since: date,
    changed: Mapping[int, LayerSpec],
    *,
    end_source: bool = True,
    **fields: Any,
) -> InsuranceProfile:
    """ "From Existing" in one step (B11.3): the cards still good on ``since`` in their places, those of ``changed``
    instead of theirs; the old profile ends the day before. ``fields`` are create_profile's.
    """
    _refuse_self_pay(source)
    places = {
        layer.position: LayerSpec(layer.policy, max(layer.effective_on, since), layer.expires_on)
        for layer in source.layers.select_related("policy")
        if layer.expires_on is None or layer.expires_on >= since
    } | dict(changed)
    with transaction.atomic():
        if end_source:
            end_before(source, since)
        return create_profile(
            source.patient, layers=[places[place] for place in sorted(places)], effective_on=since,
            **{"kind": source.kind, **fields},
        )  # fmt: skip


def end_before(profile: InsuranceProfile, day: date) -> None:
    """The whole profile covers nothing from ``day`` on."""
    first = profile.layers.select_related("policy").first()
    if first is not None:
        expire_policy(first.policy, profile, day - timedelta(days=1))


def set_layers(profile: InsuranceProfile, layers: Sequence[LayerSpec]) -> InsuranceProfile:
    """Put the cards of a profile that no visit uses yet in this order of responsibility."""
    _refuse_self_pay(profile)
    visits = visits_of(profile)
    if visits:
        raise ProfileInUse(
            f"{len(visits)} visits stand on this profile, so its order stays. Create a new profile.",
            visits=len(visits),
        )
    before = _said(profile)
    with transaction.atomic():
        profile.layers.all().delete()
        _write_layers(profile, layers)
    audit.record("profile.order", "profile", profile.public_id, before=before, after=_said(profile))
    return profile


def touched_visits(
    profile: InsuranceProfile, effective_on: date, expires_on: date | None = None
) -> list[VisitUse]:
    """The visits on this profile that a layer with these dates would be billed for."""
    return [
        visit
        for visit in visits_of(profile)
        if visit.day >= effective_on and (expires_on is None or visit.day <= expires_on)
    ]


def add_layer(
    profile: InsuranceProfile,
    policy: Policy,
    *,
    position: int | None = None,
    effective_on: date | None = None,
    expires_on: date | None = None,
    verified: str = "",
) -> Layer:
    """Add a card to a profile. One in use asks for the day from which it pays (B11.5).

    ``verified`` says who confirmed the coverage and how; needed when visits are inside its dates.
    """
    _refuse_self_pay(profile)
    visits = visits_of(profile)
    if visits and effective_on is None:
        raise ProfileInUse(
            f"{len(visits)} visits stand on this profile. Say from which day the new card pays, or create a new "
            "profile.",
            code="effective_date_needed",
            visits=len(visits),
        )
    spec = LayerSpec(policy, effective_on, expires_on)
    starts = effective_on or policy.effective_on
    touched = touched_visits(profile, starts, expires_on) if visits else []
    if touched and not verified.strip():
        raise ProfileInUse(
            f"{len(touched)} of {len(visits)} visits on this profile would be billed to it. Say who verified the "
            "coverage for those dates, or create a new profile.",
            code="verification_needed",
            visits=len(visits),
            touched=len(touched),
        )
    layer = _write_layer(profile, spec, position or _next_position(profile, starts))
    audit.record(
        "profile.add_layer", "profile", profile.public_id, reason=verified.strip()[:300], position=layer.position,
        payer=policy.payer.name, effective_on=layer.effective_on.isoformat(), touched=len(touched),
    )  # fmt: skip
    return layer


def expire_policy(policy: Policy, profile: InsuranceProfile, on: date, *, whole_profile: bool = True) -> None:
    """End a card's coverage on ``on``: the whole profile by default, or only this card's layer (B11.4)."""
    layers = list(profile.layers.all())
    ending = layers if whole_profile else [layer for layer in layers if layer.policy_id == policy.pk]
    if not any(layer.policy_id == policy.pk for layer in layers):
        raise ProfileRefused("This card is not on this profile.", code="not_on_profile")
    for layer in ending:
        if on < layer.effective_on:
            raise BadCoverage(
                f"It cannot end before it starts on {layer.effective_on:%m/%d/%Y}.",
                fields={"expires_on": ["Too early."]},
            )
    with transaction.atomic():
        for layer in ending:
            if layer.expires_on is None or layer.expires_on > on:
                layer.expires_on = on
                layer.save(update_fields=["expires_on"])
        if whole_profile:
            profile.expires_on = on
            profile.save(update_fields=["expires_on"])
    audit.record(
        "profile.expire",
        "profile",
        profile.public_id,
        on=on.isoformat(),
        whole=whole_profile,
        card=policy.public_id,
    )


def set_default(profile: InsuranceProfile, *, seen: str | None = None) -> InsuranceProfile:
    """Make this the one Default; the old Default becomes Active.

    ``seen`` is the public id of the Default that the person looked at while deciding; where another desk has made
    another one the Default meanwhile, the second is refused and nothing is changed (code default_changed).
    """
    with transaction.atomic():
        _lock(profile.patient)
        profile.refresh_from_db(fields=["status"])
        if profile.status == ProfileStatus.DEFAULT:
            return profile
        others = InsuranceProfile.objects.filter(patient=profile.patient, status=ProfileStatus.DEFAULT)
        now = others.first()
        if seen and (now is None or now.public_id != seen):
            raise ProfileRefused(
                f"Somebody else just made {now.name if now else 'another profile'} the Default. Look again and decide.",
                code="default_changed",
            )
        others.update(status=ProfileStatus.ACTIVE)
        _set_status(profile, ProfileStatus.DEFAULT)
    return profile


def set_active(profile: InsuranceProfile) -> InsuranceProfile:
    """Active: can be chosen for a visit. The Default stays Default until another one is."""
    _refuse_default(profile)
    return _set_status(profile, ProfileStatus.ACTIVE)


def set_inactive(profile: InsuranceProfile) -> InsuranceProfile:
    """Inactive: takes no more visits. Refused while a visit on it is not closed (B11.4)."""
    _refuse_self_pay(profile)
    _refuse_default(profile)
    still_open = [visit for visit in visits_of(profile) if not visit.is_closed]
    if still_open:
        raise ProfileInUse(
            f"{len(still_open)} visits on this profile are not closed, the first of {still_open[0].day:%m/%d/%Y}. "
            "It stays active until they are.",
            open=len(still_open),
        )
    return _set_status(profile, ProfileStatus.INACTIVE)


def delete_profile(profile: InsuranceProfile, reason: str) -> None:
    """Delete a profile that no visit ever used; its cards go to the holding area (B11.4)."""
    _refuse_self_pay(profile)
    _refuse_default(profile)
    if not reason.strip():
        raise BadCoverage("Say why this profile is deleted.", fields={"reason": ["Say why."]})
    visits = visits_of(profile)
    if visits:
        raise ProfileInUse(
            f"{len(visits)} visits stand on this profile; it cannot be deleted.", visits=len(visits)
        )
    audit.record(
        "profile.delete", "profile", profile.public_id, reason=reason.strip()[:300], layers=_said(profile)
    )
    profile.delete()


def visits_of(profile: InsuranceProfile) -> list[VisitUse]:
    """The visits on a profile, asked of the rooms above; refuses where nobody can tell."""
    try:
        return VISITS_ON.ask([profile.pk]).get(profile.pk, [])
    except Unanswered as error:
        raise ProfileRefused("Nobody can tell which visits use this profile.", code="unanswered") from error


def _write_layers(profile: InsuranceProfile, layers: Sequence[LayerSpec]) -> None:
    if not 1 <= len(layers) <= POSITIONS:
        raise BadCoverage(
            "A profile has one to three cards.", fields={"layers": ["Choose the first insurance."]}
        )
    if len({spec.policy.pk for spec in layers}) < len(layers):
        raise BadCoverage(
            "The same card cannot pay twice.", fields={"layers": ["The same card is there twice."]}
        )
    for position, spec in enumerate(layers, start=1):
        _write_layer(profile, spec, position)


def _write_layer(profile: InsuranceProfile, spec: LayerSpec, position: int) -> Layer:
    if spec.policy.patient_id != profile.patient_id:
        raise ProfileRefused("This card belongs to another patient.", code="other_patient")
    if not 1 <= position <= POSITIONS:
        raise ProfileRefused("A profile has three places, and all three are taken.", code="no_place")
    starts = spec.effective_on or max(
        spec.policy.effective_on, profile.effective_on or spec.policy.effective_on
    )
    ends = spec.expires_on or spec.policy.expires_on
    if profile.expires_on is not None and (ends is None or ends > profile.expires_on):
        ends = profile.expires_on
    if ends is not None and ends < starts:
        raise BadCoverage(
            f"{spec.policy.payer.name} would end before it starts.",
            fields={"expires_on": ["Ends before it starts."]},
        )
    clash = [
        other
        for other in profile.layers.filter(position=position)
        if (ends is None or other.effective_on <= ends)
        and (other.expires_on is None or other.expires_on >= starts)
    ]
    if clash:
        raise ProfileRefused(
            f"Place {position} is taken from {clash[0].effective_on:%m/%d/%Y}. End that card first.",
            code="place_taken",
        )
    return Layer.objects.create(
        profile=profile, policy=spec.policy, position=position, effective_on=starts, expires_on=ends
    )


def _next_position(profile: InsuranceProfile, day: date) -> int:
    taken = [
        layer.position
        for layer in profile.layers.all()
        if layer.expires_on is None or layer.expires_on >= day
    ]
    return max(taken, default=0) + 1


def _check_profile(name: str, starts: date | None, ends: date | None, details: dict[str, Any]) -> None:
    unknown = set(details) - set(DETAILS)
    assert not unknown, f"no such details of a profile: {unknown}"
    if not name.strip():
        raise BadCoverage("Give the profile a name.", fields={"name": ["Give the profile a name."]})
    if starts and ends and ends < starts:
        raise BadCoverage(
            "It cannot end before it starts.", fields={"expires_on": ["Ends before it starts."]}
        )
    state = details.get("accident_state") or ""
    if state and state not in STATES:
        raise BadCoverage(
            f"{state} is not a US state.", fields={"accident_state": ["Use two letters, such as IL."]}
        )


def _refuse_self_pay(profile: InsuranceProfile) -> None:
    if profile.kind == ProfileKind.SELF_PAY:
        raise ProfileRefused("The self-pay profile is always there and has no cards.", code="self_pay")


def _refuse_default(profile: InsuranceProfile) -> None:
    _lock(profile.patient)
    profile.refresh_from_db(fields=["status"])  # another profile may have become the Default meanwhile
    if profile.status == ProfileStatus.DEFAULT:
        raise ProfileRefused(
            "This is the Default. Make another profile the Default first.", code="is_default"
        )


def _set_status(profile: InsuranceProfile, status: ProfileStatus) -> InsuranceProfile:
    before, profile.status = profile.status, status
    profile.save(update_fields=["status"])
    audit.record("profile.status", "profile", profile.public_id, before=before, after=status.value)
    return profile


def _lock(patient: Patient) -> None:
    """One change of a patient's profiles at a time: there is exactly one Default."""
    Patient.objects.select_for_update().get(pk=patient.pk)


def _said(profile: InsuranceProfile) -> list[str]:
    return [
        f"{layer.position}. {layer.policy.payer.name} from {layer.effective_on.isoformat()}"
        for layer in profile.layers.select_related("policy__payer")
    ]
