"""Append-only tables refuse TRUNCATE without exception: tests empty their databases in another way."""

from django.db import migrations

from clinics.walls import APPEND_ONLY_FUNCTION


class Migration(migrations.Migration):
    """Take the way in for tests out of the guard."""

    dependencies = [("clinics", "0003_no_twins")]

    operations = [migrations.RunSQL(APPEND_ONLY_FUNCTION, migrations.RunSQL.noop)]
