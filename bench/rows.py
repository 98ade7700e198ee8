"""What a way of doing some work has written: rows by table, their filled columns, and the weight of their words.

A limit script that leaves less than the product measures nothing, and one that leaves more flatters the product:
the benchmark counts what both left and refuses a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models

from clinics.tenancy import TenantModel

EMPTY = ("", "[]", "{}")
WORDS = (models.CharField, models.TextField, models.JSONField)
WITHIN = 0.05  # by so much the words of two ways may differ in length


@dataclass(frozen=True, slots=True)
class Written:
    """New rows of one table: how many, how often each column holds something, and bytes of text and JSON."""

    rows: int
    filled: Mapping[str, int]
    size: int


def marks(clinic_id: int) -> dict[str, int]:
    """The last key of each table of a clinic, before the work."""
    found = {}
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(
                f'SELECT coalesce(max(id), 0) FROM "{table}" WHERE clinic_id = %s',  # noqa: S608 - a model's name
                [clinic_id],
            )
            found[table] = cursor.fetchone()[0]
    return found


def written(clinic_id: int, since: Mapping[str, int]) -> dict[str, Written]:
    """The new rows of each table that has some."""
    found = {}
    with connection.cursor() as cursor:
        for table, fields in _tables().items():
            names = [field.column for field in fields]
            counts = "".join(f', count(*) FILTER (WHERE "{name}"::text <> ALL(%s))' for name in names)
            sizes = [f'octet_length("{field.column}"::text)' for field in fields if isinstance(field, WORDS)]
            cursor.execute(
                f"SELECT count(*), coalesce(sum({' + '.join(sizes) or '0'}), 0){counts} "  # noqa: S608
                f'FROM "{table}" WHERE clinic_id = %s AND id > %s',
                [*[list(EMPTY)] * len(names), clinic_id, since[table]],
            )
            rows, size, *filled = cursor.fetchone()
            if rows:
                found[table] = Written(rows, dict(zip(names, filled, strict=True)), int(size))
    return found


def differences(ours: Mapping[str, Written], other: Mapping[str, Written]) -> list[str]:
    """Where the other way left other rows than ours, in words; none when it did the same work."""
    none = Written(0, {}, 0)
    told = []
    for table in sorted({*ours, *other}):
        one, two = ours.get(table, none), other.get(table, none)
        if one.rows != two.rows:
            told.append(f"{table}: {one.rows} rows, the other {two.rows}")
            continue
        told += [
            f"{table}.{name}: filled in {count} rows, by the other in {two.filled[name]}"
            for name, count in one.filled.items()
            if two.filled[name] != count
        ]
        if abs(one.size - two.size) > WITHIN * one.size:
            told.append(f"{table}: {one.size} bytes of words, the other {two.size}")
    return told


def _tables() -> dict[str, list[models.Field[object, object]]]:
    kept = [model for model in apps.get_models() if issubclass(model, TenantModel) and model._meta.managed]
    return {model._meta.db_table: list(model._meta.concrete_fields) for model in kept}
