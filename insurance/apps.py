"""Django app configuration."""

from django.apps import AppConfig


class InsuranceConfig(AppConfig):
    """The insurance room."""

    name = "insurance"

    def ready(self) -> None:
        """Declare settings, register the worker's handlers; every patient gets a self-pay profile (B11.1)."""
        from insurance import settings, tasks  # noqa: F401 - imported for what they register
        from insurance.profiles import ensure_self_pay, forget_self_pay
        from patients.hooks import REGISTERED, WITHDRAWN

        REGISTERED.followed_by(ensure_self_pay)
        WITHDRAWN.followed_by(forget_self_pay)
