"""Payers that are not told what the patient paid (box 29, AMT*F5): some take it off what they pay (B6.7)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("insurance", "0005_copay_of_later_payers")]

    operations = [
        migrations.AddField(
            model_name="payer", name="tell_patient_paid", field=models.BooleanField(default=True)
        ),
    ]
