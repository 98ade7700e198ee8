"""The wall around what is left: policies, approvals, plans, accounts, calls, collections, closed days."""

from pathlib import Path

from django.db import migrations

from clinics.walls import Wall

SQL = (Path(__file__).parent / "sql" / "closed_days.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_what_is_left"), ("work", "0002_wall")]

    operations = [
        Wall("CollectionHandoff", append_only=True),
        Wall("PolicyRow", "WriteOffTerms", "Approval", "Account", "CallNote", "CollectionCase"),
        Wall("PaymentPlan", append_only=True, changeable=("state", "ended_at", "end_reason")),
        Wall("PlanInstalment", "PlanLine", "StatementMember", "StatementDelivery", append_only=True),
        Wall("WriteOffRun", append_only=True, changeable=("undone_at", "undone_by")),
        Wall(
            "DayClose",
            append_only=True,
            changeable=("reopened_at", "reopened_by", "reopen_reason"),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
