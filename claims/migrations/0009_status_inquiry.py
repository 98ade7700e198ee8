"""Questions where a claim stands (276) and their answers."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall

STATES = [
    ("due", "To be asked by telephone"),
    ("waiting", "Asked, no answer yet"),
    ("answered", "Answered"),
    ("refused", "Could not be asked"),
    ("given_up", "No answer came"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0008_claim_rules"),
        ("clearinghouses", "0005_https"),
        ("clinics", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="StatusInquiry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    clinics.fields.PublicIdField(
                        default=lib.identifiers.new_public_id, editable=False, max_length=16
                    ),
                ),
                ("reference", models.CharField(blank=True, max_length=9)),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                ("why", models.CharField(blank=True, max_length=200)),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("category", models.CharField(blank=True, max_length=3)),
                ("text", models.CharField(blank=True, max_length=500)),
                ("segment", models.CharField(blank=True, max_length=500)),
                ("paid", clinics.fields.MoneyField(null=True)),
                ("order_key", models.CharField(blank=True, max_length=40)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("asked_by", models.CharField(max_length=254)),
                ("answered_at", models.DateTimeField(null=True)),
                ("answered_by", models.CharField(blank=True, max_length=254)),
                (
                    "claim",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inquiries",
                        to="claims.claim",
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        db_index=False,
                        default=clinics.scoping.current_clinic_id,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clinics.clinic",
                    ),
                ),
                (
                    "connection",
                    clinics.fields.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clearinghouses.connection",
                    ),
                ),
                (
                    "outbound_file",
                    clinics.fields.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clearinghouses.outboundfile",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["clinic", "state", "-asked_at"], name="status_inquiry_list"),
                    models.Index(fields=["clinic", "outbound_file"], name="status_inquiry_by_file"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="status_inquiry_public_id"),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "due"])),
                        fields=("clinic", "claim"),
                        name="status_inquiry_open",
                    ),
                ],
            },
        ),
        Wall("StatusInquiry"),
    ]
