"""/api/v1/patients/imports/: a CSV of patients judged, taken and undone."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from patients import importing
from patients.here import today_here
from patients.models import PatientImport

ROWS = 500  # of one answer


class ImportSerializer(serializers.Serializer[Any]):
    """A file to import: its text and name."""

    text = serializers.CharField(max_length=10_000_000, trim_whitespace=False)
    name = serializers.CharField(max_length=120, default="patients.csv")


class ImportActSerializer(serializers.Serializer[Any]):
    """map (mapping: our field to their column), take, undo or drop. Taking and undoing are the worker's: 202."""

    act = serializers.ChoiceField(choices=["map", "take", "undo", "drop"])
    mapping = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, default=dict
    )


@extend_schema(request=ImportSerializer, responses={201: dict}, operation_id="patients_imports_read")
@api_view(["POST"])
def imports(request: Request) -> Response:
    """Keep a file and judge it; nothing is registered yet."""
    given = ImportSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    job = importing.start(given.validated_data["text"], given.validated_data["name"])
    return Response(_shown(request, job), status=status.HTTP_201_CREATED)


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("act", str, description="only rows that would be: register, here, wrong"),
        OpenApiParameter("after", int, description="rows after this line"),
    ],
    responses=dict,
    operation_id="patient_imports_read",
)
@extend_schema(methods=["POST"], request=ImportActSerializer, responses={200: dict, 202: dict})
@api_view(["GET", "POST"])
def one_import(request: Request, public_id: str) -> Response:
    """What the file would do or has done; POST maps, takes, undoes, drops."""
    job = get_object_or_404(PatientImport.objects.select_related("job"), public_id=public_id)
    code: int = status.HTTP_200_OK
    if request.method == "POST":
        given = ImportActSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        act = given.validated_data["act"]
        if act == "map":
            importing.set_mapping(job, given.validated_data["mapping"])
        elif act == "drop":
            importing.drop(job)
            return Response({"id": public_id, "dropped": True})
        else:
            (importing.take if act == "take" else importing.undo)(job, today_here(request))
            code = status.HTTP_202_ACCEPTED
        job = PatientImport.objects.select_related("job").get(pk=job.pk)
    return Response(_shown(request, job), status=code)


def _shown(request: Request, job: PatientImport) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": job.public_id, "name": job.name, "mapping": job.mapping, "created": job.created, "skipped": job.skipped,
        "taken_at": job.taken_at, "undone_at": job.undone_at,
        "job": {"id": job.job.public_id, "state": job.job.state, "done": job.job.done, "total": job.job.total}
        if job.job is not None else None,
    }  # fmt: skip
    if job.job is None:
        body["columns"] = importing.columns(job)
        ready = {"first_name", "last_name"} <= set(job.mapping)
        rows = importing.dry_run(job, today_here(request)) if ready else []
        body["counts"] = importing.counts(rows)
        wanted, after = request.query_params.get("act", ""), request.query_params.get("after", "")
        line = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
        kept = [row for row in rows if row.number > line and wanted in ("", row.act)]
        body["rows"] = [
            {"line": row.number, "act": row.act, "wrong": row.wrong, "shares_telephone_with": row.shares,
             "here": [twin.public_id for twin in row.twins]} for row in kept[:ROWS]
        ]  # fmt: skip
        body["more_rows"] = len(kept) > ROWS
    return body
