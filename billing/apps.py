"""Django app configuration."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The billing room."""

    name = "billing"

    def ready(self) -> None:
        """Declare this room's settings; register what its promises and proofs are."""
        import billing.papers
        import billing.settings
        import billing.statement_batches
        import billing.statement_pdf
        import billing.transition_batches
        import billing.trials
        import billing.verification  # noqa: F401
        from appointments.hooks import CANCELLED, CLOSED_BOOKS, RESTORED
        from billing.invoicing import closed_books
        from billing.missed import charge_missed, take_back

        CLOSED_BOOKS.answered_by(closed_books)
        CANCELLED.followed_by(charge_missed)
        RESTORED.followed_by(take_back)
