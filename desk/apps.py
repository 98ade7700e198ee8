"""Django app configuration."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The desk room."""

    name = "desk"
