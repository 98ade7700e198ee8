"""TenantModel: what every row that belongs to a clinic has in common."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

from django.db import models

from clinics.fields import PublicIdField
from clinics.scoping import current_clinic_id, current_scope

M = TypeVar("M", bound=models.Model)


class TenantManager(models.Manager[M]):
    """Every statement names the clinic, reads and writes alike (scaling.md rule 2); the wall is the net."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Filtered to the open clinics; NoScope where none is open."""
        ids = current_scope().clinic_ids
        rows = super().get_queryset()
        return rows.filter(clinic_id=ids[0]) if len(ids) == 1 else rows.filter(clinic_id__in=ids)


class TenantModel(models.Model):
    """A row behind the wall. Its migration must hand it to the Wall operation (clinics/walls.py)."""

    clinic = models.ForeignKey(
        "clinics.Clinic", models.PROTECT, related_name="+", db_index=False, default=current_clinic_id
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


class PublicModel(TenantModel):
    """A tenant row that people and machines can name: by ``public_id``, never by its key."""

    public_id = PublicIdField()

    class Meta:
        abstract = True
        base_manager_name = "objects"
