"""Job rows: start one, move it, finish it. The page that shows it only reads."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from clinics.scoping import current_actor
from work.models import Job


def start(kind: str, title: str, *, total: int = 0, params: dict[str, Any] | None = None) -> Job:
    """A queued job of the open clinic; the caller promises its work in the same transaction."""
    return Job.objects.create(
        kind=kind, title=title, total=total, params=params or {}, created_by=current_actor()
    )


def progress(job: Job, *, done: int, errors: int = 0, total: int | None = None) -> None:
    """Show how far the work is."""
    fields: dict[str, Any] = {"state": Job.State.RUNNING, "done": done, "errors": errors}
    if total is not None:
        fields["total"] = total
    # A job that is over stays over, whoever comes late.
    Job.objects.filter(pk=job.pk, finished_at__isnull=True).update(**fields)


def finish(
    job: Job, *, result: dict[str, Any], done: int, errors: int = 0, url: str = "", failed: bool = False
) -> None:
    """The end, with a result list people can read."""
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED if failed else Job.State.DONE,
        result=result,
        done=done,
        errors=errors,
        result_url=url,
        finished_at=timezone.now(),
    )
