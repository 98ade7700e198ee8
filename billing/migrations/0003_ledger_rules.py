"""The ledger's promises, kept by the database (reliability.md a: I-1, I-1b, I-5, I-6)."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "sql" / "ledger_rules.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_wall")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
