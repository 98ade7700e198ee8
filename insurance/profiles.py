"""Insurance profiles: who pays in which order on which dates (rules.md B11).

Registration comes before (every patient gets a self-pay profile); booking, pricing and claims come
after and ask ``profile_for`` and ``layers_on``. Changes of what pays are in profile_edits.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import Prefetch, Q

from clinics.lookups import Keys
from insurance.coverage import Chosen, ProfileView, choose, covers, in_order_on
from insurance.enums import ProfileKind, ProfileStatus
from insurance.models import InsuranceProfile, Layer, Policy
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """The profile a visit takes on a day, why, and a chip when a person should look."""

    profile: InsuranceProfile
    because: str
    chip: str


def ensure_self_pay(patient: Patient) -> InsuranceProfile:
    """The patient's self-pay profile; made with the patient, Default until there is coverage (B11.1)."""
    found = InsuranceProfile.objects.filter(patient=patient, kind=ProfileKind.SELF_PAY).first()
    if found is not None:
        return found
    has_default = InsuranceProfile.objects.filter(patient=patient, status=ProfileStatus.DEFAULT).exists()
    status = ProfileStatus.ACTIVE if has_default else ProfileStatus.DEFAULT
    return InsuranceProfile.objects.create(
        patient=patient, name="Self-pay", kind=ProfileKind.SELF_PAY, status=status
    )


def forget_self_pay(patient: Patient) -> None:
    """An import of this patient is undone: its unused self-pay profile goes; anything more keeps the patient."""
    InsuranceProfile.objects.filter(patient=patient, kind=ProfileKind.SELF_PAY).delete()


def layers_on(profile: InsuranceProfile, day: date) -> list[Layer]:
    """The layers in force on a day in order of responsibility, with policy, payer and plan at hand.

    In force = inside the dates of the profile, the layer and the card; nobody else is ever billed.
    """
    rows = Layer.objects.filter(_open_on(day), profile=profile, effective_on__lte=day)
    rows = rows.select_related("policy__payer", "policy__plan")
    return in_order_on([(layer, layer.policy) for layer in rows], profile, day)


def layers_on_days(pairs: Iterable[tuple[InsuranceProfile, date]]) -> dict[tuple[int, date], list[Layer]]:
    """``layers_on`` for many profiles and days in one query (lists)."""
    wanted = {(profile.pk, day): profile for profile, day in pairs}
    rows = Layer.objects.filter(profile_id__in={profile_id for profile_id, _ in wanted})
    by_profile: dict[int, list[Layer]] = {}
    for layer in rows.select_related("policy__payer", "policy__plan"):
        by_profile.setdefault(layer.profile_id, []).append(layer)
    return {
        key: in_order_on([(layer, layer.policy) for layer in by_profile.get(key[0], [])], profile, key[1])
        for key, profile in wanted.items()
    }


class _Span(NamedTuple):
    effective_on: date | None
    expires_on: date | None


class _Place(NamedTuple):
    effective_on: date | None
    expires_on: date | None
    position: int
    payer_id: int


def payers_on_days(pairs: Iterable[tuple[int, date]]) -> dict[tuple[int, date], dict[int, int]]:
    """Who is asked in which place, by (profile key, day): ``layers_on`` as keys of payers, two queries for all."""
    wanted = set(pairs)
    keys = {profile_id for profile_id, _ in wanted}
    profiles = {
        key: _Span(*span)
        for key, *span in InsuranceProfile.objects.filter(pk__any_of=Keys(keys)).values_list(
            "pk", "effective_on", "expires_on"
        )
    }
    places: dict[int, list[tuple[_Place, _Span]]] = {}
    for key, start, end, position, payer_id, card_start, card_end in Layer.objects.filter(
        profile_id__any_of=Keys(keys)
    ).values_list(
        "profile_id", "effective_on", "expires_on", "position", "policy__payer_id", "policy__effective_on",
        "policy__expires_on",
    ):  # fmt: skip
        places.setdefault(key, []).append(
            (_Place(start, end, position, payer_id), _Span(card_start, card_end))
        )
    return {
        (key, day): {
            place.position: place.payer_id for place in in_order_on(places.get(key, []), profiles[key], day)
        }
        for key, day in wanted
        if key in profiles
    }


def profile_for(patient: Patient, day: date) -> ProfileChoice:
    """B11.4: the Default if in force, else the one active standard profile that is, else self-pay with a chip."""
    ensure_self_pay(patient)
    profiles = {profile.pk: profile for profile in of_patient(patient)}
    chosen: Chosen = choose([_view(profile, day) for profile in profiles.values()])
    return ProfileChoice(profiles[chosen.id], chosen.because, chosen.chip)


def is_in_force(profile: InsuranceProfile, day: date) -> bool:
    """Whether a visit on ``day`` may stand on this profile: not inactive, dates fit, somebody pays."""
    if profile.status == ProfileStatus.INACTIVE or not covers(profile, day):
        return False
    return profile.kind == ProfileKind.SELF_PAY or bool(layers_on(profile, day))


def default_of(patient: Patient) -> InsuranceProfile | None:
    """The profile that new visits take; None where there is none yet."""
    return InsuranceProfile.objects.filter(patient=patient, status=ProfileStatus.DEFAULT).first()


def of_patient(patient: Patient) -> list[InsuranceProfile]:
    """All profiles with layers, cards, payers and plans: Default first, self-pay and inactive ones last."""
    layers = Layer.objects.select_related("policy__payer", "policy__plan").order_by(
        "position", "effective_on"
    )
    rows = InsuranceProfile.objects.filter(patient=patient).prefetch_related(
        Prefetch("layers", queryset=layers)
    )
    order = {ProfileStatus.DEFAULT.value: 0, ProfileStatus.ACTIVE.value: 1, ProfileStatus.INACTIVE.value: 2}
    return sorted(rows, key=lambda row: (order[row.status], row.kind == ProfileKind.SELF_PAY, -row.pk))


def holding_area(patient: Patient) -> list[Policy]:
    """Cards that are on no profile and so are never billed."""
    return list(
        Policy.objects.filter(patient=patient, layers__isnull=True)
        .select_related("payer", "plan")
        .order_by("-id")
    )


def active_policies(patient: Patient, day: date) -> list[tuple[Layer, InsuranceProfile]]:
    """The "Active Policies" panel: each layer in force today with its profile, the Default's first."""
    found = []
    for profile in of_patient(patient):
        if profile.status != ProfileStatus.INACTIVE:
            paying = in_order_on([(layer, layer.policy) for layer in profile.layers.all()], profile, day)
            found += [(layer, profile) for layer in paying]
    return found


def _view(profile: InsuranceProfile, day: date) -> ProfileView:
    pays = bool(in_order_on([(layer, layer.policy) for layer in profile.layers.all()], profile, day))
    is_usable = profile.status != ProfileStatus.INACTIVE and covers(profile, day)
    return ProfileView(profile.pk, profile.kind, profile.status, is_usable, pays)


def _open_on(day: date) -> Q:
    return Q(expires_on__isnull=True) | Q(expires_on__gte=day)
