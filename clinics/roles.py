"""The roles of reliability.md c1."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a member is in a clinic."""

    FRONT_DESK = "front_desk", "Front desk"
    BILLER = "biller", "Biller"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"
    COMPANY_BILLER = "company_biller", "Billing company"
    AUDITOR = "auditor", "Auditor"
