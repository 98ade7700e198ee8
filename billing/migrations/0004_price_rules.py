"""Rows of prices get public ids, credential, place, age and fee change; same-day rules."""

import clinics.fields
import clinics.scoping
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall


def public_id(model):
    """A public id of its own for every row there is: a volatile default is worked out row by row."""
    table = f"billing_{model}"
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD COLUMN public_id varchar(16) NOT NULL DEFAULT "
                "translate(substr(md5(random()::text || clock_timestamp()::text), 1, 12), '01abcdef', 'BCDFGHJK');"
                f"ALTER TABLE {table} ALTER COLUMN public_id DROP DEFAULT;"
            )
        ],
        state_operations=[
            migrations.AddField(
                model_name=model,
                name="public_id",
                field=clinics.fields.PublicIdField(
                    default=lib.identifiers.new_public_id, editable=False, max_length=16
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0002_wall"),
        ("billing", "0003_ledger_rules"),
        ("clinics", "0002_wall"),
        ("insurance", "0002_wall"),
        ("patients", "0003_chart_counter"),
    ]

    operations = [
        migrations.CreateModel(
            name="SameDayRule",
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
                    "services",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), size=None
                    ),
                ),
                ("occurrence", models.PositiveSmallIntegerField()),
                ("and_later", models.BooleanField(default=False)),
                ("modifier", models.CharField(max_length=2)),
                ("per_clinician", models.BooleanField(default=False)),
            ],
        ),
        migrations.AlterModelOptions(
            name="reducedfee",
            options={},
        ),
        migrations.RemoveConstraint(
            model_name="feerow",
            name="fee_row_once",
        ),
        migrations.RemoveConstraint(
            model_name="modifierrule",
            name="modifier_rule_once",
        ),
        migrations.AddField(
            model_name="feerow",
            name="credential",
            field=models.CharField(blank=True, max_length=12),
        ),
        public_id("feerow"),
        migrations.AddField(
            model_name="modifierrule",
            name="age_from",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modifierrule",
            name="age_to",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modifierrule",
            name="credential",
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.AddField(
            model_name="modifierrule",
            name="fee_amount",
            field=clinics.fields.MoneyField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modifierrule",
            name="fee_percent",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True),
        ),
        migrations.AddField(
            model_name="modifierrule",
            name="pos",
            field=models.CharField(blank=True, max_length=2),
        ),
        public_id("modifierrule"),
        migrations.AddField(
            model_name="patientfee",
            name="copay_per_unit",
            field=models.BooleanField(default=False),
        ),
        public_id("patientfee"),
        public_id("reducedfee"),
        migrations.AddConstraint(
            model_name="feerow",
            constraint=models.UniqueConstraint(fields=("clinic", "public_id"), name="fee_row_public_id"),
        ),
        migrations.AddConstraint(
            model_name="feerow",
            constraint=models.UniqueConstraint(
                fields=(
                    "clinic",
                    "schedule",
                    "service",
                    "payer",
                    "plan",
                    "clinician",
                    "credential",
                    "location",
                    "effective_on",
                ),
                name="fee_row_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="modifierrule",
            constraint=models.UniqueConstraint(
                fields=("clinic", "public_id"), name="modifier_rule_public_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="modifierrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("age_from__isnull", True), ("age_to__isnull", True)),
                fields=("clinic", "service", "payer", "clinician", "credential", "pos"),
                name="modifier_rule_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="modifierrule",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("age_from__isnull", False), ("age_to__isnull", False), _connector="OR"),
                expressions=[
                    ("clinic", "="),
                    (django.db.models.functions.comparison.Coalesce("service_id", 0), "="),
                    (django.db.models.functions.comparison.Coalesce("payer_id", 0), "="),
                    (django.db.models.functions.comparison.Coalesce("clinician_id", 0), "="),
                    ("credential", "="),
                    ("pos", "="),
                    (
                        models.Func(
                            models.F("age_from"), models.F("age_to"), models.Value("[]"), function="int4range"
                        ),
                        "&&",
                    ),
                ],
                name="modifier_rule_ages_apart",
            ),
        ),
        migrations.AddConstraint(
            model_name="modifierrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("age_from__isnull", True),
                    ("age_to__isnull", True),
                    ("age_to__gte", models.F("age_from")),
                    _connector="OR",
                ),
                name="modifier_rule_ages_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="modifierrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fee_amount__isnull", True), ("fee_percent__isnull", True), _connector="OR"
                ),
                name="modifier_rule_one_fee_change",
            ),
        ),
        migrations.AddConstraint(
            model_name="patientfee",
            constraint=models.UniqueConstraint(fields=("clinic", "public_id"), name="patient_fee_public_id"),
        ),
        migrations.AddConstraint(
            model_name="patientfee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fee__isnull", True), ("fee__gte", 0), _connector="OR"),
                    models.Q(("copay__isnull", True), ("copay__gte", 0), _connector="OR"),
                ),
                name="patient_fee_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="reducedfee",
            constraint=models.UniqueConstraint(fields=("clinic", "public_id"), name="reduced_fee_public_id"),
        ),
        migrations.AddConstraint(
            model_name="reducedfee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_on__isnull", True),
                    ("expires_on__gte", models.F("effective_on")),
                    _connector="OR",
                ),
                name="reduced_fee_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="reducedfee",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("clinic", "="),
                    ("patient", "="),
                    (
                        models.Func(
                            models.F("effective_on"),
                            models.F("expires_on"),
                            models.Value("[]"),
                            function="daterange",
                        ),
                        "&&",
                    ),
                ],
                name="reduced_fee_one_a_day",
            ),
        ),
        migrations.AddField(
            model_name="samedayrule",
            name="clinic",
            field=models.ForeignKey(
                db_index=False,
                default=clinics.scoping.current_clinic_id,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="clinics.clinic",
            ),
        ),
        migrations.AddField(
            model_name="samedayrule",
            name="payer",
            field=clinics.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="insurance.payer",
            ),
        ),
        migrations.AddConstraint(
            model_name="samedayrule",
            constraint=models.UniqueConstraint(
                fields=("clinic", "public_id"), name="same_day_rule_public_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="samedayrule",
            constraint=models.UniqueConstraint(
                fields=("clinic", "services", "occurrence", "payer", "modifier"),
                name="same_day_rule_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="samedayrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("occurrence__gte", 1), ("occurrence__lte", 99)),
                name="same_day_rule_occurrence",
            ),
        ),
        Wall("SameDayRule"),
    ]
