"""Small marks every page is made of: icons, money, dates, states, chips, table heads, form controls.

Stands below every room's templates (``{% load frame %}`` is not needed: settings list it as a builtin).
Everything here turns a value into safe HTML or text; nothing here reads the database. Larger parts, with
bodies of their own, are cotton components in templates/cotton. All of it is shown on /design/ and told in
docs/screens.md.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.templatetags.static import static
from django.utils import dateformat, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from lib.dates import age_on
from lib.money import show_money
from lib.spellings import show_diagnosis, show_zip

from .states import look

register = template.Library()

DASH = SafeString('<span class="nil">\u2013</span>')
FAMILIES = ("ok", "go", "warn", "stop", "mute", "test")
COOKIES = {
    "theme": ("light", "dark"),
    "density": ("normal", "tight"),
    "privacy": ("off", "on"),
    "keys": ("on", "off"),
}
DATE_FORMAT = "m/d/Y"  # how US clinics write it; a location may set ``date_format`` in the context


# Icons and states --------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """One symbol of static/icons.svg.

    ``extra``: more classes ("i-sm dim"); ``label`` only if the symbol stands alone.
    """
    who = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    spin = SafeString(" data-spin") if name == "loader-2" else ""
    return format_html(
        '<svg class="i{}" {}{}><use href="{}#{}"/></svg>',
        f" {extra}" if extra else "",
        who,
        spin,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def state(
    kind: str, value: object, label: str = "", note: str = "", *, fill: bool | None = None
) -> SafeString:
    """A state as word, icon and colour: ``{% state "claim" claim.state %}``.

    ``note`` follows the word ("E14"); ``label`` replaces the word; ``fill`` overrides the tinted body.
    """
    seen = look(kind, value)
    word = f"{label or seen.word} {note}".strip()
    return badge(word, seen.family, seen.icon, fill=seen.fill if fill is None else fill)


@register.simple_tag
def badge(
    word: object, family: str = "mute", symbol: str = "circle-dashed", *, fill: bool = False
) -> SafeString:
    """A state that no table names: ``{% badge "Ties to the cent" "ok" "check" %}``."""
    assert family in FAMILIES, f"no such family of states: {family}"
    return format_html(
        '<span class="st is-{}{}">{}{}</span>', family, " fill" if fill else "", icon(symbol), word
    )


@register.simple_tag
def chip(
    words: object,
    family: str = "",
    symbol: str = "",
    href: str = "",
    code: str = "",
    amount: Decimal | None = None,
) -> SafeString:
    """A fact with an owner: ``{% chip "copay" code="PR-3" amount=line.copay %}``.

    With ``href`` it is a link to its remedy.
    """
    inner = format_html(
        "{}{}{}{}",
        icon(symbol) if symbol else "",
        format_html("<b>{}</b> ", code) if code else "",
        format_html('<span class="t">{}</span> ', show_money(amount)) if amount is not None else "",
        words,
    )
    kind = f" is-{family}" if family else ""
    if href:
        return format_html('<a class="chip{}" href="{}">{}</a>', kind, href, inner)
    return format_html('<span class="chip{}">{}</span>', kind, inner)


@register.simple_tag
def count(number: int | None) -> SafeString:
    """A count in its small round body, nothing for None."""
    return SafeString("") if number is None else format_html('<span class="count">{}</span>', f"{number:,}")


@register.simple_tag
def keycap(keys: str) -> SafeString:
    """Keys as caps: ``{% keycap "Ctrl K" %}``."""
    return format_html_join(SafeString(" "), "<kbd>{}</kbd>", ((key,) for key in keys.split()))


# Money, dates, people ----------------------------------------------------------------------------
@register.simple_tag
def money(amount: Decimal | None, why: str = "", extra: str = "") -> SafeString:
    """An amount, 0.00 at rest, None as a dash. ``why``: address of its explanation, opened in the side sheet.

    Stands in ``<td class="num">`` or ``<dd>``; ``extra``: "warn", "w6" (bold), "big".
    """
    if amount is None or amount == "":
        return DASH
    classes = " ".join(filter(None, ["m", extra, "nil" if not amount else ""]))
    if why:
        return format_html('<a class="{}" href="{}" data-sheet>{}</a>', classes, why, show_money(amount))
    return format_html('<span class="{}">{}</span>', classes, show_money(amount))


@register.filter
def amount(value: Decimal | None) -> str:
    """An amount as plain words for sentences and labels: ``{{ sum|amount }}`` gives 7,412.50."""
    return "\u2013" if value is None or value == "" else show_money(value)


def _local(value: date | datetime) -> date | datetime:
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


@register.simple_tag(takes_context=True)
def day(context: Context, value: date | None) -> SafeString | str:
    """A date as the location writes it (context ``date_format``, 03/17/2026 when unset), None as a dash."""
    if not value:
        return DASH
    return dateformat.format(_local(value), context.get("date_format") or DATE_FORMAT)


@register.filter(name="day")
def day_plain(value: date | None) -> str:
    """A date as 03/17/2026 for labels and sentences."""
    return dateformat.format(_local(value), DATE_FORMAT) if value else "\u2013"


@register.filter
def zip_code(stored: str) -> str:
    """``62704-1234``."""
    return show_zip(stored)


@register.filter
def diagnosis(code: str) -> str:
    """``M54.50``."""
    return show_diagnosis(code)


@register.filter
def moment(value: datetime | None) -> str:
    """A point in time, in the active time zone: 03/17 06:02."""
    return dateformat.format(_local(value), "m/d H:i") if value else "\u2013"


@register.filter
def clock(value: datetime | None) -> str:
    """The time of day alone, in the active time zone: 10:45."""
    return dateformat.format(_local(value), "G:i") if value else "\u2013"


@register.filter
def age(birth: date | None, today: date) -> str:
    """Completed years: ``{{ patient.birth_date|age:today }}``."""
    return str(age_on(birth, today)) if birth else ""


@register.filter
def initials(name: object) -> str:
    """Nadia Ferro gives NF."""
    parts = [part for part in str(name).replace(",", " ").split() if part[:1].isalpha()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


@register.filter
def job_over(value: object) -> bool:
    """Whether a job's state needs no more polling."""
    name = str(getattr(value, "value", value))
    return name not in ("queued", "pending", "running", "")


# Addresses, lists --------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def qs(context: Context, **changes: object) -> str:
    """This page's query string with ``changes``; None or "" takes a key out.

    Paging starts anew unless it is named.
    """
    query = context["request"].GET.copy()
    for name in ("after", "before", "page"):
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def th(
    context: Context, label: str, sort: str = "", *, num: bool = False, extra: str = "", hidden: bool = False
) -> SafeString:
    """A column head. ``num``: figures, right-aligned; ``hidden``: for screen readers only.

    ``sort``: the key put in ``?sort=``, with a minus when chosen again (descending).
    """
    words: Any = format_html('<span class="visually-hidden">{}</span>', label) if hidden else label
    classes = " ".join(filter(None, ["num" if num else "", extra]))
    aria: Any = ""
    if sort:
        now = context["request"].GET.get("sort", "") if "request" in context else ""
        turned = {sort: "ascending", f"-{sort}": "descending"}.get(now, "")
        arrow = icon("chevron-up" if turned == "ascending" else "chevron-down", "i-sm") if turned else ""
        words = format_html(
            '<a class="sort-by" href="{}">{} {}</a>',
            qs(context, sort=f"-{sort}" if now == sort else sort),
            label,
            arrow,
        )
        aria = format_html(' aria-sort="{}"', turned) if turned else ""
    return format_html('<th scope="col" role="columnheader" class="{}"{}>{}</th>', classes, aria, words)


@register.simple_tag
def pick_all(label: str = "Choose all on this page") -> SafeString:
    """The head cell over a column of ``{% pick %}`` boxes."""
    return format_html(
        '<th class="check" scope="col" role="columnheader">'
        '<input class="form-check-input" type="checkbox" aria-label="{}"></th>',
        label,
    )


@register.simple_tag
def pick(bulk: str, value: object, label: str, *, checked: bool = False) -> SafeString:
    """The cell that chooses a row for the bulk bar ``bulk``; ``label`` says which row it is."""
    return format_html(
        '<td class="check" role="cell"><input class="form-check-input" type="checkbox" name="id" value="{}"'
        ' form="{}-form" aria-label="Choose {}"{}></td>',
        value,
        bulk,
        label,
        SafeString(" checked") if checked else "",
    )


# Forms -------------------------------------------------------------------------------------------
def _control_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


@register.simple_tag
def control(
    field: BoundField, extra: str = "", placeholder: str = "", *, plain: bool = False, first: bool = False
) -> SafeString:
    """The input of a bound field with our classes, its help and errors tied to it for screen readers.

    ``plain`` (sign-in): no help, no placeholder. ``first``: typing begins here when the page comes.
    """
    attrs = dict(field.field.widget.attrs)
    own = attrs.pop("class", "")
    bad = bool(field.errors)
    attrs["class"] = " ".join(
        filter(None, [_control_class(field.field.widget), own, extra, "is-invalid" if bad else ""])
    )
    notes = [f"{field.auto_id}-help"] if field.help_text and not plain else []
    notes += [f"{field.auto_id}-error"] if bad else []
    if notes:
        attrs["aria-describedby"] = " ".join(notes)
    if bad:
        attrs["aria-invalid"] = "true"
    if placeholder or plain:
        attrs["placeholder"] = "" if plain else placeholder
    if first:
        attrs["autofocus"] = True
    return field.as_widget(attrs=attrs)


@register.filter
def widget_kind(field: BoundField) -> str:
    """Which markup a field needs: checkbox, radio, checks (many boxes) or input."""
    widget = field.field.widget
    if isinstance(widget, forms.RadioSelect):
        return "radio"
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checks"
    return "checkbox" if isinstance(widget, forms.CheckboxInput) else "input"


@register.simple_tag(takes_context=True)
def form_key(context: Context) -> SafeString:
    """Hidden idempotency key, made when the form is shown and kept when it comes back with errors."""
    request = context.get("request")
    key = request.POST.get("idempotency_key") if request is not None and request.method == "POST" else ""
    return format_html('<input type="hidden" name="idempotency_key" value="{}">', key or uuid.uuid4())


# The frame ---------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def choice_of(context: Context, name: str) -> str:
    """A person's screen choice (theme, density, privacy, keys).

    From the context, else from their cookie, else the usual one.
    """
    allowed = COOKIES[name]
    request = context.get("request")
    asked = context.get(name) or (request.COOKIES.get(name) if request is not None else "")
    return str(asked) if asked in allowed else allowed[0]


@register.simple_tag(takes_context=True)
def can(context: Context, action: str) -> bool:
    """May this person do ``action`` here? Hides what would be refused.

    ``{% can "claims.submit" as ok %}{% if ok %}…{% endif %}``
    """
    from clinics.permissions import may  # late: permissions reads models, tags are loaded before them

    return bool(may(context["request"], action))
