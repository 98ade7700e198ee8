"""Many rows in a few statements: COPY to a temporary table, then INSERT..SELECT (scaling.md rule 9).

PostgreSQL refuses COPY straight into a table behind the wall. Keys are drawn first, so that rows may name each
other before anything is written. Values arrive as PostgreSQL reads them: ``cents``, ``text_of``, NULL.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any

from django.db import connection, models

from lib.money import to_cents

SMALL = 40  # so many rows go in by plain VALUES: a temporary table costs more than it saves


class _Null:
    """Equal to nothing but itself, so that it can be counted: no text is taken for it."""

    def __str__(self) -> str:
        return "\\N"


NULL = _Null()
Value = object  # text, number or NULL


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` fresh keys of a table, in order."""
    if not count:
        return []
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table, column, count],
        )
        return sorted(row[0] for row in cursor.fetchall())


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Write the rows; ``columns`` begin with ``clinic_id``. What is not named takes the table's default."""
    if not rows:
        return
    assert columns[0] == "clinic_id", "every statement names the clinic"
    table = model._meta.db_table
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        if len(rows) <= SMALL:
            places = f"({', '.join(['%s'] * len(columns))})"
            values: list[Any] = [None if value is NULL else value for row in rows for value in row]
            # Names come from our own models, values are bound.
            sql = f'INSERT INTO "{table}" ({names}) VALUES {", ".join([places] * len(rows))}'  # noqa: S608
            cursor.execute(sql, values)
            return
        draft = f"bulk_{table}"
        cursor.execute(
            f'CREATE TEMPORARY TABLE "{draft}" ON COMMIT DROP AS '  # noqa: S608
            f'SELECT {names} FROM "{table}" WHERE clinic_id = 0'
        )
        cursor.copy_expert(f'COPY "{draft}" FROM STDIN', StringIO("".join([_copy_line(row) for row in rows])))
        cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{draft}"')  # noqa: S608
        cursor.execute(f'DROP TABLE "{draft}"')


def insert_rows(rows: Sequence[models.Model]) -> None:
    """The same for unsaved rows of one model; those without a key get one.

    A column that the table fills (``db_default``) is read back when somebody asks for it.
    """
    if not rows:
        return
    model = type(rows[0])
    bare = [row for row in rows if row.pk is None]
    for row, key in zip(bare, next_ids(model, len(bare)), strict=True):
        row.pk = key
    named: dict[str, Any] = {field.attname: field for field in model._meta.concrete_fields}
    fields: list[Any] = [named.pop("clinic_id"), *named.values()]
    given = [field for field in fields if not _is_left_to_the_table(rows[0], field)]
    writers = [(field.attname, _writer(field)) for field in given]
    lines = [[write(values[name]) for name, write in writers] for values in map(vars, rows)]
    insert(model, [field.column for field in given], lines)
    left = [field.attname for field in fields if field not in given]
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as bulk_create does
        for name in left:
            del row.__dict__[name]


def text_of(value: Any) -> Value:
    """A plain value as PostgreSQL reads it; dates as ISO 8601."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    if value is None:
        return NULL
    if kind is bool:
        return "t" if value else "f"
    return str(value)


def cents(amount: Decimal | None) -> Value:
    """A MoneyField's value."""
    return NULL if amount is None else to_cents(amount)


def json_text(value: Any) -> str:
    """A JSONField's value."""
    if not value and isinstance(value, list | tuple):
        return "[]"
    return "{}" if value == {} else _encode(value)


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def array_text(values: Iterable[object]) -> str:
    """A text or number array's value."""
    return "{" + ",".join('"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values) + "}"


def _copy_line(row: Sequence[Value]) -> str:
    """One row in COPY's text format; most hold nothing that would have to be escaped."""
    line = "\t".join(map(str, row))
    is_odd = "\n" in line or "\r" in line or line.count("\t") >= len(row)
    if is_odd or ("\\" in line and line.count("\\") != row.count(NULL)):
        line = "\t".join([_escaped(value) if isinstance(value, str) else str(value) for value in row])
    return line + "\n"


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\") if "\\" in text else text
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _is_left_to_the_table(row: models.Model, field: Any) -> bool:
    from django.db.models.expressions import DatabaseDefault

    return isinstance(getattr(row, field.attname), DatabaseDefault)


def _writer(field: Any) -> Any:
    from django.contrib.postgres.fields import ArrayField

    from clinics.fields import MoneyField

    if isinstance(field, MoneyField):
        return cents
    if isinstance(field, models.JSONField):
        return json_text
    if isinstance(field, ArrayField):
        return array_text
    assert not isinstance(field, models.BinaryField), "bytes go in one by one"
    return text_of
