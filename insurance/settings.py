"""Settings of the insurance room (Advanced Settings, group Eligibility)."""

from __future__ import annotations

from clinics.settings import SettingSpec, declare

AHEAD = "eligibility_ahead"

declare(
    SettingSpec(
        name=AHEAD,
        group="Eligibility",
        label="Ask payers about tomorrow's visits by itself",
        help="Each evening one question (270) a card of tomorrow's schedule that has no answer of this month. "
        "Off: somebody presses the button. Clearinghouses may charge for each question.",
        kind="flag",
        default=False,
    ),
)
