"""Models: keys point down, tenant rows are tenant models, keys within a clinic are composite."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

from clinics.fields import TenantForeignKey
from clinics.outside_the_wall import OUTSIDE, SHARED_TARGETS
from clinics.tenancy import TenantManager, TenantModel
from tests.architecture.house import ROOMS, level, nothing

OURS = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
KEYS = [
    (model, field)
    for model in OURS
    for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
    if field.is_relation
]


def name_of(model: type[models.Model]) -> str:
    return model._meta.label


def test_there_is_something_to_look_at() -> None:
    assert len(OURS) > 40
    assert len(KEYS) > 100


def test_no_foreign_key_points_up() -> None:
    up = [
        f"{name_of(model)}.{field.name} -> {name_of(field.related_model)}"
        for model, field in KEYS
        if field.related_model._meta.app_label in ROOMS
        and field.related_model._meta.app_label != model._meta.app_label
        and level(field.related_model._meta.app_label) >= level(model._meta.app_label)
    ]
    nothing(up)


def test_every_model_with_a_clinic_is_a_tenant_model_or_listed_with_its_reason() -> None:
    loose = [
        name_of(model)
        for model in OURS
        if any(field.name == "clinic" for field in model._meta.local_fields)
        and not issubclass(model, TenantModel)
        and model._meta.db_table not in OUTSIDE
    ]
    nothing(loose)


def test_every_other_model_is_listed_as_outside() -> None:
    unlisted = [
        name_of(model)
        for model in apps.get_models()
        if not issubclass(model, TenantModel) and model._meta.db_table not in OUTSIDE
    ]
    nothing(unlisted)


def test_tenant_models_filter_in_every_manager() -> None:
    wrong = []
    for model in OURS:
        if issubclass(model, TenantModel):
            managers = {"_default_manager": model._default_manager, "_base_manager": model._base_manager}
            managers |= {manager.name: manager for manager in model._meta.managers}
            wrong += [
                f"{name_of(model)}.{name}"
                for name, manager in managers.items()
                if not isinstance(manager, TenantManager)
            ]
    nothing(wrong)


def test_keys_to_tenant_rows_are_tenant_keys_and_back() -> None:
    wrong = []
    for model, field in KEYS:
        to_tenant = issubclass(field.related_model, TenantModel)
        if to_tenant != isinstance(field, TenantForeignKey):
            wrong.append(f"{name_of(model)}.{field.name}: {type(field).__name__}")
    nothing(wrong)


def test_plain_keys_of_tenant_rows_go_only_to_the_listed_shared_tables() -> None:
    wrong = [
        f"{name_of(model)}.{field.name} -> {name_of(field.related_model)}"
        for model, field in KEYS
        if issubclass(model, TenantModel)
        and not isinstance(field, TenantForeignKey)
        and field.related_model._meta.db_table not in SHARED_TARGETS
    ]
    nothing(wrong)


def test_there_are_no_many_to_many_tables_of_tenant_rows() -> None:
    """A through table made by Django would have no clinic; a row of its own has one."""
    nothing([name_of(model) for model in OURS if model._meta.local_many_to_many])


def test_no_key_is_set_to_null_behind_our_back() -> None:
    """SET_NULL writes a tenant row without naming its clinic (scaling.md rules 2 and 3)."""
    wrong = [
        f"{name_of(model)}.{field.name}"
        for model, field in KEYS
        if issubclass(model, TenantModel)
        and getattr(field.remote_field, "on_delete", None) in (models.SET_NULL, models.SET_DEFAULT)
    ]
    nothing(wrong)


@pytest.mark.django_db
def test_each_tenant_key_has_its_composite_constraint_and_no_plain_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.relname, f.relname, (SELECT array_agg(a.attname::text ORDER BY o.n) "
            "FROM unnest(k.conkey) WITH ORDINALITY o(attnum, n) "
            "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum) "
            "FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid "
            "WHERE k.contype = 'f'"
        )
        found = {(table, target, tuple(columns)) for table, target, columns in cursor.fetchall()}
    wrong = []
    for model, field in KEYS:
        if isinstance(field, TenantForeignKey):
            table, target = model._meta.db_table, field.related_model._meta.db_table
            if (table, target, ("clinic_id", field.column)) not in found:
                wrong.append(f"{name_of(model)}.{field.name} has no composite key: Wall or BindKey forgotten")
            if (table, target, (field.column,)) in found:
                wrong.append(f"{name_of(model)}.{field.name} has a plain key beside the composite one")
    nothing(wrong)
