"""Why an answer probably stopped, the likeliest cause first: said beside the reason, from what is known. Pure.

A cause is words and, where one helps, the act that mends it (the keys of views.ACTS).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Known:
    """What is known around a stopped answer."""

    versions: int = 1  # of the claim
    earlier_answers: int = 0  # of the family, this one not counted
    waiting_answers: int = 0  # of them still waiting
    has_reversal_waiting: bool = False
    charged: Decimal = Decimal("0.00")
    sent: Decimal | None = None  # the charge of the claim it was matched to
    by_name: bool = False  # matched by person, date and charge


def causes(code: str, known: Known) -> list[str]:
    """The causes of one code in the order of their likelihood."""
    found: list[tuple[int, str]] = []

    def say(weight: int, text: str) -> None:
        found.append((weight, text))

    if code == "E01":
        say(2, "The payer sent the same payment again under another check: nothing more is due.")
        say(1 + 2 * known.has_reversal_waiting, "The first one was taken back and its reversal still waits.")
    elif code in ("E02", "E03"):
        say(2, "A segment is missing or an amount was mistyped by the payer: ask for the file again.")
        say(1, "The payer rounds per claim: post by hand after looking at the paper copy.")
    elif code in ("E04", "E05"):
        say(
            3 if known.by_name else 1,
            "The number was retyped by the payer: match by member, date and charge.",
        )
        say(2, "The claim was sent before this system was used, or by another office.")
    elif code in ("E06", "E07"):
        say(3 if known.versions > 1 else 1, "It answers another version of the claim: look at the versions.")
        if known.sent is not None and known.charged < known.sent:
            say(
                2, f"{known.sent - known.charged} of the claim is left out: a line was split off or rejected."
            )
        say(1, "The payer merged or renumbered lines.")
    elif code == "E08":
        say(2, "The payer bundled or down-coded the service: compare with the record, then post or dispute.")
    elif code == "E11":
        say(
            3 if known.waiting_answers else 1, "The answer that it takes back was never posted: it waits too."
        )
        say(
            2 if known.earlier_answers else 1,
            "What was posted was changed by hand: undo it, then post this one.",
        )
    elif code == "E12":
        say(
            3 if known.has_reversal_waiting else 1,
            "A correction came before its reversal: post the reversal first.",
        )
        say(
            2 if not known.earlier_answers else 1,
            "The insurer before has not been posted yet: look for its answer.",
        )
        say(1, "The order of the insurers is wrong on the patient's profile.")
    elif code == "E13":
        say(2, "Both insurers paid as primary: one of them will ask for its money back.")
        say(1, "The share that was passed on was smaller than this insurer assumed.")
    return [text for _, text in sorted(found, key=lambda each: -each[0])]
