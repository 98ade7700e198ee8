"""Payers, cards and profiles; what payers said about them; authorizations; enrollment."""

from insurance.models.authorizations import Authorization
from insurance.models.card_images import CardImage
from insurance.models.coverage import ContractRate, InsuranceProfile, Layer, Payer, Plan, Policy
from insurance.models.eligibility import EligibilityCheck, EligibilityRequest
from insurance.models.enrollment import Enrollment

__all__ = [
    "Authorization",
    "CardImage",
    "ContractRate",
    "EligibilityCheck",
    "EligibilityRequest",
    "Enrollment",
    "InsuranceProfile",
    "Layer",
    "Payer",
    "Plan",
    "Policy",
]
