"""Choices of the patients room."""

from django.db import models


class Sex(models.TextChoices):
    """DMG03 of the 837P."""

    FEMALE = "F", "Female"
    MALE = "M", "Male"
    UNKNOWN = "U", "Unknown"
