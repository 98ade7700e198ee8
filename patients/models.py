"""Patient and Guarantor."""

from __future__ import annotations

from typing import Any

from django.db import models

from clinics.fields import EncryptedField, TenantForeignKey
from clinics.models.places import Address
from clinics.tenancy import PublicModel, TenantModel
from lib.spellings import show_phone
from patients.enums import Sex
from patients.names import search_name


class Guarantor(PublicModel, Address):
    """Who pays what the insurers leave, where that is not the patient; statements go here."""

    first_name = models.CharField(max_length=35)
    last_name = models.CharField(max_length=60)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="guarantor_public_id")]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def phone_shown(self) -> str:
        """(555) 010-2290."""
        return show_phone(self.phone)


class Patient(PublicModel, Address):
    """A person who is treated. Name, birth date, phone and reason book; address and sex are needed to bill (B14)."""

    chart_number = models.CharField(max_length=20)
    first_name = models.CharField(max_length=35)
    middle_name = models.CharField(max_length=25, blank=True)
    last_name = models.CharField(max_length=60)
    suffix = models.CharField(max_length=10, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    death_date = models.DateField(null=True, blank=True)  # PAT06
    sex = models.CharField(max_length=1, choices=Sex.choices, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    reason = models.CharField(max_length=120, blank=True)  # reason of the first visit
    ssn = EncryptedField(blank=True)
    guarantor = TenantForeignKey(Guarantor, models.PROTECT, null=True, blank=True, related_name="patients")
    referring_provider = TenantForeignKey("clinics.ReferringProvider", models.PROTECT, null=True, blank=True)
    signature_on_file = models.BooleanField(default=True)  # CLM09, box 12
    assigns_benefits = models.BooleanField(default=True)  # CLM08, box 13
    # Confidential communications: what is sent goes here and to nobody else, on the patient's request.
    is_confidential = models.BooleanField(default=False)
    mail_street = models.CharField(max_length=55, blank=True)
    mail_street2 = models.CharField(max_length=55, blank=True)
    mail_city = models.CharField(max_length=30, blank=True)
    mail_state = models.CharField(max_length=2, blank=True)
    mail_zip_code = models.CharField(max_length=10, blank=True)
    # The record that is kept where this one was a second one of the same person.
    merged_into = TenantForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    merged_at = models.DateTimeField(null=True)
    merge_items = models.JSONField(default=dict)  # what the merge moved, for its undo
    # Folded "last first" for prefix search by range: LIKE cannot use an index under the wall (performance.md 5).
    search_name = models.CharField(max_length=120, db_collation="C", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="patient_public_id"),
            models.UniqueConstraint(fields=["clinic", "chart_number"], name="patient_chart_number"),
        ]
        indexes = [
            models.Index(fields=["clinic", "search_name", "id"], name="patient_by_name"),
            models.Index(fields=["clinic", "birth_date"], name="patient_by_birth_date"),
            models.Index(fields=["clinic", "phone"], name="patient_by_phone"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def list_name(self) -> str:
        """Last, First: as lists and claims sort people."""
        return f"{self.last_name}, {self.first_name}"

    @property
    def phone_shown(self) -> str:
        """(555) 010-2290."""
        return show_phone(self.phone)

    @property
    def ssn_masked(self) -> str:
        """The last four digits; the whole number is never shown again."""
        return f"***-**-{self.ssn[-4:]}" if self.ssn else ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep ``search_name`` true to the name, whoever writes."""
        self.search_name = search_name(self.last_name, self.first_name)
        changed = kwargs.get("update_fields")
        if changed is not None and {"first_name", "last_name"} & set(changed):
            kwargs["update_fields"] = {*changed, "search_name"}
        super().save(*args, **kwargs)


class ChartCounter(TenantModel):
    """The last chart number a clinic gave out: one row a clinic, moved by registration only."""

    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic"], name="chart_counter_one_a_clinic")]


class PatientImport(PublicModel):
    """A file of patients: read, mapped, looked at, taken, perhaps undone. The rows are kept encrypted until taken."""

    name = models.CharField(max_length=120)
    rows = EncryptedField(
        blank=True
    )  # the CSV's text; once taken the lines left out with why, until forgotten
    mapping = models.JSONField(default=dict)  # our field -> their column
    created = models.JSONField(default=list)  # public ids of the patients it made
    skipped = models.PositiveIntegerField(default=0)
    # The worker's: its job (the last of taking and undoing), how far it is, [line, why] of what was left out so far.
    job = TenantForeignKey("work.Job", models.PROTECT, null=True, related_name="+")
    position = models.PositiveIntegerField(default=0)
    left = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=254)
    taken_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="patient_import_public_id")
        ]
