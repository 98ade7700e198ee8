"""Django app configuration."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The billing room."""

    name = "billing"

    def ready(self) -> None:
        """Declare this room's settings."""
        import billing.settings  # noqa: F401
