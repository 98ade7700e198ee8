"""The limit script of posting: string work and a few statements that leave the same rows; no gate, no rule, no check.

It trusts everything: each claim is known by its number, each line by its REF*6R, CO-45 is written off and PR goes to
the patient.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from billing.models import LedgerEntry, LedgerTxn, Receipt
from claims.models import Adjudication, AdjudicationLine, ClaimEvent
from clearinghouses.models import InboundFile
from clinics import bulk
from lib.identifiers import new_public_id
from responses.models import ClaimResponse, Remittance
from work.models import Outbox

CLAIMS = """
SELECT c.control_number, c.id, c.invoice_id, c.patient_id, c.payer_id, c.patient_name, c.service_from, c.payer_name
  FROM claims_claim c JOIN billing_invoice i ON i.clinic_id = c.clinic_id AND i.id = c.invoice_id
 WHERE c.clinic_id = %s AND i.clinic_id = %s AND c.control_number = ANY(%s) ORDER BY i.id FOR UPDATE OF i
"""
LINES = """
SELECT l.line_id, l.id, l.charge_id,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'ar:1'), 0)::bigint,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'ar:patient'), 0)::bigint
  FROM claims_claimline l JOIN billing_ledgerentry e ON e.clinic_id = l.clinic_id AND e.charge_id = l.charge_id
 WHERE l.clinic_id = %s AND e.clinic_id = %s AND l.claim_id = ANY(%s) GROUP BY l.line_id, l.id, l.charge_id
"""
MOVE = """
UPDATE claims_claim SET state = %s, outcome = 'paid', last_event = %s, last_event_at = %s, adjudicated_at = %s
 WHERE clinic_id = %s AND id = ANY(%s) AND state = %s
"""
ENTRIES = (
    "clinic_id", "txn_id", "lines", "line_no", "account", "amount", "charge_id", "patient_id", "payer_id",
    "receipt_id",
)  # fmt: skip
HEADERS = (
    "clinic_id", "id", "public_id", "key", "digest", "kind", "lines", "posted_on", "effective_on", "actor",
    "reason", "source_kind", "source_key", "reverses_id", "trace",
)  # fmt: skip
ANSWERS = (
    "clinic_id", "id", "public_id", "claim_id", "rank", "payer_id", "source_kind", "source_key", "status_code",
    "payer_claim_number", "charge", "paid", "patient_responsibility", "adjustments", "remarks",
    "outpatient_remarks", "crossover_payer", "adjudicated_on", "posted_at",
)  # fmt: skip
ANSWER_LINES = (
    "clinic_id", "adjudication_id", "claim_line_id", "ordinal", "procedure_code", "modifiers", "charge", "paid",
    "allowed", "units", "adjustments", "remarks",
)  # fmt: skip
RESPONSES = (
    "clinic_id", "public_id", "remittance_id", "ordinal", "claim_id", "adjudication_id", "match_quality",
    "match_reason", "control_number", "status_code", "payer_claim_number", "charged", "allowed", "paid",
    "contractual", "other_adjustment", "patient_responsibility", "next_payer", "document", "state", "codes",
    "plan", "patient_name", "service_date", "assignee", "hold_reason", "posted_at", "posted_by", "txn_key",
)  # fmt: skip
EVENTS = (
    "clinic_id", "claim_id", "at", "actor", "kind", "from_state", "to_state", "text", "segment", "file_key",
    "data",
)  # fmt: skip


def limit(cursor: Any, clinic_id: int, inbound: InboundFile, at: datetime) -> None:
    """One file of one remittance."""
    told = list(_claims(bytes(inbound.stored.content).decode()))
    paid = sum(claim["paid"] for claim in told)
    cursor.execute(CLAIMS, [clinic_id, clinic_id, [claim["number"] for claim in told]])
    known = {row[0]: row[1:] for row in cursor.fetchall()}
    cursor.execute(LINES, [clinic_id, clinic_id, [row[0] for row in known.values()]])
    lines = {row[0]: row[1:] for row in cursor.fetchall()}
    remittance = Remittance.objects.create(
        inbound_file=inbound, ordinal=1, payer_name="limit", payer_identifier="1066033492", trace_number=inbound.name,
        payment_date=at.date(), amount=paid // 100, fingerprint=inbound.name,
    )  # fmt: skip
    from responses.receipts import insurance_method

    receipt = Receipt.objects.create(
        method=insurance_method(), kind="insurance", payer_id=next(iter(known.values()))[3], amount=paid // 100,
        memo=inbound.name, source_kind="remittance", source_key=remittance.public_id, received_on=at.date(),
        effective_on=at.date(), created_by="bench",
    )  # fmt: skip
    _write(clinic_id, told, known, lines, remittance, receipt.pk, at)
    keys = [row[0] for row in known.values()]
    cursor.execute(MOVE, ["adjudicated", "decided", at, at, clinic_id, keys, "accepted"])
    cursor.execute(MOVE, ["closed", "closed", at, at, clinic_id, keys, "adjudicated"])


def _claims(text: str) -> Iterator[dict[str, Any]]:
    """The claims of the file; amounts in cents."""
    for block in text.split("~CLP*")[1:]:
        segments = block.split("~")
        head = segments[0].split("*")
        services: list[dict[str, Any]] = []
        for segment in segments:
            parts = segment.split("*")
            if parts[0] == "SVC":
                services.append({"code": parts[1][3:], "charge": _cents(parts[2]), "paid": _cents(parts[3])})
            elif parts[0] == "CAS":
                services[-1][parts[1]] = _cents(parts[3])
            elif parts[0] == "REF":
                services[-1]["id"] = parts[2]
            elif parts[0] == "AMT":
                services[-1]["allowed"] = _cents(parts[2])
        yield {
            "number": head[0], "status": head[1], "charge": _cents(head[2]), "paid": _cents(head[3]), "icn": head[6],
            "lines": services, "raw": segments,
        }  # fmt: skip


def _cents(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(f"{rest:0<2}" if rest else "0")


def _write(
    clinic_id: int, told: list[Any], known: Any, lines: Any, remittance: Remittance, receipt: int, at: datetime
) -> None:  # fmt: skip
    day, null, now = at.date().isoformat(), bulk.NULL, at.isoformat()
    txns = bulk.next_ids(LedgerTxn, len(told) + 1)
    answers = bulk.next_ids(Adjudication, len(told))
    headers, entries, rows, answer_lines, responses, events = [], [], [], [], [], []
    whole = sum(claim["paid"] for claim in told)
    headers.append(
        _header(clinic_id, txns[-1], f"limit:{remittance.public_id}", "remittance", 2, day, remittance)
    )
    entries.append((clinic_id, txns[-1], 2, 1, "cash", whole, null, null, null, receipt))
    entries.append((clinic_id, txns[-1], 2, 2, "escrow", -whole, null, null, null, receipt))
    for place, (claim, txn, answer) in enumerate(zip(told, txns, answers, strict=False), 1):
        key, _, patient, payer, name, service_day, payer_name = known[claim["number"]]
        public = new_public_id()
        made = [("escrow", claim["paid"], null, null, null, receipt)]
        for number, line in enumerate(claim["lines"], 1):
            own, charge, open_1, open_patient = lines[line["id"]]
            rest = line["paid"] + line["CO"] - open_1
            made += [
                ("ar:1", -line["paid"], charge, patient, payer, receipt),
                ("adjustment:CO:45", line["CO"], charge, patient, payer, null),
                ("ar:1", -line["CO"], charge, patient, payer, null),
                ("ar:1", rest, charge, patient, payer, null),
                ("ar:patient", line["PR"] - open_patient, charge, patient, null, null),
            ]
            cas = json.dumps([["CO", "45", line["CO"], None], ["PR", "3", line["PR"], None]])
            answer_lines.append(
                (clinic_id, answer, own, number, line["code"], "[]", line["charge"], line["paid"],
                 line["allowed"], "1", cas, "[]")
            )  # fmt: skip
        made = [each for each in made if each[1]]
        entries += [
            (clinic_id, txn, len(made), number, account, cents, charge, patient_id, payer_id, receipt_id)
            for number, (account, cents, charge, patient_id, payer_id, receipt_id) in enumerate(made, 1)
        ]
        headers.append(
            _header(clinic_id, txn, f"limit:{public}", "adjudication", len(made), day, remittance, public)
        )
        rows.append(
            (clinic_id, answer, new_public_id(), key, 1, payer, "era", public, claim["status"], claim["icn"],
             claim["charge"], claim["paid"], sum(line["PR"] for line in claim["lines"]), "[]", "[]", "{}", "", day, now)
        )  # fmt: skip
        responses.append(
            (clinic_id, public, remittance.pk, place, key, answer, "certain", "number", claim["number"],
             claim["status"], claim["icn"], claim["charge"], sum(line["allowed"] for line in claim["lines"]),
             claim["paid"], sum(line["CO"] for line in claim["lines"]), 0, sum(line["PR"] for line in claim["lines"]),
             "Patient", json.dumps(claim["raw"]), "auto_posted", "[]", "{}", name, service_day.isoformat(), "", "",
             now, "bench", f"limit:{public}")
        )  # fmt: skip
        for start, end, words in (
            ("accepted", "adjudicated", f"{payer_name} decided"), ("", "", "Patient owes"),
            ("adjudicated", "closed", "closed"),
        ):  # fmt: skip
            events.append((clinic_id, key, now, "bench", "state", start, end, words, "", "", "{}"))
    bulk.insert(LedgerTxn, HEADERS, headers)
    bulk.insert(LedgerEntry, ENTRIES, entries)
    bulk.insert(Adjudication, ANSWERS, rows)
    bulk.insert(AdjudicationLine, ANSWER_LINES, answer_lines)
    bulk.insert(ClaimResponse, RESPONSES, responses)
    bulk.insert(ClaimEvent, EVENTS, events)
    Outbox.objects.create(
        clinic_id=clinic_id, kind="limit", subject_id=1, key=f"limit:{remittance.public_id}"
    )


def _header(
    clinic_id: int,
    key: int,
    name: str,
    kind: str,
    lines: int,
    day: str,
    remittance: Remittance,
    public: str = "",
) -> tuple[Any, ...]:
    source = ("adjudication", public) if public else ("remittance", remittance.public_id)
    return (
        clinic_id, key, new_public_id(), name, "", kind, lines, day, day, "bench", "limit", *source, bulk.NULL, "[]",
    )  # fmt: skip
