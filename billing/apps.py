"""Django app configuration."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The billing room."""

    name = "billing"
