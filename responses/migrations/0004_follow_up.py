"""What was done about denied and underpaid answers."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_wall"),
        ("responses", "0003_fingerprint"),
    ]

    operations = [
        migrations.CreateModel(
            name="FollowUp",
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
                        choices=[("call", "Call"), ("appeal", "Appeal"), ("note", "Note")], max_length=8
                    ),
                ),
                ("cause", models.CharField(max_length=20)),
                ("text", models.CharField(max_length=1000)),
                ("person", models.CharField(blank=True, max_length=80)),
                ("reference", models.CharField(blank=True, max_length=50)),
                ("promised_on", models.DateField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Open"),
                            ("won", "Paid after all"),
                            ("partly", "Paid in part"),
                            ("lost", "Upheld"),
                        ],
                        max_length=8,
                    ),
                ),
                ("letter", models.TextField(blank=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                    "response",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="responses.claimresponse",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["clinic", "response"], name="follow_up_by_response"),
                    models.Index(fields=["clinic", "cause"], name="follow_up_by_cause"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="follow_up_public_id")
                ],
            },
        ),
        Wall("FollowUp"),
    ]
