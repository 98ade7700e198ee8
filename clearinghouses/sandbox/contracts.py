"""The payers behind the sandbox and what each allows: its own small table, SANDBOX_DIR/contracts.json on top.

``rates`` are percent of the charge by procedure, ``rate`` for all others; what the plan leaves to the
patient is a copay (PR-3, dollars a claim) or coinsurance (PR-2, percent of the allowed).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from clearinghouses.sandbox.home import read_json
from lib.money import round_money
from x12.documents.parties import Address

OFFICE = Address("1 PAYER WAY", "", "COLUMBUS", "OH", "43215")


@dataclass(frozen=True, slots=True)
class PayerContract:
    """One payer."""

    identifier: str
    name: str
    ein: str
    rate: Decimal = Decimal(70)
    rates: dict[str, Decimal] = field(default_factory=dict)
    copay: Decimal | None = None
    coinsurance: Decimal = Decimal(20)
    address: Address = OFFICE

    @property
    def trace_identifier(self) -> str:
        """TRN03 and BPR10: 1 and the EIN."""
        return "1" + self.ein

    def allowed(self, procedure: str, charge: Decimal) -> Decimal:
        """The contract's price for one line, to the cent."""
        return round_money(charge * self.rates.get(procedure, self.rate) / 100)


TABLE: dict[str, dict[str, Any]] = {
    "60054": {
        "name": "AETNA",
        "ein": "066033492",
        "rate": "80",
        "rates": {"98941": "73.3333", "98940": "72", "99213": "80"},
        "copay": "25.00",
    },
    "MEDB1": {"name": "MEDICARE PART B", "ein": "520000001", "rate": "60", "coinsurance": "20"},
    "36273": {"name": "AARP MEDICARE SUPPLEMENT", "ein": "363739783", "rate": "60", "coinsurance": "20"},
    "62308": {"name": "CIGNA", "ein": "061059331", "rate": "75", "coinsurance": "20"},
    "87726": {"name": "UNITEDHEALTHCARE", "ein": "411289245", "rate": "70", "copay": "25.00"},
}
CROSSOVER_PAYER = "36273"


def find_payer(identifier: str, name: str, folder: Path | None = None) -> PayerContract:
    """The payer's row; an unknown payer gets 70 percent, 20 percent coinsurance and an EIN of its own."""
    table = {**TABLE, **(read_json(folder / "contracts.json", {}) if folder else {})}
    row = table.get(identifier, {})
    return PayerContract(
        identifier=identifier or "UNKNOWN",
        name=name or row.get("name", "") or "PAYER",
        ein=row.get("ein") or f"9{zlib.crc32(identifier.encode()) % 10**8:08d}",
        rate=Decimal(row.get("rate", 70)),
        rates={code: Decimal(rate) for code, rate in row.get("rates", {}).items()},
        copay=Decimal(row["copay"]) if row.get("copay") else None,
        coinsurance=Decimal(row.get("coinsurance", 20)),
    )
