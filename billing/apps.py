"""Django app configuration."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The billing room."""

    name = "billing"

    def ready(self) -> None:
        """Declare this room's settings; register what its promises and proofs are."""
        import billing.settings
        import billing.statement_batches
        import billing.statement_pdf
        import billing.verification  # noqa: F401
        from appointments.hooks import CLOSED_BOOKS
        from billing.invoicing import closed_books

        CLOSED_BOOKS.answered_by(closed_books)
