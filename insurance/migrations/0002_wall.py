"""The wall around this room's tables (clinics/walls.py)."""

from django.db import migrations

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("insurance", "0001_initial"),
        ("clinics", "0002_wall"),
        ("work", "0002_wall"),
        ("patients", "0002_wall"),
    ]

    operations = [
        Wall("Payer", "Plan", "Policy", "InsuranceProfile", "Layer", "ContractRate", "EligibilityCheck"),
    ]
