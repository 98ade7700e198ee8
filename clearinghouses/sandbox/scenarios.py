"""What happens to a claim, by its subscriber's member id: the table of docs/sandbox.md.

A word counts at the beginning or at the end of the member id (``COPAY25-1``, ``W123XOVER``). Any other member
id is paid by the payer's contract.
"""

from __future__ import annotations

from enum import StrEnum


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
