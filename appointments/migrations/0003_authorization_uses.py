"""What visits take of an authorization."""

import clinics.fields
import clinics.scoping
import django.db.models.deletion
from django.db import migrations, models
from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0002_wall"),
        ("clinics", "0002_wall"),
        ("insurance", "0003_asking_payers"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuthorizationUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("reserved", "Reserved"), ("consumed", "Used")],
                        default="reserved",
                        max_length=8,
                    ),
                ),
                ("service_date", models.DateField()),
                ("units", models.DecimalField(decimal_places=3, default=1, max_digits=11)),
                ("amount", clinics.fields.MoneyField(default=0)),
                (
                    "appointment",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authorization_uses",
                        to="appointments.appointment",
                    ),
                ),
                (
                    "authorization",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="insurance.authorization",
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
                "indexes": [
                    models.Index(
                        fields=["clinic", "authorization", "service_date"], name="authorization_uses"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("clinic", "appointment", "authorization"), name="authorization_use_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("units__gte", 0), ("amount__gte", 0)),
                        name="authorization_use_positive",
                    ),
                ],
            },
        ),
        Wall("AuthorizationUse"),
    ]
