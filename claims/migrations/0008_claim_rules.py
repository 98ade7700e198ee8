"""Rules a biller builds, and the index behind “this payer denied the like”."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0007_code_tables"),
        ("clinics", "0002_wall"),
        ("insurance", "0004_payer_guides_card_images"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClaimRule",
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
                ("number", models.PositiveIntegerField()),
                ("version", models.PositiveSmallIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("on", "On"), ("off", "Off")],
                        default="draft",
                        max_length=5,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "severity",
                    models.CharField(choices=[("error", "Error"), ("warning", "Warning")], max_length=7),
                ),
                ("message", models.CharField(max_length=200)),
                ("field", models.CharField(blank=True, max_length=40)),
                ("payers", models.JSONField(default=list)),
                ("plans", models.JSONField(default=list)),
                ("conditions", models.JSONField(default=list)),
                ("starts_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("trial", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=254)),
                ("switched_at", models.DateTimeField(null=True)),
                ("switched_by", models.CharField(blank=True, max_length=254)),
            ],
        ),
        migrations.AddIndex(
            model_name="adjudication",
            index=models.Index(fields=["clinic", "payer", "adjudicated_on"], name="adjudication_by_payer"),
        ),
        migrations.AddField(
            model_name="claimrule",
            name="clinic",
            field=models.ForeignKey(
                db_index=False,
                default=clinics.scoping.current_clinic_id,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="clinics.clinic",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimrule",
            constraint=models.UniqueConstraint(fields=("clinic", "public_id"), name="claim_rule_public_id"),
        ),
        migrations.AddConstraint(
            model_name="claimrule",
            constraint=models.UniqueConstraint(
                fields=("clinic", "number", "version"), name="claim_rule_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="claimrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "on")), fields=("clinic", "number"), name="claim_rule_one_on"
            ),
        ),
        migrations.AddConstraint(
            model_name="claimrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "draft")),
                fields=("clinic", "number"),
                name="claim_rule_one_draft",
            ),
        ),
        Wall("ClaimRule"),
    ]
