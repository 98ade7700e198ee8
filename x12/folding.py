"""Any text to what X12 may carry: ASCII capitals, single spaces, no delimiters.

``Ñ`` becomes ``N``, curly quotes become straight ones; payers fold names the same way.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

CLEAN = re.compile(
    r"[A-Z0-9!\"&'()+,\-./;?=%@\[\]_{}\\|<>#$`]+(?: [A-Z0-9!\"&'()+,\-./;?=%@\[\]_{}\\|<>#$`]+)*\Z"
)
# Letters NFKD does not take apart, and typography.
LETTERS = str.maketrans(
    {
        "Ø": "O",
        "Ł": "L",
        "Đ": "D",
        "Æ": "AE",
        "Œ": "OE",
        "Þ": "TH",
        "Ð": "D",
        "ẞ": "SS",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
        "−": "-",
    }
)
NOT_CARRIED = re.compile(r"[^A-Z0-9!\"&'()+,\-./;?=%@\[\]_{}\\|<>#$` ]+")


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """``text`` as X12 data: upper case ASCII, trimmed, delimiters and line ends turned into one space."""
    if not text or CLEAN.match(text):
        return text
    plain = unicodedata.normalize("NFKD", text.upper().translate(LETTERS)).upper()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(NOT_CARRIED.sub(" ", plain).split())
