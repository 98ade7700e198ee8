"""Scanned EOBs: kept encrypted with their check, seen by who sees answers, taken away by an admin."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from clinics.models import AuditEvent
from responses.models import Remittance, Scan
from tests.browser.clinic_days import PICTURE
from tests.cast import make_world
from tests.responses.stage import AETNA, answer, claimed, clp

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\nexplanation of benefits\n%%EOF\n"


@pytest.fixture
def world():
    return make_world()


def upload(content, name="eob page 1.pdf"):
    return SimpleUploadedFile(name, content)


def test_a_scan_is_kept_encrypted_and_shown_to_who_may_see_answers(client, world):
    with world.open():
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), **AETNA)
    check = row.remittance.public_id
    client.force_login(world.users["biller"])
    assert client.post(reverse("responses:scan-add", args=[check]), {"file": upload(PDF)}).status_code == 302
    with world.open():
        scan = Scan.objects.get()
        assert (scan.name, scan.content_type, bytes(scan.content)) == (
            "eob page 1.pdf",
            "application/pdf",
            PDF,
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM responses_scan")
            assert b"explanation" not in bytes(cursor.fetchone()[0])
    page = client.get(reverse("responses:list"), {"check": check}).content.decode()
    assert "eob page 1.pdf" in page
    assert "Remove" not in page
    seen = client.get(reverse("responses:scan", args=[scan.public_id]))
    assert (seen.content, seen["Cache-Control"]) == (PDF, "no-store")
    remove = reverse("responses:scan-remove", args=[scan.public_id])
    assert client.post(remove).status_code == 403
    for role, status in (("auditor", 200), ("front_desk", 403)):
        client.force_login(world.users[role])
        assert client.get(reverse("responses:scan", args=[scan.public_id])).status_code == status
    birch = make_world("birch")
    client.force_login(birch.users["owner"])
    assert client.get(reverse("responses:scan", args=[scan.public_id])).status_code == 404
    assert client.post(remove).status_code == 404
    client.force_login(world.users["admin"])
    assert "Remove" in client.get(reverse("responses:list"), {"check": check}).content.decode()
    assert client.post(remove).status_code == 302
    with world.open():
        assert not Scan.objects.exists()
        told = AuditEvent.objects.filter(action__startswith="remittance.scan").order_by("pk")
        assert [each.action for each in told] == [
            "remittance.scan", "remittance.scan_read", "remittance.scan_read", "remittance.scan_remove"
        ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"MZ\x90 no picture", PDF[:-8], PICTURE[:40]])
def test_what_is_no_whole_picture_or_pdf_is_refused(client, world, content):
    with world.open():
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), **AETNA)
    client.force_login(world.users["biller"])
    address = reverse("responses-api:scans", args=[row.remittance.public_id])
    assert client.post(address, {"file": upload(content)}).status_code == 400
    assert client.get(address).json() == []
    made = client.post(address, {"file": upload(PICTURE, "../../page.exe")})
    assert (made.status_code, made.json()["name"]) == (201, "page.png")
    one = reverse("responses-api:scan", args=[made.json()["id"]])
    assert client.delete(one).status_code == 403
    shown = client.get(one)
    assert (shown.content, shown["Cache-Control"]) == (PICTURE, "no-store")
    text = client.get(reverse("responses-api:text", args=[row.remittance.public_id]))
    assert text.content.startswith(b"ISA")
    assert text["Content-Type"].startswith("text/plain")
    client.force_login(world.users["owner"])
    assert client.delete(one).status_code == 204


def test_a_paper_eob_may_bring_its_scan_and_a_bad_one_stops_it_whole(client, world):
    with world.open():
        claim = claimed(world, world.aetna)
        line = claim.lines.get()
    client.force_login(world.users["biller"])
    address = reverse("responses:eob", args=[claim.public_id])
    body = {"trace_number": "CHK7", "payment_date": "2026-03-16", "l1-line_id": line.line_id, "l1-paid": "85",
            "l1-code1": "CO-45", "l1-amount1": "40", "l1-code2": "PR-3", "l1-amount2": "25"}  # fmt: skip
    bad = client.post(address, {**body, "idempotency_key": "a", "scan": upload(PDF[:-8])})
    assert "no whole PDF" in bad.content.decode()
    with world.open():
        assert not Remittance.objects.exists()
    assert client.post(address, {**body, "idempotency_key": "b", "scan": upload(PDF)}).status_code == 302
    with world.open():
        assert Scan.objects.get().remittance.trace_number == "CHK7"
