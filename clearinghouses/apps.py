"""Django app configuration."""

from django.apps import AppConfig


class ClearinghousesConfig(AppConfig):
    """The clearinghouses room."""

    name = "clearinghouses"

    def ready(self) -> None:
        """Register the handlers of this room's promises."""
        from clearinghouses import tasks  # noqa: F401
