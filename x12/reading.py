"""The one door for incoming bytes: ``read_file`` gives envelopes, documents and findings for any bytes.

Before it: uploads and transports. After it: claims/acknowledgements, responses/inbox,
insurance/eligibility and ``./manage x12``. Nothing here raises for what a file holds.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from x12.documents.claim_ack import ClaimAck
from x12.documents.claim_inquiry import ClaimInquiry
from x12.documents.eligibility import Eligibility
from x12.documents.functional_ack import FunctionalAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.professional_claim import ClaimTransaction
from x12.documents.read_835 import Memory, RemittanceReader
from x12.documents.read_837p import read_837p
from x12.documents.read_acks import read_277ca, read_functional_ack, read_ta1
from x12.documents.read_eligibility import read_eligibility
from x12.documents.read_inquiry import read_inquiry
from x12.documents.remittance import ClaimPayment, Remittance
from x12.envelope import EnvelopeReader, Group, Interchange, Sink, Transaction
from x12.findings import FindingList, X12Finding, quote
from x12.kinds import KNOWN_KINDS, is_old_version
from x12.reader import Limits, SegmentReader

Document = (
    Remittance | ClaimTransaction | FunctionalAck | ClaimAck | Eligibility | ClaimInquiry | InterchangeAck
)

Give = Callable[[ClaimPayment], object]

USUAL_THRESHOLD = gc.get_threshold()
CALM_THRESHOLD = (100_000, 50, 100)


@dataclass(slots=True)
class TransactionReading:
    """One transaction with its document; ``document`` is None for kinds or versions we do not read.

    ``findings`` are those of this transaction alone (they also stand in the file's list). For a TA1 the
    control number is the interchange it answers.
    """

    kind: str
    control_number: str
    version: str
    segments: int
    position: int
    document: Document | None
    interchange: Interchange
    group: Group | None
    is_complete: bool = True
    findings: list[X12Finding] = field(default_factory=list)


@dataclass(slots=True)
class FileReading:
    """Everything one file said, and everything that is wrong with it."""

    interchanges: list[Interchange]
    transactions: list[TransactionReading]
    findings: FindingList
    segments: int

    @property
    def kinds(self) -> list[str]:
        """The kinds met, each once, in file order."""
        return list(dict.fromkeys(transaction.kind for transaction in self.transactions))

    @property
    def has_errors(self) -> bool:
        """Whether any finding blocks."""
        return self.findings.has_errors()


@contextmanager
def calm_collector() -> Iterator[None]:
    """Lets the cyclic collector run seldom while many small objects are made; none of them are cyclic.

    Thresholds belong to the process: what another thread sets meanwhile is overwritten by the usual ones. Inside
    another one it changes nothing.
    """
    if gc.get_threshold() == CALM_THRESHOLD:
        yield
        return
    gc.set_threshold(*CALM_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*USUAL_THRESHOLD)


def read_file(data: bytes, limits: Limits | None = None, give: Give | None = None) -> FileReading:
    """Read any bytes. Time and memory grow with the size of ``data`` and no faster.

    With ``give`` each claim of an 835 goes there as soon as it is complete, and the documents hold none: the memory
    needed beside ``data`` is then the same for a file of any size. All findings are the same.
    """
    with calm_collector():
        return _read_file(data, limits, give)


def _read_file(data: bytes, limits: Limits | None, give: Give | None) -> FileReading:
    segments = SegmentReader(data, limits)
    findings = segments.findings
    envelope = EnvelopeReader(segments.blocks(), findings, partial(_open_sink, memory=Memory(), give=give))
    transactions = [_read(found, findings) for found in envelope.transactions()]
    transactions += list(_interchange_acks(envelope.interchanges))
    transactions.sort(key=lambda reading: reading.position)
    if envelope.interchanges and not transactions and not findings.has_errors():
        findings.add(
            "empty_interchange",
            "The file is an envelope with nothing inside.",
            level="file",
            severity="warning",
        )
    told = [interchange for interchange in envelope.interchanges if interchange.position]
    return FileReading(told, transactions, findings, segments.count)


def _open_sink(transaction: Transaction, memory: Memory, give: Give | None) -> Sink | None:
    """A remittance is read as it passes: its segments are many and never needed twice."""
    if transaction.segments[0][1].strip() == "835" and not is_old_version(transaction.version):
        return RemittanceReader(FindingList(), memory, give)
    return None


def _read(found: tuple[Interchange, Group, Transaction], findings: FindingList) -> TransactionReading:
    interchange, group, transaction = found
    reader = transaction.sink
    own = reader.findings if isinstance(reader, RemittanceReader) else FindingList()
    document = _read_document(transaction, own)
    reading = TransactionReading(
        kind=transaction.kind,
        control_number=transaction.control_number,
        version=transaction.version,
        segments=transaction.count,
        position=transaction.position,
        document=document,
        interchange=interchange,
        group=group,
        is_complete=transaction.is_complete,
        findings=list(own),
    )
    transaction.segments = transaction.segments[:1]  # the document has said it all: let the memory go
    transaction.sink = None
    findings.take_over(own)
    return reading


def _read_document(transaction: Transaction, findings: FindingList) -> Document | None:
    kind, segments = transaction.kind, transaction.segments
    if is_old_version(transaction.version):
        findings.add(
            "old_version",
            f"This {kind} is version {quote(transaction.version)}; only 005010 is read. "
            "Ask the sender for the current version.",
            level="transaction",
            segment=transaction.position,
        )
        return None
    if kind not in KNOWN_KINDS:
        findings.add(
            "unknown_transaction",
            f"Transaction {quote(kind)} is none that this program reads.",
            level="transaction",
            segment=transaction.position,
            severity="warning",
        )
        return None
    if not transaction.version.startswith("005010"):
        findings.add(
            "unknown_version",
            f"The version {quote(transaction.version)} is not 005010; it was read as if it were.",
            level="transaction",
            segment=transaction.position,
            severity="warning",
        )
    if isinstance(transaction.sink, RemittanceReader):
        return transaction.sink.remittance(transaction.position)
    if kind == "837P":
        return read_837p(segments, findings)
    if kind in ("999", "997"):
        return read_functional_ack(segments, findings)
    if kind == "277CA":
        return read_277ca(segments, findings)
    if kind in ("270", "271"):
        return read_eligibility(segments, kind, findings)
    if kind in ("276", "277"):
        return read_inquiry(segments, kind, findings)
    return None


def _interchange_acks(interchanges: list[Interchange]) -> Iterator[TransactionReading]:
    for interchange in interchanges:
        for segment in interchange.acks:
            ack = read_ta1(segment)
            yield TransactionReading(
                kind="TA1",
                control_number=ack.control_number,
                version=interchange.version,
                segments=1,
                position=segment.position,
                document=ack,
                interchange=interchange,
                group=None,
            )
