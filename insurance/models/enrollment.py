"""What a payer has let us do over a connection (B14): file claims, be told of payments, ask, be paid."""

from __future__ import annotations

from django.db import models

from clinics.fields import TenantForeignKey
from clinics.tenancy import PublicModel
from insurance.enums import EnrollmentKind, EnrollmentState


class Enrollment(PublicModel):
    """One kind of exchange with one payer over one connection, and how far its enrollment is."""

    payer = TenantForeignKey("insurance.Payer", models.CASCADE, related_name="enrollments")
    connection = TenantForeignKey("clearinghouses.Connection", models.CASCADE, related_name="enrollments")
    kind = models.CharField(max_length=4, choices=EnrollmentKind.choices)
    state = models.CharField(max_length=8, choices=EnrollmentState.choices, default=EnrollmentState.ASKED)
    since = models.DateField()  # the day it came into this state
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="enrollment_public_id"),
            models.UniqueConstraint(fields=["clinic", "payer", "connection", "kind"], name="enrollment_once"),
        ]
