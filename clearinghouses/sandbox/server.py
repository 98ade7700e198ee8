"""The SFTP server: each account sees its own three folders and nothing else. Faults come from faults.py."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_PERMISSION_DENIED

from clearinghouses.sandbox.faults import Faults
from clearinghouses.sandbox.home import FOLDERS, Settings, host_key, is_password

logger = logging.getLogger("sandbox.sftp")
MAX_BYTES = 50_000_000


class Door(paramiko.ServerInterface):
    """Who may come in."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder = folder
        self.faults = faults
        self.account = ""
        self.transport: paramiko.Transport | None = None

    def check_auth_password(self, username: str, password: str) -> int:
        """An account of accounts.json with its password."""
        if self.faults.next("auth") is None and is_password(self.folder, username, password):
            self.account = username
            return AUTH_SUCCESSFUL
        return AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        """Passwords only."""
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions; no forwarding."""
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def drop(self) -> None:
        """Cut the wire."""
        if self.transport is not None:
            with contextlib.suppress(OSError):
                self.transport.sock.shutdown(socket.SHUT_RDWR)
            self.transport.close()


class Handle(paramiko.SFTPHandle):
    """An open file that can break off at a byte."""

    def __init__(self, stream: Any, door: Door, flags: int) -> None:
        super().__init__(flags)
        self.readfile = self.writefile = stream
        self._door = door

    def write(self, offset: int, data: Any) -> int:
        """Write, or write up to the fault's byte and break."""
        if offset + len(data) > MAX_BYTES:
            return SFTP_FAILURE
        fault = self._door.faults.next("write", reached=offset + len(data))
        if fault is None:
            return super().write(offset, data)
        keep = max(0, int(fault.get("at_byte", 0)) - offset)
        super().write(offset, data[:keep])
        self.writefile.flush()
        return _break(fault, self._door)

    def read(self, offset: int, length: int) -> bytes | int:
        """Read, or break."""
        fault = self._door.faults.next("read", reached=offset + length)
        return super().read(offset, length) if fault is None else _break(fault, self._door)

    def stat(self) -> Any:
        """The size so far."""
        self.writefile.flush()
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _break(fault: dict[str, Any], door: Door) -> int:
    action = str(fault.get("do", "drop"))
    if action.startswith("hang"):
        door.faults.hang()
    if action.startswith(("hang", "drop")):
        door.drop()
    return SFTP_FAILURE


class Rooms(paramiko.SFTPServerInterface):
    """The file operations of one session, below the account's folder."""

    def __init__(self, server: Door, *args: Any, **kwargs: Any) -> None:
        super().__init__(server, *args, **kwargs)
        self._door = server
        self._home = server.folder / server.account

    def _path(self, path: str) -> Path | None:
        """The real file; None for anything that is not in one of the account's folders, one level deep."""
        parts = [part for part in self.canonicalize(path).split("/") if part]
        if not parts:
            return self._home
        if parts[0] not in FOLDERS or len(parts) > 2 or any(p.startswith(".") or "\0" in p for p in parts):
            return None
        found = self._home.joinpath(*parts)
        return None if found.is_symlink() else found

    def list_folder(self, path: str) -> Any:
        """Names and sizes, without hidden files."""
        fault = self._door.faults.next("list")
        if fault is not None:
            return _break(fault, self._door)
        folder = self._path(path)
        if folder is None:
            return SFTP_NO_SUCH_FILE
        found = []
        try:
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                if not entry.name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):
                        found.append(paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return found

    def stat(self, path: str) -> Any:
        """One file or folder."""
        found = self._path(path)
        if found is None:
            return SFTP_NO_SUCH_FILE
        try:
            return paramiko.SFTPAttributes.from_stat(found.stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        """Read anywhere, write into inbound only."""
        fault = self._door.faults.next("open")
        if fault is not None:
            return _break(fault, self._door)
        found = self._path(path)
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
        if found is None or (writes and found.parent.name != "inbound"):
            return SFTP_PERMISSION_DENIED
        try:
            number = os.open(found, flags | os.O_NOFOLLOW, 0o600)
            return Handle(os.fdopen(number, "wb" if writes else "rb"), self._door, flags)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def rename(self, oldpath: str, newpath: str) -> int:
        """Within inbound, never over another file (as SFTP version 3 says)."""
        fault = self._door.faults.next("rename")
        if fault is not None and str(fault.get("do")).endswith("before"):
            return _break(fault, self._door)
        old, new = self._path(oldpath), self._path(newpath)
        if old is None or new is None or {old.parent.name, new.parent.name} != {"inbound"}:
            return SFTP_PERMISSION_DENIED
        try:
            os.link(old, new)  # fails where the name is taken
            old.unlink()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        if fault is not None and fault.get("do") == "lose":  # the worst lie: thanked for and thrown away
            new.unlink()
            return SFTP_OK
        return SFTP_OK if fault is None else _break(fault, self._door)

    def remove(self, path: str) -> int:
        """Answers may be taken away; nothing else."""
        found = self._path(path)
        if found is None or found.parent.name != "outbound":
            return SFTP_PERMISSION_DENIED
        try:
            found.unlink()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return SFTP_OK

    def chattr(self, path: str, attr: Any) -> int:
        """Clients like to set times and modes; it does not matter."""
        return SFTP_OK


class Server:
    """Listens on loopback, one thread a connection."""

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self.settings = settings
        self.faults = faults
        self._key = host_key(settings.folder)
        self._open: set[paramiko.Transport] = set()
        self._plug = socket.create_server((settings.host, settings.port), backlog=32)
        self._plug.settimeout(0.5)
        self._stopping = False
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._plug.getsockname()[1])

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Cut every connection and let the port go."""
        self._stopping = True
        self._plug.close()
        for transport in list(self._open):
            transport.close()
        self._thread.join(timeout=2)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                plug, _ = self._plug.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plug,), daemon=True).start()

    def _serve(self, plug: socket.socket) -> None:
        if self.faults.next("connect") is not None:
            plug.close()
            return
        door = Door(self.settings.folder, self.faults)
        try:
            transport = paramiko.Transport(plug)
            door.transport = transport
            transport.add_server_key(self._key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Rooms)
            transport.start_server(server=door)
        except (paramiko.SSHException, OSError, EOFError) as error:
            logger.info("a connection failed: %s", type(error).__name__)
            plug.close()
            return
        self._open.add(transport)
        transport.join()
        self._open.discard(transport)
