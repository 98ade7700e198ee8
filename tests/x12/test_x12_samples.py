"""Files nobody here wrote: all are read, and the facts equal those an independent plain reader found.

The few that differ are named in DIFFERENT and explained one by one in docs/x12.md.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
import x12_cast as cast

from x12.documents.claim_ack import ClaimAck, ClaimStatus
from x12.documents.eligibility import Eligibility
from x12.documents.functional_ack import FunctionalAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.parties import Adjustment, Reference
from x12.documents.professional_claim import ClaimTransaction
from x12.documents.remittance import Remittance
from x12.reading import FileReading, read_file
from x12.report import describe, exit_status

if not cast.SAMPLES.exists():
    pytest.skip("the sample corpus is not beside the project (../shared/samples)", allow_module_level=True)

Facts = Any
SEPARATORS = str.maketrans(">|^", ":::")
# Files whose facts differ on purpose; each is explained in docs/x12.md.
DIFFERENT = {
    "835/LinuxForHealth_x12__managed-care.835",
    "835/moov-io_x12__sample2.txt",
    "999/xlate_staedi__invalid999.edi",
    "837P/Healthcare-Data-Insight_api-examples__837P-all-fields.dat",
    "837P/Healthcare-Data-Insight_api-examples__837p-all-fields.edi",
    "837P/Inteligenz_X12Parser__TestData_InstitutionalClaim5010.txt",
    "837P/Inteligenz_X12Parser___5010_Spec_3.1.1.txt",
    "837P/LinuxForHealth_x12__demo.example11.837",
    "837P/LinuxForHealth_x12__demo.example12.837",
}


def number(text: object) -> object:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return text


def plain(value: Any) -> Any:
    """Surrounding blanks do not count; a missing amount is None or absent, never a fact."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.strip() if isinstance(value, str) else value


def sums(adjustments: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for item in adjustments:
        item_: Adjustment = item
        found[f"{item_.group}-{item_.reason}"] += item_.amount
    return dict(found)


def remittance_facts(reading: FileReading) -> Facts:
    found = []
    for transaction in reading.transactions:
        document = transaction.document
        if not isinstance(document, Remittance):
            continue
        claims = [
            {
                "clp01": claim.control_number,
                "status": claim.status_code,
                "charge": claim.charge,
                "paid": claim.paid,
                "patient": claim.patient_responsibility or Decimal(0),
                "icn": claim.payer_control_number,
                "cas": sums(claim.adjustments),
                "lines": len(claim.lines),
                "tt": claim.crossover_carrier is not None,
                "line_cas": sums(a for line in claim.lines for a in line.adjustments),
            }
            for claim in document.claims
        ]
        found.append(
            {
                "st02": transaction.control_number,
                "claims": claims,
                "plb": [[p.code, p.reference, p.amount] for p in document.provider_adjustments],
                "bpr01": document.handling_code,
                "bpr02": document.amount,
                "method": document.method,
                "date": f"{document.effective_date:%Y%m%d}" if document.effective_date else "",
                "trn02": document.trace_number,
                "trn03": document.payer_identifier,
                "payer": document.payer.name,
                "payee_id": document.payee.identifier,
            }
        )
    return found


def expected_remittance(facts: Facts) -> Facts:
    """The plain reader's texts as values; its ``>`` composites are split; an unreadable BPR02 is 0."""
    texts = ("bpr01", "method", "date", "trn02", "trn03", "payer", "payee_id")
    found = []
    for transaction in facts["transactions"]:
        made = {**dict.fromkeys(texts, ""), **transaction}
        amount = number(transaction["bpr02"])
        made["bpr02"] = amount if isinstance(amount, Decimal) else Decimal(0)
        made["plb"] = [
            [*(p[0].split(">", 1) if ">" in p[0] else p[:2]), number(p[2])] for p in transaction["plb"]
        ]
        made["claims"] = []
        for claim in transaction["claims"]:
            one = {**claim, **{key: number(claim[key]) for key in ("charge", "paid")}}
            one["patient"] = number(claim["patient"] or "0")
            for key in ("cas", "line_cas"):
                one[key] = {code: number(text) for code, text in claim[key].items()}
            made["claims"].append(one)
        found.append(made)
    return found


def status_row(level: str, trace: str, statuses: Any, references: Any) -> dict[str, Any]:
    rows = []
    for status in statuses:
        one: ClaimStatus = status
        first = one.codes[0] if one.codes else None
        parts = (first.category, first.status, first.entity) if first else ("", "", "")
        rows.append([":".join(parts).rstrip(":"), one.action])
    refs: list[Reference] = list(references)
    return {"level": level, "trn": trace, "stc": rows, "refs": {ref.qualifier: ref.value for ref in refs}}


def claim_ack_facts(reading: FileReading) -> Facts:
    found = []
    for transaction in reading.transactions:
        ack = transaction.document
        if not isinstance(ack, ClaimAck):
            continue
        found.append(status_row("20", ack.source_trace, ack.source_statuses, ()))
        found.append(status_row("21", ack.batch_reference, ack.receiver_statuses, ()))
        for provider in ack.providers:
            found.append(status_row("19", provider.trace, provider.statuses, provider.references))
            for claim in provider.claims:
                statuses = [*claim.statuses, *(s for line in claim.lines for s in line.statuses)]
                references = [*claim.references, *(r for line in claim.lines for r in line.references)]
                found.append(status_row(claim.level, claim.control_number, statuses, references))
    return [row for row in found if row["trn"]]


def expected_claim_ack(facts: Facts) -> Facts:
    return [{**row, "stc": [stc[:2] for stc in row["stc"]]} for row in facts["statuses"]]


def trimmed(values: list[str]) -> list[str]:
    while values and not values[-1]:
        values.pop()
    return values


def functional_facts(reading: FileReading) -> Facts:
    facts: dict[str, list[Any]] = {"ta1": [], "sets": [], "ak9": [], "ak1": []}
    for transaction in reading.transactions:
        ack = transaction.document
        if isinstance(ack, InterchangeAck):
            facts["ta1"].append(trimmed([ack.control_number, ack.date, ack.time, ack.status, ack.note]))
        elif isinstance(ack, FunctionalAck):
            facts["ak1"].append(trimmed([ack.functional_code, ack.group_control_number, ack.version]))
            if ack.status:
                counts = [str(n) for n in (ack.included, ack.received, ack.accepted)]
                facts["ak9"].append([ack.status, *counts, *ack.codes])
            for one in ack.transactions:
                errors = sum(
                    1 + len(e.elements) + len(e.contexts) + bool(e.control_number) for e in one.errors
                )
                facts["sets"].append(
                    {
                        "ak2": trimmed([one.kind, one.control_number, one.version]),
                        "errors": errors,
                        "result": [one.status, *one.codes],
                    }
                )
    return facts


def expected_functional(facts: Facts) -> Facts:
    sets = [{**one, "errors": len(one["errors"])} for one in facts["sets"]]
    return {"ta1": facts["ta1"], "sets": sets, "ak9": facts["ak9"], "ak1": facts["ak1"]}


def eligibility_facts(reading: FileReading) -> Facts:
    documents = [t.document for t in reading.transactions if isinstance(t.document, Eligibility)]
    rows = [list(b.elements) for d in documents for person in d.people for b in person.benefits]
    return {"eb": rows, "aaa": [list(r.elements) for d in documents for r in d.rejections]}


def claim_facts(reading: FileReading) -> Facts:
    found = []
    for transaction in reading.transactions:
        if not isinstance(transaction.document, ClaimTransaction):
            continue
        for claim in transaction.document.claims:
            lines = [
                [
                    ":".join((line.procedure_qualifier, line.procedure, *line.modifiers)),
                    line.charge,
                    line.units,
                ]
                for line in claim.lines
            ]
            found.append(
                {
                    "clm01": claim.control_number,
                    "charge": claim.total_charge,
                    "pos": claim.place_of_service,
                    "freq": claim.frequency_code,
                    "lines": lines,
                    "f8": claim.payer_claim_number,
                }
            )
    return found


def expected_claims(facts: Facts) -> Facts:
    """The plain reader took ``:`` for granted: composites with other separators are put right first."""
    found = []
    for claim in facts["claims"]:
        place = claim["pos"].translate(SEPARATORS).split(":")
        lines = []
        for code, charge, units in claim["lines"]:
            parts = code.translate(SEPARATORS).split(":")[:6]
            amount = number(charge)
            lines.append(
                [
                    ":".join([*parts[:2], *(part for part in parts[2:] if part)]),
                    amount if isinstance(amount, Decimal) else Decimal(0),
                    number(units) if units else Decimal(0),
                ]
            )
        frequency = claim["freq"] or (place[2] if len(place) > 2 else "")
        total = number(claim["charge"])
        found.append(
            {
                "clm01": claim["clm01"],
                "charge": total if isinstance(total, Decimal) else Decimal(0),
                "pos": place[0],
                "freq": frequency,
                "lines": lines,
                "f8": claim.get("f8") or "",
            }
        )
    return found


KINDS: dict[str, tuple[Callable[[FileReading], Facts], Callable[[Facts], Facts]]] = {
    "835": (remittance_facts, expected_remittance),
    "277CA": (claim_ack_facts, expected_claim_ack),
    "999": (functional_facts, expected_functional),
    "997": (functional_facts, expected_functional),
    "TA1": (functional_facts, expected_functional),
    "271": (eligibility_facts, lambda facts: {"eb": facts["eb"], "aaa": facts["aaa"]}),
    "837P": (claim_facts, expected_claims),
}


def expected_rows(kind: str) -> list[Any]:
    path = cast.SAMPLES / "expected" / f"{kind}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def differing(kind: str) -> list[str]:
    ours, theirs = KINDS[kind]
    found = []
    for row in expected_rows(kind):
        reading = read_file((cast.SAMPLES / "x12" / row["file"]).read_bytes())
        if plain(ours(reading)) != plain(theirs(row)):
            found.append(row["file"])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_facts_equal_those_of_the_plain_reader(kind: str) -> None:
    assert set(differing(kind)) == {name for name in DIFFERENT if name.startswith(f"{kind}/")}


def test_at_least_95_percent_of_remittances_and_acknowledgements_agree() -> None:
    kinds = ("835", "277CA", "999")
    all_files = sum(len(expected_rows(kind)) for kind in kinds)
    assert sum(len(differing(kind)) for kind in kinds) <= all_files * 5 // 100


def test_every_sample_file_is_read_and_described() -> None:
    paths = sorted(path for path in (cast.SAMPLES / "x12").glob("*/*") if path.is_file())
    assert len(paths) == 274
    for path in paths:
        described = describe(path.read_bytes())
        json.dumps(described)
        assert exit_status([described]) in (0, 1)
        assert described["transactions"], path.name


def test_old_versions_are_told_and_not_read() -> None:
    for path in sorted((cast.SAMPLES / "x12").glob("legacy4010-*/*")):
        reading = read_file(path.read_bytes())
        told = "old_version" in {finding.code for finding in reading.findings}
        assert told or all(t.version.startswith("005010") for t in reading.transactions), path.name
