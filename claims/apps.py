"""Django app configuration."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """The claims room."""

    name = "claims"

    def ready(self) -> None:
        """Declare settings and register the handlers of this room's promises."""
        from claims import settings, tasks  # noqa: F401 - imported for what they register
