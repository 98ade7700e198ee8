"""Missed visits' invoices, how a payment came in, what became of visits, and drawers as counted."""

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
        ("billing", "0006_left_wall"),
        ("clinics", "0002_wall"),
    ]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="channel",
            field=models.CharField(
                choices=[("desk", "At the desk"), ("phone", "By phone")], default="desk", max_length=8
            ),
        ),
        migrations.AlterField(
            model_name="invoice",
            name="kind",
            field=models.CharField(
                choices=[("appointment", "Appointment"), ("one_off", "One-off"), ("missed", "Missed visit")],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="DrawerClose",
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
                ("person", models.CharField(max_length=254)),
                ("day", models.DateField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("methods", models.JSONField()),
                ("system", clinics.fields.MoneyField()),
                ("counted", clinics.fields.MoneyField()),
                ("note", models.CharField(blank=True, max_length=200)),
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
                    "location",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="clinics.location"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["clinic", "location", "person", "-closed_at"], name="drawer_close_by_person"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "public_id"), name="drawer_close_public_id")
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitTransition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("visit_version", models.PositiveIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("made", "Charged"),
                            ("no_charge", "Not charged in this status"),
                            ("not_transitioned", "Not transitioned"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reasons", models.JSONField(default=list)),
                ("tried_at", models.DateTimeField()),
                (
                    "appointment",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "appointment"), name="visit_transition_once")
                ],
            },
        ),
        Wall("VisitTransition"),
        Wall("DrawerClose", append_only=True),
    ]
