"""The wall around this room's tables (clinics/walls.py)."""

from django.db import migrations

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [("clinics", "0001_initial")]

    operations = [
        Wall("BillingProvider", "Location", "Clinician", "ReferringProvider", "Setting"),
        Wall("AuditEvent", append_only=True),
    ]
