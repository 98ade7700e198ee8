"""What payers are asked and say, what they agree to beforehand, and where enrollment stands."""

import clinics.fields
import clinics.scoping
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import lib.identifiers
from django.db import migrations, models
from clinics.walls import BindKey, Wall


class Migration(migrations.Migration):
    dependencies = [
        ("clearinghouses", "0004_connection_test"),
        ("clinics", "0002_wall"),
        ("insurance", "0002_wall"),
        ("patients", "0003_chart_counter"),
        ("work", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="Enrollment",
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
                            ("837P", "Claims (837P)"),
                            ("835", "Payment files (835)"),
                            ("270", "Eligibility (270)"),
                            ("EFT", "Bank transfer (EFT)"),
                        ],
                        max_length=4,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Asked for"),
                            ("pending", "Pending"),
                            ("active", "Active"),
                            ("refused", "Refused"),
                        ],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("since", models.DateField()),
                ("note", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="corrections",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="order_key",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="reference",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="rejections",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="service_date",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="service_type",
            field=models.CharField(default="30", max_length=2),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="stored",
            field=clinics.fields.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="work.storedfile"
            ),
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="told_by",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.CreateModel(
            name="Authorization",
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
                        choices=[("G1", "Prior authorization"), ("9F", "Referral")],
                        default="G1",
                        max_length=8,
                    ),
                ),
                ("number", models.CharField(max_length=30)),
                (
                    "procedure_codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=8), blank=True, default=list, size=None
                    ),
                ),
                ("effective_on", models.DateField()),
                ("expires_on", models.DateField()),
                (
                    "limit_kind",
                    models.CharField(
                        choices=[
                            ("visits", "Visits"),
                            ("units", "Units"),
                            ("amount", "Amount"),
                            ("days", "Days"),
                        ],
                        default="visits",
                        max_length=6,
                    ),
                ),
                ("limit", models.DecimalField(decimal_places=3, max_digits=11)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("version", models.PositiveIntegerField(default=1)),
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
                        related_name="authorizations",
                        to="patients.patient",
                    ),
                ),
                (
                    "policy",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="authorizations",
                        to="insurance.policy",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EligibilityRequest",
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
                ("service_date", models.DateField()),
                ("service_type", models.CharField(default="30", max_length=2)),
                ("reference", models.CharField(max_length=9)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for the answer"),
                            ("answered", "Answered"),
                            ("refused", "Not taken"),
                            ("given_up", "No answer"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("asked_on", models.DateField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("asked_by", models.CharField(max_length=254)),
                ("answered_at", models.DateTimeField(null=True)),
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
                    "connection",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clearinghouses.connection",
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
                (
                    "outbound_file",
                    clinics.fields.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="eligibility_requests",
                        to="clearinghouses.outboundfile",
                    ),
                ),
                (
                    "policy",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="eligibility_requests",
                        to="insurance.policy",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="eligibilitycheck",
            name="request",
            field=clinics.fields.TenantForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="checks",
                to="insurance.eligibilityrequest",
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibilitycheck",
            constraint=models.UniqueConstraint(fields=("clinic", "request"), name="eligibility_answer_once"),
        ),
        migrations.AddField(
            model_name="enrollment",
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
            model_name="enrollment",
            name="connection",
            field=clinics.fields.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="enrollments",
                to="clearinghouses.connection",
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="payer",
            field=clinics.fields.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="enrollments", to="insurance.payer"
            ),
        ),
        migrations.AddIndex(
            model_name="authorization",
            index=models.Index(fields=["clinic", "patient"], name="authorization_by_patient"),
        ),
        migrations.AddIndex(
            model_name="authorization",
            index=models.Index(fields=["clinic", "expires_on"], name="authorization_by_end"),
        ),
        migrations.AddConstraint(
            model_name="authorization",
            constraint=models.UniqueConstraint(
                fields=("clinic", "public_id"), name="authorization_public_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="authorization",
            constraint=models.UniqueConstraint(
                fields=("clinic", "policy", "number"), name="authorization_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="authorization",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_on__gte", models.F("effective_on"))),
                name="authorization_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorization",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gt", 0)), name="authorization_limit_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="eligibilityrequest",
            index=models.Index(fields=["clinic", "policy", "-asked_at"], name="eligibility_asked"),
        ),
        migrations.AddIndex(
            model_name="eligibilityrequest",
            index=models.Index(fields=["clinic", "outbound_file"], name="eligibility_by_file"),
        ),
        migrations.AddConstraint(
            model_name="eligibilityrequest",
            constraint=models.UniqueConstraint(
                fields=("clinic", "public_id"), name="eligibility_request_public_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibilityrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("clinic", "policy", "service_date", "service_type"),
                name="eligibility_request_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=models.UniqueConstraint(fields=("clinic", "public_id"), name="enrollment_public_id"),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=models.UniqueConstraint(
                fields=("clinic", "payer", "connection", "kind"), name="enrollment_once"
            ),
        ),
        Wall("EligibilityRequest", "Authorization", "Enrollment"),
        BindKey("EligibilityCheck", "request"),
        BindKey("EligibilityCheck", "stored"),
    ]
