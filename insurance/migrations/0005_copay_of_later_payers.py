"""Whether a later payer lets a copay be asked: empty means as usual for its kind (Medicaid no, others yes).

Nothing read the old switch and it stood on yes for everybody, so a yes of before says nothing and becomes empty.
"""

from django.db import migrations, models

# The owner of the tables stands behind the wall too, so it steps aside for this one statement.
FORGET = """
ALTER TABLE insurance_payer NO FORCE ROW LEVEL SECURITY;
UPDATE insurance_payer SET collect_primary_copay = NULL WHERE collect_primary_copay;
ALTER TABLE insurance_payer FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("insurance", "0004_payer_guides_card_images")]

    operations = [
        migrations.AlterField(
            model_name="payer",
            name="collect_primary_copay",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
    ]
