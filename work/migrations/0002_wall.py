"""The wall around this room's tables (clinics/walls.py)."""

from django.db import migrations

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [("work", "0001_initial"), ("clinics", "0002_wall")]

    operations = [
        Wall("Job", "IdempotencyKey"),
        Wall("StoredFile", append_only=True),
    ]
