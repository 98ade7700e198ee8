"""Setting up a connection: secrets go in and never out, a host key is confirmed by a person, the test is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clearinghouses import connections, sending
from clearinghouses.errors import WrongState
from clearinghouses.models import Connection
from clinics.models import AuditEvent
from tests.cast import World, make_world, sign_in
from tests.clearinghouses.conftest import PASSWORD, SandboxProcess
from work.models import Job, Outbox

FORM = {
    "name": "Partner", "kind": "sftp", "is_active": "on", "host": "sftp.example.com", "port": "22",
    "username": "alder", "password": "s3cret-word", "outbound_folder": "inbound", "inbound_folder": "outbound",
    "sender_qualifier": "ZZ", "sender_id": "cleanclaim", "receiver_qualifier": "ZZ", "receiver_id": "PARTNER",
    "receiver_name": "PARTNER", "submitter_name": "ALDER", "submitter_contact": "BILLING",
    "submitter_phone": "2175550100", "usage": "T", "claims_per_transaction": "100",
}  # fmt: skip


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def admin(client: Client, world: World) -> Client:
    sign_in(client, world.users["admin"])
    return client


def the(world: World, name: str = "Partner") -> Connection:
    with world.open():
        return Connection.objects.get(name=name)


@pytest.mark.rule("CH1")
def test_secrets_are_stored_encrypted_and_never_shown(admin: Client, world: World) -> None:
    empty = admin.get(reverse("clearinghouses:new")).content.decode()
    assert 'value="Alder Group"' in empty, "who we are is known already"
    answer = admin.post(reverse("clearinghouses:new"), FORM)
    row = the(world)
    assert answer.headers["Location"] == reverse("clearinghouses:connection", args=[row.public_id])
    assert (row.password, row.sender_id) == ("s3cret-word", "CLEANCLAIM")
    page = admin.get(answer.headers["Location"])
    listed = admin.get(reverse("clearinghouses:connections"))
    machine = admin.get(reverse("clearinghouses-api:connection", args=[row.public_id]))
    for shown in (page, listed, machine):
        assert shown.status_code == 200
        assert b"s3cret" not in shown.content
    assert machine.json()["name"] == "Partner"
    from django.db import connection as database

    with world.open(), database.cursor() as cursor:
        cursor.execute("SELECT password FROM clearinghouses_connection WHERE id = %s", [row.pk])
        assert "s3cret" not in cursor.fetchone()[0]
        assert "s3cret" not in str(list(AuditEvent.objects.values()))


@pytest.mark.rule("CH1")
def test_secrets_are_kept_by_an_empty_field_and_forgotten_with_the_server(
    admin: Client, world: World
) -> None:
    admin.post(reverse("clearinghouses:new"), FORM)
    row = the(world)
    with world.open():
        Connection.objects.filter(pk=row.pk).update(host_key="ssh-ed25519 AAAA")
    url = reverse("clearinghouses:connection", args=[row.public_id])
    assert admin.post(url, {**FORM, "password": "", "receiver_name": "OTHER"}).status_code == 302
    row = the(world)
    assert (row.password, row.host_key, row.receiver_name) == ("s3cret-word", "ssh-ed25519 AAAA", "OTHER")
    assert admin.post(url, {**FORM, "password": "", "host": "evil.example.com"}).status_code == 302
    row = the(world)
    assert (row.password, row.host_key) == ("", "")


@pytest.mark.parametrize(
    "change",
    [
        {"host": ""},
        {"host": "a b"},
        {"outbound_folder": "../up"},
        {"sender_id": "TOO LONG FOR ISA06"},
        {"sender_id": "a*b"},
        {"claims_per_transaction": "0"},
        {"claims_per_transaction": "5001"},
        {"private_key": "not a key"},
        {"port": "-1"},
        {"name": "Sandbox"},
    ],
)
def test_what_cannot_work_is_told_at_its_field(admin: Client, world: World, change: dict[str, str]) -> None:
    answer = admin.post(reverse("clearinghouses:new"), {**FORM, **change})
    assert answer.status_code in (400, 409)
    with world.open():
        assert Connection.objects.count() == 1


def test_other_roles_and_other_clinics_do_not_get_in(client: Client, world: World) -> None:
    birch = make_world("birch")
    url = reverse("clearinghouses:connection", args=[world.connection.public_id])
    sign_in(client, birch.users["admin"])
    assert client.get(url).status_code == 404
    assert client.post(reverse("clearinghouses:test", args=[world.connection.public_id])).status_code == 404
    for role in ("biller", "front_desk", "auditor", "company_biller"):
        sign_in(client, world.users[role])
        assert client.get(url).status_code == 403
        assert client.get(reverse("clearinghouses-api:connections")).status_code == 403


def test_the_list_costs_the_same_for_one_and_three(
    admin: Client, world: World, django_assert_num_queries: Any
) -> None:
    url = reverse("clearinghouses:connections")
    counts = []
    admin.get("/places/")  # a session's first page also asks for the clinic's time zone
    for extra in range(3):
        if extra:
            with world.open():
                Connection.objects.create(name=f"C{extra}", sender_id="A", receiver_id="B")
        from django.db import connection as database
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(database) as found:
            assert admin.get(url).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[-1]


@pytest.mark.rule("CH1")
def test_a_first_key_is_shown_compared_confirmed_and_then_the_mailbox_opens(
    admin: Client, world: World, sandbox: SandboxProcess, settings: Any
) -> None:
    settings.SANDBOX_SFTP_PORT = sandbox.port
    row = world.connection
    with world.open():
        Connection.objects.filter(pk=row.pk).update(kind="sftp", username="alder", host_key="")
        row = Connection.objects.get(pk=row.pk)
        row.password = PASSWORD
        row.save()
    url = reverse("clearinghouses:connection", args=[row.public_id])

    def test() -> Connection:
        assert admin.post(reverse("clearinghouses:test", args=[row.public_id])).status_code == 302
        with world.open():
            job = Job.objects.order_by("-pk").first()
        assert job is not None
        connections.run_test(world.clinic.pk, job.pk)
        return the(world, "Sandbox")

    found = test()
    assert (found.test_passed, found.offered_key) == (False, sandbox.host_key())
    page = admin.get(url).content.decode()
    assert connections.fingerprint(sandbox.host_key()) in page
    confirm = reverse("clearinghouses:confirm-key", args=[row.public_id])
    assert admin.post(confirm, {"key": "ssh-ed25519 AAAA"}).status_code == 409
    assert admin.post(confirm, {"key": sandbox.host_key()}).status_code == 302
    found = test()
    assert (found.test_passed, found.offered_key) == (True, "")
    assert "Test passed" in admin.get(url).content.decode()
    with world.open():
        row = the(world, "Sandbox")
        row.password = "wrong"
        row.save()
    assert "did not take" in test().test_result
    with world.open(), pytest.raises(WrongState):
        connections.confirm_key(row, sandbox.host_key())
    assert Outbox.objects.filter(kind=connections.TEST).count() == 3


def test_a_sandbox_mailbox_is_opened_before_the_sandbox_runs(
    world: World, settings: Any, tmp_path: Path
) -> None:
    settings.SANDBOX_DIR = tmp_path / "sandbox"
    made = SandboxProcess(tmp_path / "sandbox")
    with world.open():
        connections.open_sandbox(world.connection, world.clinic.slug)
    made.start()
    settings.SANDBOX_SFTP_PORT = made.port
    try:
        from clearinghouses import carriers

        with world.open():
            box = carriers.mailbox_of(the(world, "Sandbox"))
        transport = carriers.open_transport(box, world.clinic.pk)
        assert transport.list() == []
        transport.close()
    finally:
        assert made.stop() == 0
    assert sending.unresolved(world.clinic.pk) == []
