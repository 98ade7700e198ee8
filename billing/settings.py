"""Settings of check-out and patient balances (Location Settings > Advanced Settings)."""

from __future__ import annotations

from clinics.settings import SettingSpec, declare

declare(
    SettingSpec(
        name="block_checkout_without_charge",
        group="Check-out",
        label="Stop a check-out that comes to 0.00",
        help="When on, a visit without any charge cannot be checked out.",
        kind="flag",
        default=False,
    ),
    SettingSpec(
        name="auto_apply_credit_to_copay",
        group="Check-out",
        label="Use credit for the next copay",
        help="Money a patient has paid ahead is used for the copay of the next visit before anything is asked.",
        kind="flag",
        default=True,
    ),
)
