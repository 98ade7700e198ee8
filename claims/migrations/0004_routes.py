"""Routes of payers to connections, and the moves of a claim that was crossed over before it was sent."""

import django.db.models.deletion
from django.db import migrations, models

import clinics.fields
import clinics.scoping
from clinics.walls import Wall

CROSSED = ("new", "ready", "on_hold")


def add_moves(apps, schema_editor):
    """A claim that has not left may be adjudicated: the payer before sent it on."""
    transition = apps.get_model("claims", "ClaimTransition")
    transition.objects.bulk_create(
        [transition(from_state=start, to_state="adjudicated") for start in CROSSED]
    )


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0003_moves"),
        ("clearinghouses", "0002_wall"),
        ("clinics", "0002_wall"),
        ("insurance", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="PayerRoute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                (
                    "connection",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="routes",
                        to="clearinghouses.connection",
                    ),
                ),
                (
                    "payer",
                    clinics.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="routes",
                        to="insurance.payer",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="payerroute",
            constraint=models.UniqueConstraint(fields=("clinic", "payer"), name="payer_route_once"),
        ),
        Wall("PayerRoute"),
        migrations.RunPython(add_moves, migrations.RunPython.noop),
    ]
