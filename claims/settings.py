"""Settings of the claims room, on Advanced Settings › Claims (rules.md B4)."""

from __future__ import annotations

from clinics.settings import SettingSpec, declare

GROUP = "Claims"
ONE_CLICK = "one_click_and_queue"
QUEUE_ONLY = "queue_only"
AUTO_READY = "auto_ready"

# Hundredths of an inch; a choice, so that nobody prints beside the sheet.
OFFSETS = tuple(
    (str(step), "0" if not step else f"{abs(step) / 100:.2f} in {{}}") for step in range(-30, 31, 5)
)


def _moved(back: str, on: str) -> tuple[tuple[str, str], ...]:
    return tuple((value, words.format(on if int(value) > 0 else back)) for value, words in OFFSETS)


declare(
    SettingSpec(
        name="cms1500_right",
        group=GROUP,
        label="CMS-1500: move the print",
        help="Until the data land in the boxes of the red form on this location's printer.",
        kind="choice",
        default="0",
        choices=_moved("to the left", "to the right"),
    ),
    SettingSpec(
        name="cms1500_down",
        group=GROUP,
        label="CMS-1500: move the print up or down",
        help="Until the data stand on the lines of the red form on this location's printer.",
        kind="choice",
        default="0",
        choices=_moved("up", "down"),
    ),
    SettingSpec(
        name="claim_creation",
        group=GROUP,
        label="How claims are made",
        help="What the front desk is offered after check-out. “By itself” makes the claim at check-out: ready "
        "when nothing is missing, else queued as new for a biller.",
        kind="choice",
        default=ONE_CLICK,
        choices=(
            (ONE_CLICK, "One-Click Claim and Queue for Claim"),
            (QUEUE_ONLY, "Queue for Claim only"),
            (AUTO_READY, "By itself at check-out"),
        ),
    ),
    SettingSpec(
        name="second_opinion_claims",
        group=GROUP,
        label="Second opinion for batches of up to",
        help="A file of so many claims is read by an independent validator before it leaves. Larger ones go without.",
        kind="choice",
        default="300",
        choices=(("0", "off"), ("100", "100 claims"), ("300", "300 claims"), ("1000", "1,000 claims")),
    ),
    SettingSpec(
        name="no_acknowledgement_days",
        group=GROUP,
        label="Look after a claim that nobody acknowledged after",
        help="Days after submission without a 999 or 277CA until the payer is asked (276), or a person is told to.",
        kind="days",
        default=3,
    ),
    SettingSpec(
        name="no_response_days",
        group=GROUP,
        label="Ask about a claim after",
        help="Days after submission without payment or denial until the payer is asked (276), or a person is told to.",
        kind="days",
        default=30,
    ),
)
