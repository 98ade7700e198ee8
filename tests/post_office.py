"""A mail server on this machine for tests: as much of RFC 5321 as a client needs to hand over one mail."""

from __future__ import annotations

import email
import socketserver
import threading
from email import policy
from email.message import EmailMessage


class Conversation(socketserver.StreamRequestHandler):
    """One client."""

    server: PostOffice

    def handle(self) -> None:
        """Answer line by line until QUIT."""
        to = ""
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self.say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.taken.append((to, email.message_from_bytes(text, policy=policy.default)))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif word == "RCPT" and self.server.refuses:
                self.say("451 try again later")
            else:
                to = line[8:].strip("<>") if word == "RCPT" else to
                self.say("250 fine")

    def say(self, text: str) -> None:
        """One line."""
        self.wfile.write(f"{text}\r\n".encode())


class PostOffice(socketserver.ThreadingTCPServer):
    """``taken``: (address, mail) in order; ``refuses``: answers "later" to every recipient."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.taken: list[tuple[str, EmailMessage]] = []
        self.refuses = False

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def open(self) -> PostOffice:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def close(self) -> None:
        """No more."""
        self.shutdown()
        self.server_close()
