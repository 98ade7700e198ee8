"""What a remittance says becomes part of who it is: the same trace with other claims is a question, not a repeat."""

from django.db import migrations, models

KEYS = ("clinic", "payer_identifier", "trace_number", "payee_npi", "payment_date", "amount", "fingerprint")


class Migration(migrations.Migration):
    dependencies = [("responses", "0002_wall")]

    operations = [
        migrations.AddField(
            "remittance", "fingerprint", models.CharField(blank=True, default="", max_length=64)
        ),
        migrations.AlterField("remittance", "fingerprint", models.CharField(blank=True, max_length=64)),
        migrations.AddField("remittance", "effective_on", models.DateField(null=True)),
        migrations.AlterField(
            "remittance",
            "state",
            models.CharField(
                choices=[
                    ("open", "Open"),
                    ("closed", "Closed"),
                    ("unbalanced", "Does not balance"),
                    ("duplicate", "Duplicate"),
                    ("quarantine", "Payee unknown"),
                ],
                default="open",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint("remittance", "remittance_once"),
        migrations.AddConstraint("remittance", models.UniqueConstraint(fields=KEYS, name="remittance_once")),
    ]
