"""Set up a partner's mailbox: save it, test it, confirm its host key, open one at the sandbox.

Before it: the page under Settings, the demo data. After it: carriers.py. Passwords and keys go in and never
come out; they are forgotten when the mailbox they belong to becomes another one.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models.functions import Now

from clearinghouses import carriers
from clearinghouses.errors import WrongState
from clearinghouses.https.transport import ask_certificate
from clearinghouses.models import Connection
from clearinghouses.sandbox import home
from clearinghouses.sandbox.web import certificate
from clearinghouses.sftp.transport import ask_host_key, fingerprint, show_key
from clearinghouses.transport import Mailbox, TransportError
from clinics import audit
from clinics.scoping import open_clinic
from work import jobs, outbox
from work.models import Job

TEST = "clearinghouses.test"
SECRETS = ("password", "private_key")
WHO_IT_IS = ("kind", "host", "port", "username")


def save(connection: Connection, values: dict[str, Any]) -> Connection:
    """Create or change a connection; audited by field names, without any secret.

    An empty password or key keeps the stored one, unless host, port or user name change: then the old secrets
    are forgotten (they must not travel to another machine), and so is the confirmed host key.
    """
    is_new = connection.pk is None
    changed = [
        name for name, value in values.items() if name not in SECRETS and getattr(connection, name) != value
    ]
    if not is_new and any(name in WHO_IT_IS for name in changed):
        for name in SECRETS:
            setattr(connection, name, "")
        if any(name in ("host", "port", "kind") for name in changed):
            connection.host_key = connection.offered_key = ""
        connection.test_result, connection.test_passed, connection.tested_at = "", False, None
    for name, value in values.items():
        if name not in SECRETS:
            setattr(connection, name, value)
        elif value:
            setattr(connection, name, value)
            changed.append(name)
    connection.save()
    act = "connection.create" if is_new else "connection.change"
    audit.record(act, "connection", connection.public_id, fields=sorted(changed))
    return connection


def start_test(connection: Connection) -> Job:
    """Ask the worker to try the mailbox; the job says how it went."""
    job = jobs.start(TEST, f"Test {connection.name}", total=1, params={"connection": connection.pk})
    outbox.promise(TEST, connection.clinic_id, job.pk, key=f"{TEST}:{job.pk}")
    audit.record("connection.test", "connection", connection.public_id)
    return job


def run_test(clinic_id: int, job_id: int) -> None:
    """The worker's part: network first, then the result on the row and the job."""
    assert not database.in_atomic_block, "the network is never waited for inside a transaction"
    with open_clinic(clinic_id, actor="tester"):
        connection_id = int(Job.objects.get(pk=job_id).params["connection"])
        mailbox = carriers.mailbox_of(Connection.objects.get(pk=connection_id))
    passed, words, offered = _try(mailbox, clinic_id)
    with open_clinic(clinic_id, actor="tester"):
        Connection.objects.filter(pk=connection_id).update(
            tested_at=Now(), test_result=words[:300], test_passed=passed, offered_key=offered
        )
        job = Job.objects.get(pk=job_id)
        jobs.finish(job, result={"items": [], "passed": passed, "words": words}, done=1, failed=not passed)
        Job.objects.filter(pk=job_id).update(message=words[:300])


def _try(mailbox: Mailbox, clinic_id: int) -> tuple[bool, str, str]:
    """Whether the mailbox can be used, in words, and the host key a person has to confirm first."""
    try:
        if mailbox.kind == Connection.Kind.SFTP:
            shown = ask_host_key(mailbox.host, mailbox.port)
            if shown != mailbox.host_key.strip():
                was = (
                    "another key than the confirmed one" if mailbox.host_key else "its key for the first time"
                )
                return (
                    False,
                    f"The server shows {was}: {fingerprint(shown)}. Compare it with the partner.",
                    shown,
                )
        if mailbox.kind == Connection.Kind.HTTPS and (shown := ask_certificate(mailbox)):
            was = (
                "another certificate than the confirmed one"
                if mailbox.host_key
                else ("a certificate that no public authority vouches for")
            )
            words = (
                f"The server shows {was}: {carriers.show_fingerprint(shown)}. Compare it with the partner."
            )
            return False, words, shown
        transport = carriers.open_transport(mailbox, clinic_id)
        try:
            waiting = len(transport.list())
        finally:
            transport.close()
    except TransportError as error:
        return False, error.reason[:1].upper() + error.reason[1:] + ".", ""
    return True, f"Signed in. {waiting} files lie in the folder we collect from.", ""


def confirm_key(connection: Connection, shown: str) -> None:
    """A person has compared the fingerprint: this key and no other from now on. Raises WrongState."""
    shown = shown.replace("\r\n", "\n")  # a form sends the lines of a certificate with CR LF
    moved = (
        Connection.objects.filter(pk=connection.pk, offered_key=shown)
        .exclude(offered_key="")
        .update(
            host_key=shown, offered_key="", test_result="The key is confirmed. Test again.", test_passed=False
        )
    )
    if not moved:
        raise WrongState("The server has shown another key meanwhile. Test the connection again.")
    audit.record(
        "connection.confirm_key",
        "connection",
        connection.public_id,
        fingerprint=carriers.show_fingerprint(shown),
    )


def open_sandbox(connection: Connection, account: str, *, kind: str = Connection.Kind.SFTP) -> Connection:
    """Make a connection a mailbox at this installation's sandbox clearinghouse, which need not run yet.

    Opens the account there (a new password each time) and confirms the sandbox's own host key.
    """
    name = re.sub(r"[^a-z0-9_-]", "-", account.lower())[:40]
    connection.kind = kind
    connection.is_sandbox = True
    connection.host, connection.port = settings.SANDBOX_HOST, carriers.sandbox_port(kind)
    connection.username = name
    connection.password = home.add_account(settings.SANDBOX_DIR, name)
    if kind == Connection.Kind.HTTPS:
        chain, _ = certificate(settings.SANDBOX_DIR, settings.SANDBOX_HOST)
        connection.host_key = chain.read_text()
    else:
        connection.host_key = show_key(home.host_key(settings.SANDBOX_DIR))
    connection.outbound_folder, connection.inbound_folder = "inbound", "outbound"
    connection.archive_folder = "archive"
    connection.answers_276 = True
    connection.save()
    audit.record("connection.open_sandbox", "connection", connection.public_id)
    return connection
