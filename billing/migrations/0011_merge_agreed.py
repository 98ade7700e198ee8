"""Two records become one when a second person agrees."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0010_one_live_invoice"),
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
                ],
                max_length=12,
            ),
        ),
    ]
