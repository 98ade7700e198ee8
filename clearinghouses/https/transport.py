"""Put, look, list and fetch over HTTPS: folders are addresses, files are resources beneath them.

``PUT folder/name`` with ``If-None-Match: *`` stores a file whole or not at all; ``GET folder/`` lists names and
sizes as JSON, page by page; ``GET folder/name`` fetches. What the answer to a PUT proves decides its ending:
2xx Delivered, a plain no (4xx) Refused, and silence, a broken wire, 408 or 5xx after the first byte Unknown.
The server's certificate is always verified; redirections are not followed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import ssl
import time
from urllib.parse import quote

from clearinghouses.sftp.transport import describe
from clearinghouses.transport import (
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
STEP_SECONDS = 10.0  # any single answer of the far side
CHUNK = 64_000
MAX_LIST = 5_000_000
MAX_PAGES = 200
NOT_DECIDED = frozenset({408, 425, 429})  # of the 4xx: it may have been taken, or is asked to wait
TAKEN = frozenset({409, 412})  # the name stands there already
TROUBLE = (OSError, http.client.HTTPException, ValueError)  # timeouts and TLS are OSError


class HttpsTransport:
    """Transport over one server; every request opens its own connection, so that none hangs over."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._context = verifying(mailbox.host_key)
        user, secret = mailbox.username, mailbox.password
        if user:
            token = base64.b64encode(f"{user}:{secret}".encode()).decode()
            self._headers = {"Authorization": f"Basic {token}"}
        else:
            self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def put(self, name: str, content: bytes, *, seconds: float) -> Outcome:
        """See the module; ``seconds`` bounds the whole upload."""
        assert is_plain_name(name), name
        until = time.monotonic() + seconds
        target = self._path(self._mailbox.outbound_folder, name)
        try:
            known = self._size(target)
            if known is not None:  # put before: the name holds ISA13, so it is this very file
                return judge(name, len(content), {name: known}, None)
            connection = self._connect()
        except (*TROUBLE, TransportError) as error:
            return Refused(f"the upload could not begin: {words(error)}")
        try:
            connection.putrequest("PUT", target, skip_accept_encoding=True)
            for key, value in self._headers.items():
                connection.putheader(key, value)
            connection.putheader("If-None-Match", "*")
            connection.putheader("Content-Type", "application/edi-x12")
            connection.putheader("Content-Length", str(len(content)))
            connection.putheader("Content-SHA256", hashlib.sha256(content).hexdigest())
            connection.endheaders()
            for start in range(0, len(content), CHUNK):
                if time.monotonic() > until:
                    return Unknown(f"the upload took longer than {seconds:.0f} s and was broken off")
                connection.send(content[start : start + CHUNK])
            answer = connection.getresponse()
            answer.read(MAX_LIST)
            status = answer.status
        except TROUBLE as error:
            return self._after_trouble(connection, error)
        finally:
            connection.close()
        return self._ending(status, name, len(content), target)

    def _after_trouble(self, connection: http.client.HTTPSConnection, error: Exception) -> Outcome:
        """A server that says no closes before it has read all: its answer still lies there to be read."""
        with contextlib.suppress(*TROUBLE):
            status = connection.getresponse().status
            if 400 <= status < 500 and status not in NOT_DECIDED | TAKEN:
                return Refused(f"the server answered {status}")
        return Unknown(f"the connection failed during the upload: {words(error)}")

    def _ending(self, status: int, name: str, size: int, target: str) -> Outcome:
        if 200 <= status < 300:
            return Delivered()
        if status in TAKEN:
            with contextlib.suppress(*TROUBLE, TransportError):
                known = self._size(target)
                if known is not None:
                    return judge(name, size, {name: known}, None)
            return Unknown("the server says that the file is there already")
        if 300 <= status < 500 and status not in NOT_DECIDED:
            return Refused(f"the server answered {status}")
        return Unknown(f"the server answered {status}")

    def look(self, name: str, size: int) -> Outcome:
        """List the folder we put into, then the partner's archive if it shows one."""
        archive = self._mailbox.archive_folder
        try:
            waiting = self._sizes(self._mailbox.outbound_folder)
            archived = self._sizes(archive) if archive else None
        except (*TROUBLE, TransportError) as error:
            return Unknown(f"the server cannot be asked: {words(error)}")
        return judge(name, size, waiting, archived)

    def list(self) -> list[RemoteFile]:
        """Finished files, by name."""
        try:
            found = self._sizes(self._mailbox.inbound_folder)
        except TROUBLE as error:
            raise TransportError(f"the folder cannot be listed: {words(error)}") from error
        return [RemoteFile(name, size) for name, size in sorted(found.items()) if is_plain_name(name)]

    def fetch(self, name: str, limit: int) -> bytes:
        """The bytes, at most one more than ``limit``."""
        assert is_plain_name(name), name
        try:
            status, body, length = self._ask("GET", self._path(self._mailbox.inbound_folder, name), limit + 1)
        except TROUBLE as error:
            raise TransportError(f"{name} cannot be read: {words(error)}") from error
        if status != 200:
            raise TransportError(f"{name} cannot be read: the server answered {status}")
        if length is not None and len(body) < min(length, limit + 1):
            raise TransportError(f"{name} came in part only")
        return body

    def close(self) -> None:
        """Nothing is held open."""

    # --- one request ----------------------------------------------------------------------------------

    def _connect(self) -> http.client.HTTPSConnection:
        mailbox = self._mailbox
        made = http.client.HTTPSConnection(
            mailbox.host, mailbox.port, timeout=CONNECT_SECONDS, context=self._context
        )
        try:
            made.connect()
            made.sock.settimeout(STEP_SECONDS)
        except BaseException:
            made.close()
            raise
        return made

    def _ask(self, method: str, path: str, limit: int = MAX_LIST) -> tuple[int, bytes, int | None]:
        """Status, at most ``limit`` bytes, and the length that was announced."""
        connection = self._connect()
        try:
            connection.request(method, path, headers=self._headers)
            answer = connection.getresponse()
            length = answer.length
            body = b"" if method == "HEAD" else answer.read(limit)
            if method == "HEAD":
                announced = answer.getheader("Content-Length", "")
                length = int(announced) if announced.isdecimal() else None
            return answer.status, body, length
        finally:
            connection.close()

    def _size(self, path: str) -> int | None:
        """Bytes of a file that stands there; None when it does not. Raises TransportError for any other answer."""
        status, _, length = self._ask("HEAD", path)
        if status == 404:
            return None
        if status != 200 or length is None:
            raise TransportError(f"the server answered {status}")
        return length

    def _sizes(self, folder: str) -> dict[str, int]:
        """Names and sizes of a folder, all pages."""
        found: dict[str, int] = {}
        after = ""
        for _ in range(MAX_PAGES):
            path = self._path(folder, "") + (f"?after={quote(after, safe='')}" if after else "")
            status, body, _ = self._ask("GET", path)
            if status != 200:
                raise TransportError(f"the server answered {status}")
            page = json.loads(body)
            if not isinstance(page, dict) or not isinstance(page.get("files"), list):
                raise TransportError("the server does not list its files as agreed")
            for item in page["files"]:
                if isinstance(item, dict) and isinstance(item.get("size"), int):
                    found[str(item.get("name", ""))] = item["size"]
            after = str(page.get("next") or "")
            if not after:
                return found
        raise TransportError("the folder has too many pages")

    def _path(self, folder: str, name: str) -> str:
        return "/" + "/".join(quote(part) for part in (*folder.strip("/").split("/"), name))


def verifying(certificate: str) -> ssl.SSLContext:
    """TLS that checks who answers: against the confirmed certificate alone, else against the public authorities."""
    if not certificate:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
        try:
            context.load_verify_locations(cadata=certificate)
        except (ssl.SSLError, ValueError) as error:
            raise TransportError("the confirmed certificate cannot be read: test the connection") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def ask_certificate(mailbox: Mailbox) -> str:
    """The certificate a person has to confirm, in PEM; empty when who answers is known already.

    Raises TransportError when nobody answers.
    """
    try:
        connection = HttpsTransport(mailbox)._connect()  # noqa: SLF001 - the same room
    except ssl.SSLCertVerificationError:
        try:
            return ssl.get_server_certificate((mailbox.host, mailbox.port), timeout=CONNECT_SECONDS)
        except TROUBLE as error:
            raise TransportError(f"the server cannot be reached: {words(error)}") from error
    except TROUBLE as error:
        raise TransportError(f"the server cannot be reached: {words(error)}") from error
    connection.close()
    return ""


def certificate_fingerprint(pem: str) -> str:
    """SHA256:... of a certificate, as people compare it over the telephone."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def words(error: BaseException) -> str:
    """The kind of trouble in plain words, never a text from the far side."""
    if isinstance(error, TransportError):
        return error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not the confirmed one, and no public authority vouches for it"
    if isinstance(error, ssl.SSLError):
        return "no secure connection came about"
    if isinstance(error, http.client.HTTPException):
        return "the connection was cut"
    if isinstance(error, ValueError):
        return "the answer cannot be read"
    return describe(error)
