"""Filing limits, guidelines and plan requirements of payers; pictures of cards."""

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
        ("insurance", "0003_asking_payers"),
    ]

    operations = [
        migrations.AddField(
            model_name="payer",
            name="appeal_days",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payer",
            name="corrected_days",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payer",
            name="guidelines",
            field=models.TextField(blank=True, max_length=4000),
        ),
        migrations.AddField(
            model_name="plan",
            name="requires",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="CardImage",
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
                ("side", models.CharField(choices=[("front", "Front"), ("back", "Back")], max_length=5)),
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
                    "policy",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="images",
                        to="insurance.policy",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="card_image_public_id"),
                    models.UniqueConstraint(
                        fields=("clinic", "policy", "side"), name="card_image_one_a_side"
                    ),
                ],
            },
        ),
        Wall("CardImage"),
    ]
