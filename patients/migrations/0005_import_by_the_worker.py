"""An import of patients is taken and undone by the worker: its job, how far it is, what was left out so far."""

import clinics.fields
import django.db.models.deletion
from django.db import migrations, models

from clinics.walls import BindKey


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_merge_import_mail"), ("work", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="patientimport",
            name="job",
            field=clinics.fields.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="work.job"
            ),
        ),
        migrations.AddField(
            model_name="patientimport", name="position", field=models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(model_name="patientimport", name="left", field=models.JSONField(default=list)),
        BindKey("PatientImport", "job"),
    ]
