"""What a claim's last scrub was about, and the guard that ties it to the document it is of."""

import clinics.fields
import clinics.scoping
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from clinics.walls import Wall

# Whoever changes a document and however: its version moves, so no stamp of the old one counts any more.
GUARD = """
CREATE FUNCTION public.claim_count_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.document_version := greatest(NEW.document_version, OLD.document_version + 1);
  RETURN NEW;
END $$;
CREATE TRIGGER claim_document_version BEFORE UPDATE OF document ON claims_claim
  FOR EACH ROW WHEN (OLD.document IS DISTINCT FROM NEW.document)
  EXECUTE FUNCTION public.claim_count_document();
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0009_status_inquiry"), ("clinics", "0002_wall")]

    operations = [
        migrations.CreateModel(
            name="ScrubStamp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("document_version", models.PositiveIntegerField()),
                ("key", models.CharField(max_length=32)),
                ("scrubbed_on", models.DateField()),
                ("lasting", models.JSONField(default=list)),
                (
                    "numbers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50), default=list, size=None
                    ),
                ),
                ("new_visit", models.BooleanField(default=False)),
                ("charge", clinics.fields.MoneyField()),
                ("provider_text", models.TextField()),
                ("family_text", models.TextField()),
                ("own_text", models.TextField(blank=True)),
                ("patient_text", models.TextField(blank=True)),
                ("claim_text", models.TextField()),
                (
                    "claim",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="claims.claim"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        db_index=False,
                        default=clinics.scoping.current_clinic_id,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clinics.clinic",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("clinic", "claim"), name="scrub_stamp_once")],
            },
        ),
        Wall("ScrubStamp"),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]
