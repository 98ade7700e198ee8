"""Scanned EOBs of a check."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_wall"),
        ("responses", "0006_trusted_code"),
    ]

    operations = [
        migrations.CreateModel(
            name="Scan",
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
                ("name", models.CharField(max_length=120)),
                ("content_type", models.CharField(max_length=20)),
                ("size", models.PositiveIntegerField()),
                ("content", clinics.fields.EncryptedBytes()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=254)),
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
                    "remittance",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scans",
                        to="responses.remittance",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["clinic", "remittance"], name="scan_by_remittance")],
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="scan_public_id"),
                ],
            },
        ),
        Wall("Scan"),
    ]
