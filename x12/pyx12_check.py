"""A second opinion on an outbound 837P from pyx12, an independent validator. For tests, and before a file is sent.

It knows syntax, loops, code lists and counts, and misses what claim_rules.py checks. About 150 claims a second:
claims/second_opinion.py asks it for files of a moderate size, in the worker, outside every transaction.
"""

from __future__ import annotations

import io
import json
import logging
import re
from functools import cache
from typing import Any


@cache
def _load() -> tuple[Any, Any]:
    """pyx12 with its maps remembered: loading one costs 160 ms, checking a claim 7 ms."""
    import pyx12.map_if
    import pyx12.params
    import pyx12.x12n_document

    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    original = pyx12.map_if.load_map_file
    remembered: dict[str, Any] = {}

    def load_map_file(map_file: str, param: Any, map_path: str | None = None) -> Any:
        if map_file not in remembered:
            remembered[map_file] = original(map_file, param, map_path)
        return remembered[map_file]

    pyx12.map_if.load_map_file = load_map_file
    return pyx12.x12n_document.x12n_document, pyx12.params.params()


def find_faults(data: bytes) -> list[str]:
    """What pyx12 objects to, one line each; empty when the file is valid in its eyes."""
    check, parameters = _load()
    functional, told = io.StringIO(), io.StringIO()
    try:
        is_valid = check(parameters, io.StringIO(data.decode("ascii")), functional, None, fd_json=told)
    except Exception as error:  # noqa: BLE001 - pyx12 raises many kinds for broken files (IndexError, EngineError)
        return [f"pyx12 gave up: {type(error).__name__}: {error}"[:200]]
    faults: list[str] = []
    for interchange in json.loads(told.getvalue() or "{}").get("interchanges", []):
        _gather(interchange, "ISA", faults)
    return faults if faults or is_valid else ["pyx12 refuses the file without a reason"]


# What pyx12 4.0.0 objects to although the guide allows it: how a certificate of medical necessity travels, and
# remark codes of another payer that are younger than its list.
FALSE_ALARMS = (re.compile(r"PWK02"), re.compile(r"MOA0[3-7]"))


def objections(data: bytes) -> list[str]:
    """``find_faults`` without the known false alarms."""
    return [fault for fault in find_faults(data) if not any(known.search(fault) for known in FALSE_ALARMS)]


def _gather(node: dict[str, Any], path: str, faults: list[str]) -> None:
    for error in node.get("errors", []):
        faults.append(f"{path}: {error.get('err_cde')} {error.get('err_str')}")
    for key in ("groups", "transactions", "segments", "elements", "seg_errors"):
        for child in node.get(key) or []:
            _gather(child, f"{path}/{child.get('seg_id') or key}", faults)
