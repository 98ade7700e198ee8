"""Django app configuration."""

from django.apps import AppConfig


class ResponsesConfig(AppConfig):
    """The responses room."""

    name = "responses"

    def ready(self) -> None:
        """Declare settings and register the handlers of this room's promises."""
        from billing.hooks import DAY_TIES, INSURER_REFUND
        from responses import (  # noqa: F401 - some are imported for what they register
            day_ties,
            insurer_refunds,
            settings,
            tasks,
            verification,
            what_if,
        )

        DAY_TIES.answered_by(day_ties.breaks)
        INSURER_REFUND.answered_by(insurer_refunds.approved)
