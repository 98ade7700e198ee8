"""Django app configuration."""

from django.apps import AppConfig


class ResponsesConfig(AppConfig):
    """The responses room."""

    name = "responses"
