"""Sending and collecting over a real SFTP server in another process, everything going wrong (F-10, F-14)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clearinghouses import collecting, control, sending
from clearinghouses.errors import NotReachable
from clearinghouses.models import InboundFile, OutboundFile
from clearinghouses.sftp import transport as sftp
from clearinghouses.transport import Delivered, Refused, TransportError, Unknown
from tests.cast import World, make_world
from tests.clearinghouses.batches import batch, for_member
from tests.clearinghouses.conftest import PASSWORD, SandboxProcess, free_port, until
from x12.documents.remittance import Remittance
from x12.reading import read_file

REFUSED = "No such file|Permission denied|Operation unsupported"


@pytest.fixture
def world(transactional_db: None, settings: Any, sandbox: SandboxProcess) -> World:
    made = make_world()
    settings.SANDBOX_SFTP_PORT = sandbox.port
    with made.open():
        made.connection.kind = "sftp"
        made.connection.username = "alder"
        made.connection.password = PASSWORD
        made.connection.host_key = sandbox.host_key()
        made.connection.archive_folder = "archive"
        made.connection.save()
    return made


def prepared(world: World, *claims: Any) -> OutboundFile:
    with world.open():
        numbers = control.next_numbers(world.connection)
        content = batch(*(claims or (for_member("COPAY25-1"),)), number=numbers.interchange)
        return sending.prepare(world.connection, content, numbers)


def state(world: World, row: OutboundFile) -> tuple[str, int]:
    with world.open():
        return OutboundFile.objects.values_list("state", "attempts").get(pk=row.pk)


def collect(world: World) -> list[InboundFile]:
    return collecting.collect(world.connection.pk, world.clinic.pk, at=datetime.now(UTC))


def kinds(world: World, rows: list[InboundFile]) -> list[str]:
    with world.open():
        return [read_file(bytes(row.stored.content)).kinds[0] for row in rows]


@pytest.mark.rule("B6.5")
def test_a_claim_goes_out_and_its_answers_come_home(world: World, sandbox: SandboxProcess) -> None:
    row = prepared(world)
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    assert state(world, row) == ("delivered", 1)
    taken: list[InboundFile] = []

    def all_there() -> bool:
        taken.extend(collect(world))
        return len(taken) >= 5

    until(all_there)
    assert sorted(kinds(world, taken)) == ["277CA", "277CA", "835", "999", "TA1"]
    with world.open():
        content = next(bytes(r.stored.content) for r in taken if r.name.endswith("835"))
    remittance = read_file(content).transactions[0].document
    assert isinstance(remittance, Remittance)
    assert str(remittance.amount) == "85.00"
    assert sandbox.files("archive") == [row.name]
    assert collect(world) == []
    with world.open():
        assert InboundFile.objects.count() == 5


@pytest.mark.rule("CH1")
def test_another_host_key_is_refused(world: World, sandbox: SandboxProcess) -> None:
    with world.open():
        world.connection.host_key = (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000"
        )
        world.connection.save()
    row = prepared(world)
    outcome = sending.carry(row.pk, world.clinic.pk)
    assert isinstance(outcome, Refused)
    assert "another host key" in outcome.reason
    with pytest.raises(NotReachable, match="another host key"):
        collect(world)
    assert sandbox.files("inbound") == []


@pytest.mark.rule("CH1")
def test_an_unconfirmed_key_a_wrong_password_and_a_closed_port_are_refused(
    world: World, sandbox: SandboxProcess
) -> None:
    for change in (
        {"host_key": ""},
        {"password": "wrong"},
        {"is_sandbox": False, "host": "127.0.0.1", "port": 1},
    ):
        with world.open():
            type(world.connection).objects.filter(pk=world.connection.pk).update(**change)
        row = prepared(world)
        assert isinstance(sending.carry(row.pk, world.clinic.pk), Refused), change
        assert state(world, row) == ("refused", 1)
        with world.open():
            world.connection.save()
    assert sandbox.files("inbound") == sandbox.files("archive") == []


def test_the_server_shows_its_key_for_a_person_to_confirm(sandbox: SandboxProcess) -> None:
    shown = sftp.ask_host_key("127.0.0.1", sandbox.port)
    assert shown == sandbox.host_key()
    assert sftp.fingerprint(shown).startswith("SHA256:")
    with pytest.raises(TransportError):
        sftp.ask_host_key("127.0.0.1", 1)


@pytest.mark.rule("B6.5")
@pytest.mark.parametrize(
    ("fault", "first", "resolved"),
    [
        ({"when": "connect", "do": "drop"}, "refused", "refused"),
        ({"when": "open", "do": "drop"}, "refused", "refused"),
        ({"when": "write", "at_byte": 0, "do": "drop"}, "unknown", "refused"),
        ({"when": "write", "at_byte": 700, "do": "drop"}, "unknown", "refused"),
        ({"when": "write", "at_byte": 500, "do": "hang"}, "unknown", "refused"),
        ({"when": "write", "at_byte": 500, "do": "fail"}, "unknown", "refused"),
        ({"when": "rename", "do": "drop_before"}, "unknown", "refused"),
        ({"when": "rename", "do": "drop_after"}, "unknown", "delivered"),
        ({"when": "rename", "do": "hang_after"}, "unknown", "delivered"),
    ],
)
def test_trouble_is_never_taken_for_success_and_never_sent_twice(
    world: World,
    sandbox: SandboxProcess,
    fault: dict[str, Any],
    first: str,
    resolved: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sftp, "STEP_SECONDS", 1.5)
    sandbox.plan(fault)
    row = prepared(world)
    outcome = sending.carry(row.pk, world.clinic.pk)
    assert isinstance(outcome, Refused if first == "refused" else Unknown)
    assert state(world, row) == (first, 1)
    expected = {"refused": Refused, "delivered": Delivered}[resolved]
    assert isinstance(sending.carry(row.pk, world.clinic.pk), expected)
    assert isinstance(sending.look(row.pk, world.clinic.pk), expected)
    assert state(world, row) == (resolved, 1)
    if resolved == "refused":
        with world.open():
            sending.send_again(row)
        assert sending.carry(row.pk, world.clinic.pk) == Delivered()
        assert state(world, row) == ("delivered", 2)
    until(lambda: row.name in sandbox.files("archive"))
    until(lambda: any(name.endswith("835") for name in sandbox.files("outbound")))
    assert sum(name.startswith(row.name) for name in sandbox.files("archive")) == 1
    assert sum("_TA1_" in name for name in sandbox.files("outbound")) == 1


@pytest.mark.rule("B6.5")
def test_without_an_archive_to_look_at_a_taken_file_stays_unknown(
    world: World, sandbox: SandboxProcess
) -> None:
    with world.open():
        world.connection.archive_folder = ""
        world.connection.save()
    sandbox.plan({"when": "rename", "do": "drop_after"})
    row = prepared(world)
    assert isinstance(sending.carry(row.pk, world.clinic.pk), Unknown)
    until(lambda: row.name in sandbox.files("archive"))
    assert isinstance(sending.look(row.pk, world.clinic.pk), Unknown)
    assert sending.unresolved(world.clinic.pk) == [row.pk]
    with world.open():
        assert sending.confirm(row, "TA1")
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()


@pytest.mark.rule("SB6", "CH3")
@pytest.mark.parametrize("how", ["half", "repeat", "list", "read"])
def test_half_written_and_broken_answers_are_collected_whole_and_once(
    world: World, sandbox: SandboxProcess, how: str
) -> None:
    answer_faults = {
        "half": {"when": "answer", "do": "half", "seconds": 2, "times": 2},
        "repeat": {"when": "answer", "do": "repeat", "times": 5},
        "list": {"when": "list", "do": "drop", "times": 2},
        "read": {"when": "read", "at_byte": 0, "do": "drop", "times": 2},
    }
    row = prepared(world)
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    sandbox.plan(answer_faults[how])
    taken: list[InboundFile] = []

    def all_there() -> bool:
        try:
            taken.extend(collect(world))
        except NotReachable:
            return False
        return len(taken) >= 5

    until(all_there, 25)
    assert sorted(kinds(world, taken)) == ["277CA", "277CA", "835", "999", "TA1"]
    for reading in taken:
        with world.open():
            assert not read_file(bytes(reading.stored.content)).has_errors
    with world.open():
        assert InboundFile.objects.count() == 5


@pytest.mark.rule("SB6")
def test_a_killed_sandbox_goes_on_where_it_was(world: World, sandbox: SandboxProcess, settings: Any) -> None:
    row = prepared(world)
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    until(lambda: row.name in sandbox.files("archive"))
    sandbox.stop(signal.SIGKILL)
    sandbox.start()
    settings.SANDBOX_SFTP_PORT = sandbox.port
    until(lambda: any(name.endswith("835") for name in sandbox.files("outbound")))
    names = sandbox.files("outbound")
    assert len([n for n in names if n.endswith("835")]) == 1
    again = row.name + ".again.837"
    (sandbox.folder / "alder" / "inbound" / again).write_bytes(
        (sandbox.folder / "alder" / "archive" / row.name).read_bytes()
    )
    refusal = until(lambda: [n for n in sandbox.files("outbound") if n not in names])
    content = (sandbox.folder / "alder" / "outbound" / refusal[0]).read_bytes()
    assert b"*R*025~" in content


@pytest.mark.rule("SB3")
def test_garbage_does_not_stop_the_sandbox(sandbox: SandboxProcess) -> None:
    inbound = sandbox.folder / "alder" / "inbound"
    (inbound / "a.bin").write_bytes(bytes(range(256)) * 10)
    (inbound / "b.837").write_bytes(b"")
    (inbound / "c.837").write_bytes(batch(for_member("PAID1")).replace(b"CLINIC", b"CL\xffNIC"))
    (inbound / "d.part").write_bytes(b"half")
    (inbound / "e.837").write_bytes(batch(for_member("PAID1"), number=5))
    until(lambda: any("_835_000000005" in name for name in sandbox.files("outbound")))
    assert sandbox.files("inbound") == ["d.part"]
    assert sandbox.process is not None
    assert sandbox.process.poll() is None


@pytest.mark.rule("CH1")
def test_an_account_sees_only_its_own_folders(sandbox: SandboxProcess) -> None:
    import paramiko

    (sandbox.folder / "birch" / "outbound").mkdir(parents=True)
    (sandbox.folder / "birch" / "outbound" / "secret.835").write_text("birch")
    ssh = paramiko.Transport(("127.0.0.1", sandbox.port))
    ssh.start_client(timeout=5)
    ssh.auth_password("alder", PASSWORD)
    client = paramiko.SFTPClient.from_transport(ssh)
    assert client is not None
    assert sorted(client.listdir("/")) == ["archive", "inbound", "outbound"]
    for path in (
        "../birch/outbound/secret.835",
        "/../birch/outbound",
        "/outbound/../../accounts.json",
        "host_key",
    ):
        with pytest.raises(OSError, match=REFUSED):
            client.stat(path)
        with pytest.raises(OSError, match=REFUSED):
            client.open(path, "rb")
    with pytest.raises(OSError, match=REFUSED):
        client.open("/outbound/x", "wb")
    with pytest.raises(OSError, match=REFUSED):
        client.symlink("/etc/passwd", "/inbound/x")
    ssh.close()


@pytest.mark.rule("SB6")
def test_the_command_runs_without_database_or_secrets_and_ends_on_sigterm(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DB_HOST": "/nonexistent",
        "SECRET_KEY": "none",
        "SANDBOX_DIR": str(tmp_path / "sandbox"),
        "SANDBOX_SFTP_PORT": str(free_port()),
    }
    process = subprocess.Popen(
        [sys.executable, str(root / "manage.py"), "sandbox"],
        env=environment,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    try:
        assert b"sandbox clearinghouse on 127.0.0.1:" in process.stdout.readline()
        held = Path(f"/proc/{process.pid}/environ")
        if held.exists():
            assert b"SECRET_KEY" not in held.read_bytes()
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0


def test_the_stranger_imports_nothing_of_the_product_but_the_codec() -> None:
    code = (
        "import sys, clearinghouses.sandbox.__main__ as m\n"
        "rooms = {'django', 'celery', 'psycopg2', 'config', 'desk', 'responses', 'claims', 'billing', 'clinics',"
        " 'appointments', 'insurance', 'patients', 'work', 'stack'}\n"
        "bad = sorted({name.split('.')[0] for name in sys.modules} & rooms)\n"
        "own = sorted(n for n in sys.modules if n.startswith('clearinghouses.') and '.sandbox' not in n)\n"
        "print(bad, own)"
    )
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["[]", "[]"]
