"""Django app configuration."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """The claims room."""

    name = "claims"
