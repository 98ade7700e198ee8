"""Django app configuration."""

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    """The appointments room."""

    name = "appointments"
