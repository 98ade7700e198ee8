"""Django app configuration."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """The claims room."""

    name = "claims"

    def ready(self) -> None:
        """Declare settings and register the handlers of this room's promises."""
        from billing.hooks import LIVE_CLAIMS
        from claims import settings, tasks, verification  # noqa: F401 - imported for what they register

        LIVE_CLAIMS.answered_by(verification.live_claim_numbers)
