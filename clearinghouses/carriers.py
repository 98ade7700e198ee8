"""From a Connection row to an open transport. Network only: never called inside a transaction."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from clearinghouses.folder.transport import FolderTransport
from clearinghouses.models import Connection
from clearinghouses.sftp.transport import SftpTransport
from clearinghouses.transport import Mailbox, Transport


def mailbox_of(connection: Connection) -> Mailbox:
    """The plain facts, read inside the clinic's scope. The sandbox lives where this installation runs it."""
    sandbox = connection.is_sandbox
    return Mailbox(
        kind=connection.kind,
        host=settings.SANDBOX_HOST if sandbox else connection.host,
        port=settings.SANDBOX_SFTP_PORT if sandbox else connection.port,
        username=connection.username,
        password=connection.password,
        private_key=connection.private_key,
        host_key=connection.host_key,
        outbound_folder=connection.outbound_folder,
        inbound_folder=connection.inbound_folder,
        archive_folder=connection.archive_folder,
    )


def open_transport(mailbox: Mailbox, clinic_id: int) -> Transport:
    """An open mailbox. Raises TransportError when it cannot be reached or is not who it should be.

    A folder mailbox lies below one folder of this clinic's own, whatever its row says.
    """
    if mailbox.kind == Connection.Kind.FOLDER:
        return FolderTransport(Path(settings.EXCHANGE_DIR) / str(clinic_id), mailbox)
    return SftpTransport(mailbox)
