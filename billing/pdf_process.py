"""The process that draws PDFs: ``python -m billing.pdf_process``, long-lived, limited, alone with WeasyPrint.

It reads batches of HTML from its standard input and writes PDFs to its standard output; it opens no
address but this product's own style sheet and fonts (and ``data:``). Knows nothing of Django.
Frame: 4 bytes length, then JSON {"documents": [{"html", "css"}]}; the answer per document is 1 byte
("P" a PDF, "E" an error in words), 4 bytes length, the bytes.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

STATIC = Path(__file__).resolve().parent.parent / "static"
OWN_FILES = {
    "statement.css": "text/css",
    "estimate.css": "text/css",
    "papers.css": "text/css",
    "vendor/inter/Inter-Regular-subset.woff2": "font/woff2",
    "vendor/inter/Inter-SemiBold-subset.woff2": "font/woff2",
}
OWN = "https://static/"  # never asked of a network: Fetcher answers it from OWN_FILES
MEMORY_LIMIT = 1024 * 1024 * 1024
CPU_SECONDS = 30
MISSING_PANGO = "pango-missing"


def main() -> None:
    """Serve batches until the input ends."""
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not stand between frames
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    drawing = _load()
    while (head := sys.stdin.buffer.read(4)) and len(head) == 4:
        batch = json.loads(_exactly(sys.stdin.buffer, struct.unpack(">I", head)[0]))
        for document in batch["documents"]:
            _allow_cpu()
            mark, body = _one(drawing, document)
            out.write(mark + struct.pack(">I", len(body)) + body)
            out.flush()


def _load() -> Any:
    """WeasyPrint with its fetcher, or the words of why it cannot be loaded."""
    try:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except OSError as error:  # the shared libraries of Pango are not on this machine
        return f"{MISSING_PANGO}: {error}".splitlines()[0][:200]

    class Fetcher(URLFetcher):  # type: ignore[misc]
        """Own static files by name and data: addresses; everything else does not exist."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            """A file of OWN_FILES, or data:."""
            if url.startswith("data:"):
                return super().fetch(url, headers)
            name = url.removeprefix(OWN)
            if not url.startswith(OWN) or name not in OWN_FILES:
                raise ValueError(f"address not allowed: {url[:80]}")
            return URLFetcherResponse(
                url, body=(STATIC / name).read_bytes(), headers={"Content-Type": OWN_FILES[name]}
            )

    return weasyprint, Fetcher(allowed_protocols={"data"}), FontConfiguration()


def _one(drawing: Any, document: dict[str, str]) -> tuple[bytes, bytes]:
    if isinstance(drawing, str):
        return b"E", drawing.encode()
    weasyprint, fetcher, fonts = drawing
    try:
        html = weasyprint.HTML(string=document["html"], base_url=OWN, url_fetcher=fetcher)
        sheets = [
            weasyprint.CSS(
                string=document.get("css", ""), base_url=OWN, url_fetcher=fetcher, font_config=fonts
            )
        ]
        target = io.BytesIO()
        html.write_pdf(target, stylesheets=sheets, font_config=fonts)
    except Exception as error:  # noqa: BLE001 - told to the caller; the next document may be fine
        return b"E", f"{type(error).__name__}: {error}"[:300].encode()
    return b"P", target.getvalue()


def _allow_cpu() -> None:
    """So many more seconds of the processor for this document; the kernel ends a process that takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_SECONDS, hard))


def _exactly(stream: BinaryIO, length: int) -> bytes:
    body = stream.read(length)
    if len(body) != length:
        raise EOFError("the input ended inside a frame")
    return body


if __name__ == "__main__":
    main()
