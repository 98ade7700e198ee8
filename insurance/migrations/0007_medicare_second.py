"""Why Medicare is not first stands on the card (SBR05) and comes onto each claim; all kinds of insurers (SBR09)."""

from django.db import migrations, models

KINDS = [
    ("CI", "Commercial"),
    ("BL", "Blue Cross Blue Shield"),
    ("MB", "Medicare Part B"),
    ("MC", "Medicaid"),
    ("HM", "HMO"),
    ("12", "PPO"),
    ("13", "Point of service"),
    ("CH", "TRICARE"),
    ("14", "EPO"),
    ("15", "Indemnity"),
    ("16", "Medicare Advantage"),
    ("17", "Dental maintenance"),
    ("11", "Other non-federal program"),
    ("FI", "Federal employees"),
    ("MA", "Medicare Part A"),
    ("VA", "Veterans affairs"),
    ("OF", "Other federal program"),
    ("TV", "Title V"),
    ("WC", "Workers' compensation"),
    ("AM", "Automobile"),
    ("LM", "Liability"),
    ("DS", "Disability"),
    ("ZZ", "Other"),
]
REASONS = [
    ("12", "Working aged"),
    ("13", "Kidney disease"),
    ("14", "No-fault insurance"),
    ("15", "Workers' compensation"),
    ("16", "Public health service or other federal agency"),
    ("41", "Black lung"),
    ("42", "Veterans affairs"),
    ("43", "Disabled, with a large group plan"),
    ("47", "Liability insurance"),
]


class Migration(migrations.Migration):
    dependencies = [("insurance", "0006_patient_money")]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="medicare_second",
            field=models.CharField(blank=True, choices=REASONS, max_length=2, default=""),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="payer",
            name="filing_indicator",
            field=models.CharField(choices=KINDS, default="CI", max_length=2),
        ),
    ]
