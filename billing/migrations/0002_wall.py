"""The wall around this room's tables (clinics/walls.py)."""

from django.db import migrations

from clinics.walls import Wall


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("clinics", "0002_wall"),
        ("work", "0002_wall"),
        ("patients", "0002_wall"),
        ("insurance", "0002_wall"),
        ("appointments", "0002_wall"),
        ("clearinghouses", "0002_wall"),
    ]

    operations = [
        Wall(
            "FeeSchedule",
            "FeeRow",
            "PatientFee",
            "ReducedFee",
            "ModifierRule",
            "NumberCounter",
            "PaymentMethod",
        ),
        Wall("Invoice", append_only=True, changeable=("state", "voided_at", "void_reason")),
        Wall("Charge", append_only=True),
        Wall("Receipt", append_only=True, changeable=("unapplied",)),
        Wall("Statement", append_only=True, changeable=("pdf_id", "superseded_at")),
        Wall("LedgerTxn", append_only=True),
        Wall("LedgerEntry", append_only=True),
    ]
