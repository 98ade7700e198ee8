"""Put, look, list and fetch over SFTP (paramiko).

The order of put is what makes its answer provable: open a temporary name, write, compare the size the far
side reports, rename. Trouble before the first byte is Refused; after it, whatever the error says, Unknown.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import socket
import stat
import time

import paramiko

from clearinghouses.transport import (
    UNFINISHED,
    Delivered,
    Mailbox,
    Outcome,
    Refused,
    RemoteFile,
    TransportError,
    Unknown,
    is_plain_name,
    judge,
)

CONNECT_SECONDS = 5.0
STEP_SECONDS = 6.0  # any single answer of the far side
CHUNK = 32_000
TROUBLE = (OSError, EOFError, paramiko.SSHException)  # timeouts are OSError


class SftpTransport:
    """Transport over one SSH connection."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        if not mailbox.host_key:
            raise TransportError(
                "the server's host key has not been confirmed yet: test the connection first"
            )
        self._ssh = _handshake(mailbox.host, mailbox.port)
        try:
            if show_key(self._ssh.get_remote_server_key()) != mailbox.host_key.strip():
                raise TransportError(
                    "the server shows another host key than the one confirmed: it may be somebody else. "
                    "Ask the partner before you confirm a new key."
                )
            self._sftp = self._open_session()
        except BaseException:
            self.close()
            raise

    def _open_session(self) -> paramiko.SFTPClient:
        mailbox = self._mailbox
        try:
            if mailbox.private_key:
                self._ssh.auth_publickey(mailbox.username, read_private_key(mailbox.private_key))
            else:
                self._ssh.auth_password(mailbox.username, mailbox.password)
        except paramiko.AuthenticationException as error:
            raise TransportError("the server did not take the user name and password (or key)") from error
        except TROUBLE as error:
            raise TransportError(f"signing in failed: {describe(error)}") from error
        try:
            channel = self._ssh.open_session(timeout=STEP_SECONDS)
            channel.settimeout(STEP_SECONDS)
            channel.invoke_subsystem("sftp")
            return paramiko.SFTPClient(channel)
        except TROUBLE as error:
            raise TransportError(f"the server offers no SFTP: {describe(error)}") from error

    def put(self, name: str, content: bytes, *, seconds: float) -> Outcome:
        """See the module; ``seconds`` bounds the whole upload."""
        assert is_plain_name(name), name
        until = time.monotonic() + seconds
        target = _join(self._mailbox.outbound_folder, name)
        part = target + UNFINISHED[0]
        try:
            known = self._size(target)
            if known is not None:  # put before: the name holds ISA13, so it is this very file
                return judge(name, len(content), {name: known}, None)
            handle = self._sftp.open(part, "wb")
        except TROUBLE as error:
            return Refused(f"the upload could not begin: {describe(error)}")
        try:
            handle.set_pipelined()
            for start in range(0, len(content), CHUNK):
                if time.monotonic() > until:
                    return Unknown(f"the upload took longer than {seconds:.0f} s and was broken off")
                handle.write(content[start : start + CHUNK])
            handle.close()
            size = self._size(part)
            if size != len(content):
                return Unknown(f"the server has {size} of {len(content)} bytes")
            self._sftp.rename(part, target)
        except TROUBLE as error:
            return Unknown(f"the connection failed during the upload: {describe(error)}")
        return Delivered()

    def look(self, name: str, size: int) -> Outcome:
        """List the folder we put into, then the partner's archive if it shows one."""
        archive = self._mailbox.archive_folder
        try:
            waiting = self._sizes(self._mailbox.outbound_folder)
            archived = self._sizes(archive) if archive else None
        except TROUBLE as error:
            return Unknown(f"the folder could not be listed: {describe(error)}")
        return judge(name, size, waiting, archived)

    def list(self) -> list[RemoteFile]:
        """Finished files in the folder we collect from, by name."""
        try:
            found = self._sizes(self._mailbox.inbound_folder)
        except TROUBLE as error:
            raise TransportError(f"the folder could not be listed: {describe(error)}") from error
        return [RemoteFile(name, size) for name, size in sorted(found.items()) if is_plain_name(name)]

    def fetch(self, name: str, limit: int) -> bytes:
        """The bytes, at most one more than ``limit``."""
        assert is_plain_name(name), name
        pieces, count = [], 0
        try:
            with self._sftp.open(_join(self._mailbox.inbound_folder, name), "rb") as handle:
                while count <= limit:
                    piece = handle.read(min(CHUNK, limit + 1 - count))
                    if not piece:
                        break
                    pieces.append(piece)
                    count += len(piece)
        except TROUBLE as error:
            raise TransportError(f"{name} could not be fetched: {describe(error)}") from error
        return b"".join(pieces)

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(Exception):
            self._ssh.close()

    def _size(self, path: str) -> int | None:
        try:
            return self._sftp.stat(path).st_size
        except FileNotFoundError:
            return None

    def _sizes(self, folder: str) -> dict[str, int]:
        try:
            entries = self._sftp.listdir_attr(folder)
        except FileNotFoundError:
            return {}
        return {e.filename: e.st_size or 0 for e in entries if e.st_mode is None or stat.S_ISREG(e.st_mode)}


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _handshake(host: str, port: int) -> paramiko.Transport:
    """A connection up to the point where the far side has shown its key. Raises TransportError."""
    try:
        plug = socket.create_connection((host, port), timeout=CONNECT_SECONDS)
    except OSError as error:
        raise TransportError(f"{host}:{port} does not answer: {describe(error)}") from error
    try:
        ssh = paramiko.Transport(plug)
    except (*TROUBLE, ValueError) as error:
        plug.close()
        raise TransportError(f"{host}:{port} speaks no SSH: {describe(error)}") from error
    ssh.banner_timeout = ssh.auth_timeout = ssh.channel_timeout = STEP_SECONDS
    ssh.handshake_timeout = STEP_SECONDS
    try:
        ssh.start_client(timeout=2 * STEP_SECONDS)
    except TROUBLE as error:
        ssh.close()
        raise TransportError(f"{host}:{port} speaks no SSH: {describe(error)}") from error
    return ssh


def ask_host_key(host: str, port: int) -> str:
    """The key a server shows, for a person to confirm. Raises TransportError."""
    ssh = _handshake(host, port)
    try:
        return show_key(ssh.get_remote_server_key())
    finally:
        ssh.close()


def show_key(key: paramiko.PKey) -> str:
    """``type base64``, as known_hosts files have it."""
    return f"{key.get_name()} {key.get_base64()}"


def fingerprint(host_key: str) -> str:
    """SHA256:... of a stored host key, as people compare it over the telephone."""
    body = host_key.split()[1] if len(host_key.split()) > 1 else ""
    digest = hashlib.sha256(base64.b64decode(body)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def read_private_key(text: str) -> paramiko.PKey:
    """An Ed25519, ECDSA or RSA key in OpenSSH or PEM form. Raises TransportError."""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(text))
    raise TransportError("the private key cannot be read")


def describe(error: BaseException) -> str:
    """The kind of trouble in plain words, never a text from the far side."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, FileNotFoundError):
        return "the folder or file does not exist"
    if isinstance(error, (ConnectionError, EOFError)):
        return "the connection was cut"
    return type(error).__name__
