"""read_835: a remittance's bytes to typed claims that are checked to add up, against the library edi-835-parser.

The library lives in an environment of its own (`.venv-bench`, from requirements/bench.txt): the product does not
need it. Both sides run in a process of their own, read the same file and are timed inside that process; ours also
proves that every claim balances. Peak memory of ours is told at two sizes: the file must not decide it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-bench"
LINES = (("98941", 100, 60, 25, 15), ("97140", 100, 60, 25, 15), ("97110", 100, 50, 30, 20))
OURS = """
import json, resource, sys, time
from x12.documents.read_835 import RemittanceReader
from x12.documents.remittance import claim_balances
from x12.findings import FindingList
from x12.reader import SegmentReader
from x12.reading import calm_collector
data = open(sys.argv[1], 'rb').read()
started, count = time.process_time(), 0
with calm_collector():
    reader = RemittanceReader(FindingList())
    for block in SegmentReader(data).blocks():
        for segment in block:
            reader.take(segment)
        for claim in reader.completed:
            assert claim_balances(claim), claim
        count += len(reader.completed)
        reader.completed.clear()
    reader.close()
    count += len(reader.completed)
seconds = time.process_time() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({'claims': count, 'seconds': seconds, 'peak_kb': peak - len(data) // 1024}))
"""
LIBRARY = """
import json, sys, time
from edi_835_parser import parse
started = time.process_time()
found = parse(sys.argv[1])
seconds = time.process_time() - started
count = sum(len(each.claims) for each in getattr(found, 'transaction_sets', [found]))
print(json.dumps({'claims': count, 'seconds': seconds}))
"""


def write_file(path: Path, count: int) -> None:
    """A remittance of ``count`` claims with three lines each that adds up."""
    body = [
        "ST*835*0001",
        f"BPR*I*{count * 170}.00*C*ACH*CCP*01*999999999*DA*123456*1066033492**01*999988880*DA*98765*20260310",
    ]
    body += [
        "TRN*1*EFT1*1066033492",
        "DTM*405*20260310",
        "N1*PR*AETNA",
        "N3*1 PAYER WAY",
        "N4*COLUMBUS*OH*43215",
    ]
    body += ["PER*BL*HELP*TE*8005550100", "N1*PE*ALDER*XX*1234567893", "LX*1"]
    for number in range(count):
        body += [
            f"CLP*CTRL{number:07d}*1*300*170*50*12*ICN{number:09d}*11*1",
            "NM1*QC*1*OKAFOR*MAREN****MI*W123456789",
            "NM1*82*1*BEXLEY*IDA****XX*1234567893",
            "DTM*232*20260301",
        ]
        for place, (code, charge, paid, contractual, patient) in enumerate(LINES):
            body += [
                f"SVC*HC:{code}*{charge}*{paid}**1",
                "DTM*472*20260301",
                f"CAS*CO*45*{contractual}",
                f"CAS*PR*3*{patient}",
                f"REF*6R*{number * 3 + place}",
                f"AMT*B6*{charge - contractual}",
            ]
    head = [
        "ISA*00*          *00*          *ZZ*SANDBOX        *ZZ*CLEANCLAIM     *260310*1200*^*00501*000000001*0*T*:",
        "GS*HP*SANDBOX*CLEANCLAIM*20260310*1200*1*X*005010X221A1",
    ]
    tail = [f"SE*{len(body) + 1}*0001", "GE*1*1", "IEA*1*000000001"]
    path.write_text("~".join([*head, *body, *tail]) + "~")


def measure(folder: Path, count: int, runs: int) -> list[dict[str, Any]]:
    """By turns: ours against the library at ``count`` claims; and ours against itself at a tenth, for memory."""
    large, small = folder / "large.835", folder / "small.835"
    write_file(large, count)
    write_file(small, max(count // 10, 1))
    pairs = [
        (_run(sys.executable, OURS, large), _run(_library_python(), LIBRARY, large)) for _ in range(runs)
    ]
    for mine, theirs in pairs:
        assert mine["claims"] == theirs["claims"] == count, (mine, theirs)
    rate: Callable[[dict[str, Any]], float] = lambda run: run["claims"] / run["seconds"]  # noqa: E731
    mine, theirs = [rate(pair[0]) for pair in pairs], [rate(pair[1]) for pair in pairs]
    speed = {"unit": "claims/s", "reference_is": "edi-835-parser", "goal": 6, "runs": runs}
    memory = {
        "unit": "peak KB beside the bytes",
        "reference_is": "a tenth of the claims",
        "goal": 1.1,
        "runs": 1,
    }
    peak, small_peak = pairs[0][0]["peak_kb"], _run(sys.executable, OURS, small)["peak_kb"]
    return [
        {
            "name": f"read_835/{count}/library",
            **speed,
            **_both(mine, theirs),
            "met": median(mine) >= 6 * median(theirs),
        },
        {
            "name": f"read_835/{count}/memory",
            **memory,
            **_both([peak], [small_peak]),
            "met": peak <= 1.1 * small_peak,
        },
    ]


def _both(mine: list[float], theirs: list[float]) -> dict[str, Any]:
    return {
        "ours": round(median(mine), 1), "ours_min": round(min(mine), 1), "ours_max": round(max(mine), 1),
        "reference": round(median(theirs), 1), "reference_min": round(min(theirs), 1),
        "reference_max": round(max(theirs), 1), "ratio": round(median(mine) / median(theirs), 3),
    }  # fmt: skip


def _run(python: str, program: str, file: Path) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", program, str(file)], cwd=ROOT, check=True, capture_output=True, text=True
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
