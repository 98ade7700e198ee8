"""When a patient died: told to payers on claims (PAT06), and nobody is booked or billed for later days."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0005_import_by_the_worker")]

    operations = [
        migrations.AddField(
            model_name="patient", name="death_date", field=models.DateField(blank=True, null=True)
        ),
    ]
