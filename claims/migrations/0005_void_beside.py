"""A void stands beside the claim it takes back: it is not counted among the live claims of a layer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0004_routes")]

    operations = [
        migrations.RemoveConstraint(model_name="claim", name="claim_one_live_a_layer"),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("superseded", "voided")), _negated=True),
                    models.Q(("frequency", "8"), _negated=True),
                ),
                fields=("clinic", "invoice", "rank", "part"),
                name="claim_one_live_a_layer",
            ),
        ),
    ]
