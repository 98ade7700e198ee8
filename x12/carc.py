"""Claim adjustment reason codes (CARC) in our own words, with how a poster treats them by default.

``post``: W write off when the group is CO, P patient, D denial queue, I information. This table suggests; the
defaults that are switched on are fewer. Official wording is licensed and not shipped.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Post = Literal["W", "P", "D", "I"]


class Reason(NamedTuple):
    """What a code means, what posting suggests, and what the biller does first."""

    meaning: str
    post: Post
    action: str = ""


REASONS: dict[str, Reason] = {
    "1": Reason("deductible", "P", "next payer, then statement"),
    "2": Reason("coinsurance", "P", "same"),
    "3": Reason("copay", "P", "apply collected copay"),
    "4": Reason("modifier missing or inconsistent with procedure", "D", "fix modifier, send 7"),
    "5": Reason("procedure inconsistent with place of service", "D", "fix POS"),
    "6": Reason("procedure/revenue inconsistent with age", "D", "check DOB/code"),
    "7": Reason("inconsistent with sex", "D", "check demographics"),
    "8": Reason("inconsistent with provider specialty/taxonomy", "D", "taxonomy/enrolment"),
    "9": Reason("diagnosis inconsistent with age", "D", "dx/DOB"),
    "10": Reason("diagnosis inconsistent with sex", "D", "dx"),
    "11": Reason("diagnosis does not support procedure", "D", "pointer/dx, medical review"),
    "13": Reason("death before service", "D", "eligibility"),
    "15": Reason("authorization number missing/invalid for service", "D", "add the authorization (REF G1)"),
    "16": Reason("information missing or billing error: read the RARC", "D", "fix named field, resend"),
    "18": Reason(
        "exact duplicate", "D", "find original; if distinct add modifier 76/77/59; never resend blindly"
    ),
    "19": Reason("work-related, workers comp liable", "D", "bill WC"),
    "20": Reason("injury covered by liability carrier", "D", "bill liability"),
    "21": Reason("no-fault carrier", "D", "bill auto"),
    "22": Reason("may be covered by another payer (COB)", "D", "verify order, bill other first"),
    "23": Reason("effect of prior payer's payment/adjustment", "I", "nothing to write off"),
    "24": Reason("covered under capitation", "W", "no patient bill"),
    "26": Reason("service before coverage started", "D", "verify dates"),
    "27": Reason("service after coverage ended", "D", "find new policy, patient"),
    "29": Reason("filed too late", "D", "appeal with proof (999/277CA), else write off"),
    "31": Reason("patient not identified as insured", "D", "fix id/name"),
    "32": Reason("dependent not eligible", "D", "verify"),
    "33": Reason("no dependent coverage", "P", "patient"),
    "35": Reason("lifetime maximum reached", "P", "next payer"),
    "39": Reason("authorization denied when requested", "D", "appeal"),
    "40": Reason("not emergency/urgent", "D", "records"),
    "44": Reason("prompt-pay discount", "W"),
    "45": Reason("charge above fee schedule/allowed", "W", "none"),
    "49": Reason("routine/preventive not covered", "P", "check dx order/modifier 33"),
    "50": Reason("not medically necessary per payer", "D", "LCD, appeal; PR only with ABN (GA)"),
    "51": Reason("pre-existing condition", "P"),
    "54": Reason("multiple surgeons/assistants not covered", "D", "modifier"),
    "55": Reason("experimental", "D", "appeal"),
    "58": Reason("inappropriate place of service", "D", "fix POS"),
    "59": Reason("multiple-procedure rule reduction", "W", "check modifiers"),
    "60": Reason("outpatient close to inpatient", "D"),
    "66": Reason("blood deductible", "P"),
    "89": Reason("professional fees removed", "W"),
    "94": Reason("processed in excess of charges", "I", "check"),
    "95": Reason("plan procedures not followed", "D", "referral"),
    "96": Reason("non-covered: read RARC", "P", "RARC; ABN?"),
    "97": Reason(
        "included in another service (bundled)", "D", "NCCI check; modifier 59/X{EPSU}/25 if distinct"
    ),
    "100": Reason("payment made to patient/insured", "P", "collect from patient"),
    "102": Reason("major-medical adjustment", "W"),
    "104": Reason("managed-care withhold", "W", "track for release"),
    "107": Reason("related/qualifying service not identified", "D", "add-on needs primary"),
    "109": Reason(
        "not covered by this payer, send to correct one", "D", "route (NM1PR); e.g. Medicare Advantage"
    ),
    "110": Reason("billing date before service date", "D", "dates"),
    "111": Reason("not covered unless provider accepts assignment", "D", "CLM07"),
    "114": Reason("not FDA approved", "D"),
    "115": Reason("procedure postponed/cancelled", "D"),
    "116": Reason("advance notice (ABN) invalid", "D"),
    "119": Reason("benefit maximum for period reached", "P", "next payer"),
    "125": Reason("billing error (retired in favour of 16)", "D"),
    "129": Reason("prior processing information incorrect", "D", "COB data"),
    "131": Reason("claim-specific negotiated discount", "W"),
    "133": Reason("disposition pending review", "I", "wait"),
    "136": Reason("prior payer's rules not followed", "D", "fix with primary"),
    "140": Reason("id and name do not match", "D", "card"),
    "144": Reason("incentive adjustment", "I"),
    "146": Reason("diagnosis invalid for DOS", "D", "dx version"),
    "147": Reason("provider's contracted rate expired/not on file", "D", "contract"),
    "150": Reason("level of service not supported", "D", "records/E&M"),
    "151": Reason("frequency/number of services not supported", "D", "units, MUE"),
    "152": Reason("length of service not supported", "D"),
    "163": Reason("attachment missing", "D", "send"),
    "164": Reason("attachment not timely", "D"),
    "167": Reason("diagnosis not covered", "D", "dx"),
    "170": Reason("not payable to this provider type", "D", "credentialing"),
    "171": Reason("not payable for provider type in this facility", "D"),
    "172": Reason("not payable in this specialty", "D"),
    "177": Reason("patient has not met eligibility requirements", "P"),
    "181": Reason("procedure invalid on DOS", "D", "code year"),
    "182": Reason("modifier invalid on DOS", "D"),
    "183": Reason("referring provider not eligible to refer", "D", "PECOS"),
    "184": Reason("ordering provider not eligible", "D"),
    "185": Reason("rendering not eligible for service", "D"),
    "187": Reason("consumer spending account payment", "I"),
    "190": Reason("SNF consolidated billing", "D"),
    "192": Reason("unknown non-standard adjustment (from paper EOB)", "I"),
    "193": Reason("original decision upheld on review", "D"),
    "197": Reason("precertification/authorization absent", "D", "retro-auth, appeal"),
    "198": Reason("authorization exceeded", "D"),
    "199": Reason("revenue/procedure mismatch", "D"),
    "200": Reason("expenses during lapse in coverage", "P"),
    "204": Reason("not covered under this plan", "P", "next payer/patient"),
    "206": Reason("NPI missing/invalid/not matched", "D", "enrolment"),
    "207": Reason("NPI missing/invalid/not matched", "D", "enrolment"),
    "208": Reason("NPI missing/invalid/not matched", "D", "enrolment"),
    "209": Reason("may not collect from patient; provider may have to refund", "D", "refund check"),
    "216": Reason("review organisation finding", "D"),
    "222": Reason("exceeds contracted max units", "W"),
    "223": Reason("mandated adjustment (law) without own code", "W"),
    "226": Reason("requested info from provider not received/insufficient", "D", "send records"),
    "227": Reason("requested info from patient not received", "P", "call patient (COB questionnaire)"),
    "231": Reason("mutually exclusive procedures same day", "D", "NCCI"),
    "233": Reason("hospital-acquired / never event", "W"),
    "234": Reason("procedure not paid separately", "W"),
    "235": Reason("sales tax", "I"),
    "236": Reason("procedure combination not compatible (NCCI/WC)", "D", "modifier"),
    "237": Reason("legislated/regulatory penalty (MIPS, e-Rx)", "W"),
    "242": Reason("out-of-network provider", "D"),
    "243": Reason("not authorized by primary-care provider", "D"),
    "246": Reason("non-payable reporting code (quality G-code)", "W"),
    "251": Reason("attachment incomplete / needed", "D", "send"),
    "252": Reason("attachment incomplete / needed", "D", "send"),
    "253": Reason("sequestration", "W"),
    "256": Reason("not payable per managed-care contract", "W"),
    "258": Reason("custody/incarcerated", "D"),
    "267": Reason("claim spans months", "D", "split"),
    "272": Reason("coverage guidelines not met/exceeded", "D"),
    "273": Reason("coverage guidelines not met/exceeded", "D"),
    "275": Reason("prior payer's patient responsibility not covered (secondary)", "P", "statement"),
    "276": Reason("services denied by prior payer not covered here", "D"),
    "288": Reason("referral absent", "D"),
    "A1": Reason("claim denied: read RARC", "D"),
    "A6": Reason("prior hospitalisation / 30-day transfer", "D"),
    "A8": Reason("ungroupable DRG", "D"),
    "B1": Reason("non-covered visits", "P"),
    "B4": Reason("late filing penalty", "W"),
    "B7": Reason("provider not certified/eligible on DOS", "D", "enrolment"),
    "B8": Reason("alternative services available", "D"),
    "B9": Reason("hospice patient", "D", "GV/GW"),
    "B10": Reason("allowed reduced: component already paid", "W"),
    "B11": Reason("transferred to proper payer", "I", "wait"),
    "B12": Reason("not documented in record", "D"),
    "B13": Reason("previously paid", "D", "find payment"),
    "B14": Reason("one visit per day", "D", "25?"),
    "B15": Reason("qualifying service not received/adjudicated", "D", "add-on"),
    "B16": Reason("new-patient criteria not met", "D", "use established code"),
    "B20": Reason("furnished by another provider", "D"),
    "B22": Reason("adjusted on diagnosis", "D"),
}


def reason_text(code: str) -> str:
    """Our words for a CARC, or the code itself."""
    found = REASONS.get(code)
    return found.meaning if found else code
