"""Django app configuration."""

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    """The appointments room."""

    name = "appointments"

    def ready(self) -> None:
        """Declare the settings and answer insurance's question."""
        from appointments import settings  # noqa: F401 - declares the SALT settings
        from appointments.queries import visits_on
        from insurance.hooks import VISITS_ON

        VISITS_ON.answered_by(visits_on)
