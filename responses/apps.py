"""Django app configuration."""

from django.apps import AppConfig


class ResponsesConfig(AppConfig):
    """The responses room."""

    name = "responses"

    def ready(self) -> None:
        """Declare settings and register the handlers of this room's promises."""
        from billing.hooks import DAY_TIES
        from responses import day_ties, settings, tasks, verification, what_if  # noqa: F401 - imported for what they register

        DAY_TIES.answered_by(day_ties.breaks)
