"""The limit script's 837P: f-strings over the stored JSON, nothing checked, nothing folded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clearinghouses.control import ControlNumbers
from clearinghouses.models import Connection


def interchange_text(
    documents: Sequence[dict[str, Any]], carrier: Connection, numbers: ControlNumbers, at: datetime
) -> str:
    """One interchange of all claims, a transaction set for each hundred."""
    size = carrier.claims_per_transaction
    parts = [
        f"ISA*00*          *00*          *ZZ*{carrier.sender_id:<15}*ZZ*{carrier.receiver_id:<15}*{at:%y%m%d}*"
        f"{at:%H%M}*^*00501*{numbers.interchange:09d}*1*T*:~\n",
        f"GS*HC*{carrier.sender_id}*{carrier.receiver_id}*{at:%Y%m%d}*{at:%H%M}*{numbers.group}*X*005010X222A1~\n",
    ]
    for place, reference in enumerate(numbers.references):
        parts.append(_set_text(documents[place * size : (place + 1) * size], carrier, reference, at))
    parts.append(f"GE*{len(numbers.references)}*{numbers.group}~\nIEA*1*{numbers.interchange:09d}~\n")
    return "".join(parts)


def _set_text(documents: Sequence[dict[str, Any]], carrier: Connection, reference: str, at: datetime) -> str:
    first = documents[0]["billing_provider"]
    home = first["address"]
    out = [
        f"ST*837*{reference}*005010X222A1~\nBHT*0019*00*{reference}*{at:%Y%m%d}*{at:%H%M}*CH~\n"
        f"NM1*41*2*{carrier.submitter_name}*****46*{carrier.sender_id}~\n"
        f"PER*IC*{carrier.submitter_contact}*TE*{carrier.submitter_phone}~\n"
        f"NM1*40*2*{carrier.receiver_name}*****46*{carrier.receiver_id}~\nHL*1**20*1~\n"
        f"PRV*BI*PXC*{first['taxonomy']}~\nNM1*85*2*{first['party']['last_name']}*****XX*{first['party']['identifier']}~\n"
        f"N3*{home['line1']}~\nN4*{home['city']}*{home['state']}*{home['postal_code']}~\nREF*EI*{first['tax_id']}~\n"
    ]
    count = 11
    for place, claim in enumerate(documents, 2):
        person, payer, home = claim["subscriber"], claim["payer"], claim["subscriber"]["address"]
        party, rendering = person["party"], claim["rendering_provider"]["party"]
        codes = "".join(f"*ABF:{code}" for code in claim["diagnoses"][1:])
        out.append(
            f"HL*{place}*1*22*0~\nSBR*P*18*******{claim['coverage']['filing_indicator']}~\n"
            f"NM1*IL*1*{party['last_name']}*{party['first_name']}****MI*{party['identifier']}~\n"
            f"N3*{home['line1']}~\nN4*{home['city']}*{home['state']}*{home['postal_code']}~\n"
            f"DMG*D8*{person['birth_date'].replace('-', '')}*{person['sex']}~\n"
            f"NM1*PR*2*{payer['name']}*****PI*{payer['identifier']}~\n"
            f"CLM*{claim['control_number']}*{claim['total_charge']}***{claim['place_of_service']}:B:1*Y*A*Y*Y~\n"
            f"HI*ABK:{claim['diagnoses'][0]}{codes}~\n"
            f"NM1*82*1*{rendering['last_name']}*{rendering['first_name']}****XX*{rendering['identifier']}~\n"
        )
        for number, line in enumerate(claim["lines"], 1):
            pointers = ":".join(map(str, line["pointers"]))
            out.append(
                f"LX*{number}~\nSV1*HC:{line['procedure']}*{line['charge']}*UN*{line['units']}***{pointers}~\n"
                f"DTP*472*D8*{line['service_date'].replace('-', '')}~\nREF*6R*{line['line_id']}~\n"
            )
        count += 10 + 4 * len(claim["lines"])
    out.append(f"SE*{count + 1}*{reference}~\n")
    return "".join(out)
