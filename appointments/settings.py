"""Settings of the appointments room (Advanced Settings, group SALT)."""

from __future__ import annotations

from clinics.settings import SettingSpec, declare

declare(
    SettingSpec(
        name="salt_mode",
        group="SALT",
        label="Same as last time (SALT)",
        help="Automatic: codes and dates of the last visit of the same type are copied when the patient arrives. "
        "Button: only when somebody presses it. Off: never.",
        kind="choice",
        default="auto",
        choices=(("auto", "Automatic"), ("button", "Button"), ("off", "Off")),
    ),
    SettingSpec(
        name="salt_requires_confirmation",
        group="SALT",
        label="Copied lines need a tick",
        help="Lines that were copied wait until somebody confirms that they were done. Until then One-Click Claim "
        "is held back.",
        kind="flag",
        default=True,
    ),
    SettingSpec(
        name="salt_max_days",
        group="SALT",
        label="Look back at most",
        help="Days between the last visit and this one beyond which nothing is copied. 0 or empty: no limit.",
        kind="days",
        default=None,
    ),
    SettingSpec(
        name="salt_drift_runs",
        group="SALT",
        label="Identical visits that are looked at",
        help="The SALT drift report shows patients whose last visits of one type carry the same codes this many "
        "times running or more.",
        kind="choice",
        default="4",
        choices=(("3", "3 times"), ("4", "4 times"), ("6", "6 times"), ("8", "8 times"), ("12", "12 times")),
    ),
)
