"""Codes whose answers may post by themselves, payer by payer."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
from django.db import migrations, models

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_wall"),
        ("insurance", "0003_asking_payers"),
        ("responses", "0005_bank_line"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrustedCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=8)),
                ("is_on", models.BooleanField(default=False)),
                ("because", models.CharField(blank=True, max_length=120)),
                ("changed_by", models.CharField(max_length=254)),
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
                    "payer",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="insurance.payer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "payer", "code"), name="trusted_code_once")
                ],
            },
        ),
        Wall("TrustedCode"),
    ]
