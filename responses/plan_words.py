"""A plan case's answer in words, for people at a terminal."""

from __future__ import annotations

from typing import Any


def in_words(document: Any) -> str:
    """The same answer for people: a paragraph a case."""
    if isinstance(document, list):
        return "\n\n".join(f"Case {place}\n{in_words(each)}" for place, each in enumerate(document, 1))
    if "error" in document:
        return f"Malformed: {document['error']}"
    lines = []
    for each in document["remittances"]:
        again = " (taken before, changes nothing)" if each["duplicate"] else ""
        lines.append(f"Remittance {each['trace_number']}: paid {each['paid']}{again}")
        lines += [f"  {finding['severity']}: {finding['message']}" for finding in each["findings"]]
        for claim in each["claims"]:
            codes = f" {' '.join(claim['codes'])}" if claim["codes"] else ""
            lines.append(f"  {claim['control_number']}: {claim['decision']}{codes}, next {claim['next']}")
            lines += [f"    {code} {because}" for code, because in claim["reasons"].items()]
    after = document["after"]
    owed = ", ".join(f"insurer {rank} {amount}" for rank, amount in after["insurers"].items())
    lines.append(
        f"After: {owed}, patient {after['patient']}, credit {after['unapplied_credit']}, "
        f"paid {after['paid']}, written off {after['written_off']}"
    )
    return "\n".join(lines)
