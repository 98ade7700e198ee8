"""Sending and collecting over a real HTTPS server in another process, everything going wrong (CH4)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clearinghouses import carriers, collecting, connections, control, sending
from clearinghouses.errors import NotReachable
from clearinghouses.https import transport as https
from clearinghouses.models import Connection, InboundFile, OutboundFile
from clearinghouses.transport import Delivered, Refused, TransportError, Unknown
from tests.cast import World, make_world, sign_in
from tests.clearinghouses.batches import batch, for_member
from tests.clearinghouses.conftest import PASSWORD, SandboxProcess, until
from work.models import Job
from x12.reading import read_file

pytestmark = pytest.mark.rule("CH4")


@pytest.fixture
def world(transactional_db: None, settings: Any, sandbox: SandboxProcess) -> World:
    made = make_world()
    settings.SANDBOX_HTTPS_PORT = sandbox.https_port
    with made.open():
        made.connection.kind = "https"
        made.connection.username = "alder"
        made.connection.password = PASSWORD
        made.connection.host_key = sandbox.certificate()
        made.connection.archive_folder = "archive"
        made.connection.save()
    return made


def prepared(world: World) -> OutboundFile:
    with world.open():
        numbers = control.next_numbers(world.connection)
        content = batch(for_member("COPAY25-1"), number=numbers.interchange)
        return sending.prepare(world.connection, content, numbers)


def state(world: World, row: OutboundFile) -> tuple[str, int]:
    with world.open():
        return OutboundFile.objects.values_list("state", "attempts").get(pk=row.pk)


def collect(world: World) -> list[InboundFile]:
    return collecting.collect(world.connection.pk, world.clinic.pk, at=datetime.now(UTC))


def test_a_claim_goes_out_and_its_answers_come_home(world: World, sandbox: SandboxProcess) -> None:
    row = prepared(world)
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    taken: list[InboundFile] = []

    def all_there() -> bool:
        taken.extend(collect(world))
        return len(taken) >= 5

    until(all_there)
    with world.open():
        kinds = [read_file(bytes(found.stored.content)).kinds[0] for found in taken]
    assert sorted(kinds) == ["277CA", "277CA", "835", "999", "TA1"]
    assert sandbox.files("archive") == [row.name]
    assert collect(world) == []


FAULTS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"when": "connect", "do": "drop"}, "refused", "refused"),
    ({"when": "auth", "do": "deny"}, "refused", "refused"),
    ({"when": "put", "status": 403}, "refused", "refused"),
    ({"when": "put", "status": 503}, "unknown", "refused"),
    ({"when": "put", "status": 429}, "unknown", "refused"),
    ({"when": "put", "do": "drop_before"}, "unknown", "refused"),
    ({"when": "write", "at_byte": 700, "do": "drop"}, "unknown", "refused"),
    ({"when": "write", "at_byte": 1, "do": "hang"}, "unknown", "refused"),
    ({"when": "put", "do": "drop_after"}, "unknown", "delivered"),
    ({"when": "put", "do": "hang_after"}, "unknown", "delivered"),
    ({"when": "put", "status": 500, "keep": True}, "unknown", "delivered"),
)


def test_trouble_is_never_taken_for_success_and_never_sent_twice(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https, "STEP_SECONDS", 1.0)
    rows = []
    for fault, first, resolved in FAULTS:
        sandbox.plan(fault)
        row = prepared(world)
        rows.append(row)
        outcome = sending.carry(row.pk, world.clinic.pk)
        assert isinstance(outcome, Refused if first == "refused" else Unknown), (fault, outcome)
        assert state(world, row) == (first, 1), fault
        expected = {"refused": Refused, "delivered": Delivered}[resolved]
        assert isinstance(sending.carry(row.pk, world.clinic.pk), expected), fault
        assert state(world, row) == (resolved, 1), fault
        if resolved == "refused":
            with world.open():
                sending.send_again(row)
            assert sending.carry(row.pk, world.clinic.pk) == Delivered(), fault
    until(lambda: len(sandbox.files("archive")) == len(rows))
    until(lambda: sum("_TA1_" in name for name in sandbox.files("outbound")) == len(rows))
    assert sandbox.files("archive") == sorted(row.name for row in rows), "each file once"


def test_a_file_that_stands_there_is_looked_at_and_not_put(world: World, sandbox: SandboxProcess) -> None:
    """The name holds ISA13: same size is this very file, another size is nobody's to judge but a person's."""
    mailbox = carriers.mailbox_of(world.connection)
    transport = carriers.open_transport(mailbox, world.clinic.pk)
    inbound = sandbox.folder / "alder" / "archive"
    (inbound / "SAME.837").write_bytes(b"x" * 10)
    assert transport.look("SAME.837", 10) == Delivered()
    assert isinstance(transport.look("SAME.837", 11), Unknown)
    assert isinstance(transport.look("NONE.837", 11), Refused)
    assert isinstance(transport.put("SAME.837", b"x" * 10, seconds=5), Unknown), "412, and not in the folder"


def test_a_long_listing_comes_page_by_page(world: World, sandbox: SandboxProcess) -> None:
    outbound = sandbox.folder / "alder" / "outbound"
    for number in range(230):
        (outbound / f"f{number:04d}.835").write_bytes(b"y")
    (outbound / ".hidden").write_bytes(b"z")
    found = carriers.open_transport(carriers.mailbox_of(world.connection), world.clinic.pk).list()
    assert [item.name for item in found] == [f"f{number:04d}.835" for number in range(230)]


@pytest.mark.rule("CH1")
def test_nobody_is_trusted_without_a_certificate(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.open():
        mailbox = carriers.mailbox_of(world.connection)
        Connection.objects.filter(pk=world.connection.pk).update(host_key="")
    row = prepared(world)
    outcome = sending.carry(row.pk, world.clinic.pk)
    assert isinstance(outcome, Refused)
    assert "certificate" in outcome.reason
    with pytest.raises(NotReachable, match="certificate"):
        collect(world)
    assert sandbox.files("inbound") == []
    assert https.verifying("").verify_mode == ssl.CERT_REQUIRED
    context = https.verifying(mailbox.host_key)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    with pytest.raises(TransportError):
        https.verifying("-----BEGIN CERTIFICATE-----\nnonsense")


@pytest.mark.rule("CH1")
def test_a_certificate_is_shown_compared_confirmed_and_then_the_mailbox_opens(
    client: Client, world: World, sandbox: SandboxProcess
) -> None:
    with world.open():
        Connection.objects.filter(pk=world.connection.pk).update(host_key="")
    sign_in(client, world.users["admin"])
    page = reverse("clearinghouses:connection", args=[world.connection.public_id])

    def test() -> Connection:
        client.post(reverse("clearinghouses:test", args=[world.connection.public_id]))
        with world.open():
            job = Job.objects.filter(kind=connections.TEST).latest("pk").pk
        connections.run_test(world.clinic.pk, job)
        with world.open():
            return Connection.objects.get(pk=world.connection.pk)

    row = test()
    assert not row.test_passed
    assert row.offered_key.strip() == sandbox.certificate().strip()
    shown = client.get(page).content.decode()
    assert https.certificate_fingerprint(sandbox.certificate()) in shown
    assert PASSWORD not in shown
    sent = {"key": row.offered_key.replace("\n", "\r\n")}
    client.post(reverse("clearinghouses:confirm-key", args=[row.public_id]), sent)
    row = test()
    assert row.test_passed, row.test_result
    assert "0 files" in row.test_result


def test_a_sandbox_mailbox_can_be_an_https_one(world: World, settings: Any, sandbox: SandboxProcess) -> None:
    settings.SANDBOX_DIR = sandbox.folder
    with world.open():
        row = connections.open_sandbox(world.connection, "alder", kind="https")
        mailbox = carriers.mailbox_of(row)
    assert carriers.open_transport(mailbox, world.clinic.pk).list() == []
