"""``pk__any_of=Keys(...)``: one array parameter where ``__in`` would bind, check and print thousands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import CharField, Field, Lookup
from django.db.models.fields.related import ForeignObject

if TYPE_CHECKING:
    AnyLookup = Lookup[Any]
else:
    AnyLookup = Lookup


class Keys:
    """Keys or texts to be compared with; no container, so that nobody walks through it on the way."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[int | str | None]) -> None:
        self.values = list(dict.fromkeys(values))


@ForeignObject.register_lookup
@Field.register_lookup
class AnyOf(AnyLookup):
    """``column = ANY(array)``."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The array is one parameter of the column's own type; nothing to look for asks nothing, as with ``__in``."""
        assert isinstance(self.rhs, Keys)
        if not self.rhs.values:
            raise EmptyResultSet
        sql, params = self.process_lhs(compiler, connection)
        return f"{sql} = ANY(%s::{_kind(self.lhs.output_field, connection)}[])", (*params, self.rhs.values)


def _kind(field: Any, connection: Any) -> str:
    if isinstance(field, CharField):
        return "text"  # varchar(n) would cut longer texts until they fit
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))
