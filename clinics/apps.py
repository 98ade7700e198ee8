"""Django app configuration."""

from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    """The clinics room."""

    name = "clinics"
