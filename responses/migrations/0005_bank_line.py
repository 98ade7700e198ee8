"""Deposits as the bank shows them."""

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
        ("responses", "0004_follow_up"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankLine",
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
                ("on", models.DateField()),
                ("amount", clinics.fields.MoneyField()),
                ("reference", models.CharField(blank=True, max_length=80)),
                ("note", models.CharField(blank=True, max_length=200)),
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
                    "remittance",
                    clinics.fields.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_lines",
                        to="responses.remittance",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="bank_line_public_id"),
                    models.UniqueConstraint(
                        fields=("clinic", "on", "amount", "reference"), name="bank_line_once"
                    ),
                    models.UniqueConstraint(fields=("clinic", "remittance"), name="bank_line_of_remittance"),
                ],
            },
        ),
        Wall("BankLine"),
    ]
