"""Django app configuration."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """The patients room."""

    name = "patients"
