"""Settings of check-out and patient balances (Location Settings > Advanced Settings)."""

from __future__ import annotations

from clinics.settings import SettingSpec, declare

NIGHTLY = "charge_completed_nightly"

declare(
    SettingSpec(
        name="block_checkout_without_charge",
        group="Check-out",
        label="Stop a check-out that comes to 0.00",
        help="When on, a visit that comes to 0.00 is checked out only with a reason, which stands on its invoice.",
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
    SettingSpec(
        name="bill_directly_forces_default_price",
        group="Check-out",
        label="Services billed to the patient cost their own price",
        help="When on, a service that bills the patient directly takes its default price before every other fee.",
        kind="flag",
        default=False,
    ),
)

declare(
    SettingSpec(
        name=NIGHTLY,
        group="Check-out",
        label="Charge completed visits by night",
        help="Each night after 2:00 the completed visits of the last 30 days that nobody checked out are charged; "
        "no money is taken. What lacks something stands on Not transitioned. Off: somebody presses the button there.",
        kind="flag",
        default=False,
    ),
    SettingSpec(
        name="bounced_check_fee",
        group="Check-out",
        label="Fee for a bounced check",
        help="Proposed when a check is taken back; the person who takes it back may change or leave it. 0.00: none.",
        kind="money",
        default="0.00",
    ),
)

declare(
    SettingSpec(
        name="writeoff_limit_biller",
        group="Patient balances",
        label="Write-offs by billers, up to",
        help="What a biller may write off on one invoice without an admin.",
        kind="money",
        default="50.00",
    ),
    SettingSpec(
        name="writeoff_limit_admin",
        group="Patient balances",
        label="Write-offs by admins, up to",
        help="What an admin may write off on one invoice; above it only an owner may.",
        kind="money",
        default="500.00",
    ),
    SettingSpec(
        name="statement_min_amount",
        group="Statements",
        label="Smallest amount asked for by statement",
        help="In a batch, patients who owe less get no statement.",
        kind="money",
        default="5.00",
    ),
    SettingSpec(
        name="statement_due_days",
        group="Statements",
        label="Days to pay",
        help="A statement asks for payment this many days after its date.",
        kind="days",
        default=30,
    ),
    SettingSpec(
        name="statement_cycle_days",
        group="Statements",
        label="Days between statements",
        help="In a batch, patients who had a statement within this many days get none.",
        kind="days",
        default=28,
    ),
)

declare(
    *(
        SettingSpec(
            name=f"plan_from_{step}",
            group="Payment plans",
            label=f"Balance for step {step}, from",
            help="From this balance on a plan may have as many payments as the step says.",
            kind="money",
            default=amount,
        )
        for step, amount in ((1, "100.00"), (2, "300.00"), (3, "1000.00"))
    ),
    *(
        SettingSpec(
            name=f"plan_payments_{step}",
            group="Payment plans",
            label=f"Most payments at step {step}",
            help="More payments need an admin and a reason; 0 leaves the step out.",
            kind="days",
            default=most,
        )
        for step, most in ((1, 3), (2, 6), (3, 12))
    ),
    SettingSpec(
        name="plan_grace_days",
        group="Payment plans",
        label="Days of grace",
        help="An instalment counts as missed this many days after its day; two missed ones end the plan.",
        kind="days",
        default=5,
    ),
)

declare(
    SettingSpec(
        name="dunning_after_payment",
        group="Statements",
        label="When a patient pays part",
        help="What a payment does to the number of reminders: back to none, or one back.",
        kind="choice",
        default="minus_one",
        choices=(("minus_one", "One back"), ("zero", "Back to none")),
    ),
    SettingSpec(
        name="dunning_payment_least",
        group="Statements",
        label="Smallest payment that counts",
        help="A payment below this amount leaves the reminders as they are.",
        kind="money",
        default="5.00",
    ),
    SettingSpec(
        name="dunning_payment_percent",
        group="Statements",
        label="Smallest share that counts",
        help="In percent of what the last statement asked: a payment below it leaves the reminders as they are. "
        "0 asks for the amount alone.",
        kind="percent",
        default=0,
    ),
    SettingSpec(
        name="payment_link",
        group="Statements",
        label="Pay page",
        help="Address of the clinic's own pay page (https). Printed as a QR code; {statement} becomes the number.",
        kind="link",
        default="",
    ),
    SettingSpec(
        name="statement_email",
        group="Statements",
        label="Statements by e-mail",
        help="Off: paper only. Notice: a mail without any detail says that a statement is there. "
        "Attached: the PDF goes with it. Needs a mail server and the account's e-mail address.",
        kind="choice",
        default="off",
        choices=(("off", "Off"), ("notice", "Notice"), ("attached", "Attached")),
    ),
)
