"""The row of a remittance: who it is, who paid it, to whom, and whether it came before (I-10).

Used by posting.py in the transaction that takes it in, and by quarantine.py when a person lets one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import F

from clearinghouses.models import InboundFile
from clinics import audit
from clinics.models import BillingProvider, Clinician, Location
from clinics.scoping import current_clinic_id
from insurance.models import Payer
from lib.findings import Finding
from lib.frozen import freeze
from lib.identifiers import new_public_id
from responses import family as families
from responses.enums import MatchQuality, RemittanceState
from responses.family import DAMAGED, Family, FamilyKey
from responses.gates import Facts
from responses.layer_match import find_layer, names_of
from responses.matching import FamilyMatch
from responses.models import Remittance
from responses.receipts import payment_day
from responses.remittance_facts import fingerprint, payee_key, payer_key
from x12.documents.remittance import Remittance as RemittanceDocument
from x12.documents.remittance import provider_adjustment_total


def insert(
    document: RemittanceDocument,
    inbound: InboundFile | None,
    ordinal: int,
    today: date,
    balance: str,
    findings: Sequence[Finding],
    source: str,
    *,
    is_damaged: bool = False,
) -> Remittance | None:
    """The row, first of all; None when this remittance is there already (I-10).

    A damaged copy does not make the whole one that comes after it a re-issue.
    """
    public_id = new_public_id()
    row = Remittance(
        clinic_id=current_clinic_id(), public_id=public_id, inbound_file=inbound, ordinal=ordinal, source=source,
        payer_name=document.payer.name[:60], payer_identifier=payer_key(document),
        trace_number=document.trace_number[:50], payee_npi=payee_key(document), method=document.method[:3],
        payment_date=payment_day(document, today), amount=document.amount,
        provider_total=provider_adjustment_total(document), fingerprint=_fingerprint(document, is_damaged),
        is_balanced=not balance,
        state=RemittanceState.UNBALANCED if balance else RemittanceState.OPEN,
        document=header_of(document), findings=[freeze(finding) for finding in findings],
    )  # fmt: skip
    Remittance.objects.bulk_create([row], ignore_conflicts=True)
    found = Remittance.objects.filter(public_id=public_id).first()
    if found is not None and found.trace_number:
        same = (
            Remittance.objects.filter(
                payer_identifier=found.payer_identifier, trace_number=found.trace_number
            )
            .exclude(pk=found.pk)
            .exclude(fingerprint__startswith=DAMAGED)
        )
        found.same_as = same.order_by("pk").first()
    return found


def first_of(document: RemittanceDocument, today: date, *, is_damaged: bool = False) -> Remittance:
    """The row of a remittance that is there already: counted, with an audit row, and nothing else (I-10)."""
    first = Remittance.objects.get(
        payer_identifier=payer_key(document), trace_number=document.trace_number[:50],
        payee_npi=payee_key(document), payment_date=payment_day(document, today), amount=document.amount,
        fingerprint=_fingerprint(document, is_damaged),
    )  # fmt: skip
    Remittance.objects.filter(pk=first.pk).update(times_received=F("times_received") + 1)
    audit.record("remittance.repeat", "remittance", first.public_id)
    return first


def _fingerprint(document: RemittanceDocument, is_damaged: bool) -> str:
    told = fingerprint(document)
    return f"{DAMAGED}{told}"[:64] if is_damaged else told


def header_of(document: RemittanceDocument) -> dict[str, Any]:
    """The header for the page; account numbers only by their last four digits."""
    bare = replace(document, claims=(), payer_account=None, payee_account=None)
    account = document.payee_account.account_number if document.payee_account else ""
    return {**freeze(bare), "payee_account_end": account[-4:]}


def facts_of(row: Remittance, document: RemittanceDocument, balance: str) -> Facts:
    """What the gates ask about the remittance around a claim."""
    reissue = ""
    if row.same_as is not None:
        reissue = (
            f"trace {row.trace_number} came before with {row.same_as.amount} dated "
            f"{row.same_as.payment_date:%m/%d/%Y}, and this one says something else: held for review"
        )
    return Facts(
        key=str(row.pk), payer=names_of(document), payer_key=row.payer_identifier, balance_reason=balance,
        reissue_reason=reissue,
    )  # fmt: skip


def payer_of(
    document: RemittanceDocument, matches: Sequence[FamilyMatch], loaded: dict[FamilyKey, Family]
) -> Payer:
    """The payer as this clinic knows it: by id, by name, by a claim's layer; a stranger becomes a payer row."""
    names = names_of(document)
    known = [row for row in Payer.objects.order_by("pk") if families.payer_ids(row) & names.identifiers]
    named = Payer.objects.filter(name__iexact=document.payer.name).first() if document.payer.name else None
    if named is not None and (named in known or not known):
        return named
    if known:
        return known[0]
    for payment, match in zip(document.claims, matches, strict=True):
        if match.key in loaded and match.quality == MatchQuality.CERTAIN:
            rank = find_layer(payment, names, loaded[match.key].ledger).layer
            if rank in loaded[match.key].payers:
                return loaded[match.key].payers[rank]
    name = document.payer.name[:60] or "Unnamed payer"
    number = (document.payer.identifier or document.payer_identifier)[:30]
    payer, _ = Payer.objects.get_or_create(
        name=name,
        payer_id=number,
        defaults={"is_active": False, "remit_payer_id": document.payer_identifier[:30]},
    )
    return payer


def payee_reason(document: RemittanceDocument) -> str:
    """Why the payee is none of the open clinic's, in words; empty when it is, or when the payer names no id.

    An NPI is compared with those of billing providers, locations and clinicians, a tax id with those of
    the billing providers. One that fits is enough: groups are paid under either.
    """
    named = [("NPI", document.payee.npi), ("tax id", document.payee.tax_id)]
    asked = [(kind, _digits(number)) for kind, number in named if _digits(number)]
    if not asked:
        return ""
    npis = set(BillingProvider.objects.values_list("npi", flat=True))
    npis |= set(Location.objects.values_list("npi", flat=True))
    npis |= set(Clinician.objects.values_list("npi", flat=True))
    taxes = {_digits(number) for number in BillingProvider.objects.values_list("tax_id", flat=True)}
    if any(number in (npis if kind == "NPI" else taxes) for kind, number in asked):
        return ""
    told = " and ".join(f"{kind} {number}" for kind, number in asked)
    return f"paid to {told}, which is none of this clinic's: set aside until a person says whose it is"


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
