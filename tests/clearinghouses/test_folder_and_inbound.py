"""The carriers' room without a network: control numbers, folder transport, receiving and collecting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from clearinghouses import collecting, control, hooks, inbound, sending
from clearinghouses.errors import EmptyFile, FileTooLarge, NumbersExhausted, WrongState
from clearinghouses.models import ControlCounter, InboundFile, OutboundFile
from clearinghouses.transport import Delivered, Refused, TransportError, Unknown
from tests.cast import World, make_world

AT = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
EDI = (
    b"ISA*00*          *00*          *ZZ*A              *ZZ*B              "
    b"*260309*1600*^*00501*000000001*0*T*:~IEA*0*000000001~\n"
)


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def mailbox(world: World, tmp_path: Path) -> Path:
    return tmp_path / str(world.clinic.pk)


def prepared(world: World, content: bytes = EDI) -> OutboundFile:
    with world.open():
        return sending.prepare(world.connection, content, control.next_numbers(world.connection))


def state(world: World, row: OutboundFile) -> tuple[str, int]:
    with world.open():
        return OutboundFile.objects.values_list("state", "attempts").get(pk=row.pk)


@pytest.mark.rule("B6.4")
def test_control_numbers_are_never_given_twice(world: World) -> None:
    with world.open():
        first = control.next_numbers(world.connection, 2)
    with world.open():
        second = control.next_numbers(world.connection)
    assert (first.interchange, first.group, first.references) == (1, 1, ("000000001", "000000002"))
    assert (second.interchange, second.group, second.references) == (2, 2, ("000000003",))


@pytest.mark.rule("B6.4")
def test_a_rolled_back_batch_leaves_no_trace_and_the_range_has_an_alarm_and_an_end(world: World) -> None:
    def undone() -> None:
        with world.open():
            control.next_numbers(world.connection)
            raise ValueError("undo")

    with pytest.raises(ValueError, match="undo"):
        undone()
    with world.open():
        assert control.next_numbers(world.connection).interchange == 1
        ControlCounter.objects.update(interchange=control.ALARM_AT - 2)
        assert not control.next_numbers(world.connection).is_alarming
        assert control.next_numbers(world.connection).is_alarming
        ControlCounter.objects.update(interchange=control.HIGHEST)
        with pytest.raises(NumbersExhausted):
            control.next_numbers(world.connection)


@pytest.mark.rule("B6.5")
def test_a_delivered_file_is_never_put_again(world: World, tmp_path: Path) -> None:
    row = prepared(world)
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    sent = mailbox(world, tmp_path) / "inbound" / row.name
    assert sent.read_bytes() == EDI
    sent.unlink()
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    assert not sent.exists()
    assert state(world, row) == ("delivered", 1)


@pytest.mark.rule("B6.5")
def test_a_file_whose_sender_died_is_looked_at_and_not_put(world: World, tmp_path: Path) -> None:
    row = prepared(world)
    with world.open():
        OutboundFile.objects.update(state="sending", attempts=1, sending_until=AT - timedelta(days=1))
    assert isinstance(sending.carry(row.pk, world.clinic.pk), Unknown)
    assert state(world, row) == ("unknown", 1)
    assert not (mailbox(world, tmp_path) / "inbound" / row.name).exists()
    (mailbox(world, tmp_path) / "inbound" / row.name).write_bytes(EDI)
    assert sending.look(row.pk, world.clinic.pk) == Delivered()
    assert state(world, row) == ("delivered", 1)


@pytest.mark.rule("B6.5")
def test_while_one_sends_another_waits(world: World, tmp_path: Path) -> None:
    row = prepared(world)
    with world.open():
        OutboundFile.objects.update(state="sending", sending_until=datetime.now(UTC) + timedelta(minutes=1))
    assert isinstance(sending.carry(row.pk, world.clinic.pk), Unknown)
    assert state(world, row) == ("sending", 0)


@pytest.mark.rule("B6.5")
def test_only_a_person_sends_a_refused_file_again(world: World, tmp_path: Path) -> None:
    row = prepared(world)
    mailbox(world, tmp_path).write_text("in the way")
    assert isinstance(sending.carry(row.pk, world.clinic.pk), Refused)
    mailbox(world, tmp_path).unlink()
    assert isinstance(sending.carry(row.pk, world.clinic.pk), Refused)
    with world.open():
        sending.send_again(row)
    assert sending.carry(row.pk, world.clinic.pk) == Delivered()
    assert state(world, row) == ("delivered", 2)
    with world.open(), pytest.raises(WrongState):
        sending.send_again(row)


@pytest.mark.rule("B6.5")
def test_the_partners_answer_resolves_an_unknown_file(world: World) -> None:
    row = prepared(world)
    with world.open():
        assert not sending.confirm(row, "TA1")
        OutboundFile.objects.update(state="unknown")
        assert sending.confirm(row, "TA1 of file 7")
        assert not sending.confirm(row, "999")
    assert state(world, row) == ("delivered", 0)
    assert sending.unresolved(world.clinic.pk) == []


def test_the_network_is_refused_inside_a_transaction(world: World) -> None:
    row = prepared(world)
    with transaction.atomic(), pytest.raises(AssertionError):
        sending.carry(row.pk, world.clinic.pk)
    with transaction.atomic(), pytest.raises(AssertionError):
        collecting.collect(world.connection.pk, world.clinic.pk, at=AT)


def test_a_folder_outside_the_clinics_own_is_refused(world: World) -> None:
    from clearinghouses import carriers

    with world.open():
        world.connection.outbound_folder = "../../etc"
        box = carriers.mailbox_of(world.connection)
    with pytest.raises(TransportError):
        carriers.open_transport(box, world.clinic.pk)


@pytest.mark.rule("CH2")
def test_the_same_bytes_again_are_counted_and_not_taken(world: World) -> None:
    told: list[int] = []
    act = hooks.when_received(lambda row: told.append(row.pk))
    try:
        with world.open():
            first, is_new = inbound.receive(EDI, "a.835", "upload")
            again, is_new_again = inbound.receive(EDI, "../../b\x00.835", "upload")
    finally:
        hooks._when_received.remove(act)
    assert (is_new, is_new_again) == (True, False)
    assert again.pk == first.pk
    assert again.times_received == 2
    assert told == [first.pk]


def test_nothing_and_too_much_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "MAX_BYTES", 10)
    with world.open():
        with pytest.raises(EmptyFile):
            inbound.receive(b"", "a", "upload")
        with pytest.raises(FileTooLarge):
            inbound.receive(b"x" * 11, "a", "upload")
        assert not InboundFile.objects.exists()


def collect(world: World, at: datetime = AT) -> list[str]:
    return [row.name for row in collecting.collect(world.connection.pk, world.clinic.pk, at=at)]


@pytest.mark.rule("CH3")
def test_half_written_files_are_left_until_complete(world: World, tmp_path: Path) -> None:
    box = mailbox(world, tmp_path) / "outbound"
    assert collect(world) == []
    (box / "one.835").write_bytes(EDI[:60])
    (box / "two.835.part").write_bytes(EDI)
    (box / ".hidden").write_bytes(EDI)
    assert collect(world) == []
    assert collect(world, AT + timedelta(minutes=1)) == []
    (box / "one.835").write_bytes(EDI)
    assert collect(world, AT + timedelta(minutes=2)) == ["one.835"]
    assert collect(world, AT + timedelta(minutes=3)) == []
    (box / "one-again.835").write_bytes(EDI)
    assert collect(world, AT + timedelta(minutes=4)) == []
    assert collect(world, AT + timedelta(minutes=5)) == []
    with world.open():
        assert InboundFile.objects.get().times_received == 2


def test_a_cut_off_file_that_does_not_grow_is_shown_in_the_end(world: World, tmp_path: Path) -> None:
    box = mailbox(world, tmp_path) / "outbound"
    collect(world)
    (box / "cut.835").write_bytes(EDI[:60])
    assert collect(world) == []
    assert collect(world, AT + collecting.GIVE_UP_AFTER) == ["cut.835"]


@pytest.mark.parametrize(
    ("content", "complete"),
    [
        (EDI, True),
        (EDI.rstrip(), True),
        (EDI[:-2], True),
        (EDI[:-3], False),
        (EDI[:-20], False),
        (EDI[:-6], False),
        (b"report", True),
        (b"ISA", False),
    ],
)
def test_complete_means_the_last_segment_is_there(content: bytes, complete: bool) -> None:
    assert collecting.is_complete(content) is complete
