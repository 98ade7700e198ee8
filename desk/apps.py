"""Django app configuration."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The desk room."""

    name = "desk"

    def ready(self) -> None:
        """Register the answers to what lower rooms ask."""
        from billing.hooks import MERGE
        from desk import merging

        MERGE.answered_by(merging.merge_approved)
