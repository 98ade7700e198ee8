"""Connections to trading partners, their counters, and every file that crossed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinics.fields import EncryptedField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class Connection(PublicModel):
    """A trading partner's mailbox as this clinic uses it."""

    class Kind(models.TextChoices):
        SFTP = "sftp", "SFTP"
        HTTPS = "https", "HTTPS"
        FOLDER = "folder", "Folder"

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SFTP)
    is_sandbox = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    host = models.CharField(max_length=120, blank=True)
    port = models.PositiveIntegerField(default=22)
    username = models.CharField(max_length=60, blank=True)
    password = EncryptedField(blank=True)
    private_key = EncryptedField(blank=True)
    # The far side's key (SFTP) or certificate (HTTPS) as first confirmed; another one is refused. Empty with HTTPS:
    # whom the public authorities vouch for.
    host_key = models.TextField(blank=True)
    offered_key = models.TextField(blank=True)  # the key the last test saw, when it is not the confirmed one
    tested_at = models.DateTimeField(null=True)
    test_result = models.CharField(max_length=300, blank=True)
    test_passed = models.BooleanField(default=False)
    outbound_folder = models.CharField(
        max_length=200, default="inbound"
    )  # where we put, as the partner names it
    inbound_folder = models.CharField(max_length=200, default="outbound")
    archive_folder = models.CharField(max_length=200, blank=True)  # where the partner keeps what it took
    # Envelope: ISA05-08, GS02/03, 1000A NM109, 1000B
    sender_qualifier = models.CharField(max_length=2, default="ZZ")
    sender_id = models.CharField(max_length=15)
    receiver_qualifier = models.CharField(max_length=2, default="ZZ")
    receiver_id = models.CharField(max_length=15)
    receiver_name = models.CharField(max_length=60)
    submitter_name = models.CharField(max_length=60)
    submitter_contact = models.CharField(max_length=60, default="BILLING")
    submitter_phone = models.CharField(max_length=20)
    usage = models.CharField(max_length=1, default="T", choices=[("T", "Test"), ("P", "Production")])
    wants_ta1 = models.BooleanField(default=True)
    answers_276 = models.BooleanField(default=False)  # status inquiries may be sent here
    claims_per_transaction = models.PositiveIntegerField(default=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="connection_public_id"),
            models.UniqueConstraint(fields=["clinic", "name"], name="connection_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ControlCounter(TenantModel):
    """The last ISA13, GS06 and BHT03 given out on a connection: gaps are fine, repeats never (I-16)."""

    connection = TenantForeignKey(Connection, models.PROTECT, related_name="counters")
    interchange = models.BigIntegerField(default=0)
    group = models.BigIntegerField(default=0)
    reference = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "connection"], name="counter_once"),
            models.CheckConstraint(
                condition=Q(interchange__lte=999999999, group__lte=999999999), name="counter_in_range"
            ),
        ]


class OutboundFile(PublicModel):
    """A file on its way out: row and bytes first, then the carrying. 'Unknown' is an answer (B6.5)."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        REFUSED = "refused", "Refused"
        UNKNOWN = "unknown", "Awaiting confirmation"

    connection = TenantForeignKey(Connection, models.PROTECT, related_name="outbound_files")
    stored = TenantForeignKey("work.StoredFile", models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    interchange_number = models.BigIntegerField()
    group_number = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    sending_until = models.DateTimeField(null=True)  # after that a file still "being sent" has no sender

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="outbound_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "connection", "interchange_number"], name="outbound_isa13_once"
            ),
            models.UniqueConstraint(
                fields=["clinic", "connection", "group_number"], name="outbound_gs06_once"
            ),
            models.UniqueConstraint(fields=["clinic", "connection", "name"], name="outbound_name_once"),
        ]


class InboundFile(PublicModel):
    """A file as it came, once: the same bytes again are a recorded no-op (I-10)."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        READ = "read", "Read"
        REJECTED = "rejected", "Cannot be read"

    connection = TenantForeignKey(Connection, models.PROTECT, null=True, related_name="inbound_files")
    stored = TenantForeignKey("work.StoredFile", models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=12, default="collected")  # collected, upload, command
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    kinds = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    times_received = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField(db_default=Now())
    received_by = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="inbound_public_id"),
            models.UniqueConstraint(fields=["clinic", "sha256"], name="inbound_bytes_once"),
        ]
        indexes = [models.Index(fields=["clinic", "-received_at"], name="inbound_recent")]


class RemoteName(TenantModel):
    """A file as a partner lists it: its last seen size, and whether we took it at that size (F-14)."""

    connection = TenantForeignKey(Connection, models.PROTECT, related_name="remote_names")
    name = models.CharField(max_length=120)
    size = models.BigIntegerField()
    seen_at = models.DateTimeField()  # since when the size is this
    is_taken = models.BooleanField(default=False)
    inbound = TenantForeignKey(InboundFile, models.PROTECT, null=True, related_name="remote_names")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "connection", "name"], name="remote_name_once"),
        ]
