"""Django app configuration."""

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    """The appointments room."""

    name = "appointments"

    def ready(self) -> None:
        """Declare the settings and answer insurance's questions."""
        from appointments import settings  # noqa: F401 - declares the SALT settings
        from appointments.queries import visits_due, visits_on
        from insurance.hooks import VISITS_DUE, VISITS_ON

        VISITS_ON.answered_by(visits_on)
        VISITS_DUE.answered_by(visits_due)
