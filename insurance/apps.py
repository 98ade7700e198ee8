"""Django app configuration."""

from django.apps import AppConfig


class InsuranceConfig(AppConfig):
    """The insurance room."""

    name = "insurance"
