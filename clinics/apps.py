"""Django app configuration."""

from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    """The clinics room."""

    name = "clinics"

    def ready(self) -> None:
        """Stop the start when a route is not in the matrix, or the database role could pass the wall."""
        from django.core.checks import register
        from django.db.backends.signals import connection_created

        from clinics.checks import check_routes
        from clinics.guard import refuse_strong_role

        register(check_routes, "security")
        connection_created.connect(refuse_strong_role, dispatch_uid="clinics.guard")
