"""Django app configuration."""

from django.apps import AppConfig


class ClearinghousesConfig(AppConfig):
    """The clearinghouses room."""

    name = "clearinghouses"
