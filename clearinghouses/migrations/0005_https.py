"""A third kind of connection: HTTPS; and whether a partner answers status inquiries."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clearinghouses", "0004_connection_test")]

    operations = [
        migrations.AlterField(
            model_name="connection",
            name="kind",
            field=models.CharField(
                choices=[("sftp", "SFTP"), ("https", "HTTPS"), ("folder", "Folder")],
                default="sftp",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="connection", name="answers_276", field=models.BooleanField(default=False)
        ),
        migrations.RunSQL(
            "UPDATE clearinghouses_connection SET answers_276 = true WHERE is_sandbox", migrations.RunSQL.noop
        ),
    ]
