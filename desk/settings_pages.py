"""The pages under Settings, by group: for the list of them, and for Ctrl K."""

from __future__ import annotations

# Group -> pages: label, route, what it is for.
PAGES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Clinic": (
        ("Set-up", "desk:set-up", "What the clinic still needs before its first claim"),
        ("Clinicians", "desk:clinicians", "Who treats: NPI, taxonomy, credential"),
        ("Locations", "desk:locations", "Addresses, time zones, place of service, CLIA; who bills for each"),
        (
            "Appointment types",
            "appointments:types",
            "Kinds of visits; SALT copies between visits of one type",
        ),
        ("Payment methods", "billing:payment-methods", "How patients pay at the desk"),
    ),
    "Prices": (
        ("Services and prices", "appointments:services", "What is done and what it costs by default"),
        ("Fee schedules", "billing:fees", "Fees by payer, plan, clinician and location; CSV, copies"),
        (
            "Agreed with patients",
            "billing:agreed-fees",
            "Reduced-fee programs, fees and copays of single patients",
        ),
        (
            "Modifier rules",
            "billing:modifier-rules",
            "Modifiers added by rule, fee changes, repeats on one day",
        ),
        ("What would it cost?", "billing:what-if", "Price a visit that never was by the rules as they are"),
        (
            "Rule trials",
            "billing:rule-trials",
            "A new rule replayed over past visits before it is switched on",
        ),
    ),
    "Payers and claims": (
        ("Payers and plans", "insurance:payers", "Payer ids, claim formats, copays, filing limits"),
        ("Enrollment", "insurance:enrollment", "What each payer lets us send and fetch"),
        ("Clearinghouse connections", "clearinghouses:connections", "Where claims go and answers come from"),
        ("Claim rules", "claims:claim-rules", "Payer-specific checks you build, tried on past claims first"),
        (
            "Code tables",
            "claims:code-tables",
            "ICD-10-CM by date, NCCI pairs, unit limits, your procedure list",
        ),
        ("State and payer policies", "billing:policies", "What may be billed, with the source that says so"),
    ),
    "Answers and balances": (
        (
            "Automation rules",
            "responses:rules",
            "Which codes of an answer may post by themselves, and where to",
        ),
        ("Trusted codes", "responses:trust", "What posts by itself while Auto-Pay Claims is on preview"),
        ("Types of write-offs", "billing:write-off-terms", "Their ledger codes, and what each needs"),
    ),
    "Proof": (
        ("Audit", "desk:audit", "Who did or read what, when and why"),
        ("Integrity", "desk:integrity", "The books' proof: every promise checked against the rows"),
    ),
}
