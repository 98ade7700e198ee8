"""Wiring only: settings, URLs, the Celery app and its schedule. Rules live in the rooms below."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
