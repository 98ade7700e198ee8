"""Collections: cases that a person decides, and the charges that went to an agency; the lock of a day's close."""

from pathlib import Path

import clinics.fields
import clinics.scoping
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from clinics.walls import Wall


SQL = (Path(__file__).parent / "sql" / "close_lock.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0008_good_faith"),
        ("clinics", "0002_wall"),
        ("patients", "0004_merge_import_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="CollectionLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", clinics.fields.MoneyField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="collectioncase",
            name="one_open_case_an_account",
        ),
        migrations.RemoveField(
            model_name="collectioncase",
            name="agency",
        ),
        migrations.RemoveField(
            model_name="collectioncase",
            name="listed_at",
        ),
        migrations.AddField(
            model_name="collectioncase",
            name="closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="collectioncase",
            name="closed_by",
            field=models.CharField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name="collectioncase",
            name="outcome",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name="collectioncase",
            name="decided_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AlterField(
            model_name="collectioncase",
            name="decided_by",
            field=models.CharField(max_length=254),
        ),
        migrations.AlterField(
            model_name="collectioncase",
            name="reason",
            field=models.CharField(max_length=200),
        ),
        migrations.AlterField(
            model_name="collectioncase",
            name="state",
            field=models.CharField(
                choices=[
                    ("approved", "To be handed off"),
                    ("spared", "Spared"),
                    ("handed", "At the agency"),
                    ("closed", "Closed"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="collectioncase",
            index=models.Index(fields=["clinic", "state", "-decided_at"], name="collection_case_by_state"),
        ),
        migrations.AddConstraint(
            model_name="collectioncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["approved", "handed"])),
                fields=("clinic", "account"),
                name="one_open_case_an_account",
            ),
        ),
        migrations.AddField(
            model_name="collectionline",
            name="case",
            field=clinics.fields.TenantForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="billing.collectioncase"
            ),
        ),
        migrations.AddField(
            model_name="collectionline",
            name="charge",
            field=clinics.fields.TenantForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.charge"
            ),
        ),
        migrations.AddField(
            model_name="collectionline",
            name="clinic",
            field=models.ForeignKey(
                db_index=False,
                default=clinics.scoping.current_clinic_id,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="clinics.clinic",
            ),
        ),
        migrations.AddIndex(
            model_name="collectionline",
            index=models.Index(fields=["clinic", "charge"], name="collection_line_by_charge"),
        ),
        migrations.AddConstraint(
            model_name="collectionline",
            constraint=models.UniqueConstraint(
                fields=("clinic", "case", "charge"), name="collection_line_once"
            ),
        ),
        Wall("CollectionLine", append_only=True),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
