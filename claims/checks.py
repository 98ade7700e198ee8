"""Scrub a claim: every check is a pure function over a CheckContext, kept in two tuples (rules.md B5, B4, B15).

Before it: claims/building.py and the review screen. After it: claims/scrubbing.py, which runs them on many claims
and remembers what came of it for as long as nothing they look at has changed. Fail-closed: a check that crashes
is an error on the claim, never a pass. Facts are loaded for many claims at once by claims/check_facts.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from claims import code_checks, coding_checks, deadlines, paper_checks, payer_rules
from claims.check_context import CheckContext, Facts
from lib.findings import Finding, Severity, has_errors
from lib.npi import is_npi
from x12.documents.claim_rules import check_claim, try_to_write
from x12.documents.parties import Contact
from x12.documents.professional_claim import ClaimDocument, Receiver, Submitter
from x12.documents.write_837p import ClaimText

logger = logging.getLogger("cleanclaim.checks")


@dataclass(frozen=True, slots=True)
class Scrub:
    """What the checks found that lasts beyond the day, and the claim as its segments where it could be written."""

    lasting: tuple[Finding, ...]
    text: ClaimText | None


Check = Callable[[CheckContext], Iterable[Finding]]
DailyCheck = Callable[[Facts, date], Iterable[Finding]]


def run(context: CheckContext) -> list[Finding]:
    """Every finding, errors first; a check that crashes yields an error finding of its own."""
    return on_day(scrub(context).lasting, context, context.today)


def scrub(context: CheckContext) -> Scrub:
    """All checks that look at more than the day, and the writing that has the last word."""
    found = [finding for check in LASTING for finding in _attempt(check, context)]
    document = with_ends(context.document)
    guide = _attempt(check_guide, document, context.today)
    written: list[ClaimText] = []

    def check_writing(document: ClaimDocument, today: date) -> Iterator[Finding]:
        """Only a claim without fault by the guide is written."""
        text = try_to_write(document, today)
        if isinstance(text, Finding):
            yield text
        else:
            written.append(text)

    if not has_errors(guide):
        guide += _attempt(check_writing, document, context.today)
    return Scrub(tuple(dict.fromkeys([*found, *guide])), written[0] if written else None)


def on_day(lasting: Iterable[Finding], facts: Facts, today: date) -> list[Finding]:
    """What lasts and what the day adds, errors first."""
    found = list(lasting)
    for check in DAILY:
        found += _attempt(check, facts, today)
    return sorted(dict.fromkeys(found), key=lambda finding: ORDER[finding.severity])


ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


def _attempt(check: Callable[..., Iterable[Finding]], *given: Any) -> list[Finding]:
    try:
        return list(check(*given))
    except Exception as error:
        # Fail-closed: whatever went wrong in a check, the claim must not leave unchecked (B5).
        logger.exception("check %s crashed", check.__name__)
        return [
            Finding(
                "CHECK-CRASHED",
                "",
                f"The check {check.__name__} could not be run ({type(error).__name__}). "
                "The claim is held until it can; tell the administrator.",
            )
        ]


def as_rows(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as they are stored on a claim."""
    return [
        {"code": item.code, "where": item.where, "message": item.message, "severity": item.severity}
        for item in findings
    ]


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """The two counts a work list shows."""
    severities = [item.severity for item in findings]
    return {"error_count": severities.count("error"), "warning_count": severities.count("warning")}


def stored(findings: Sequence[Finding]) -> dict[str, Any]:
    """The columns of a claim that keep what was found."""
    return {"findings": as_rows(findings), **counts(findings)}


# --- the trade's own rules -------------------------------------------------------------------------


# The connection fills these in when the claim is sent; until then they are nobody's to mend.
SENDER = Submitter("SUBMITTER", "SUBMITTER", Contact("BILLING", "0000000000"))
TAKER = Receiver("RECEIVER", "RECEIVER")


def check_guide(document: ClaimDocument, today: date) -> Iterable[Finding]:
    """What the 837P and its guide ask for (domain reference 3 and 16): ids, names, dates, codes, sums."""
    return check_claim(document, today, trial=False)


def with_ends(document: ClaimDocument) -> ClaimDocument:
    """With a sender and a receiver to be checked with, where no connection has filled them in yet."""
    return document if document.submitter.name else replace(document, submitter=SENDER, receiver=TAKER)


# --- who ---------------------------------------------------------------------------------------------


def check_coverage(context: CheckContext) -> Iterator[Finding]:
    """Card: relationship, holder, in force on the date of service. Numbers and names are the guide's."""
    document = context.document
    payer = document.payer.name
    if not context.relationship and document.patient is None:
        yield Finding(
            "RELATIONSHIP",
            "patient.relationship",
            f"The {payer} card does not say how the patient is related to the policy holder (box 6).",
        )
    if document.patient is not None:
        holder = document.subscriber
        if holder.party.last_name and not holder.party.first_name:
            yield Finding(
                "HOLDER-NAME", "subscriber.party", "The policy holder's first name is missing (box 4)."
            )
        if holder.birth_date is None:
            needed = "holder_dob" in context.payer_requires
            yield Finding(
                "HOLDER-DOB",
                "subscriber.birth_date",
                "The policy holder's date of birth is missing (box 11a).",
                "error" if needed else "warning",
            )
    day = context.service_to
    if day is not None and (
        (context.policy_to is not None and context.policy_to < day)
        or (context.policy_from is not None and context.policy_from > day)
    ):
        yield Finding(
            "POLICY-EXPIRED",
            "coverage",
            f"The {payer} card was not in force on {day:%m/%d/%Y}: choose the coverage of that day.",
        )


def check_signature(context: CheckContext) -> Iterator[Finding]:
    """A signature for the release of information is on file."""
    if not context.signature_on_file:
        yield Finding(
            "SIGNATURE",
            "release_of_information",
            "The patient has not signed the release of information (box 12).",
        )


def check_deceased(context: CheckContext) -> Iterator[Finding]:
    """No service after the day the patient's record says he died; a claim that says it itself is the guide's."""
    died, day = context.died_on, context.service_to
    if died is not None and day is not None and day > died and _person(context).death_date is None:
        words = f"The patient's record says that he or she died on {died:%m/%d/%Y}, before this service."
        yield Finding("DECEASED", "lines.0.service_date", words)


# --- what and when -------------------------------------------------------------------------------------


def check_visit(context: CheckContext) -> Iterator[Finding]:
    """Nothing is claimed before check-out and before every carried-over line was ticked (B1.5, B15)."""
    if not context.visit_is_checked_out:
        yield Finding("VISIT-OPEN", "", "The visit is not checked out.")
    if context.unconfirmed_lines:
        count = context.unconfirmed_lines
        yield Finding(
            "SALT-UNCONFIRMED",
            "lines",
            f"{count} “same as last time” line{'s' if count > 1 else ''} nobody has ticked: confirm on the visit.",
        )


def check_requirements(context: CheckContext) -> Iterator[Finding]:
    """What this payer asks for beyond the guide (plan requirements, B17.1)."""
    document = context.document
    for name in context.payer_requires:
        entry = REQUIREMENTS.get(name)
        if entry is None:
            yield Finding(
                "REQUIREMENT-UNKNOWN", "", f"{document.payer.name} asks for “{name}”, which no check knows."
            )
            continue
        where, words, is_met = entry
        if not is_met(context):
            yield Finding(
                f"REQUIRED-{name.upper().replace('_', '-')}",
                where,
                f"{document.payer.name} asks for {words}.",
            )


def _person(context: CheckContext) -> Any:
    return context.document.patient or context.document.subscriber


# name in Payer.requires -> where it stands, in words, and whether the claim has it.
REQUIREMENTS: dict[str, tuple[str, str, Callable[[CheckContext], bool]]] = {
    "dob": (
        "subscriber.birth_date",
        "the patient's date of birth",
        lambda c: _person(c).birth_date is not None,
    ),
    "sex": ("subscriber.sex", "the patient's sex", lambda c: bool(_person(c).sex)),
    "policy_number": (
        "subscriber.party.identifier",
        "a policy number",
        lambda c: bool(c.document.subscriber.party.identifier),
    ),
    "group_number": (
        "coverage.group_number",
        "a group number",
        lambda c: bool(c.document.coverage.group_number),
    ),
    "holder_dob": (
        "subscriber.birth_date",
        "the policy holder's date of birth",
        lambda c: c.document.subscriber.birth_date is not None,
    ),
    "relationship": (
        "patient.relationship",
        "the relationship to the holder",
        lambda c: bool(c.relationship),
    ),
    "referring_npi": (
        "referring_provider",
        "a referring provider with NPI (box 17b)",
        lambda c: (
            c.document.referring_provider is not None and is_npi(c.document.referring_provider.party.npi)
        ),
    ),
    "authorization": (
        "prior_authorization",
        "an authorization number (box 23)",
        lambda c: bool(c.document.prior_authorization),
    ),
    "accident_date": (
        "dates.accident",
        "the date of the accident (box 15)",
        lambda c: c.document.dates.accident is not None,
    ),
    "msp_reason": (
        "coverage.insurance_type",
        "the reason why Medicare is not first",
        lambda c: c.rank == 1 or bool(c.document.coverage.insurance_type),
    ),
    "signed_note": ("", "a signed note", lambda c: c.visit_is_checked_out),
}


def check_authorization(context: CheckContext) -> Iterator[Finding]:
    """The authorization on the claim covers its days and is not used up before this visit (B14)."""
    first = min((line.service_date for line in context.document.lines), default=context.service_to)
    last = context.service_to
    for fact in context.authorizations:
        if first is not None and last is not None and (first < fact.begins or last > fact.ends):
            yield Finding(
                "AUTHORIZATION-DATES",
                "prior_authorization",
                f"Authorization {fact.number} is good from {fact.begins:%m/%d/%Y} to {fact.ends:%m/%d/%Y}, "
                f"not on {last:%m/%d/%Y} (box 23): take another number or none.",
            )
        if fact.is_used_up:
            yield Finding(
                "AUTHORIZATION-USED-UP",
                "prior_authorization",
                f"Authorization {fact.number} was used up before this visit ({fact.words}): ask the payer for more.",
            )


def check_enrollment(context: CheckContext) -> Iterator[Finding]:
    """The payer takes our claims over the connection that carries them (B14)."""
    if not context.enrolled:
        yield Finding(
            "ENROLLMENT",
            "",
            f"{context.document.payer.name} has not enrolled us for claims (837P) over {context.connection_name}: "
            "an admin notes it in Settings, Enrollment, when the payer has said yes.",
        )


# --- twins, time --------------------------------------------------------------------------------------


def check_twins(context: CheckContext) -> Iterator[Finding]:
    """Same patient, clinician, day, code, modifiers and charge on another live claim (domain reference 16)."""
    for number in context.twins:
        yield Finding(
            "DUPLICATE",
            "lines",
            f"Claim {number} already asks for the same service on the same day. "
            "If both were done, tell them apart by a modifier (59, 76, 77).",
        )


def check_secondary(context: CheckContext) -> Iterator[Finding]:
    """A later layer is told what every earlier payer did."""
    document = context.document
    if context.rank == 1:
        return
    earlier = "PST"[: context.rank - 1]
    for payer in document.other_payers:
        if payer.responsibility in earlier and payer.amount_paid is None:
            yield Finding(
                "PRIOR-ANSWER", "other_payers", f"{payer.payer_name} stands before and has not answered yet."
            )


def check_filing(facts: Facts, today: date) -> Iterator[Finding]:
    """Timely filing: too late is a warning with its date, since a payer may still accept with proof (B14)."""
    if facts.service_to is None or facts.frequency == "8":
        return
    found = deadlines.look(facts.filing_deadline, facts.service_to, today)
    limit = "filing limit" if facts.frequency == "1" else "limit for corrected claims"
    if found.level == "over":
        yield Finding(
            "FILING-OVER",
            "",
            f"The {limit} passed on {found.on:%m/%d/%Y}: send with proof, or write off.",
            "warning",
        )
    elif found.level in ("late", "soon"):
        yield Finding(
            "FILING-SOON", "", f"{found.days_left} days are left to file, until {found.on:%m/%d/%Y}.", "info"
        )


# What they find without an error holds for every later day, as long as claim, facts, tables and rules are the same.
LASTING: tuple[Check, ...] = (
    check_visit,
    check_coverage,
    check_signature,
    check_deceased,
    check_requirements,
    check_authorization,
    check_enrollment,
    check_secondary,
    check_twins,
    code_checks.check_diagnosis_codes,
    code_checks.check_pairs,
    code_checks.check_unit_limits,
    code_checks.check_listed_codes,
    coding_checks.check_modifiers,
    coding_checks.check_visit_and_procedure,
    coding_checks.check_places,
    coding_checks.check_repeats,
    coding_checks.check_new_patient,
    coding_checks.check_minutes,
    paper_checks.check_paper_boxes,
    payer_rules.check_rules,
)
DAILY: tuple[DailyCheck, ...] = (check_filing,)
