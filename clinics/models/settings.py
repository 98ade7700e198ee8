"""Values of settings. What exists, its type, default and help is declared in clinics/settings.py."""

from __future__ import annotations

from django.db import models

from clinics.fields import TenantForeignKey
from clinics.tenancy import TenantModel


class CompanySetting(models.Model):
    """A company's own default. Outside the wall: it holds no health data and no money."""

    company = models.ForeignKey("clinics.Company", models.CASCADE, related_name="settings")
    name = models.CharField(max_length=60)
    value = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="company_setting_once")]


class Setting(TenantModel):
    """A clinic's value (location empty) or one location's; the more specific wins."""

    location = TenantForeignKey("clinics.Location", models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=60)
    value = models.JSONField()
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "location", "name"], name="setting_once_a_location", nulls_distinct=False
            ),
        ]
        indexes = [models.Index(fields=["clinic", "name"], name="setting_by_name")]
