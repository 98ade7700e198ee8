"""Django app configuration."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """The patients room."""

    name = "patients"

    def ready(self) -> None:
        """Register the worker's handler of imports."""
        from patients import tasks  # noqa: F401 - imported for what it registers
