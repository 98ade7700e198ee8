"""Model fields of the house: exact money, keys inside a clinic, public ids, encrypted text."""

from __future__ import annotations

import base64
import hashlib
import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.sql.where import AND, WhereNode

from lib.identifiers import new_public_id
from lib.money import BadAmount, from_cents, parse_money, to_cents

if TYPE_CHECKING:
    BigInteger = models.BigIntegerField[Any, Any]
    ForeignKey = models.ForeignKey[Any, Any]
    Char = models.CharField[Any, Any]
    Text = models.TextField[Any, Any]
    Binary = models.BinaryField[Any, Any]
else:
    BigInteger, ForeignKey, Char, Text, Binary = (
        models.BigIntegerField,
        models.ForeignKey,
        models.CharField,
        models.TextField,
        models.BinaryField,
    )


class MoneyField(BigInteger):
    """``Decimal`` dollars with two places in Python, whole cents (bigint) in the database (I-2)."""

    description = "Exact money"
    # What the type checker lets in and out: django-stubs reads these names.
    _pyi_private_set_type: Decimal | int | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]
    _pyi_lookup_exact_type: Decimal | int  # type: ignore[assignment]

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        """Cents to dollars; sums arrive as numeric and are whole cents too."""
        return None if value is None else from_cents(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        """Parse exactly; more than two decimals is an error, never a rounding."""
        if value is None or value == "":
            return None
        try:
            return parse_money(value)
        except BadAmount as error:
            raise ValidationError(str(error), code="bad_amount") from error

    def get_prep_value(self, value: Any) -> Any:
        """Dollars to cents; expressions pass."""
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return to_cents(parse_money(value))

    def formfield(self, **kwargs: Any) -> Any:
        """Forms take a decimal with two places."""
        from django import forms

        return forms.DecimalField(
            max_digits=12, decimal_places=2, required=not self.blank, label=kwargs.get("label")
        )


class TenantForeignKey(ForeignKey):
    """A key to a row of the same clinic.

    The database constraint is composite, (clinic_id, x_id) -> (clinic_id, id), and is made by the
    Wall operation: a plain one would let a row point into another clinic (I-20). Joins carry
    both columns too (scaling.md rule 2).
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        """db_constraint is always off and not worth repeating in migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs

    def get_extra_restriction(self, alias: str, related_alias: str) -> Any:
        """Join over (clinic_id, x_id)."""
        local: Any = self.model._meta.get_field("clinic")
        remote: Any = self.remote_field.model._meta.get_field("clinic")
        lookup = remote.get_lookup("exact")(remote.get_col(related_alias), local.get_col(alias))
        return WhereNode([lookup], connector=AND)


class PublicIdField(Char):
    """The random id that stands for a row in URLs and JSON; unique within its clinic."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 16)
        kwargs.setdefault("default", new_public_id)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)


def cipher() -> MultiFernet:
    """The keys of FIELD_KEY: the first writes, all read."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


class EncryptedField(Text):
    """Text at rest as Fernet ciphertext: SSNs, clearinghouse passwords and keys."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt; empty stays empty."""
        return cipher().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Decrypt with any key of the ring."""
        return cipher().decrypt(value.encode()).decode() if value else value


class EncryptedBytes(Binary):
    """Bytes at rest as Fernet ciphertext: pictures of insurance cards."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt."""
        return None if value is None else cipher().encrypt(bytes(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Decrypt with any key of the ring."""
        return None if value is None else cipher().decrypt(bytes(value))


def blind_index(clinic_id: int, value: str) -> str:
    """A keyed digest by which an encrypted value of one clinic can be found again."""
    key = base64.urlsafe_b64decode(settings.FIELD_KEYS[0]) + str(clinic_id).encode()
    return hmac.new(key, value.strip().upper().encode(), hashlib.sha256).hexdigest()[:32]
