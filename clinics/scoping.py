"""Which clinics the current work may touch: one scope, one transaction, one literal SET LOCAL.

Every request and every task opens a scope before it touches tenant rows. The scope filters in
the ORM (TenantManager) *and* in PostgreSQL (row-level security reads ``app.clinics``). Work that
writes opens exactly one clinic; reading may span the clinics of a billing company.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class Scope:
    """The open clinics and who acts: ``actor`` is a user's e-mail or the name of a job."""

    clinic_ids: tuple[int, ...]
    actor: str
    user_id: int | None = None


class NoScope(RuntimeError):
    """Tenant rows were asked for outside any scope: a bug, never a way around the wall."""


_scope: ContextVar[Scope | None] = ContextVar("clinic_scope", default=None)


def current_scope() -> Scope:
    """The open scope; raises NoScope where none is open."""
    scope = _scope.get()
    if scope is None:
        raise NoScope("open_clinics(...) must be open before tenant rows are touched")
    return scope


def current_clinic_id() -> int | None:
    """The single open clinic, the default owner of new rows; None with none or several open."""
    scope = _scope.get()
    return scope.clinic_ids[0] if scope is not None and len(scope.clinic_ids) == 1 else None


def require_clinic_id() -> int:
    """The single open clinic; anything else is a bug: work that writes opens exactly one."""
    clinic_id = current_clinic_id()
    assert clinic_id is not None, "work that writes opens exactly one clinic"
    return clinic_id


def current_actor() -> str:
    """Who acts, for events and the audit; 'system' outside a scope."""
    scope = _scope.get()
    return scope.actor if scope is not None else "system"


@contextmanager
def open_clinics(
    clinic_ids: Iterable[int], *, actor: str = "system", user_id: int | None = None
) -> Iterator[Scope]:
    """Open a transaction that sees these clinics only.

    Opens the outermost transaction and refuses to nest with other clinics: a released savepoint
    would leak its setting to the block around it (reliability.md e2.6). SET LOCAL ends by itself.
    """
    ids = tuple(sorted({int(clinic_id) for clinic_id in clinic_ids}))
    outer = _scope.get()
    if outer is not None:
        if outer.clinic_ids != ids:
            raise NoScope(f"a scope for clinics {outer.clinic_ids} is open, {ids} cannot nest in it")
        with transaction.atomic():
            yield outer
        return
    scope = Scope(ids, actor, user_id)
    with transaction.atomic():
        _set_local(scope)
        token = _scope.set(scope)
        try:
            yield scope
        finally:
            _scope.reset(token)


def open_clinic(
    clinic_id: int, *, actor: str = "system", user_id: int | None = None
) -> AbstractContextManager[Scope]:
    """open_clinics for exactly one, as all work that writes does."""
    return open_clinics([clinic_id], actor=actor, user_id=user_id)


def _set_local(scope: Scope) -> None:
    # Literal SET LOCAL statements of their own, integers only (scaling.md rule 5).
    ids = ",".join(str(clinic_id) for clinic_id in scope.clinic_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL app.clinics = '{ids}'")
        if scope.user_id is not None:
            cursor.execute(f"SET LOCAL app.user_id = '{int(scope.user_id)}'")
