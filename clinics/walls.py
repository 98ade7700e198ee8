"""The Wall: the migration operation that puts tenant tables behind row-level security.

For each model it makes: ENABLE + FORCE row-level security with one policy (scaling.md rule 4),
UNIQUE (clinic_id, id), a composite foreign key for each TenantForeignKey (I-20), and, for
append-only tables, triggers and grants that refuse UPDATE, DELETE and TRUNCATE (I-4).
tests/architecture holds every model against the catalogue, so a forgotten Wall fails the build.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

from clinics.fields import TenantForeignKey

POLICY = "clinic_id = ANY (string_to_array(nullif(current_setting('app.clinics', true), ''), ',')::bigint[])"

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


class Wall(Operation):
    """``Wall("Patient", "Guarantor")``; with ``append_only=True`` rows can be added and never changed."""

    reversible = False
    reduces_to_sql = True

    def __init__(self, *models: str, append_only: bool = False, changeable: tuple[str, ...] = ()) -> None:
        self.models = models
        self.append_only = append_only
        # Columns of an append-only table that a counter trigger may move.
        self.changeable = tuple(changeable)

    def deconstruct(self) -> Any:
        """For the migration writer."""
        kwargs: dict[str, Any] = {}
        if self.append_only:
            kwargs["append_only"] = True
        if self.changeable:
            kwargs["changeable"] = self.changeable
        return (self.__class__.__name__, list(self.models), kwargs)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The wall changes nothing Django knows of."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Build the wall around each table."""
        # Two passes: every UNIQUE (clinic_id, id) stands before the first key that needs it.
        tables = [to_state.apps.get_model(app_label, name) for name in self.models]
        for model in tables:
            for statement in guard_table(model._meta.db_table):
                schema_editor.execute(statement, params=None)
        for model in tables:
            for statement in bind_keys(model):
                schema_editor.execute(statement, params=None)
        if self.append_only:
            schema_editor.execute(APPEND_ONLY_FUNCTION, params=None)
            for model in tables:
                for statement in freeze_table(model._meta.db_table, self.changeable):
                    schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Dropping the table drops its wall."""

    def describe(self) -> str:
        """For the migrate command."""
        return f"Wall around {', '.join(self.models)}"


class BindKey(Operation):
    """The composite key for a TenantForeignKey that was added to a table already behind the wall."""

    reversible = False
    reduces_to_sql = True

    def __init__(self, model: str, field: str) -> None:
        self.model, self.field = model, field

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing Django knows of."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Add the one constraint."""
        model = to_state.apps.get_model(app_label, self.model)
        schema_editor.execute(_bind(model, model._meta.get_field(self.field)), params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Dropping the column drops the key."""

    def describe(self) -> str:
        """For the migrate command."""
        return f"Bind {self.model}.{self.field} within its clinic"


def guard_table(table: str) -> list[str]:
    """Row-level security, forced, and the unique pair that foreign keys use."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY clinic_wall ON "{table}" USING ({POLICY}) WITH CHECK ({POLICY})',
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_clinic_key" UNIQUE (clinic_id, id)',
    ]


def bind_keys(model: Any) -> list[str]:
    """One composite foreign key for each TenantForeignKey of the model."""
    keys = [field for field in model._meta.local_fields if isinstance(field, TenantForeignKey)]
    return [_bind(model, field) for field in keys]


def _bind(model: Any, field: Any) -> str:
    table, column = model._meta.db_table, field.column
    target = field.remote_field.model._meta.db_table
    name = f"{table}_{column}_wall"[:60]
    return (
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (clinic_id, "{column}") '
        f'REFERENCES "{target}" (clinic_id, id) DEFERRABLE INITIALLY DEFERRED'
    )


def freeze_table(table: str, changeable: tuple[str, ...] = ()) -> list[str]:
    """Refuse UPDATE, DELETE and TRUNCATE to everybody, the owner included."""
    statements = [
        f'REVOKE UPDATE, DELETE ON "{table}" FROM app_rw',
        f'CREATE TRIGGER no_delete BEFORE DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION public.refuse_change()",
        f'CREATE TRIGGER no_truncate BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()",
    ]
    when = ""
    if changeable:
        columns = ", ".join(f'"{column}"' for column in changeable)
        statements.append(f'GRANT UPDATE ({columns}) ON "{table}" TO app_rw')
        moving = "'{" + ",".join(changeable) + "}'::text[]"
        when = f"WHEN (to_jsonb(OLD) - {moving} IS DISTINCT FROM to_jsonb(NEW) - {moving}) "
    statements.append(
        f'CREATE TRIGGER no_update BEFORE UPDATE ON "{table}" '
        f"FOR EACH ROW {when}EXECUTE FUNCTION public.refuse_change()"
    )
    return statements
