"""A refund check to an insurer waits for a second person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0011_merge_agreed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="approval",
            name="kind",
            field=models.CharField(
                choices=[
                    ("writeoff", "Write-off"),
                    ("refund", "Refund"),
                    ("reopen", "Reopen a day"),
                    ("merge", "Merge two records"),
                    ("payer_refund", "Refund to an insurer"),
                ],
                max_length=12,
            ),
        ),
    ]
