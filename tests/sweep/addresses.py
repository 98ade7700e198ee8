"""Which object a URL's parameter stands for: by the word before it in the address, or by route and name.

A new kind of address needs one line here; the sweep fails with that sentence until it has it.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from clinics.checks import Route
from tests.sweep.canaries import Canary

# The word before the parameter -> (thing of the clinic, its attribute).
NOUNS: dict[str, tuple[str, str]] = {
    "patients": ("patient", "public_id"),
    "visits": ("visit", "public_id"),
    "appointments": ("visit", "public_id"),
    "today": ("visit", "public_id"),
    "why": ("visit_line", "line_id"),
    "charges": ("charge", "public_id"),
    "invoices": ("invoice", "public_id"),
    "receipts": ("receipt", "public_id"),
    "payments": ("receipt", "public_id"),
    "statements": ("statement", "public_id"),
    "cards": ("policy", "public_id"),
    "policies": ("policy", "public_id"),
    "profiles": ("profile", "public_id"),
    "imports": ("patient_import", "public_id"),
    "moves": ("coverage_move", "public_id"),
    "coverage-moves": ("coverage_move", "public_id"),
    "payers": ("payer", "public_id"),
    "services": ("service", "public_id"),
    "appointment-types": ("appointment_type", "public_id"),
    "types": ("appointment_type", "public_id"),
    "statuses": ("status", "name"),
    "locations": ("location", "public_id"),
    "clinicians": ("clinician", "public_id"),
    "billing-providers": ("provider", "public_id"),
    "clearinghouses": ("connection", "public_id"),
    "connections": ("connection", "public_id"),
    "jobs": ("job", "public_id"),
    "claims": ("claim", "public_id"),
    "code-tables": ("code_table", "public_id"),
    "claim-rules": ("claim_rule", "public_id"),
    "batches": ("batch", "public_id"),
    "inquiries": ("inquiry", "public_id"),
    "claim-responses": ("response", "public_id"),
    "eob": ("claim", "public_id"),
    "checks": ("remittance", "public_id"),
    "responses": ("response", "public_id"),
    "scans": ("scan", "public_id"),
    "letters": ("follow_up", "public_id"),
    "bank": ("bank_line", "public_id"),
    "takebacks": ("remittance", "public_id"),
    "remittances": ("remittance", "public_id"),
    "files": ("inbound", "public_id"),
    "calls": ("call", "public_id"),
    "hand-offs": ("handoff", "public_id"),
    "collections": ("case", "public_id"),
    "day-close": ("day_close", "public_id"),
    "day-closes": ("day_close", "public_id"),
    "plans": ("payment_plan", "public_id"),
    "requests": ("approval", "public_id"),
    "runs": ("run", "public_id"),
    "posted": ("write_off", "public_id"),
    "inbound": ("inbound", "public_id"),
    "authorizations": ("authorization", "public_id"),
    "answers": ("answer", "public_id"),
    "estimates": ("good_faith", "public_id"),
    "good-faith-estimates": ("good_faith", "public_id"),
}
# Words that are no row of any clinic: the same text for everybody.
WORDS: dict[str, str] = {
    "price_kind": "fee",
    "group": "check-out",
    "kind": "cash",
    "act": "view",
    "side": "front",
    "ordinal": "1",
    "which": "denials",
}
# What such a word is for one route.
WORD_OF: dict[str, str] = {
    "responses:act": "post",
    "responses:denial-act": "call",
    "claims:code-table-act": "switch-on",
    "claims:claim-rule-act": "switch-off",
}
# Exceptions, by "route.parameter".
BY_ROUTE: dict[str, tuple[str, str]] = {
    "billing:price-remove.public_id": ("fee_row", "public_id"),
    "billing-api:price-rule.public_id": ("fee_row", "public_id"),
    "billing-api:fee-csv.public_id": ("schedule", "public_id"),
    "billing-api:rule-trial.public_id": ("trial", "public_id"),
    "billing:rule-trial.public_id": ("trial", "public_id"),
    "billing:rule-trial-switch-on.public_id": ("trial", "public_id"),
    "billing:end-policy.public_id": ("policy_row", "public_id"),
    "billing-api:end-policy.public_id": ("policy_row", "public_id"),
}
# Names by which a query or a form may ask for a row -> the thing of the clinic.
ASKED_BY: dict[str, str] = {
    "patient": "patient",
    "patient_id": "patient",
    "visit": "visit",
    "appointment": "visit",
    "invoice": "invoice",
    "charge": "charge",
    "claim": "claim",
    "claims": "claim",
    "payer": "payer",
    "payer_id": "payer",
    "plan": "plan",
    "policy": "policy",
    "profile": "profile",
    "location": "location",
    "clinician": "clinician",
    "service": "service",
    "type": "appointment_type",
    "method": "method",
    "receipt": "receipt",
    "response": "response",
    "connection": "connection",
    "selected": "claim",
    "ids": "claim",
}


class UnknownParameter(AssertionError):
    """The registry does not know what a parameter stands for."""


def is_word(parameter: str) -> bool:
    """Whether the parameter names no row."""
    return parameter in WORDS


def value_for(route: Route, parameter: str, canary: Canary) -> str:
    """What the parameter is for this clinic."""
    if is_word(parameter):
        return WORD_OF.get(route.name, WORDS[parameter])
    before = route.path.split(f":{parameter}>")[0].rpartition("<")[0].rstrip("/").rpartition("/")[2]
    entry = BY_ROUTE.get(f"{route.name}.{parameter}") or NOUNS.get(before)
    if entry is None or entry[0] not in canary.things:
        raise UnknownParameter(
            f"{route.name} (/{route.path}): what does {parameter!r} after {before!r} stand for? "
            "Say so in tests/sweep/addresses.py: NOUNS, WORDS or BY_ROUTE, and make the thing in canaries.py."
        )
    thing, attribute = entry
    return str(_attribute(canary.things[thing], attribute))


def _attribute(thing: Any, name: str) -> Any:
    return getattr(thing, name) if hasattr(thing, name) else getattr(thing, "public_id", thing.pk)


def address_of_nothing(route: Route, own: Canary) -> str:
    """The URL with ids that nobody has: another clinic's must be answered alike."""
    names = {parameter: value_for(route, parameter, own) for parameter in route.parameters}
    return reverse(
        route.name, kwargs={name: value if is_word(name) else "NOSUCHID" for name, value in names.items()}
    )


def address(route: Route, own: Canary, foreign: Canary | None = None, position: int | None = None) -> str:
    """The URL with the ids of ``own``; with ``foreign``, all row ids are its, or only the one at ``position``."""
    values = {}
    for at, parameter in enumerate(route.parameters):
        is_foreign = foreign is not None and (position is None or position == at)
        values[parameter] = value_for(route, parameter, foreign if is_foreign and foreign else own)
    return reverse(route.name, kwargs=values)


def rows_in(route: Route) -> list[int]:
    """Positions of the parameters that stand for rows."""
    return [at for at, parameter in enumerate(route.parameters) if not is_word(parameter)]
