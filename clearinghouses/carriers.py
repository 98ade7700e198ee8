"""From a Connection row to an open transport. Network only: never called inside a transaction."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from clearinghouses.folder.transport import FolderTransport
from clearinghouses.https.transport import HttpsTransport, certificate_fingerprint
from clearinghouses.models import Connection
from clearinghouses.sftp.transport import SftpTransport, fingerprint
from clearinghouses.transport import Mailbox, Transport


def mailbox_of(connection: Connection) -> Mailbox:
    """The plain facts, read inside the clinic's scope. The sandbox lives where this installation runs it."""
    sandbox = connection.is_sandbox
    return Mailbox(
        kind=connection.kind,
        host=settings.SANDBOX_HOST if sandbox else connection.host,
        port=sandbox_port(connection.kind) if sandbox else connection.port,
        username=connection.username,
        password=connection.password,
        private_key=connection.private_key,
        host_key=connection.host_key,
        outbound_folder=connection.outbound_folder,
        inbound_folder=connection.inbound_folder,
        archive_folder=connection.archive_folder,
    )


def sandbox_port(kind: str) -> int:
    """Where this installation's sandbox listens for a kind of connection."""
    return int(settings.SANDBOX_HTTPS_PORT if kind == Connection.Kind.HTTPS else settings.SANDBOX_SFTP_PORT)


def show_fingerprint(key: str) -> str:
    """SHA256:... of a confirmed or offered key or certificate; empty for none."""
    if key.startswith("-----BEGIN"):
        return certificate_fingerprint(key)
    return fingerprint(key) if key else ""


def open_transport(mailbox: Mailbox, clinic_id: int) -> Transport:
    """An open mailbox. Raises TransportError when it cannot be reached or is not who it should be.

    A folder mailbox lies below one folder of this clinic's own, whatever its row says.
    """
    if mailbox.kind == Connection.Kind.FOLDER:
        return FolderTransport(Path(settings.EXCHANGE_DIR) / str(clinic_id), mailbox)
    if mailbox.kind == Connection.Kind.HTTPS:
        return HttpsTransport(mailbox)
    return SftpTransport(mailbox)
