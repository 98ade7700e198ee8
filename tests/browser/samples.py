"""What stands in an address: for each parameter of each page one sample object, and the pages' other views.

A page whose parameter has no line here fails the walk with the place to add it: SAMPLES.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from clinics.routes import ALLAUTH_PREFIXES
from tests.browser.clinic_days import Days

Sample = Callable[[Days], str]
# "room" or "room:name" of a route, and the parameter's name. The longer key goes first.
SAMPLES: dict[tuple[str, str], Sample] = {
    ("desk:job", "public_id"): lambda days: days.made["job"].public_id,
    ("desk:visit-panel", "public_id"): lambda days: days.visits["Okafor"].public_id,
    ("desk:clinician", "public_id"): lambda days: days.world.clinician.public_id,
    ("desk:location", "public_id"): lambda days: days.world.location.public_id,
    ("desk:billing-provider", "public_id"): lambda days: days.world.provider.public_id,
    ("desk", "location_id"): lambda days: days.world.location.public_id,
    ("desk", "group"): lambda days: "claims",
    ("patients", "public_id"): lambda days: days.patients["Okafor"].public_id,
    ("clearinghouses", "public_id"): lambda days: days.world.connection.public_id,
    ("appointments", "public_id"): lambda days: days.visits["Okafor"].public_id,
    ("appointments:service", "public_id"): lambda days: days.world.adjustment.public_id,
    ("appointments:type", "public_id"): lambda days: days.world.visit_type.public_id,
    ("appointments:status", "name"): lambda days: days.made["status"].name,
    ("appointments", "patient_id"): lambda days: days.patients["Okafor"].public_id,
    ("billing:check-out", "public_id"): lambda days: days.visits["Okafor"].public_id,
    ("billing:why-line", "public_id"): lambda days: days.visits["Okafor"].public_id,
    ("billing:why-line", "line_id"): lambda days: days.made["line"].public_id,
    ("billing:why", "public_id"): lambda days: days.made["charge"].public_id,
    ("billing:invoice-why", "public_id"): lambda days: days.made["invoice Okafor 1"].public_id,
    ("billing:patient-agreed-fees", "public_id"): lambda days: days.patients["Okafor"].public_id,
    ("billing:price-remove", "price_kind"): lambda days: "fee",
    ("billing:price-remove", "public_id"): lambda days: days.made["fee"].public_id,
    ("billing:rule-trial", "public_id"): lambda days: days.made["trial"].public_id,
    ("billing:rule-trial-switch-on", "public_id"): lambda days: days.made["trial"].public_id,
    ("billing:receipt", "public_id"): lambda days: days.made["receipt"].public_id,
    ("billing:try-visit", "public_id"): lambda days: days.visits["Okafor"].public_id,
    ("billing:missed-visit", "public_id"): lambda days: days.visits["Okafor"].public_id,
    ("billing:receipt-pdf", "public_id"): lambda days: days.made["receipt"].public_id,
    ("billing:receipt-mail", "public_id"): lambda days: days.made["receipt"].public_id,
    ("billing:superbill-pdf", "public_id"): lambda days: days.made["invoice Okafor 1"].public_id,
    ("billing:reverse-payment", "public_id"): lambda days: days.made["receipt"].public_id,
    ("billing:invoice", "public_id"): lambda days: days.made["invoice Okafor 1"].public_id,
    ("billing:invoice-print", "public_id"): lambda days: days.made["invoice Okafor 1"].public_id,
    ("billing:void-invoice", "public_id"): lambda days: days.made["invoice Pruitt 10"].public_id,
    ("billing:correct-invoice", "public_id"): lambda days: days.made["invoice Pruitt 10"].public_id,
    ("billing:write-off", "public_id"): lambda days: days.made["invoice Pruitt 10"].public_id,
    ("billing:statement", "public_id"): lambda days: days.made["statement"].public_id,
    ("billing:statement-pdf", "public_id"): lambda days: days.made["statement"].public_id,
    ("billing:calls", "public_id"): lambda days: days.patients["Reyes"].public_id,
    ("billing:call-close", "public_id"): lambda days: days.made["call"].public_id,
    ("billing:collection-decide", "public_id"): lambda days: days.patients["Ashdown"].public_id,
    ("billing:asking", "public_id"): lambda days: days.patients["Ashdown"].public_id,
    ("billing:handoff-file", "public_id"): lambda days: days.made["hand-off"].public_id,
    ("billing:collection-take-back", "public_id"): lambda days: days.made["case"].public_id,
    ("billing:reopen-day", "public_id"): lambda days: days.made["day close"].public_id,
    ("billing:plan", "public_id"): lambda days: days.made["plan"].public_id,
    ("billing:plan-schedule", "public_id"): lambda days: days.made["plan"].public_id,
    ("billing:plan-send", "public_id"): lambda days: days.made["plan"].public_id,
    ("billing:plan-end", "public_id"): lambda days: days.made["plan"].public_id,
    ("billing:undo-run", "public_id"): lambda days: days.made["run"].public_id,
    ("billing:approval", "public_id"): lambda days: days.made["approval"].public_id,
    ("billing:undo-write-off", "public_id"): lambda days: days.made["write-off"].public_id,
    ("billing:end-policy", "public_id"): lambda days: days.made["policy row"].public_id,
    ("billing:statement-round", "public_id"): lambda days: days.made["round"].public_id,
    ("billing:statement-round-print", "public_id"): lambda days: days.made["round"].public_id,
    ("billing", "public_id"): lambda days: days.patients["Pruitt"].public_id,
    ("claims:job", "public_id"): lambda days: days.made["job"].public_id,
    ("claims:job-progress", "public_id"): lambda days: days.made["job"].public_id,
    ("claims:batch", "public_id"): lambda days: days.made["batch"].public_id,
    ("claims:batch-file", "public_id"): lambda days: days.made["batch"].public_id,
    ("claims:batch-act", "public_id"): lambda days: days.made["batch"].public_id,
    ("claims:batch-act", "act"): lambda days: "look",
    ("claims:for-invoice", "public_id"): lambda days: days.made["invoice Pruitt 10"].public_id,
    ("claims:patient-claims", "public_id"): lambda days: days.patients["Okafor"].public_id,
    ("claims:bulk", "act"): lambda days: "hold",
    ("claims:act", "act"): lambda days: "refresh",
    ("claims:code-table", "public_id"): lambda days: days.made["code table"].public_id,
    ("claims:code-table-act", "public_id"): lambda days: days.made["code table"].public_id,
    ("claims:code-table-act", "act"): lambda days: "switch-on",
    ("claims:claim-rule", "public_id"): lambda days: days.made["claim rule"].public_id,
    ("claims:claim-rule-edit", "public_id"): lambda days: days.made["claim rule"].public_id,
    ("claims:claim-rule-act", "public_id"): lambda days: days.made["claim rule"].public_id,
    ("claims:claim-rule-act", "act"): lambda days: "try",
    ("claims:inquiry-answer", "inquiry_id"): lambda days: days.made["inquiry"].public_id,
    ("claims:resubmit", "public_id"): lambda days: days.made["claim Oyelaran"].public_id,
    ("desk:merge", "public_id"): lambda days: days.patients["Quist"].public_id,
    ("desk:unmerge", "public_id"): lambda days: days.patients["Quist"].public_id,
    ("desk:merged", "public_id"): lambda days: days.patients["Quist"].public_id,
    ("patients:import", "public_id"): lambda days: days.made["patient import"].public_id,
    ("insurance:card-image", "side"): lambda days: "front",
    ("claims:coverage-guard", "patient_id"): lambda days: days.patients["Quist"].public_id,
    ("claims:patient-moves", "patient_id"): lambda days: days.patients["Quist"].public_id,
    ("claims:move-visits", "profile_id"): lambda days: days.made["profile Quist"].public_id,
    ("claims:bill-card", "profile_id"): lambda days: days.made["profile Marsh"].public_id,
    ("claims:bill-card", "policy_id"): lambda days: days.made["policy Marsh"].public_id,
    ("claims:coverage-move", "move_id"): lambda days: days.made["coverage move"].public_id,
    ("insurance:place", "policy_id"): lambda days: days.made["policy Quist held"].public_id,
    ("claims", "public_id"): lambda days: days.made["claim new"].public_id,
    ("responses:eob", "claim_id"): lambda days: days.made["claim Okafor"].public_id,
    ("responses:text", "public_id"): lambda days: days.made["remittance"].public_id,
    ("responses:scan", "public_id"): lambda days: days.made["scan"].public_id,
    ("responses:undo-file", "public_id"): lambda days: days.made["remittance"].public_id,
    ("responses:payee", "public_id"): lambda days: days.made["remittance"].public_id,
    ("responses:provider-item", "public_id"): lambda days: days.made["provider item"].remittance.public_id,
    ("responses:provider-item", "ordinal"): lambda days: str(days.made["provider item"].ordinal),
    ("responses:insurer-refund", "public_id"): lambda days: days.made["provider item"].remittance.public_id,
    ("responses:insurer-refund", "ordinal"): lambda days: str(days.made["provider item"].ordinal),
    ("responses:act", "act"): lambda days: "post",
    ("responses:denial-act", "which"): lambda days: "denials",
    ("responses:denial-act", "act"): lambda days: "call",
    ("responses:letter", "public_id"): lambda days: days.made["follow-up"].public_id,
    ("responses:bank-line", "public_id"): lambda days: days.made["bank line"].public_id,
    ("responses", "public_id"): lambda days: days.made["response"].public_id,
    ("insurance", "authorization_id"): lambda days: days.made["authorization"].public_id,
    ("insurance", "check_id"): lambda days: days.made["answer"].public_id,
    ("billing:estimate", "public_id"): lambda days: days.visits["Marsh booked"].public_id,
    ("billing:good-faith", "public_id"): lambda days: days.visits["Marsh booked"].public_id,
    ("billing:good-faith-pdf", "public_id"): lambda days: days.made["good faith"].public_id,
    ("insurance", "patient_id"): lambda days: days.patients["Marsh"].public_id,
    ("insurance", "policy_id"): lambda days: days.made["policy Marsh"].public_id,
    ("insurance", "profile_id"): lambda days: days.made["profile Marsh"].public_id,
    ("insurance", "payer_id"): lambda days: days.world.aetna.public_id,
}
# Pages that look different with a query: opened beside the plain ones.
VIEWS: tuple[tuple[str, str, Callable[[Days], str]], ...] = (
    ("patients:patient", "nothing known", lambda days: f"/patients/{days.patients['Lindqvist'].public_id}/"),
    ("desk:today", "to check out", lambda days: "/today/?tab=check-out"),
    ("desk:today", "an empty day", lambda days: "/today/?day=2031-01-01"),
    *(
        ("claims:queue", tab, lambda days, tab=tab: f"/claims/?tab={tab}")  # type: ignore[misc]
        for tab in ("new", "hold", "rejected")
    ),
    ("claims:queue", "nothing fits", lambda days: "/claims/?q=zzzz"),
    *(
        (
            "claims:claim",
            tab,
            lambda days, tab=tab: f"/claims/{days.made['claim Okafor'].public_id}/?tab={tab}",
        )  # type: ignore[misc]
        for tab in ("timeline", "versions", "files")
    ),
    ("claims:claim", "ready", lambda days: f"/claims/{days.made['claim ready'].public_id}/"),
    *(
        ("responses:list", tab, lambda days, tab=tab: f"/reports/insurance/claim-responses/?tab={tab}")  # type: ignore[misc]
        for tab in ("proposed", "posted")
    ),
    (
        "responses:list",
        "one check",
        lambda days: f"/reports/insurance/claim-responses/?check={days.made['remittance'].public_id}",
    ),
    (
        "appointments:visit",
        "treatment",
        lambda days: f"/visits/{days.visits['Nandakumar'].public_id}/?tab=treatment",
    ),
    ("appointments:visit", "checked out", lambda days: f"/visits/{days.visits['Okafor past'].public_id}/"),
    ("billing:check-out", "done", lambda days: f"/visits/{days.visits['Okafor past'].public_id}/check-out/"),
    (
        "desk:advanced-settings",
        "auto-pay",
        lambda days: f"/settings/locations/{days.world.location.public_id}/advanced/claim-response-handling/",
    ),
    ("desk:home", "not there", lambda days: "/no-such-page/"),
)
# Not pages of ours: descriptions for programs, and the browser tests' own ways out.
LEFT_OUT = {"api-schema", "api-docs", "desk:choose-clinic"}


def page_routes() -> list[str]:
    """Every named route that is neither of the API nor of django-allauth, in the resolver's order."""
    return [name for name in _names(get_resolver(), "") if name not in LEFT_OUT]


def address(route: str, days: Days) -> str:
    """The route's address with sample objects in it."""
    room = route.split(":")[0]
    values = {}
    for name in parameters(route):
        sample = SAMPLES.get((route, name)) or SAMPLES.get((room, name))
        assert sample, f"{route} takes {name!r}: add a sample object to SAMPLES in tests/browser/samples.py"
        values[name] = sample(days)
    return reverse(route, kwargs=values)


def parameters(route: str) -> tuple[str, ...]:
    """The names of a route's parameters; of several shapes the shortest."""
    room, _, name = route.rpartition(":")
    resolver: Any = get_resolver()
    if room:
        resolver = resolver.namespace_dict[room][1]
    shapes = [tuple(names) for possible, *_ in resolver.reverse_dict.getlist(name) for _, names in possible]
    return min(shapes, key=len)


def _names(resolver: URLResolver, prefix: str) -> list[str]:
    found: list[str] = []
    for item in resolver.url_patterns:
        if isinstance(item, URLResolver):
            space = f"{prefix}{item.namespace}:" if item.namespace else prefix
            if not re.search(r"-api:$", space):
                found += _names(item, space)
        elif isinstance(item, URLPattern) and item.name:
            name = prefix + item.name
            if name not in found and not name.startswith(ALLAUTH_PREFIXES):
                found.append(name)
    return found
