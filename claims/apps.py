"""Django app configuration."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """The claims room."""

    name = "claims"

    def ready(self) -> None:
        """Declare settings and register the handlers of this room's promises."""
        from billing.hooks import CHECKED_OUT, CORRECTABLE, LIVE_CLAIMS, REOPENED
        from claims import (  # noqa: F401 - imported for what they register
            authorization_numbers,
            code_loading,
            corrections,
            queue,
            rule_trials,
            settings,
            tasks,
            verification,
        )
        from claims.routing import routes_of
        from insurance.hooks import CONNECTIONS_FOR, RENUMBERED, UNSENT_CLAIMS

        CHECKED_OUT.followed_by(queue.follow_check_out)
        LIVE_CLAIMS.answered_by(verification.live_claim_numbers)
        CORRECTABLE.answered_by(corrections.why_not_correctable)
        REOPENED.answered_by(verification.reopened)
        CONNECTIONS_FOR.answered_by(routes_of)
        UNSENT_CLAIMS.answered_by(authorization_numbers.unsent_with)
        RENUMBERED.followed_by(authorization_numbers.follow_renumbering)
