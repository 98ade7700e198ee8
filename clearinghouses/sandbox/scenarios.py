"""What happens to a claim, by its subscriber's member id: the table of docs/sandbox.md.

A word counts at the beginning or at the end of the member id (``COPAY25-1``, ``W123XOVER``). Any other member
id is paid by the payer's contract.
"""

from __future__ import annotations

from enum import StrEnum

from x12.documents.professional_claim import ClaimDocument

MEDICARE, MEDIGAP = "MEDB1", "36273"


class Scenario(StrEnum):
    """The words; ``CONTRACT`` stands for any other member id."""

    CONTRACT = "CONTRACT"
    PAID = "PAID"
    COPAY25 = "COPAY25"
    DEDUCT = "DEDUCT"
    DENY16 = "DENY16"
    DENY197 = "DENY197"
    REJ999 = "REJ999"
    REJ277 = "REJ277"
    XOVER = "XOVER"
    REVERSE = "REVERSE"
    TAKEBACK = "TAKEBACK"
    UNDERPAY = "UNDERPAY"
    SILENT = "SILENT"
    DUPFILE = "DUPFILE"


def scenario_of(member_id: str) -> Scenario:
    """The scenario a member id asks for."""
    plain = member_id.strip().upper()
    for scenario in Scenario:
        if scenario is not Scenario.CONTRACT and (
            plain.startswith(scenario.value) or plain.endswith(scenario.value)
        ):
            return scenario
    return Scenario.CONTRACT


def scenario_of_claim(claim: ClaimDocument) -> Scenario:
    """The claim's scenario. Medicare sends a claim that names its Medigap carrier on to it by itself (COBA)."""
    told = scenario_of(claim.subscriber.party.identifier)
    names_medigap = any(other.payer_id == MEDIGAP for other in claim.other_payers)
    if told is Scenario.CONTRACT and claim.payer.identifier == MEDICARE and names_medigap:
        return Scenario.XOVER
    return told
