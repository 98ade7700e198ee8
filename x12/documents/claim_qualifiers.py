"""Qualifiers inside an 837P claim and the fields of ClaimDocument they fill; used by read_claim.py."""

CLAIM_DATES = {
    "431": "onset",
    "484": "last_menstrual_period",
    "454": "initial_treatment",
    "304": "last_seen",
    "453": "acute_manifestation",
    "439": "accident",
    "455": "last_xray",
    "471": "prescription",
    "360": "disability_from",
    "361": "disability_to",
    "297": "last_worked",
    "296": "return_to_work",
    "435": "admission",
    "096": "discharge",
    "090": "assumed_care",
    "091": "relinquished_care",
    "444": "first_contact",
    "050": "repricer_received",
}
LINE_DATES = {
    "304": "last_seen",
    "454": "initial_treatment",
    "471": "prescription",
    "455": "last_xray",
    "607": "recertified",
    "463": "therapy_began",
    "461": "last_certified",
    "738": "hemoglobin_test",
    "739": "creatinine_test",
    "011": "shipped",
}
CLAIM_REFERENCES = {
    "4N": "service_authorization_exception",
    "9F": "referral_number",
    "G1": "prior_authorization",
    "F8": "payer_claim_number",
    "X4": "clia_number",
    "D9": "clearinghouse_trace",
    "EA": "medical_record_number",
    "F5": "crossover_indicator",
    "EW": "mammography_number",
    "LX": "investigational_device",
    "P4": "demonstration_project",
    "1J": "care_plan_oversight",
}
LINE_REFERENCES = {
    "6R": "line_id",
    "G1": "prior_authorization",
    "X4": "clia_number",
    "9F": "referral_number",
    "EW": "mammography_number",
    "F4": "referring_clia_number",
    "BT": "immunization_batch",
}
REPRICED = {"9A": "number", "9B": "number", "9C": "adjusted_number", "9D": "adjusted_number"}
OTHER_PAYER_IDS = frozenset({"2U", "EI", "FY", "NF"})  # REF of 2330B
OTHER_PAYER_PROVIDERS = frozenset({"DN", "P3", "82", "77", "DQ", "85"})  # 2330C to 2330G
DRUG_REFERENCES = {"XZ": "prescription_number", "VY": "link_number"}
LINE_AMOUNTS = {"T": "sales_tax", "F4": "postage"}
PAYER_REFERENCES = {"G1": "prior_authorization", "9F": "referral_number", "F8": "claim_control_number"}
PAYER_AMOUNTS = {"D": "amount_paid", "EAF": "remaining_liability", "A8": "non_covered"}
CLAIM_PROVIDERS = {
    "DN": "referring_provider",
    "P3": "primary_care_provider",
    "82": "rendering_provider",
    "77": "service_facility",
    "DQ": "supervising_provider",
}
LINE_PROVIDERS = {
    "82": "rendering_provider",
    "QB": "purchased_service_from",
    "77": "service_facility",
    "DQ": "supervising_provider",
    "DK": "ordering_provider",
    "DN": "referring_provider",
}
