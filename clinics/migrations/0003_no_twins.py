"""One clinician of one NPI, one location of one name in a clinic: also for two admins who save at once."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clinics", "0002_wall")]

    operations = [
        migrations.AddConstraint(
            model_name="clinician",
            constraint=models.UniqueConstraint(fields=("clinic", "npi"), name="clinician_npi_once"),
        ),
        migrations.AddConstraint(
            model_name="location",
            constraint=models.UniqueConstraint(
                models.F("clinic"), django.db.models.functions.text.Lower("name"), name="location_name_once"
            ),
        ),
    ]
