"""Settings of the claims room, on Advanced Settings › Claims (rules.md B4)."""

from __future__ import annotations

from clinics.settings import SettingSpec, declare

GROUP = "Claims"
ONE_CLICK = "one_click_and_queue"
QUEUE_ONLY = "queue_only"
AUTO_READY = "auto_ready"

declare(
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
        name="no_response_days",
        group=GROUP,
        label="Ask about a claim after",
        help="Days after submission without an answer until a claim appears under No response.",
        kind="days",
        default=30,
    ),
)
