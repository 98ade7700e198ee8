"""The wall around this room's tables (clinics/walls.py)."""

from django.db import migrations

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0001_initial"),
        ("clinics", "0002_wall"),
        ("work", "0002_wall"),
        ("patients", "0002_wall"),
        ("insurance", "0002_wall"),
    ]

    operations = [
        Wall("Service", "ServicePrice", "AppointmentType", "AppointmentStatus", "Appointment", "VisitLine"),
    ]
