"""What a profile still lacks before its visits can be billed (B14: profile complete). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from insurance.enums import ProfileKind, Relationship
from insurance.models import InsuranceProfile, Layer, Policy
from patients.models import Patient
from patients.requirements import Missing, missing_to_bill


def missing_of_policy(policy: Policy) -> list[Missing]:
    """A card's gaps: 2000B SBR02 and, where the patient is not the holder, 2010BA need them."""
    payer = policy.payer.name
    missing = []
    if not policy.relationship:
        missing.append(Missing("relationship", f"{payer}: needs relationship to holder", "front desk"))
    elif policy.relationship != Relationship.SELF:
        if not policy.holder_birth_date:
            missing.append(Missing("holder_birth_date", f"{payer}: needs holder's DOB", "front desk"))
        if not policy.holder_sex:
            missing.append(Missing("holder_sex", f"{payer}: needs holder's sex", "front desk"))
    return missing


def missing_of_profile(profile: InsuranceProfile, layers: Sequence[Layer]) -> list[Missing]:
    """What the profile lacks on a day whose layers in force are given; nothing for self-pay."""
    if profile.kind == ProfileKind.SELF_PAY:
        return []
    if not layers:
        return [Missing("layers", "No coverage on this date", "front desk")]
    missing = [item for layer in layers for item in missing_of_policy(layer.policy)]
    if profile.kind in (ProfileKind.WORK_COMP, ProfileKind.AUTO) and not profile.accident_on:
        missing.append(Missing("accident_on", "Needs date of accident", "biller"))
    if profile.kind == ProfileKind.AUTO and not profile.accident_state:
        missing.append(Missing("accident_state", "Needs state of accident", "biller"))
    return missing


def missing_for_claim(patient: Patient, profile: InsuranceProfile, layers: Sequence[Layer]) -> list[Missing]:
    """The whole billing set of B14: patient and profile; a self-pay visit needs none of it."""
    if profile.kind == ProfileKind.SELF_PAY:
        return []
    return missing_to_bill(patient) + missing_of_profile(profile, layers)
