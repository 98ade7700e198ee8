"""A visit carries the admin's status, a request to pay without an insurer, and the series it repeats in."""

import clinics.fields
import django.db.models.deletion
from django.db import migrations, models

from clinics.walls import BindKey


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0003_authorization_uses"),
        ("clinics", "0002_wall"),
        ("insurance", "0002_wall"),
        ("patients", "0003_chart_counter"),
    ]

    operations = [
        migrations.AddField(
            model_name="appointment",
            name="self_pay_request",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="appointment",
            name="series",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name="appointment",
            name="status",
            field=clinics.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="appointments.appointmentstatus",
            ),
        ),
        BindKey("Appointment", "status"),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("series", ""), _negated=True),
                fields=["clinic", "series", "service_date"],
                name="appointment_by_series",
            ),
        ),
    ]
