"""Which connection carries a payer's claims."""

from __future__ import annotations

from django.db import models

from clinics.fields import TenantForeignKey
from clinics.tenancy import TenantModel


class PayerRoute(TenantModel):
    """A payer's claims go over this connection; a payer without a row goes over the clinic's first active one."""

    payer = TenantForeignKey("insurance.Payer", models.CASCADE, related_name="routes")
    connection = TenantForeignKey("clearinghouses.Connection", models.CASCADE, related_name="routes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "payer"], name="payer_route_once")]
