"""Django app configuration."""

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    """The appointments room."""

    name = "appointments"

    def ready(self) -> None:
        """Declare the settings and answer insurance's questions."""
        from appointments import authorizations, settings  # noqa: F401 - declares the SALT settings
        from appointments.queries import visits_due, visits_on
        from insurance.hooks import AUTHORIZATION_CHANGED, AUTHORIZATION_USE, VISITS_DUE, VISITS_ON

        VISITS_ON.answered_by(visits_on)
        VISITS_DUE.answered_by(visits_due)
        AUTHORIZATION_USE.answered_by(authorizations.used_of)
        AUTHORIZATION_CHANGED.followed_by(authorizations.follow_change)
