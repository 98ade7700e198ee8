"""Visits moved to another profile, or billed to a card found later, with what an undo needs."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0005_void_beside"),
        ("clinics", "0002_wall"),
        ("insurance", "0002_wall"),
        ("patients", "0003_chart_counter"),
    ]

    operations = [
        migrations.CreateModel(
            name="CoverageMove",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("profile", "Moved to another profile"),
                            ("layer", "Billed to a card found later"),
                        ],
                        max_length=8,
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("items", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=254)),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by", models.CharField(blank=True, max_length=254)),
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
                    "patient",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coverage_moves",
                        to="patients.patient",
                    ),
                ),
                (
                    "profile_from",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="insurance.insuranceprofile",
                    ),
                ),
                (
                    "profile_to",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="insurance.insuranceprofile",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["clinic", "patient", "-created_at"], name="coverage_move_recent")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="coverage_move_public_id")
                ],
            },
        ),
        Wall("CoverageMove"),
    ]
