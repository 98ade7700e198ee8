"""A third kind of connection: HTTPS."""

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
    ]
