"""A new authorization number and the claims that have not left (rules.md B14): sent ones stay as they were sent.

Before it: insurance/authorizations.py, which asks and tells. Both functions answer its hooks.
"""

from __future__ import annotations

from claims import lifecycle
from claims.models import Claim
from claims.queue import WAITING
from insurance.enums import AuthorizationKind
from insurance.hooks import Renumbered
from insurance.models import Authorization

PLACES = {
    AuthorizationKind.AUTHORIZATION.value: "prior_authorization",
    AuthorizationKind.REFERRAL.value: "referral_number",
}


def unsent_with(row: Authorization) -> list[str]:
    """Control numbers of claims of this card that carry the number and still wait here."""
    rows = Claim.objects.filter(
        policy_id=row.policy_id, state__in=WAITING, **{f"document__{PLACES[row.kind]}": row.number}
    )
    return list(rows.order_by("pk").values_list("control_number", flat=True))


def follow_renumbering(change: Renumbered) -> None:
    """Write the new number into the claims a person agreed to, under their locks."""
    place = PLACES[change.authorization.kind]
    rows = Claim.objects.select_for_update(of=("self",)).filter(
        control_number__in=change.claims, state__in=WAITING
    )
    for claim in rows.order_by("pk"):
        if claim.document.get(place) != change.before:
            continue
        claim.document = {**claim.document, place: change.authorization.number}
        Claim.objects.filter(pk=claim.pk).update(
            document=claim.document, document_version=claim.document_version + 1
        )
        words = f"Authorization number {change.before} is now {change.authorization.number}"
        lifecycle.note(claim, "edit", words)
