"""Second records merged, files of patients imported, confidential mail."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import lib.identifiers
from django.db import migrations, models

from clinics.walls import BindKey, Wall


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_wall"),
        ("patients", "0003_chart_counter"),
    ]

    operations = [
        migrations.AddField(
            model_name="patient",
            name="is_confidential",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="patient",
            name="mail_city",
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AddField(
            model_name="patient",
            name="mail_state",
            field=models.CharField(blank=True, max_length=2),
        ),
        migrations.AddField(
            model_name="patient",
            name="mail_street",
            field=models.CharField(blank=True, max_length=55),
        ),
        migrations.AddField(
            model_name="patient",
            name="mail_street2",
            field=models.CharField(blank=True, max_length=55),
        ),
        migrations.AddField(
            model_name="patient",
            name="mail_zip_code",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name="patient",
            name="merged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="patient",
            name="merged_into",
            field=clinics.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="patients.patient",
            ),
        ),
        migrations.AddField(
            model_name="patient",
            name="merge_items",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="PatientImport",
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
                ("rows", clinics.fields.EncryptedField(blank=True)),
                ("mapping", models.JSONField(default=dict)),
                ("created", models.JSONField(default=list)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", models.CharField(max_length=254)),
                ("taken_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="patient_import_public_id")
                ],
            },
        ),
        BindKey("Patient", "merged_into"),
        Wall("PatientImport"),
    ]
