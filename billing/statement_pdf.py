"""Draw statements as PDF: lay the frozen snapshot out, hand batches to the PDF process, keep the bytes.

The process (pdf_process.py) starts at the first document, stays, and is killed when a batch takes
longer than 30 seconds. Layout follows prototypes' statement: words and figures as two preformatted
columns, because a page costs by the line box (performance.md).
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from billing.errors import PdfUnavailable
from billing.models import Statement
from billing.pdf_process import MISSING_PANGO
from billing.statement_layout import document_html, layout_css
from clinics.scoping import open_clinic
from work import files
from work.outbox import handles

ROOT = Path(__file__).resolve().parent.parent
BATCH = 25
SECONDS = 30.0
logger = logging.getLogger("cleanclaim.pdf")


class PdfProcess:
    """One drawing process of this Python process; calls take turns."""

    def __init__(self, command: Sequence[str] | None = None, seconds: float = SECONDS) -> None:
        self.command = list(command or [sys.executable, "-m", "billing.pdf_process"])
        self.seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def draw(self, documents: Sequence[str]) -> list[bytes]:
        """PDFs of HTML documents, in order. PdfUnavailable says why not, in words for a person."""
        with self._lock:
            process = self._running()
            try:
                return self._ask(process, documents)
            except PdfUnavailable:
                raise
            except (OSError, EOFError) as error:
                self.stop()
                raise PdfUnavailable("The PDF could not be made: its process ended. Try again.") from error

    def stop(self) -> None:
        """End the process; the next document starts a new one."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            if self._owner == os.getpid():
                self.stop()
            # Only what drawing needs of the environment: no passwords, no keys.
            kept = {
                name: os.environ[name]
                for name in ("PATH", "HOME", "LANG", "FONTCONFIG_PATH")
                if name in os.environ
            }
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=kept, bufsize=0
            )
            self._owner = os.getpid()
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], documents: Sequence[str]) -> list[bytes]:
        assert process.stdin is not None and process.stdout is not None, "made with pipes"
        body = json.dumps(
            {"documents": [{"html": html, "css": layout_css(html)} for html in documents]}
        ).encode()
        frame = memoryview(struct.pack(">I", len(body)) + body)
        while frame:
            frame = frame[process.stdin.write(frame) :]
        deadline = time.monotonic() + self.seconds
        drawn = []
        for _ in documents:
            mark = self._read(process.stdout, 1, deadline)
            length = struct.unpack(">I", self._read(process.stdout, 4, deadline))[0]
            answer = self._read(process.stdout, length, deadline)
            if mark != b"P":
                raise self._refused(answer.decode("utf-8", "replace"))
            drawn.append(answer)
        return drawn

    def _refused(self, words: str) -> PdfUnavailable:
        self.stop()  # answers of the rest of the batch would still be in the pipe
        logger.warning("pdf refused: %s", words)
        if words.startswith(MISSING_PANGO):
            return PdfUnavailable(
                "This machine has no Pango, which draws PDFs. Install it (Debian: libpango-1.0-0 "
                "libpangoft2-1.0-0 libharfbuzz-subset0) and try again.",
                code="pango_missing",
            )
        return PdfUnavailable("The PDF could not be made from this document.", detail=words)

    def _read(self, pipe: IO[bytes], length: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while length:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                self.stop()
                raise PdfUnavailable(
                    f"The PDF took longer than {self.seconds:.0f} seconds and was stopped.",
                    code="pdf_timeout",
                )
            part = os.read(pipe.fileno(), length)
            if not part:
                raise EOFError("the PDF process ended")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


PROCESS = PdfProcess()
atexit.register(PROCESS.stop)


def keep_pdfs(statements: Sequence[Statement]) -> int:
    """Draw and store the PDFs that are missing, at most 25 at a time; returns how many were stored.

    Drawn from the frozen snapshot: two workers that draw the same one make the same pages, the first
    to store wins.
    """
    missing = [statement for statement in statements if statement.pdf_id is None]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        drawn = PROCESS.draw([document_html(statement.snapshot) for statement in batch])
        for statement, content in zip(batch, drawn, strict=True):
            stored = files.store(content, f"statement-{statement.number}.pdf")
            Statement.objects.filter(pk=statement.pk, pdf__isnull=True).update(pdf=stored)
            statement.refresh_from_db(fields=["pdf"])
    return len(missing)


def pdf_of(statement: Statement) -> bytes:
    """The PDF's bytes, drawn now if the worker has not done it yet."""
    keep_pdfs([statement])
    assert statement.pdf is not None, "keep_pdfs stored it or raised"
    return files.read(statement.pdf)


@handles("billing.statement_pdf")
def draw_promised(clinic_id: int, statement_id: int) -> None:
    """Outbox: the PDF of one statement."""
    with open_clinic(clinic_id, actor="worker"):
        keep_pdfs(list(Statement.objects.filter(pk=statement_id)))
