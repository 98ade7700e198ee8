"""Companies, clinics, locations and the providers that stand on claims."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from clinics.fields import TenantForeignKey
from clinics.tenancy import PublicModel
from lib.identifiers import new_public_id


class Company(models.Model):
    """A billing company, or the owner of one clinic. No feature spans companies (scaling.md rule 13)."""

    name = models.CharField(max_length=80)
    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)

    def __str__(self) -> str:
        return self.name


class Clinic(models.Model):
    """The tenant: every patient, claim and cent belongs to exactly one."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="clinics")
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """A US postal address as 837P N3/N4 wants it: nine-digit ZIP, no punctuation needed."""

    street = models.CharField(max_length=55, blank=True)
    street2 = models.CharField(max_length=55, blank=True)
    city = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip_code = models.CharField(max_length=10, blank=True)

    class Meta:
        abstract = True


class BillingProvider(PublicModel, Address):
    """Who bills: loop 2010AA. Group (type 2) or solo (type 1) NPI, tax id, taxonomy, pay-to address."""

    name = models.CharField(max_length=60)
    first_name = models.CharField(max_length=35, blank=True)  # only for a person who bills as such
    npi = models.CharField(max_length=10)
    tax_id = models.CharField(max_length=9)
    tax_id_kind = models.CharField(max_length=2, default="EI", choices=[("EI", "EIN"), ("SY", "SSN")])
    taxonomy = models.CharField(max_length=10, blank=True)
    contact_name = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    pay_to_street = models.CharField(max_length=55, blank=True)
    pay_to_city = models.CharField(max_length=30, blank=True)
    pay_to_state = models.CharField(max_length=2, blank=True)
    pay_to_zip = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="billing_provider_public_id")
        ]

    def __str__(self) -> str:
        return self.name


class Location(PublicModel, Address):
    """Where patients are seen; the holder of Location Settings. "Today" is its time zone's day."""

    name = models.CharField(max_length=60)
    place_of_service = models.CharField(max_length=2, default="11")
    npi = models.CharField(max_length=10, blank=True)
    clia = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=40, default="America/Chicago")
    billing_provider = TenantForeignKey(BillingProvider, models.PROTECT, related_name="locations")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="location_public_id"),
            models.UniqueConstraint("clinic", Lower("name"), name="location_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Clinician(PublicModel):
    """A rendering provider, loop 2310B."""

    first_name = models.CharField(max_length=35)
    last_name = models.CharField(max_length=60)
    credential = models.CharField(max_length=12, blank=True)
    npi = models.CharField(max_length=10)
    taxonomy = models.CharField(max_length=10, blank=True)
    user = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="clinician_public_id"),
            models.UniqueConstraint(fields=["clinic", "npi"], name="clinician_npi_once"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}{', ' + self.credential if self.credential else ''}"


class ReferringProvider(PublicModel):
    """A provider outside the clinic who referred, ordered or supervises; loops 2310A, 2310D, 2420E."""

    first_name = models.CharField(max_length=35)
    last_name = models.CharField(max_length=60)
    npi = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="referring_provider_public_id")
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"
