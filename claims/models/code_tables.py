"""Code tables: ICD-10-CM for everybody, and the lists a clinic may load for itself (NCCI, MUE, procedure codes).

None of them is shipped. ICD-10-CM is the public-domain order file of a fiscal year and stands outside the wall;
the others hold codes under somebody's licence and belong to the clinic that loaded them.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinics.fields import TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class DiagnosisRelease(models.Model):
    """One release of ICD-10-CM, in force from ``starts_on`` until the next one starts. No clinic, no patient."""

    starts_on = models.DateField(unique=True)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    codes = models.PositiveIntegerField()
    billable = models.PositiveIntegerField()
    loaded_at = models.DateTimeField(db_default=Now())

    @property
    def headings(self) -> int:
        """Codes that are not billable."""
        return self.codes - self.billable


class DiagnosisCode(models.Model):
    """A code of one release, without its point; headers stand in it too and are not billable."""

    release = models.ForeignKey(DiagnosisRelease, models.CASCADE, related_name="+", db_index=False)
    code = models.CharField(max_length=7)
    is_billable = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "code"], name="diagnosis_code_once")]


class CodeTable(PublicModel):
    """One loaded version of a list: read and counted first, in force only when somebody switched it on."""

    class Kind(models.TextChoices):
        NCCI = "ncci", "NCCI pairs"
        MUE = "mue", "Unit limits (MUE)"
        CODES = "codes", "Procedure codes"

    class State(models.TextChoices):
        READING = "reading", "Being read"
        TRIED = "tried", "Read, not in force"
        IN_FORCE = "in_force", "In force"
        REPLACED = "replaced", "Replaced"
        DISCARDED = "discarded", "Discarded"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READING)
    effective_on = models.DateField()  # for services from this day on
    files = models.JSONField(default=list)  # [{"name", "sha256", "size"}, ...]
    row_count = models.PositiveIntegerField(default=0)
    wrong_count = models.PositiveIntegerField(default=0)
    wrong_rows = models.JSONField(default=list)  # the first of them: [{"file", "row", "words"}, ...]
    differences = models.JSONField(default=dict)  # {"new", "gone", "changed"} against the one in force
    job = TenantForeignKey("work.Job", models.PROTECT, null=True, related_name="+")  # that reads it
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="code_table_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "kind", "effective_on"],
                condition=Q(state="in_force"),
                name="code_table_one_in_force",
            ),
        ]


class CodeTableFile(TenantModel):
    """The text of an upload until it was read; then it goes, the rows and its hash stay."""

    table = TenantForeignKey(CodeTable, models.CASCADE, related_name="texts")
    name = models.CharField(max_length=120)
    content = models.BinaryField()


class CodePair(TenantModel):
    """NCCI: on one day by one clinician column 2 is not paid beside column 1.

    ``modifier``: 0 never, 1 with a modifier that tells them apart, 9 no longer asked.
    """

    table = TenantForeignKey(CodeTable, models.CASCADE, related_name="+")
    column1 = models.CharField(max_length=5)
    column2 = models.CharField(max_length=5)
    modifier = models.CharField(max_length=1)
    begins_on = models.DateField()
    ends_on = models.DateField(null=True)  # the day of its deletion: not in force on it

    class Meta:
        indexes = [models.Index(fields=["clinic", "table", "column1", "column2"], name="code_pair_lookup")]


class UnitLimit(TenantModel):
    """MUE: the most units of a code; ``basis`` 1 on a line, 2 on a day without exception, 3 on a day."""

    table = TenantForeignKey(CodeTable, models.CASCADE, related_name="+")
    code = models.CharField(max_length=5)
    units = models.PositiveIntegerField()
    basis = models.CharField(max_length=1)

    class Meta:
        indexes = [models.Index(fields=["clinic", "table", "code"], name="unit_limit_lookup")]


class ProcedureCode(TenantModel):
    """A code of the clinic's own licensed list, with what the list says about whom it is for."""

    table = TenantForeignKey(CodeTable, models.CASCADE, related_name="+")
    code = models.CharField(max_length=5)
    begins_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)  # the last day
    sex = models.CharField(max_length=1, blank=True)
    age_from = models.PositiveSmallIntegerField(null=True)  # whole years
    age_to = models.PositiveSmallIntegerField(null=True)
    add_on_to = ArrayField(
        models.CharField(max_length=5), default=list
    )  # primaries; "ANY" for any other code

    class Meta:
        indexes = [models.Index(fields=["clinic", "table", "code"], name="procedure_code_lookup")]
