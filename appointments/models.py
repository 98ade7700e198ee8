"""The catalogue of services and the visits that use it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from appointments.enums import AppointmentState, LineOrigin, ServiceKind, UseState
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class Service(PublicModel):
    """What can be done and charged. The code is the user's own entry: no code list is shipped."""

    code = models.CharField(max_length=8)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=ServiceKind.choices, default=ServiceKind.INDIVIDUAL)
    bill_patient_directly = models.BooleanField(default=False)
    # Duration-based quantity B17.4; empty rounding = always one unit.
    interval_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    rounding = models.CharField(max_length=4, blank=True)
    min_units = models.DecimalField(max_digits=7, decimal_places=3, default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="service_public_id"),
            models.UniqueConstraint(fields=["clinic", "code", "name"], name="service_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ServicePrice(TenantModel):
    """A default price from a date on (B17.3 order 6)."""

    service = TenantForeignKey(Service, models.CASCADE, related_name="prices")
    effective_on = models.DateField()
    price = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "service", "effective_on"], name="service_price_once"),
            models.CheckConstraint(condition=Q(price__gte=0), name="service_price_not_negative"),
        ]


class AppointmentType(PublicModel):
    """A kind of visit; SALT copies only between visits of the same type (B1)."""

    name = models.CharField(max_length=60)
    minutes = models.PositiveSmallIntegerField(default=30)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="appointment_type_public_id"),
            models.UniqueConstraint(fields=["clinic", "name"], name="appointment_type_once"),
        ]

    def __str__(self) -> str:
        return self.name


class AppointmentStatus(TenantModel):
    """A word an admin uses for a state, with what it does to the charge (B2, B17.2)."""

    name = models.CharField(max_length=40)
    state = models.CharField(max_length=20, choices=AppointmentState.choices)
    transition = models.BooleanField(default=False)
    cancellation_fee = MoneyField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "name"], name="appointment_status_once")]

    @property
    def showed_up(self) -> bool:
        """True only for statuses of completed visits (B2)."""
        return self.state in (AppointmentState.COMPLETE, AppointmentState.CHECKED_OUT)


class Appointment(PublicModel):
    """One visit of one patient, from booking to check-out. Its profile says who pays."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="appointments")
    location = TenantForeignKey("clinics.Location", models.PROTECT, related_name="appointments")
    clinician = TenantForeignKey("clinics.Clinician", models.PROTECT, related_name="appointments")
    appointment_type = TenantForeignKey(AppointmentType, models.PROTECT, related_name="appointments")
    profile = TenantForeignKey("insurance.InsuranceProfile", models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField()
    service_date = models.DateField()  # the day at the location; never derived again from starts_at
    minutes = models.PositiveSmallIntegerField(default=30)
    state = models.CharField(
        max_length=20, choices=AppointmentState.choices, default=AppointmentState.SCHEDULED
    )
    # The admin's word for the state (B2); empty = the state's own word, which never charges a missed visit.
    status = TenantForeignKey(AppointmentStatus, models.PROTECT, null=True, blank=True, related_name="+")
    override_price = MoneyField(null=True, blank=True)
    # The patient pays in full and asked that the insurer is not told (45 CFR 164.522(a)(1)(vi)).
    self_pay_request = models.BooleanField(default=False)
    # Visits that were booked together repeat under one public id (booking.repeat).
    series = models.CharField(max_length=16, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # Dates of current illness and accident (Treatment tab).
    onset_on = models.DateField(null=True, blank=True)
    initial_treatment_on = models.DateField(null=True, blank=True)
    last_menstrual_on = models.DateField(null=True, blank=True)
    accident_on = models.DateField(null=True, blank=True)
    accident_kind = models.CharField(max_length=2, blank=True)  # AA, EM, OA (CLM11)
    accident_state = models.CharField(max_length=2, blank=True)
    # Up to twelve ICD-10-CM codes without the dot, first is primary; lines point by 1-based place.
    diagnoses = ArrayField(models.CharField(max_length=8), default=list)
    diagnosis_labels = models.JSONField(default=dict)
    place_of_service = models.CharField(max_length=2, blank=True)  # empty = the location's
    authorization_number = models.CharField(max_length=30, blank=True)
    salt_from = models.DateField(null=True, blank=True)  # provenance "SALT from 2026-03-04"
    checked_out_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="appointment_public_id"),
            models.CheckConstraint(
                condition=Q(override_price__isnull=True) | Q(override_price__gte=0),
                name="override_price_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "service_date", "starts_at"], name="appointment_by_day"),
            models.Index(fields=["clinic", "patient", "-service_date"], name="appointment_by_patient"),
            models.Index(
                fields=["clinic", "series", "service_date"],
                name="appointment_by_series",
                condition=~Q(series=""),
            ),
        ]


class VisitLine(PublicModel):
    """One service done at a visit. Prices are not here: they are worked out at check-out."""

    appointment = TenantForeignKey(Appointment, models.CASCADE, related_name="lines")
    line_no = models.PositiveSmallIntegerField()
    service = TenantForeignKey(Service, models.PROTECT, related_name="+")
    modifiers = ArrayField(
        models.CharField(max_length=2), default=list, blank=True
    )  # typed by hand, come first
    units = models.DecimalField(
        max_digits=8, decimal_places=3, null=True, blank=True
    )  # fixed; empty = by rule
    pointers = ArrayField(models.PositiveSmallIntegerField(), default=list)
    origin = models.CharField(max_length=8, choices=LineOrigin.choices, default=LineOrigin.TYPED)
    is_confirmed = models.BooleanField(default=True)  # SALT lines wait for a tick (B1.5)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="visit_line_public_id"),
            models.UniqueConstraint(fields=["clinic", "appointment", "line_no"], name="visit_line_no_once"),
        ]
        ordering = ["line_no"]


class AuthorizationUse(TenantModel):
    """What one visit takes of an authorization: reserved while it is booked, consumed at its check-out (B14)."""

    authorization = TenantForeignKey("insurance.Authorization", models.PROTECT, related_name="uses")
    appointment = TenantForeignKey(Appointment, models.CASCADE, related_name="authorization_uses")
    state = models.CharField(max_length=8, choices=UseState.choices, default=UseState.RESERVED)
    service_date = models.DateField()
    units = models.DecimalField(max_digits=11, decimal_places=3, default=1)
    amount = MoneyField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "appointment", "authorization"], name="authorization_use_once"
            ),
            models.CheckConstraint(
                condition=Q(units__gte=0) & Q(amount__gte=0), name="authorization_use_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "authorization", "service_date"], name="authorization_uses")
        ]
