"""835 texts for tests, written by hand so that the product's own writer is not its judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Cas = tuple[str, ...]  # group, then reason, amount, quantity, as often as a segment holds them


@dataclass
class Svc:
    """One service line: charge, paid, CAS, REF*6R and what else a line may say."""

    charge: str
    paid: str
    cas: Sequence[Cas] = ()
    line_id: str = "L1"
    code: str = "99213"
    submitted: str = ""
    day: str = "20260309"
    allowed: str = ""
    remarks: Sequence[str] = ()


@dataclass
class Clp:
    """One claim; without lines the amounts stand at claim level."""

    number: str
    status: str
    charge: str
    paid: str
    lines: Sequence[Svc] = ()
    cas: Sequence[Cas] = ()
    icn: str = "ICN1"
    extra: Sequence[str] = field(default_factory=list)


def claim(number: str, status: str, charge: str, paid: str, *cas: Cas, icn: str = "ICN1", **line: str) -> Clp:
    """A claim with one line that says the same."""
    extra = [line.pop("extra")] if "extra" in line else []
    return Clp(number, status, charge, paid, [Svc(charge, paid, cas, **line)], icn=icn, extra=extra)


def remit(
    *claims: Clp,
    trace: str = "EFT1",
    payer: str = "MEDICARE",
    payer_id: str = "1512345678",
    plb: Sequence[tuple[str, str]] = (),
    amount: str | None = None,
    day: str = "20260316",
    isa: str = "000000001",
    payee: str = "1234567893",
    tax_id: str = "123456789",
    currency: str = "",
) -> str:
    """One interchange with one ST 835; BPR02 is worked out unless given. A PLB code may carry its reference."""
    total = sum((Decimal(c.paid) for c in claims), Decimal("0")) - sum(
        (Decimal(a) for _, a in plb), Decimal("0")
    )
    segments = [
        "ST*835*0001",
        f"BPR*I*{amount if amount is not None else total}*C*ACH*CCP*01*999999992*DA*99999*1512345678**01*999999992"
        f"*DA*88888*{day}",
        f"TRN*1*{trace}*{payer_id}",
        *([f"CUR*PR*{currency}"] if currency else []),
        f"DTM*405*{day}",
        f"N1*PR*{payer}",
        "N3*1 PAYER WAY",
        "N4*COLUMBUS*OH*43215",
        "PER*BL*EDI HELP*TE*8005550100",
        f"N1*PE*CLINIC*XX*{payee}",
        *([f"REF*TJ*{tax_id}"] if tax_id else []),
        "LX*1",
    ]
    for each in claims:
        segments.append(f"CLP*{each.number}*{each.status}*{each.charge}*{each.paid}**12*{each.icn}*11*1")
        segments += ["*".join(("CAS", *cas)) for cas in each.cas]
        segments.append("NM1*QC*1*DOE*JOHN****MI*M123")
        segments += list(each.extra)
        for svc in each.lines:
            tail = f"**1*HC:{svc.submitted}" if svc.submitted else "**1"
            segments.append(f"SVC*HC:{svc.code}*{svc.charge}*{svc.paid}{tail}")
            segments.append(f"DTM*472*{svc.day}")
            segments += ["*".join(("CAS", *cas)) for cas in svc.cas]
            if svc.line_id:
                segments.append(f"REF*6R*{svc.line_id}")
            if svc.allowed:
                segments.append(f"AMT*B6*{svc.allowed}")
            segments += [f"LQ*HE*{remark}" for remark in svc.remarks]
    named = [(code if ":" in code else f"{code}:REF", value) for code, value in plb]
    segments += [f"PLB*1234567893*20261231*{code}*{value}" for code, value in named]
    segments.append(f"SE*{len(segments) + 1}*0001")
    head = f"ISA*00*          *00*          *ZZ*PAYER01        *ZZ*CLINIC01       *260316*0900*^*00501*{isa}*0*T*:"
    group = "GS*HP*PAYER01*CLINIC01*20260316*0900*777*X*005010X221A1"
    return "~\n".join([head, group, *segments, "GE*1*777", f"IEA*1*{isa}"]) + "~\n"
