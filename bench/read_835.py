"""read_835: a remittance's bytes to typed claims that are checked to add up, against the library edi-835-parser.

The library lives in an environment of its own (`.venv-bench`, from requirements/bench.txt): the product does not
need it. Both sides run in a process of their own and are timed inside it, from the path of one and the same file to
its claims; ours by the product's own door, with envelope, findings and every equation checked. Ours is measured both
ways: all claims kept, as the library keeps them, and each given away as it is complete. The peak memory of the second
is told at two sizes: the file must not decide it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-bench"
FEES = {
    "98940": (60, 38), "98941": (85, 55), "98942": (110, 71), "97110": (75, 44), "97112": (80, 47),
    "97140": (70, 41), "97530": (90, 52), "97014": (40, 18), "97035": (45, 19), "99202": (160, 98),
    "99203": (220, 141), "99212": (105, 66), "99213": (150, 104), "99214": (215, 149),
}  # fmt: skip
LAST = (
    "OKAFOR",
    "LINDQVIST",
    "MARSH",
    "TANAKA",
    "DELGADO",
    "PRICE",
    "HALVORSEN",
    "NGUYEN",
    "ABBOTT",
    "ROSSI",
)
FIRST = (
    "MAREN",
    "TOBIAS",
    "ELSIE",
    "JONAH",
    "PRIYA",
    "CARL",
    "NADIA",
    "OWEN",
    "RUTH",
    "IVAN",
    "LENA",
    "HUGO",
)
OURS = """
import json, sys, time
from x12.reading import read_file
keeps = sys.argv[2] == 'keep'
started = time.process_time()
count = 0
def take(claim):
    global count
    count += 1
with open(sys.argv[1], 'rb') as file:
    data = file.read()
reading = read_file(data, give=None if keeps else take)
if keeps:
    count = sum(len(each.document.claims) for each in reading.transactions)
seconds = time.process_time() - started
assert not reading.findings, reading.findings
[status] = [line for line in open('/proc/self/status') if line.startswith('VmHWM')]
print(json.dumps({'claims': count, 'seconds': seconds, 'peak_kb': int(status.split()[1]) - len(data) // 1024}))
"""
LIBRARY = """
import json, sys, time
from edi_835_parser import parse
started = time.process_time()
found = parse(sys.argv[1])
count = sum(len(each.claims) for each in getattr(found, 'transaction_sets', [found]))
seconds = time.process_time() - started
print(json.dumps({'claims': count, 'seconds': seconds}))
"""


def write_file(path: Path, count: int) -> None:
    """A remittance of ``count`` claims with three lines each that adds up.

    As one payer writes to one clinic: a fee and an allowed amount for each procedure, many patients, two providers,
    three weeks of visits, the patient's share nothing, a copay, a fifth, all of it (the deductible) or a part of it.
    """
    dice, body, paid_in_all = random.Random(835), [], 0
    for number in range(count):
        claim, paid = _claim(dice, number)
        body += claim
        paid_in_all += paid
    head = [
        "ST*835*0001",
        f"BPR*I*{_dollars(paid_in_all)}*C*ACH*CCP*01*999999999*DA*123456*1066033492**01*999988880*DA*98765*20260310",
        "TRN*1*EFT1*1066033492", "DTM*405*20260310", "N1*PR*AETNA", "N3*1 PAYER WAY", "N4*COLUMBUS*OH*43215",
        "PER*BL*HELP*TE*8005550100", "N1*PE*ALDER*XX*1234567893", "LX*1",
    ]  # fmt: skip
    around = [
        "ISA*00*          *00*          *ZZ*SANDBOX        *ZZ*CLEANCLAIM     *260310*1200*^*00501*000000001*0*T*:",
        "GS*HP*SANDBOX*CLEANCLAIM*20260310*1200*1*X*005010X221A1",
    ]
    tail = [f"SE*{len(head) + len(body) + 1}*0001", "GE*1*1", "IEA*1*000000001"]
    path.write_text("~".join([*around, *head, *body, *tail]) + "~")


def _claim(dice: random.Random, number: int) -> tuple[list[str], int]:
    """The segments of one claim, and what it pays in cents."""
    day = f"{date(2026, 2, 9) + timedelta(days=dice.randrange(20)):%Y%m%d}"
    lines: list[str] = []
    charges, paid_for_claim, shares = 0, 0, 0
    for place, code in enumerate(dice.sample(list(FEES), 3)):
        charge, allowed = (100 * dollars for dollars in FEES[code])
        shares_of = (0, min(1500, allowed), allowed // 5, allowed, dice.randrange(allowed))
        [share] = dice.choices(shares_of, weights=(35, 30, 20, 10, 5))
        paid = allowed - share
        charges, paid_for_claim, shares = charges + charge, paid_for_claim + paid, shares + share
        lines += [
            f"SVC*HC:{code}*{_dollars(charge)}*{_dollars(paid)}**1",
            f"DTM*472*{day}",
            f"CAS*CO*45*{_dollars(charge - allowed)}",
            *([f"CAS*PR*{dice.choice('123')}*{_dollars(share)}"] if share else []),
            f"REF*6R*{number * 3 + place}",
            f"AMT*B6*{_dollars(allowed)}",
        ]
    amounts = f"{_dollars(charges)}*{_dollars(paid_for_claim)}*{_dollars(shares)}"
    provider = dice.choice(("BEXLEY*IDA****XX*1234567893", "FARROW*SIMON****XX*1922334455"))
    return [
        f"CLP*CTRL{number:07d}*1*{amounts}*12*ICN{number:09d}*11*1",
        f"NM1*QC*1*{dice.choice(LAST)}*{dice.choice(FIRST)}****MI*W{dice.randrange(10**9):09d}",
        f"NM1*82*1*{provider}",
        f"DTM*232*{day}",
        *lines,
    ], paid_for_claim


def _dollars(cents: int) -> str:
    """As payers write amounts: no trailing zeros."""
    return f"{cents // 100}.{cents % 100:02d}".rstrip("0").rstrip(".")


def measure(folder: Path, count: int, runs: int) -> list[dict[str, Any]]:
    """By turns: ours both ways against the library at ``count`` claims; and ours at a tenth of them, for memory."""
    large, small = folder / "large.835", folder / "small.835"
    write_file(large, count)
    write_file(small, max(count // 10, 1))
    rounds = [
        (_ours(large, "keep"), _ours(large, "give"), _run(_library_python(), LIBRARY, large))
        for _ in range(runs)
    ]
    assert all(side["claims"] == count for each in rounds for side in each), rounds
    kept, given, theirs = (
        [each[way]["claims"] / each[way]["seconds"] for each in rounds] for way in range(3)
    )
    speed = {"unit": "claims/s", "reference_is": "edi-835-parser", "goal": 6, "runs": runs}
    memory = {
        "unit": "peak KB beside the bytes",
        "reference_is": "a tenth of the claims",
        "goal": 1.1,
        "runs": runs,
    }
    peaks = [each[1]["peak_kb"] for each in rounds]
    small_peaks = [_ours(small, "give")["peak_kb"] for _ in range(runs)]
    return [
        *(
            {"name": f"read_835/{count}/{name}", **speed, **(row := _both(mine, theirs)), "met": row["ratio"] >= 6}
            for name, mine in (("library", given), ("library_kept", kept))
        ),
        {
            "name": f"read_835/{count}/memory", **memory, **(row := _both(peaks, small_peaks)),
            "met": row["ratio"] <= 1.1,
        },
    ]  # fmt: skip


def _ours(file: Path, way: str) -> dict[str, Any]:
    return _run(sys.executable, OURS, file, way)


def _both(mine: list[float], theirs: list[float]) -> dict[str, Any]:
    return {
        "ours": round(median(mine), 1), "ours_min": round(min(mine), 1), "ours_max": round(max(mine), 1),
        "reference": round(median(theirs), 1), "reference_min": round(min(theirs), 1),
        "reference_max": round(max(theirs), 1), "ratio": round(median(mine) / median(theirs), 3),
    }  # fmt: skip


def _run(python: str, program: str, file: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", program, str(file), *more], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


def _library_python() -> str:
    """The interpreter of the benchmark's own environment, made at first use."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".made").exists():
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True, stdout=sys.stderr
        )
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(ROOT / "requirements" / "bench.txt")], check=True, stdout=sys.stderr)
        (ENVIRONMENT / ".made").touch()
    return str(python)
