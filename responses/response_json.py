"""An answer as /api/v1/ tells it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from responses.models import ClaimResponse


class Money(serializers.DecimalField):
    """Dollars with two places, as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, coerce_to_string=True, **kwargs)


class ResponseSerializer(serializers.ModelSerializer):
    """One claim of a remittance with its decision and plan."""

    id = serializers.CharField(source="public_id", read_only=True)
    remittance = serializers.CharField(source="remittance.public_id", read_only=True)
    claim = serializers.CharField(source="claim.public_id", read_only=True, default=None)
    charged = Money()
    allowed = Money()
    paid = Money()
    contractual = Money()
    other_adjustment = Money()
    patient_responsibility = Money()
    expected_allowed = Money()
    variance = Money()

    class Meta:
        model = ClaimResponse
        fields = [
            "id", "remittance", "claim", "control_number", "status_code", "payer_claim_number", "charged", "allowed",
            "paid", "contractual", "other_adjustment", "patient_responsibility", "expected_allowed", "variance",
            "match_quality", "match_reason", "state", "codes", "plan", "next_payer", "patient_name", "service_date",
            "assignee", "hold_reason", "posted_at", "posted_by",
        ]  # fmt: skip
