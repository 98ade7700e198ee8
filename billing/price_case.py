"""A price worked out from a file alone: ``./manage price`` without Django and without a database.

How an admin tries fee rules before switching them on. Reads the case (or list of cases) of the
contract into the dataclasses of ``pricing``, prices it and renders the answer as JSON or words.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from billing import fees, modifiers, pricing, quantity, responsibility
from billing.case_file import Report, answer_file
from billing.case_json import MalformedError, Reader, flaw, show
from billing.trace import as_text
from lib.frozen import freeze

MOST_MINUTES = 10_000_000
_MODIFIER = re.compile(r"[A-Z0-9]{2}")


def price_file(path: str) -> Report:
    """Price the case or the list of cases in a file; any file at all ends in a Report.

    Status 0: all billable and clean; 1: some case is not billable or has a finding; 2: some case
    is malformed or the file cannot be read.
    """
    return answer_file(path, _one)


def parse_case(data: Any) -> tuple[pricing.PricingCase, tuple[str, ...]]:
    """A case of the contract as dataclasses, and its warnings (unknown keys). Raises MalformedError."""
    wrong = flaw(data)
    if wrong:
        raise MalformedError(wrong)
    warnings: list[str] = []
    reader = Reader(data, "", warnings)
    case = _case(reader)
    reader.finish()
    return case, tuple(warnings)


def render(result: pricing.PricingResult) -> dict[str, Any]:
    """The result as the contract writes it; ``findings`` are ours."""
    return {
        "transition": result.transition,
        "problems": list(result.problems),
        "rule": result.rule.value if result.rule else None,
        "fee": as_text(result.fee),
        "quantity": as_text(result.quantity),
        "charge": as_text(result.charge),
        "modifiers": list(result.modifiers),
        "patient": as_text(result.patient),
        "payer": as_text(result.payer),
        "findings": freeze(result.findings),
        "trace": freeze(result.trace),
    }


def in_words(document: Any) -> str:
    """The same answer for people: one paragraph a case."""
    if isinstance(document, list):
        return "\n\n".join(f"Case {place}\n{in_words(each)}" for place, each in enumerate(document, 1))
    if "error" in document:
        return f"Malformed: {document['error']}"
    if document["charge"] is None:
        lines = [f"Not billable: {', '.join(document['problems'])}"]
    else:
        extra = f", modifiers {' '.join(document['modifiers'])}" if document["modifiers"] else ""
        lines = [
            f"Charge {document['charge']} = {document['fee']} x {document['quantity']}",
            f"Fee from {document['rule']}{extra}",
            f"Patient {document['patient']}, payer {document['payer']}",
        ]
    lines += [f"{finding['severity']}: {finding['message']}" for finding in document["findings"]]
    lines += [f"  {step['rule']:<15} {step['because']}" for step in document["trace"]]
    return "\n".join(lines)


def _one(data: Any) -> tuple[int, dict[str, Any], tuple[str, ...]]:
    try:
        case, warnings = parse_case(data)
    except MalformedError as error:
        return 2, {"error": str(error)}, ()
    result = pricing.price(case)
    return (0 if result.billable and not result.findings else 1), render(result), warnings


def _case(case: Reader) -> pricing.PricingCase:
    case.need("date")
    day = case.day("date")
    assert day is not None, "need() refused null"
    built = pricing.PricingCase(
        date=day,
        status=case.needed_inner("status", _status),
        service=case.needed_inner("service", _service),
        minutes=case.whole("minutes", 0, MOST_MINUTES),
        clinician=case.text("clinician"),
        credential=case.text("credential"),
        location=case.text("location"),
        program=case.text("program"),
        pos=case.text("pos"),
        holiday=bool(case.flag("holiday")),
        override_price=case.money("override_price"),
        units=case.units("units"),
        patient=case.inner("patient", _patient) or pricing.PatientTerms(),
        payer=case.inner("payer", _payer),
        copay=case.inner("copay", _copay) or responsibility.PlanCopay(),
        copay_waits_for=case.text("copay_waits_for"),
        fee_schedules=case.each("fee_schedules", _schedule),
        modifier_rules=case.each("modifier_rules", _modifier_rule),
        manual_modifiers=_modifier_codes(case, "manual_modifiers"),
        same_day_rules=case.each("same_day_rules", _same_day_rule),
        earlier_today=case.each("earlier_today", _earlier_line),
        bill_directly_forces_default_price=bool(case.flag("bill_directly_forces_default_price")),
    )
    _refuse_ambiguity(built)
    return built


def _refuse_ambiguity(case: pricing.PricingCase) -> None:
    """Rules between which nothing could choose make the case malformed."""
    reduced: set[str] = set()
    _refuse_repeated_fees(case.fee_schedules)
    for place, schedule in enumerate(case.fee_schedules):
        if schedule.kind is fees.ScheduleKind.REDUCED and schedule.name in reduced:
            raise MalformedError(
                f"fee_schedules[{place}].name: two reduced schedules are called {show(schedule.name)}"
            )
        if schedule.kind is fees.ScheduleKind.REDUCED:
            reduced.add(schedule.name)
    for finding in modifiers.overlapping_rules(case.modifier_rules):
        raise MalformedError(f"{finding.where}: {finding.message}")
    _refuse_twins(
        "service.default_prices", "from", [as_text(p.effective_from) for p in case.service.default_prices]
    )
    _refuse_twins("patient.fees", "service", [row.service for row in case.patient.fees])


def _refuse_repeated_fees(schedules: tuple[fees.FeeSchedule, ...]) -> None:
    """Two rows of one schedule with equal keys and day; standard ones of one name are pieces of one schedule."""
    before: dict[str, tuple[fees.FeeRow, ...]] = {}
    for place, schedule in enumerate(schedules):
        earlier = before.get(schedule.name, ()) if schedule.kind is fees.ScheduleKind.STANDARD else ()
        for finding in fees.repeated_rows(replace(schedule, rows=(*earlier, *schedule.rows)), len(earlier)):
            raise MalformedError(f"fee_schedules[{place}].{finding.where}: {finding.message}")
        if schedule.kind is fees.ScheduleKind.STANDARD:
            before[schedule.name] = (*earlier, *schedule.rows)


def _refuse_twins(path: str, key: str, values: list[str | None]) -> None:
    seen: set[str | None] = set()
    for place, value in enumerate(values):
        if value in seen:
            raise MalformedError(f"{path}[{place}].{key}: {show(value)} is there twice; keep one of the rows")
        seen.add(value)


def _status(status: Reader) -> fees.StatusTerms:
    return fees.StatusTerms(
        name=status.text("name") or "(no name)",
        showed_up=status.needed_flag("showed_up"),
        transition=status.needed_flag("transition"),
        cancellation_fee=status.money("cancellation_fee"),
    )


def _service(service: Reader) -> pricing.ServiceTerms:
    return pricing.ServiceTerms(
        code=service.needed_text("code"),
        kind=service.choice("kind", responsibility.ServiceKind),
        bill_patient_directly=bool(service.flag("bill_patient_directly")),
        default_prices=service.each("default_prices", _default_price),
        duration=service.inner("duration", _duration),
    )


def _default_price(row: Reader) -> fees.DefaultPrice:
    return fees.DefaultPrice(_needed_money(row, "price"), row.day("from"))


def _duration(duration: Reader) -> quantity.Duration:
    rounding = duration.choice("rounding", quantity.Rounding)
    interval = None
    if rounding is quantity.Rounding.CMS8:
        duration.get("interval_minutes")  # known, and ignored whatever it says
    else:
        duration.need("interval_minutes")
        interval = duration.whole("interval_minutes", 1, MOST_MINUTES)
    return quantity.Duration(rounding, interval, duration.units("min_units") or quantity.NONE)


def _patient(patient: Reader) -> pricing.PatientTerms:
    return pricing.PatientTerms(
        reduced_fee_schedule=patient.text("reduced_fee_schedule"),
        fees=patient.each("fees", _patient_fee),
        age=patient.whole("age", 0, 150),
    )


def _patient_fee(row: Reader) -> fees.PatientFee:
    return fees.PatientFee(
        service=row.needed_text("service"),
        fee=row.money("fee"),
        copay=row.money("copay"),
        copay_per_unit=bool(row.flag("copay_per_unit")),
    )


def _payer(payer: Reader) -> pricing.PayerTerms:
    return pricing.PayerTerms(
        name=payer.needed_text("name"),
        claim_format=payer.choice("claim_format", responsibility.ClaimFormat),
        plan=payer.text("plan"),
        forbids_no_show_charge=bool(payer.flag("forbids_no_show_charge")),
    )


def _copay(copay: Reader) -> responsibility.PlanCopay:
    return responsibility.PlanCopay(copay.money("individual"), copay.money("group"))


def _schedule(schedule: Reader) -> fees.FeeSchedule:
    return fees.FeeSchedule(
        name=schedule.needed_text("name"),
        kind=schedule.choice("kind", fees.ScheduleKind),
        rows=schedule.each("rows", _fee_row),
    )


def _fee_row(row: Reader) -> fees.FeeRow:
    keys = fees.FeeKeys(
        service=row.text("service"),
        payer=row.text("payer"),
        plan=row.text("plan"),
        clinician=row.text("clinician"),
        credential=row.text("credential"),
        location=row.text("location"),
        program=row.text("program"),
        holiday=row.flag("holiday"),
    )
    return fees.FeeRow(keys, _needed_money(row, "fee"), row.day("from"))


def _modifier_rule(rule: Reader) -> modifiers.ModifierRule:
    codes = _modifier_codes(rule, "modifiers")
    if not 1 <= len(codes) <= modifiers.MOST_ON_A_LINE:
        rule.fail("modifiers", f"a rule adds 1 to {modifiers.MOST_ON_A_LINE} modifiers, not {len(codes)}")
    return modifiers.ModifierRule(
        modifiers=codes,
        service=rule.text("service"),
        payer=rule.text("payer"),
        clinician=rule.text("clinician"),
        credential=rule.text("credential"),
        program=rule.text("program"),
        pos=rule.text("pos"),
        age=rule.inner("age", _age_band),
        fee_change=rule.inner("fee_change", _fee_change),
    )


def _age_band(band: Reader) -> modifiers.AgeBand:
    made = modifiers.AgeBand(band.whole("from", 0, 150), band.whole("to", 0, 150))
    if made.youngest is not None and made.oldest is not None and made.youngest > made.oldest:
        band.fail("to", f"must not be below {made.youngest}")
    return made


def _fee_change(change: Reader) -> modifiers.FeeChange:
    made = modifiers.FeeChange(change.money("amount", signed=True), change.money("percent", signed=True))
    if (made.amount is None) == (made.percent is None):
        change.fail("amount", "give either an amount or a percent")
    return made


def _same_day_rule(rule: Reader) -> modifiers.SameDayRule:
    rule.need("occurrence")
    codes = _modifier_codes(rule, "modifier", [rule.needed_text("modifier")])
    return modifiers.SameDayRule(
        services=rule.texts("services"),
        occurrence=rule.whole("occurrence", 1, 99) or 1,
        modifier=codes[0],
        payer=rule.text("payer"),
        per_clinician=bool(rule.flag("per_clinician")),
        and_later=bool(rule.flag("and_later")),
    )


def _earlier_line(line: Reader) -> modifiers.EarlierLine:
    return modifiers.EarlierLine(line.needed_text("service"), line.text("clinician"), line.text("payer"))


def _modifier_codes(reader: Reader, key: str, values: list[str] | None = None) -> tuple[str, ...]:
    """Modifiers as claims write them: two capitals or digits; small letters are lifted."""
    made = []
    for value in reader.texts(key) if values is None else values:
        code = value.strip().upper()
        if not _MODIFIER.fullmatch(code):
            reader.fail(key, f'a modifier is two letters or digits, such as "95", not {show(value)}')
        made.append(code)
    return tuple(made)


def _needed_money(reader: Reader, key: str) -> Any:
    reader.need(key)
    return reader.money(key)
