"""The HTTPS door of the sandbox: the same mailboxes as over SFTP, by PUT, GET and HEAD. Faults from faults.py.

``/inbound/NAME`` takes a file once (201, or 412 where the name stands), ``/outbound/`` and ``/archive/`` list
names and sizes as JSON, a hundred a page, ``/outbound/NAME`` gives a file. Who comes says so by Basic
authorization with the account's password. The certificate is made at the first start and lies beside the host key.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import ipaddress
import json
import logging
import os
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from clearinghouses.sandbox.faults import Faults
from clearinghouses.sandbox.home import FOLDERS, Settings, is_password, write_atomically

logger = logging.getLogger("sandbox.web")
MAX_BYTES = 50_000_000
PAGE = 100
SECONDS = 30.0


class Window(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: WebServer
    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    close_connection = True

    def do_GET(self) -> None:
        """A listing or a file."""
        self._serve(with_body=True)

    def do_HEAD(self) -> None:
        """Whether a file is there, and its size."""
        self._serve(with_body=False)

    def do_PUT(self) -> None:
        """A file into inbound, whole or not at all."""
        faults = self.server.faults
        home, parts = self._enter(), self._parts()
        size = self.headers.get("Content-Length", "")
        if home is None:
            return
        if len(parts) != 2 or parts[0] != "inbound" or not _is_name(parts[1]):
            self._say(403)
            return
        if not size.isdecimal() or int(size) > MAX_BYTES:
            self._say(413 if size.isdecimal() else 411)
            return
        fault = faults.next("put")
        if fault is not None and str(fault.get("do")).endswith("before"):
            self._break(fault)
            return
        content = self._body(int(size))
        if content is None:
            return
        target = home / "inbound" / parts[1]
        if fault is not None and "status" in fault and not fault.get("keep"):
            self._say(int(fault["status"]))
            return
        if target.exists() or (home / "archive" / parts[1]).exists():
            self._say(412)
            return
        if fault is None or fault.get("do") != "lose":
            write_atomically(target, content)
        if fault is None or fault.get("do") == "lose":  # thanked for, and perhaps thrown away
            self._say(201, {"name": parts[1], "size": len(content)})
        elif "status" in fault:  # taken, and the answer says otherwise
            self._say(int(fault["status"]))
        else:
            self._break(fault)

    def _body(self, size: int) -> bytes | None:
        """The bytes that were sent; None when the wire broke, by itself or by a fault."""
        found = b""
        while len(found) < size:
            part = self.rfile.read(min(4096, size - len(found)))
            if not part:
                return None
            found += part
            fault = self.server.faults.next("write", reached=len(found))
            if fault is not None:
                self._break(fault)
                return None
        return found

    def _serve(self, *, with_body: bool) -> None:
        home, parts = self._enter(), self._parts()
        if home is None:
            return
        fault = self.server.faults.next("list" if len(parts) == 1 else "read", reached=1)
        if fault is not None and with_body:
            self._break(fault)
            return
        if len(parts) == 1 and parts[0] in FOLDERS:
            self._list(home / parts[0])
            return
        path = (
            home.joinpath(*parts) if len(parts) == 2 and parts[0] in FOLDERS and _is_name(parts[1]) else None
        )
        if path is None or path.is_symlink() or not path.is_file():
            self._say(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def _list(self, folder: Path) -> None:
        after = parse_qs(urlsplit(self.path).query).get("after", [""])[0]
        files = []
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if not entry.name.startswith(".") and entry.name > after:
                with contextlib.suppress(FileNotFoundError):
                    files.append({"name": entry.name, "size": entry.stat(follow_symlinks=False).st_size})
        more = files[PAGE - 1]["name"] if len(files) > PAGE else ""
        self._say(200, {"files": files[:PAGE], "next": more})

    def _enter(self) -> Path | None:
        """The account's folder; None, and 401 said, for a stranger."""
        told = self.headers.get("Authorization", "")
        name, password = "", ""
        with contextlib.suppress(ValueError):
            name, _, password = base64.b64decode(told.removeprefix("Basic ")).decode().partition(":")
        folder = self.server.settings.folder
        if (
            not told.startswith("Basic ")
            or self.server.faults.next("auth")
            or not is_password(folder, name, password)
        ):
            self._say(401)
            return None
        return folder / name

    def _parts(self) -> list[str]:
        return [unquote(part) for part in urlsplit(self.path).path.split("/") if part]

    def _say(self, status: int, told: dict[str, Any] | None = None) -> None:
        content = json.dumps(told or {"status": status}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _break(self, fault: dict[str, Any]) -> None:
        """Silence, then a cut wire, without an answer."""
        if str(fault.get("do", "drop")).startswith("hang"):
            self.server.faults.hang()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base
        """To the sandbox's own log, without addresses."""
        logger.debug(format, *args)


class WebServer(http.server.ThreadingHTTPServer):
    """Listens on loopback with TLS, one thread a request."""

    daemon_threads = True

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self.settings = settings
        self.faults = faults
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain, key = certificate(settings.folder, settings.host)
        self._context.load_cert_chain(chain, key)
        super().__init__((settings.host, settings.https_port), Window)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.2,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Let the port go."""
        self.shutdown()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS is spoken in the request's own thread, so that nobody waits for a silent guest."""
        if self.faults.next("connect") is not None:
            return
        request.settimeout(SECONDS)
        with contextlib.suppress(OSError), self._context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)  # type: ignore[arg-type]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A guest that goes away is none of ours to mend."""
        logger.info("a request ended early")


def _is_name(name: str) -> bool:
    return (
        bool(name) and not name.startswith(".") and "/" not in name and "\0" not in name and len(name) < 120
    )


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """The server's certificate and key, made once: for localhost, 127.0.0.1 and the address it listens on."""
    chain, key_path = folder / "https_certificate.pem", folder / "https_key.pem"
    if not chain.exists():
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sandbox clearinghouse")])
        names: list[x509.GeneralName] = [x509.DNSName("localhost")]
        for address in dict.fromkeys(("127.0.0.1", host)):
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(address)))
            except ValueError:
                names.append(x509.DNSName(address))
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_atomically(key_path, secret)
        write_atomically(chain, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return chain, key_path
