"""What a transaction is: 837P, 835, 277CA, ... from ST01 with the guide named in ST03 or GS08.

When the guide is not one we know (de-identified and old files), the segments themselves tell.
"""

from __future__ import annotations

import re

from x12.tokens import Segment

GUIDE = re.compile(r"X(\d{3})")
OLD_VERSION = re.compile(r"00(3\d|40|42)")
KIND_BY_GUIDE = {
    ("837", "222"): "837P",
    ("837", "098"): "837P",
    ("837", "223"): "837I",
    ("837", "096"): "837I",
    ("837", "224"): "837D",
    ("837", "097"): "837D",
    ("837", "291"): "837P predetermination",
    ("837", "292"): "837I predetermination",
    ("837", "298"): "837P post-adjudicated",
    ("837", "299"): "837I post-adjudicated",
    ("277", "214"): "277CA",
    ("277", "167"): "277CA",
    ("277", "212"): "277",
    ("277", "364"): "277",
}
KIND_BY_LINE = {"SV1": "837P", "SV2": "837I", "SV3": "837D"}
KNOWN_KINDS = frozenset(
    {"837P", "837I", "837D", "835", "999", "997", "TA1", "277CA", "270", "271", "276", "277"}
)


def transaction_kind(segments: list[Segment], functional_code: str, group_version: str) -> str:
    """The kind by ST01 and guide; ST01 itself when nothing better is known."""
    start = segments[0]
    number = start[1].strip()
    for version in (start[3], group_version):
        found = GUIDE.search(version)
        if found and (number, found.group(1)) in KIND_BY_GUIDE:
            return KIND_BY_GUIDE[number, found.group(1)]
    if number == "837":
        return next((KIND_BY_LINE[s.parts[0]] for s in segments if s.parts[0] in KIND_BY_LINE), "837")
    if number == "277":
        is_ack = any(s.parts[0] == "BHT" and s[6] == "TH" for s in segments[:3])
        return "277CA" if is_ack else "277"
    return number or "unknown"


def is_old_version(version: str) -> bool:
    """Whether GS08/ST03 names a version before 005010, which we do not read."""
    return OLD_VERSION.match(version) is not None
