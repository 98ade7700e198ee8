"""The fate of each claim and the 277CA that tells it: first the clearinghouse's, then the payer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from clearinghouses.sandbox.checking import Verdict
from clearinghouses.sandbox.memory import Memory
from clearinghouses.sandbox.scenarios import Scenario, scenario_of_claim
from lib.money import ZERO
from lib.npi import is_npi
from x12.documents.claim_ack import (
    AcknowledgedClaim,
    AcknowledgedProvider,
    ClaimAck,
    ClaimStatus,
    StatusCode,
)
from x12.documents.parties import Party
from x12.documents.professional_claim import BillingProvider, ClaimDocument, ClaimTransaction

OURSELVES = Party("2", "SANDBOX CLEARINGHOUSE", id_qualifier="46", identifier="SANDBOX")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a claim goes no further: category, status and entity of STC, with the sentence of STC12."""

    category: str
    status: str
    entity: str
    text: str


@dataclass(slots=True, eq=False)
class Decision:
    """One claim that passed the syntax check."""

    transaction: ClaimTransaction
    claim: ClaimDocument
    scenario: Scenario
    claim_number: str  # the payer's (REF*1K, CLP07)
    edit: Refusal | None = None  # the clearinghouse's own
    payer_refusal: Refusal | None = None
    takes_back: str = ""  # a void or replacement: our CLM01 of the claim it names

    @property
    def reaches_payer(self) -> bool:
        """Whether the clearinghouse sent it on."""
        return self.edit is None

    @property
    def is_adjudicated(self) -> bool:
        """Whether an 835 will answer it."""
        silent = self.scenario is Scenario.SILENT
        return self.reaches_payer and self.payer_refusal is None and not silent

    @property
    def is_void(self) -> bool:
        """Frequency 8: an earlier claim is taken back."""
        return self.claim.frequency_code == "8"

    @property
    def names_earlier(self) -> bool:
        """Frequency 7 or 8: an earlier claim is taken back, and with 7 decided anew."""
        return self.claim.frequency_code in ("7", "8")


def decide(verdict: Verdict, memory: Memory, at: datetime, seed: int) -> list[Decision]:
    """The fate of every claim of the accepted transactions, in file order."""
    found = []
    for _, transaction in verdict.taken:
        for claim in transaction.claims:
            scenario = scenario_of_claim(claim)
            decision = Decision(transaction, claim, scenario, "", edit=find_edit(claim, at.date()))
            if decision.reaches_payer:
                decision.claim_number = memory.serial("claim", seed)
                if scenario is Scenario.REJ277:
                    decision.payer_refusal = Refusal(
                        "A7", "164", "IL", "MEMBER ID NOT ON FILE WITH THIS PAYER"
                    )
                elif decision.names_earlier:
                    decision.takes_back = memory.decided.pop(claim.payer_claim_number, "")
                if decision.names_earlier and not decision.takes_back and decision.payer_refusal is None:
                    decision.payer_refusal = Refusal("A7", "464", "PR", "NO CLAIM ON FILE UNDER THIS NUMBER")
            found.append(decision)
    return found


def find_edit(claim: ClaimDocument, today: date) -> Refusal | None:
    """What the clearinghouse itself refuses: things pyx12 does not see."""
    if sum((line.charge for line in claim.lines), ZERO) != claim.total_charge:
        return Refusal("A7", "400", "", "CLAIM CHARGE IS NOT THE SUM OF ITS LINES")
    if any(line.service_date > today for line in claim.lines):
        return Refusal("A7", "187", "", "SERVICE DATE IS IN THE FUTURE")
    if not is_npi(claim.billing_provider.party.npi):
        return Refusal("A7", "562", "85", "BILLING PROVIDER NPI IS NOT VALID")
    if any(pointer > len(claim.diagnoses) for line in claim.lines for pointer in line.pointers):
        return Refusal("A7", "477", "", "DIAGNOSIS POINTER WITHOUT A DIAGNOSIS")
    return None


def clearinghouse_ack(
    transaction: ClaimTransaction, decisions: Sequence[Decision], memory: Memory, at: datetime
) -> ClaimAck:
    """Received and sent on (A1), or stopped by an edit (A7)."""
    mine = [d for d in decisions if d.transaction is transaction]
    told = [(d, d.edit) for d in mine]
    return _ack(transaction, OURSELVES, "AY", told, ("A1", "19"), memory, at)


def payer_ack(
    transaction: ClaimTransaction, decisions: Sequence[Decision], memory: Memory, at: datetime
) -> ClaimAck:
    """Accepted into adjudication under the payer's number (A2, REF*1K), or rejected."""
    payer = decisions[0].claim.payer
    source = Party("2", payer.name, id_qualifier="PI", identifier=payer.identifier)
    told = [(d, d.payer_refusal) for d in decisions]
    return _ack(transaction, source, "PR", told, ("A2", "20"), memory, at)


def _ack(
    transaction: ClaimTransaction,
    source: Party,
    entity: str,
    told: Sequence[tuple[Decision, Refusal | None]],
    accepted: tuple[str, str],
    memory: Memory,
    at: datetime,
) -> ClaimAck:
    day = at.date()
    number = f"{memory.next('reference'):09d}"
    providers: dict[BillingProvider, list[tuple[Decision, Refusal | None]]] = {}
    for item in told:
        providers.setdefault(item[0].claim.billing_provider, []).append(item)
    good = [d.claim.total_charge for d, refusal in told if refusal is None]
    bad = [d.claim.total_charge for d, refusal in told if refusal is not None]
    submitter = told[0][0].claim.submitter
    return ClaimAck(
        reference=number,
        created_on=day,
        source=source,
        source_trace=number,
        received_on=day,
        processed_on=day,
        receiver=Party("2", submitter.name, id_qualifier="46", identifier=submitter.identifier),
        batch_reference=transaction.reference,
        receiver_statuses=(_status((*accepted, "40"), day, "WQ", sum(good + bad, ZERO)),),
        quantities=_counts(("90", "AA"), good, bad),
        amounts=_amounts(good, bad),
        providers=tuple(
            AcknowledgedProvider(
                provider=provider.party,
                trace="0",
                claims=tuple(_claim(d, refusal, accepted, entity, day) for d, refusal in items),
            )
            for provider, items in providers.items()
        ),
    )


def _claim(
    decision: Decision, refusal: Refusal | None, accepted: tuple[str, str], entity: str, day: date
) -> AcknowledgedClaim:
    claim = decision.claim
    member = claim.subscriber.party.identifier
    patient = claim.patient_party
    if refusal is None:
        status = _status((*accepted, "PR" if entity == "PR" else ""), day, "WQ", claim.total_charge)
    else:
        code = (refusal.category, refusal.status, refusal.entity)
        status = _status(code, day, "U", claim.total_charge, refusal.text)
    return AcknowledgedClaim(
        control_number=claim.control_number,
        patient=Party(
            "1",
            patient.last_name,
            patient.first_name,
            patient.middle_name,
            id_qualifier="MI",
            identifier=member,
        ),
        statuses=(status,),
        payer_claim_number=decision.claim_number if entity == "PR" and refusal is None else "",
        service_date=min(line.service_date for line in claim.lines),
    )


def _status(
    code: tuple[str, str, str], day: date, action: str, amount: Decimal, text: str = ""
) -> ClaimStatus:
    return ClaimStatus((StatusCode(*code),), day, action, amount, text)


def _counts(kinds: tuple[str, str], good: list[Decimal], bad: list[Decimal]) -> tuple[tuple[str, int], ...]:
    return tuple((kind, len(items)) for kind, items in zip(kinds, (good, bad), strict=True) if items)


def _amounts(good: list[Decimal], bad: list[Decimal]) -> tuple[tuple[str, Decimal], ...]:
    pairs = (("YU", good), ("YY", bad))
    return tuple((kind, sum(items, ZERO)) for kind, items in pairs if items)
