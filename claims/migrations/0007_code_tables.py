"""Code tables: ICD-10-CM outside the wall, the lists a clinic loads for itself behind it."""

import clinics.fields
import clinics.scoping
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0006_coverage_move"),
        ("clinics", "0002_wall"),
        ("work", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="DiagnosisRelease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField(unique=True)),
                ("name", models.CharField(max_length=120)),
                ("sha256", models.CharField(max_length=64)),
                ("codes", models.PositiveIntegerField()),
                ("billable", models.PositiveIntegerField()),
                ("loaded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="CodeTable",
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
                            ("ncci", "NCCI pairs"),
                            ("mue", "Unit limits (MUE)"),
                            ("codes", "Procedure codes"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reading", "Being read"),
                            ("tried", "Read, not in force"),
                            ("in_force", "In force"),
                            ("replaced", "Replaced"),
                            ("discarded", "Discarded"),
                        ],
                        default="reading",
                        max_length=10,
                    ),
                ),
                ("effective_on", models.DateField()),
                ("files", models.JSONField(default=list)),
                ("row_count", models.PositiveIntegerField(default=0)),
                ("wrong_count", models.PositiveIntegerField(default=0)),
                ("wrong_rows", models.JSONField(default=list)),
                ("differences", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
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
                    "job",
                    clinics.fields.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="work.job",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CodePair",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("column1", models.CharField(max_length=5)),
                ("column2", models.CharField(max_length=5)),
                ("modifier", models.CharField(max_length=1)),
                ("begins_on", models.DateField()),
                ("ends_on", models.DateField(null=True)),
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
                    "table",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="claims.codetable"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CodeTableFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("content", models.BinaryField()),
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
                    "table",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="texts",
                        to="claims.codetable",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="DiagnosisCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=7)),
                ("is_billable", models.BooleanField()),
                (
                    "release",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="claims.diagnosisrelease",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProcedureCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=5)),
                ("begins_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("sex", models.CharField(blank=True, max_length=1)),
                ("age_from", models.PositiveSmallIntegerField(null=True)),
                ("age_to", models.PositiveSmallIntegerField(null=True)),
                (
                    "add_on_to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=5), default=list, size=None
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
                    "table",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="claims.codetable"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnitLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=5)),
                ("units", models.PositiveIntegerField()),
                ("basis", models.CharField(max_length=1)),
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
                    "table",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="claims.codetable"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="codetable",
            constraint=models.UniqueConstraint(fields=("clinic", "public_id"), name="code_table_public_id"),
        ),
        migrations.AddConstraint(
            model_name="codetable",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "in_force")),
                fields=("clinic", "kind", "effective_on"),
                name="code_table_one_in_force",
            ),
        ),
        migrations.AddIndex(
            model_name="codepair",
            index=models.Index(fields=["clinic", "table", "column1", "column2"], name="code_pair_lookup"),
        ),
        migrations.AddConstraint(
            model_name="diagnosiscode",
            constraint=models.UniqueConstraint(fields=("release", "code"), name="diagnosis_code_once"),
        ),
        migrations.AddIndex(
            model_name="procedurecode",
            index=models.Index(fields=["clinic", "table", "code"], name="procedure_code_lookup"),
        ),
        migrations.AddIndex(
            model_name="unitlimit",
            index=models.Index(fields=["clinic", "table", "code"], name="unit_limit_lookup"),
        ),
        Wall("CodeTable", "CodeTableFile", "CodePair", "UnitLimit", "ProcedureCode"),
    ]
