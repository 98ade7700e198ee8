"""Rows of the plumbing. Outbox and PeriodRun hold ids only and stand outside the wall, the rest behind it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinics.tenancy import PublicModel, TenantModel


class Outbox(models.Model):
    """One promise of work, written in the transaction that makes it due (I-23).

    Outside the wall because the relay works over all clinics; ids only, no health data. The wall
    itself checks that clinic and subject belong together: the handler opens ``clinic_id`` and
    looks ``subject_id`` up inside it.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        DEAD = "dead", "Dead letter"

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    key = models.CharField(max_length=120)  # the same promise twice is one promise
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)  # counted before the work starts (F-4)
    due_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)  # class and code, never data

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "key"], name="outbox_key_once")]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["pending", "running"]), name="outbox_open"
            ),
            models.Index(fields=["clinic", "created_at"], condition=Q(state="dead"), name="outbox_dead"),
        ]


class Job(PublicModel):
    """Long work as people see it: total, done, errors, state. Pages poll this row; there is no result backend."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=160)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    params = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    result_url = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=300, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="job_public_id")]
        indexes = [models.Index(fields=["clinic", "-created_at"], name="job_recent")]


class IdempotencyKey(TenantModel):
    """The answer to a money or claim POST under the key its form was rendered with (I-9)."""

    principal = models.CharField(max_length=254)
    key = models.CharField(max_length=80)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(default=dict)  # where the first call led: a public id or a URL
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "principal", "key"], name="idempotency_once")
        ]


class PeriodRun(models.Model):
    """A periodic job's run for one period, once, however many schedulers tick (F-17)."""

    job = models.CharField(max_length=60)
    period = models.CharField(max_length=40)
    started_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "period"], name="period_run_once")]


class Heartbeat(models.Model):
    """When a worker last really worked; health/ready looks at its age."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()


class StoredFile(PublicModel):
    """Bytes that came in or went out, exactly, for ever (append-only)."""

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="stored_file_public_id")]
        indexes = [models.Index(fields=["clinic", "sha256"], name="stored_file_hash")]
