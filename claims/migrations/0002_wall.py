"""The wall around this room's tables (clinics/walls.py)."""

from django.db import migrations

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0001_initial"),
        ("clinics", "0002_wall"),
        ("work", "0002_wall"),
        ("patients", "0002_wall"),
        ("insurance", "0002_wall"),
        ("appointments", "0002_wall"),
        ("clearinghouses", "0002_wall"),
        ("billing", "0002_wall"),
    ]

    operations = [
        Wall("Claim", "ClaimLine", "Batch", "BatchItem"),
        Wall("ClaimEvent", append_only=True),
        Wall("Acknowledgement", append_only=True, changeable=("batch_id", "claim_id")),
        Wall("Adjudication", append_only=True, changeable=("posted_at", "reversed_at")),
        Wall("AdjudicationLine", append_only=True),
    ]
