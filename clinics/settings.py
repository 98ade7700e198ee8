"""Settings of a company, clinic or location: declared once, read with their origin, changed with an audit row.

Each app declares its own in its ``settings.py`` (imported by its AppConfig.ready). The more
specific value wins: location over clinic over company over the default (rules.md conventions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db.models import Case, Q, TextField, Value, When

from clinics import audit
from clinics.errors import BadInput
from clinics.models import Clinic, CompanySetting, Location, Setting
from clinics.scoping import current_actor
from lib.money import BadAmount, parse_money

Kind = Literal["choice", "flag", "money", "days", "percent", "rules", "link"]
Origin = Literal["company", "clinic", "location", "default"]


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting: where it stands on the page, its type, default and plain help."""

    name: str
    group: str
    label: str
    help: str
    kind: Kind
    default: Any
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A value and where it comes from."""

    name: str
    value: Any
    origin: Origin


SPECS: dict[str, SettingSpec] = {}
# What must hold before a value is taken, asked inside the open clinic: raises a Refusal. By setting name.
GUARDS: dict[str, Callable[[Any], None]] = {}


def declare(*specs: SettingSpec) -> None:
    """Add settings to the house; the same name twice is a bug."""
    for spec in specs:
        assert SPECS.get(spec.name, spec) == spec, f"setting {spec.name} is declared twice"
        SPECS[spec.name] = spec


def guard(name: str, check: Callable[[Any], None]) -> None:
    """Have ``check(value)`` asked before a new value of this setting is stored."""
    GUARDS[name] = check


def find_spec(name: str) -> SettingSpec:
    """The declaration; BadInput for a name that does not exist."""
    if name not in SPECS:
        raise BadInput(
            f"There is no setting {name!r}. Known: {', '.join(sorted(SPECS))}.", code="unknown_setting"
        )
    return SPECS[name]


def effective(name: str, clinic: Clinic, location: Location | None = None) -> SettingValue:
    """The value in force for a location (or the clinic itself) with its origin."""
    spec = find_spec(name)
    found = _stored(name, clinic, location)
    for origin in ("location", "clinic", "company"):
        if origin in found:
            return SettingValue(name, found[origin], origin)
    return SettingValue(name, spec.default, "default")


def _stored(name: str, clinic: Clinic, location: Location | None) -> dict[Origin, Any]:
    """What is stored under a name, by origin, in one query."""
    level = Case(
        When(location__isnull=True, then=Value("clinic")), default=Value("location"), output_field=TextField()
    )
    mine = Setting.objects.filter(Q(location__isnull=True) | Q(location=location), clinic=clinic, name=name)
    companys = CompanySetting.objects.filter(company_id=clinic.company_id, name=name)
    rows = mine.values_list(level, "value").union(
        companys.values_list(Value("company", output_field=TextField()), "value"), all=True
    )
    return dict(rows)


def value_of(name: str, location: Location) -> Any:
    """Just the value in force at a location, money as Decimal."""
    found = effective(name, location.clinic, location).value
    return parse_money(found) if find_spec(name).kind == "money" else found


def change(name: str, raw: Any, clinic: Clinic, location: Location | None = None) -> SettingValue:
    """Set one value for a location, or for the whole clinic; audited with old and new.

    Raises BadInput when the value does not fit its declaration.
    """
    spec = find_spec(name)
    value = parse_value(spec, raw)
    if name in GUARDS:
        GUARDS[name](value)
    before = effective(name, clinic, location)
    Setting.objects.update_or_create(
        clinic=clinic, location=location, name=name, defaults={"value": value, "changed_by": current_actor()}
    )
    audit.record(
        "setting.change",
        "setting",
        name,
        location=location.name if location else "",
        before=before.value,
        after=value,
    )
    return effective(name, clinic, location)


def parse_value(spec: SettingSpec, raw: Any) -> Any:
    """What a form, the API or the command line gave, as the JSON that is stored."""
    if spec.kind == "choice":
        allowed = [key for key, _ in spec.choices]
        if raw not in allowed:
            raise BadInput(f"{spec.name} is one of {', '.join(allowed)}.", code="bad_setting")
        return raw
    if spec.kind == "flag":
        word = str(raw).strip().lower()
        if word not in {"on", "off", "true", "false", "1", "0", "yes", "no"}:
            raise BadInput(f"{spec.name} is on or off.", code="bad_setting")
        return word in {"on", "true", "1", "yes"}
    if spec.kind == "money":
        return str(_parse_amount(spec, raw))
    if spec.kind == "days":
        text = str(raw).strip()
        if not (text.isascii() and text.isdigit() and int(text) <= 3660):
            raise BadInput(f"{spec.name} is a number of days, 0 to 3660.", code="bad_setting")
        return int(text)
    if spec.kind == "percent":
        text = str(raw).strip()
        if not (text.isascii() and text.isdigit() and int(text) <= 100):
            raise BadInput(f"{spec.name} is a whole percentage, 0 to 100.", code="bad_setting")
        return int(text)
    if spec.kind == "link":
        return _parse_link(spec, raw)
    return raw


def _parse_link(spec: SettingSpec, raw: Any) -> str:
    """Empty, or an https address of at most 200 plain characters."""
    text = str(raw).strip()
    fits = text.startswith("https://") and len(text) <= 200 and text.isascii() and text.isprintable()
    if text and (not fits or any(char in text for char in " \"<>'")):
        raise BadInput(f"{spec.name} is an address such as https://pay.example.com/.", code="bad_setting")
    return text


def _parse_amount(spec: SettingSpec, raw: Any) -> Decimal:
    try:
        amount = parse_money(str(raw))
    except BadAmount as error:
        raise BadInput(f"{spec.name} is an amount such as 2.50.", code="bad_setting") from error
    if amount < 0:
        raise BadInput(f"{spec.name} cannot be negative.", code="bad_setting")
    return amount
