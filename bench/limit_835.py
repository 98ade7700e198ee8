"""The limit script of posting: string work and a few statements that leave the same rows; no gate, no rule, no check.

It trusts everything: each claim is known by its number, each line by its REF*6R, CO-45 is written off and PR-3 is
the patient's; documents, plans and traces are templates filled in. bench/rows.py holds it to what the product leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from clearinghouses.models import InboundFile
from lib.identifiers import new_public_id
from responses.closing import WORDS
from responses.receipts import insurance_method

CLAIMS = """
SELECT c.control_number, c.id, c.patient_id, c.payer_id, c.patient_name, c.service_from::text, c.payer_name
  FROM claims_claim c JOIN billing_invoice i ON i.clinic_id = c.clinic_id AND i.id = c.invoice_id
 WHERE c.clinic_id = %s AND i.clinic_id = %s AND c.control_number = ANY(%s) ORDER BY i.id FOR NO KEY UPDATE OF i
"""
LINES = """
SELECT l.line_id, l.id, l.charge_id,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'ar:1'), 0)::bigint,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'ar:patient'), 0)::bigint
  FROM claims_claimline l JOIN billing_ledgerentry e ON e.clinic_id = l.clinic_id AND e.charge_id = l.charge_id
 WHERE l.clinic_id = %s AND e.clinic_id = %s AND l.claim_id = ANY(%s) GROUP BY l.line_id, l.id, l.charge_id
"""
READ = """
UPDATE clearinghouses_inboundfile SET kinds = '["835"]', findings = '[]', state = 'read'
 WHERE clinic_id = %s AND id = %s
"""
RECEIPT = """
INSERT INTO billing_receipt (clinic_id, public_id, method_id, kind, payer_id, amount, memo, reference, channel,
       source_kind, source_key, received_on, effective_on, created_by, unapplied)
VALUES (%s, %s, %s, 'insurance', %s, %s, %s, %s, 'desk', 'remittance', %s, %s, %s, 'bench', 0) RETURNING id
"""
REMITTANCE = """
INSERT INTO responses_remittance (clinic_id, public_id, inbound_file_id, ordinal, source, payer_id, payer_name,
       payer_identifier, trace_number, payee_npi, method, payment_date, effective_on, amount, provider_total,
       fingerprint, is_balanced, state, receipt_id, times_received, document, findings)
VALUES (%s, %s, %s, 1, 'era', %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, true, 'closed', %s, 1, %s, '[]')
RETURNING id
"""
AUDIT = """
INSERT INTO clinics_auditevent (clinic_id, actor, action, object_kind, object_id, reason, data)
VALUES (%s, 'bench', 'remittance.take', 'remittance', %s, '', %s)
"""
DECIDED = """
UPDATE claims_claim c SET state = 'adjudicated', outcome = 'paid', last_event = m.words, last_event_at = %s,
       adjudicated_at = %s, payer_claim_number = m.number
  FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS m (id, words, number)
 WHERE c.clinic_id = %s AND c.id = m.id AND c.state = 'accepted'
"""
CLOSED = """
UPDATE claims_claim SET state = 'closed', last_event = %s, last_event_at = %s
 WHERE clinic_id = %s AND id = ANY(%s) AND state = 'adjudicated'
"""
TABLES = {
    "billing_ledgertxn": "clinic_id, id, public_id, key, digest, kind, lines, posted_on, effective_on, actor, reason, "
    "source_kind, source_key, trace",
    "billing_ledgerentry": "clinic_id, txn_id, lines, line_no, account, amount, charge_id, patient_id, payer_id, "
    "receipt_id",
    "claims_adjudication": "clinic_id, id, public_id, claim_id, rank, payer_id, source_kind, source_key, status_code, "
    "payer_claim_number, charge, paid, patient_responsibility, adjustments, remarks, outpatient_remarks, "
    "crossover_payer, adjudicated_on, posted_at",
    "claims_adjudicationline": "clinic_id, adjudication_id, claim_line_id, ordinal, procedure_code, modifiers, charge, "
    "paid, allowed, units, adjustments, remarks",
    "responses_claimresponse": "clinic_id, public_id, remittance_id, ordinal, claim_id, adjudication_id, "
    "match_quality, match_reason, control_number, status_code, payer_claim_number, charged, allowed, paid, "
    "contractual, other_adjustment, patient_responsibility, next_payer, document, state, codes, plan, patient_name, "
    "service_date, assignee, hold_reason, posted_at, posted_by, txn_key",
    "claims_claimevent": "clinic_id, claim_id, at, actor, kind, from_state, to_state, text, segment, file_key, data",
}  # fmt: skip
# The JSON that the product keeps of each answer, with its own words; %s in the order of the values put in.
HEAD_JSON = (
    '{"payer":{"name":"%s","id_qualifier":"XV","identifier":"%s","address":{"line1":"1 PAYER WAY","line2":"",'
    '"city":"COLUMBUS","state":"OH","postal_code":"43215","country":""},"references":[],"contacts":[{"name":"HELP",'
    '"function":"BL","phone":"8005550100","extension":"","email":"","fax":"","url":""}]},"payee":{"name":"%s",'
    '"id_qualifier":"XX","identifier":"%s","address":null,"contacts":[],"references":[{"qualifier":"TJ","value":"%s",'
    '"description":""}]},"amount":"%s","claims":[],"method":"%s","currency":"","receiver_id":"","credit_debit":"C","trace_number":'
    '"%s","handling_code":"I","payee_account":null,"payer_account":null,"effective_date":"%s","payment_format":"CCP",'
    '"system_version":"","production_date":"%s","amounts_readable":true,"payer_identifier":"%s","trace_supplement":'
    '"","payee_account_end":"8765","originating_company":"1066033492","provider_adjustments":[],'
    '"originating_supplement":""}'
)
PARTY_JSON = '{"entity_type":"1","last_name":"%s","first_name":"%s","id_qualifier":"%s","identifier":"%s"}'
SERVICE_JSON = (
    '{"procedure":{"code":"%s"},"charge":"%s","paid":"%s","units":"1","service_date":"%s","adjustments":[{"group":'
    '"CO","reason":"45","amount":"%s"},{"group":"PR","reason":"3","amount":"%s"}],"line_id":"%s","allowed":"%s",'
    '"segment":%s}'
)
ANSWER_JSON = (
    '{"control_number":"%s","status_code":"%s","charge":"%s","paid":"%s","patient_responsibility":"%s",'
    '"filing_indicator":"12","payer_control_number":"%s","place_of_service":"11","frequency_code":"1","patient":%s,'
    '"rendering_provider":%s,"service_date":"%s","lines":[%s],"segment":%s}'
)
CAS_JSON = '[["CO","45","%s",null],["PR","3","%s",null]]'
MOVED_JSON = (
    '{"id":"%s","charge":"%s","allowed":"%s","paid":"%s","write_off":"%s","patient":"%s","denied":"0.00",'
    '"note":"0.00","moves":{"1":"%s","patient":"%s"},"places":[%s]}'
)
RULES_JSON = (
    '{"rule":"B9.rules","inputs":{"adjustment":"CO-45","amount":"%s"},"result":"write_off","because":'
    '"default rule CO-45 write_off"},{"rule":"B9.rules","inputs":{"adjustment":"PR-3","amount":"%s"},"result":'
    '"patient","because":"default rule PR-3 patient"}'
)
CONTRACT_JSON = '{"rule":"B9.E14","inputs":{},"result":"skipped","because":"no contract row for %s"}'
TRACE_JSON = (
    '[{"rule":"B9.E05","inputs":{"payer":"%s","status":"1"},"result":1,"because":"the remittance names %s"},%s,%s,'
    '{"rule":"B11.2","inputs":{"amount":"%s"},"result":"patient","because":"no insurer after layer 1"}]'
)
PLAN_JSON = (
    '{"decision":"post","layer":1,"next":"patient","responsible_before":1,"responsible_after":null,"reverses":null,'
    '"lines":[%s],"sides":[{"who":"%s owes","before":"%s","after":"0.00"},{"who":"Patient owes","before":"0.00",'
    '"after":"%s","credit":"0.00"},{"who":"On the next statement","before":"0.00","after":"%s"}],"reasons":{},'
    '"match":"the remittance names %s","trace":%s}'
)


def limit(cursor: Any, clinic_id: int, inbound: InboundFile, at: datetime) -> None:
    """One file of one remittance."""
    head, told = _read(bytes(inbound.stored.content).decode())
    cursor.execute(CLAIMS, [clinic_id, clinic_id, [claim["number"] for claim in told]])
    known = {row[0]: row[1:] for row in cursor.fetchall()}
    cursor.execute(LINES, [clinic_id, clinic_id, [row[0] for row in known.values()]])
    lines = {row[0]: row[1:] for row in cursor.fetchall()}
    head |= {"file": inbound.public_id, "public_id": new_public_id(), "payer": next(iter(known.values()))[2],
             "today": at.date().isoformat(), "now": at.isoformat(), "clinic": clinic_id}  # fmt: skip
    cursor.execute(READ, [clinic_id, inbound.pk])
    cents, day = _cents(head["amount"]), head["day"]
    cursor.execute(RECEIPT, [
        clinic_id, new_public_id(), insurance_method().pk, head["payer"], cents, head["trace"], head["trace"],
        head["public_id"], head["today"], day,
    ])  # fmt: skip
    head["receipt"] = cursor.fetchone()[0]
    document = HEAD_JSON % (
        head["name"], head["payer_id"], head["payee"], head["npi"], head["tax_id"], head["amount"], head["method"],
        head["trace"], day, day, head["trn03"],
    )  # fmt: skip
    cursor.execute(REMITTANCE, [
        clinic_id, head["public_id"], inbound.pk, head["payer"], head["name"], head["trn03"], head["trace"],
        head["npi"], head["method"], day, day, cents, _hash(head["trace"]), head["receipt"], document,
    ])  # fmt: skip
    head["key"] = cursor.fetchone()[0]
    txns, answers = (
        _keys(cursor, "billing_ledgertxn", len(told) + 1),
        _keys(cursor, "claims_adjudication", len(told)),
    )
    made: dict[str, list[str]] = {table: [] for table in TABLES}
    _opening(made, head, txns[-1], cents)
    for place, (claim, txn, answer) in enumerate(zip(told, txns, answers, strict=False), 1):
        _claim(made, head, place, claim, known[claim["number"]], lines, txn, answer)
    for table, rows in made.items():
        _copy(cursor, table, rows)
    _move(cursor, clinic_id, told, known, at)
    cursor.execute(
        AUDIT, [clinic_id, head["public_id"], f'{{"amount": "{head["amount"]}", "claims": {len(told)}}}']
    )


def _read(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the claims of the file, amounts as they are written."""
    top, *blocks = text.split("~CLP*")
    parts = {segment.partition("*")[0]: segment.split("*") for segment in top.split("~")}
    payer = next(segment for segment in top.split("~") if segment.startswith("N1*PR")).split("*")
    date = parts["BPR"][16]
    head: dict[str, Any] = {
        "amount": parts["BPR"][2], "method": parts["BPR"][4], "day": f"{date[:4]}-{date[4:6]}-{date[6:]}",
        "trace": parts["TRN"][2], "trn03": parts["TRN"][3], "name": payer[2], "payer_id": payer[4],
        "payee": parts["N1"][2], "npi": parts["N1"][4], "tax_id": parts["REF"][2],
    }  # fmt: skip
    return head, list(_claims(blocks, top.count("~") + 2))


def _claims(blocks: Sequence[str], segment: int) -> Iterator[dict[str, Any]]:
    for block in blocks:
        segments = block.split("~")
        services: list[dict[str, Any]] = []
        people = {}
        for place, each in enumerate(segments):
            parts = each.split("*")
            if parts[0] == "SVC":
                services.append(
                    {"code": parts[1][3:], "charge": parts[2], "paid": parts[3], "at": segment + place}
                )
            elif parts[0] == "CAS":
                services[-1][parts[1]] = parts[3]
            elif parts[0] == "REF":
                services[-1]["id"] = parts[2]
            elif parts[0] == "AMT":
                services[-1]["allowed"] = parts[2]
            elif parts[0] == "NM1":
                people[parts[1]] = PARTY_JSON % (parts[3], parts[4], parts[8], parts[9])
        number, status, charge, paid, share, _, icn = segments[0].split("*")[:7]
        yield {
            "number": number, "status": status, "charge": charge, "paid": paid, "share": share, "icn": icn,
            "services": services, "people": people, "at": segment,
        }  # fmt: skip
        segment += len(segments)


def _opening(made: dict[str, list[str]], head: dict[str, Any], txn: int, cents: int) -> None:
    """The check itself: cash against escrow."""
    clinic, receipt, day, today = head["clinic"], head["receipt"], head["day"], head["today"]
    key, public_id = f"remittance:{head['public_id']}", head["public_id"]
    trace = '[{"rule":"B9.E16","because":"receipt = posted + escrow - PLB"}]'
    made["billing_ledgertxn"].append(
        f"{clinic}\t{txn}\t{new_public_id()}\t{key}\t{_hash(key)}\tremittance\t2\t{today}\t{day}\tbench\t"
        f"{head['trace']}\tremittance\t{public_id}\t{trace}\n"
    )
    made["billing_ledgerentry"] += [
        f"{clinic}\t{txn}\t2\t1\tcash\t{cents}\t\\N\t\\N\t\\N\t{receipt}\n",
        f"{clinic}\t{txn}\t2\t2\tescrow\t{-cents}\t\\N\t\\N\t\\N\t{receipt}\n",
    ]


def _claim(
    made: dict[str, list[str]], head: dict[str, Any], place: int, claim: dict[str, Any], known: Sequence[Any],
    lines: dict[str, Sequence[Any]], txn: int, answer: int,
) -> None:  # fmt: skip
    """All rows of one answer, as text for COPY."""
    key, patient, payer, name, service_day, payer_name = known
    clinic, receipt, now = head["clinic"], head["receipt"], head["now"]
    number, icn, public_id = claim["number"], claim["icn"], new_public_id()
    money = [f"escrow\t{_cents(claim['paid'])}\t\\N\t\\N\t\\N\t{receipt}\n"]
    services, moved, rules, contracts = [], [], [], []
    allowed = off = 0
    for ordinal, line in enumerate(claim["services"], 1):
        own, charge, open_1, open_patient = lines[line["id"]]
        paid, write_off, share = _cents(line["paid"]), _cents(line["CO"]), _cents(line["PR"])
        rest, change = paid + write_off - open_1, share - open_patient
        money += [
            f"ar:1\t{-paid}\t{charge}\t{patient}\t{payer}\t{receipt}\n",
            f"adjustment:CO:45\t{write_off}\t{charge}\t{patient}\t{payer}\t\\N\n",
            f"ar:1\t{-write_off}\t{charge}\t{patient}\t{payer}\t\\N\n",
        ]
        money += [f"ar:1\t{rest}\t{charge}\t{patient}\t{payer}\t\\N\n"] if rest else []
        money += [f"ar:patient\t{change}\t{charge}\t{patient}\t\\N\t\\N\n"] if change else []
        made["claims_adjudicationline"].append(
            f"{clinic}\t{answer}\t{own}\t{ordinal}\t{line['code']}\t[]\t{_cents(line['charge'])}\t{paid}\t"
            f"{_cents(line['allowed'])}\t1\t{CAS_JSON % (line['CO'], line['PR'])}\t[]\n"
        )
        services.append(SERVICE_JSON % (
            line["code"], line["charge"], line["paid"], service_day, line["CO"], line["PR"], line["id"],
            line["allowed"], line["at"],
        ))  # fmt: skip
        moved.append(MOVED_JSON % (
            charge, line["charge"], line["allowed"], line["paid"], line["CO"], line["PR"], _text(-open_1),
            _text(change), ordinal - 1,
        ))  # fmt: skip
        rules.append(RULES_JSON % (line["CO"], line["PR"]))
        contracts.append(CONTRACT_JSON % line["code"])
        allowed += _cents(line["allowed"])
        off += write_off
    count = len(money)
    made["billing_ledgerentry"] += [
        f"{clinic}\t{txn}\t{count}\t{n}\t{each}" for n, each in enumerate(money, 1)
    ]
    share = claim["share"]
    trace = TRACE_JSON % (head["name"], payer_name, ",".join(rules), ",".join(contracts), share)
    txn_key = f"response:{public_id}:1"
    made["billing_ledgertxn"].append(
        f"{clinic}\t{txn}\t{new_public_id()}\t{txn_key}\t{_hash(txn_key)}\tadjudication\t{count}\t{head['today']}\t"
        f"{head['day']}\tbench\t{head['name']} {head['trace']}\tadjudication\t{public_id}\t{trace}\n"
    )
    charge, paid, owed = _cents(claim["charge"]), _cents(claim["paid"]), _cents(share)
    made["claims_adjudication"].append(
        f"{clinic}\t{answer}\t{new_public_id()}\t{key}\t1\t{payer}\tera\t{public_id}\t{claim['status']}\t{icn}\t"
        f"{charge}\t{paid}\t{owed}\t[]\t[]\t{{}}\t\t{head['day']}\t{now}\n"
    )
    document = ANSWER_JSON % (
        number, claim["status"], claim["charge"], claim["paid"], share, icn, claim["people"]["QC"],
        claim["people"]["82"], service_day, ",".join(services), claim["at"],
    )  # fmt: skip
    plan = PLAN_JSON % (",".join(moved), payer_name, claim["charge"], share, share, payer_name, trace)
    made["responses_claimresponse"].append(
        f"{clinic}\t{public_id}\t{head['key']}\t{place}\t{key}\t{answer}\tcertain\tcontrol number {number}\t{number}\t"
        f"{claim['status']}\t{icn}\t{charge}\t{allowed}\t{paid}\t{off}\t0\t{owed}\tPatient\t{document}\tauto_posted\t"
        f"[]\t{plan}\t{name}\t{service_day}\t\t\t{now}\tbench\t{txn_key}\n"
    )
    made["claims_claimevent"] += _events(head, claim, key, payer_name)


def _events(head: dict[str, Any], claim: dict[str, Any], key: int, payer_name: str) -> list[str]:
    start = f"{head['clinic']}\t{key}\t{head['now']}\tbench"
    return [
        f"{start}\tstate\taccepted\tadjudicated\t{_decided(payer_name, claim)}\t"
        f"CLP*{claim['number']}*{claim['status']}\t{head['file']}\t{{}}\n",
        f"{start}\tcoordination\t\t\tPatient owes {claim['share']} after the last insurer\t\t\t{{}}\n",
        f"{start}\tstate\tadjudicated\tclosed\t{WORDS}\t\t\t{{}}\n",
    ]


def _decided(payer_name: str, claim: dict[str, Any]) -> str:
    return f"{payer_name} decided: paid, paid {claim['paid']}"


def _move(cursor: Any, clinic_id: int, told: Sequence[Any], known: dict[str, Any], at: datetime) -> None:
    """The two moves of each claim: the database allows no shorter way."""
    keys = [known[claim["number"]][0] for claim in told]
    words = [_decided(known[claim["number"]][5], claim) for claim in told]
    cursor.execute(DECIDED, [at, at, keys, words, [claim["icn"] for claim in told], clinic_id])
    cursor.execute(CLOSED, [WORDS, at, clinic_id, keys])


def _copy(cursor: Any, table: str, rows: Sequence[str]) -> None:
    """COPY to a temporary table, then INSERT: straight into a table behind the wall it is refused."""
    names = TABLES[table]
    cursor.execute(f"CREATE TEMP TABLE lim ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")  # noqa: S608
    cursor.copy_expert("COPY lim FROM STDIN", StringIO("".join(rows)))
    cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM lim; DROP TABLE lim")  # noqa: S608


def _keys(cursor: Any, table: str, count: int) -> list[int]:
    cursor.execute(f"SELECT nextval('{table}_id_seq') FROM generate_series(1, %s)", [count])  # noqa: S608
    return [row[0] for row in cursor.fetchall()]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _cents(text: str) -> int:
    return int(text.replace(".", "")) if text[-3:-2] == "." else int(text) * 100


def _text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
