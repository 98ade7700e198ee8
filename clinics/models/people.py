"""Users and their memberships. Outside the wall: they decide what the wall lets through."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from clinics.roles import Role


class UserManager(BaseUserManager["User"]):
    """Makes users; there is no superuser: operators use the database and the command line."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A user who signs in by e-mail."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """By e-mail, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person who signs in: one account a person, never shared (45 CFR 164.312(a)(2)(i))."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """Two letters for the corner of the screen."""
        parts = [part for part in self.name.split() if part]
        return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


class Membership(models.Model):
    """What one user may do in one clinic. A billing company's people have one a clinic they serve."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    clinic = models.ForeignKey("clinics.Clinic", models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "clinic"], name="membership_one_a_clinic")]

    def __str__(self) -> str:
        return f"{self.user} in {self.clinic}: {self.get_role_display()}"
