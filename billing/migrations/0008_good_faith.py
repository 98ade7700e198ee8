"""Good-faith estimates, frozen."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models
from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0004_status_of_a_visit"),
        ("billing", "0007_front_desk"),
        ("clinics", "0002_wall"),
        ("patients", "0003_chart_counter"),
        ("work", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="GoodFaithEstimate",
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
                ("expected_charge", clinics.fields.MoneyField()),
                ("patient_share", clinics.fields.MoneyField()),
                ("snapshot", models.JSONField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("made_by", models.CharField(max_length=254)),
                (
                    "appointment",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="estimates",
                        to="appointments.appointment",
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
                    "patient",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="patients.patient"
                    ),
                ),
                (
                    "pdf",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="work.storedfile"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["clinic", "appointment", "-made_at"], name="good_faith_by_visit")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="good_faith_public_id")
                ],
            },
        ),
        Wall("GoodFaithEstimate", append_only=True),
    ]
