"""The CMS-1500 from the claim object: every box equals its 837P element and lies in its field (rules.md B6.6)."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from claims.cms1500 import Entry, crosswalk, pages
from claims.cms1500_form import FRAMES, SPOTS, fitted, frame_of, print_claims, too_long
from tests.x12 import x12_cast as cast
from x12.documents.parties import Contact, Party
from x12.documents.professional_claim import ClaimDates, ClaimDocument, Drug, Note, Provider, RelatedCauses

pytestmark = pytest.mark.rule("B6.6")


def full() -> ClaimDocument:
    """A claim with nearly everything on it."""
    base = cast.secondary()
    lines = (
        replace(base.lines[0], modifiers=("25", "59"), is_emergency=True, note=Note("ADD", "see chart")),
        replace(base.lines[1], drug=Drug("00409123401", Decimal("1.5"), "ML"), is_epsdt=True),
    )
    return replace(
        base,
        lines=lines,
        billing_provider=replace(base.billing_provider, contact=Contact("JO", "6145550100")),
        frequency_code="7",
        payer_claim_number="ICN900",
        related_causes=RelatedCauses(auto_accident=True, state="OH"),
        dates=ClaimDates(
            onset=date(2025, 11, 3), accident=date(2025, 11, 2), disability_from=date(2025, 11, 4),
            disability_to=date(2025, 11, 9), admission=date(2025, 11, 5), discharge=date(2025, 11, 6),
        ),
        prior_authorization="AUTH77",
        note=Note("ADD", "Second surgery"),
        referring_provider=Provider(Party("1", "REED", "ANN", "B", "", "XX", "1245319599")),
        patient_amount_paid=Decimal("25.00"),
    )  # fmt: skip


def element_values(document: ClaimDocument) -> dict[str, list[str]]:
    """Values of the 837P by loop-less name (NM1*IL 09, CLM02 ...), from the bytes alone."""
    found: dict[str, list[str]] = {}
    text = cast.claim_file(document).decode()
    for segment in text.replace("\n", "").split("~"):
        parts = segment.split("*")
        for place, value in enumerate(parts[1:], 1):
            found.setdefault(f"{parts[0]}{place:02d}", []).append(value)
            found.setdefault(f"{parts[0]}*{parts[1]}{place:02d}", []).append(value)
    return found


def text_of(entries: list[Entry], box: str, spot: str = "") -> list[str]:
    return [entry.text for entry in entries if entry.box == box and entry.spot.startswith(spot or box)]


def test_each_box_equals_its_element() -> None:
    document = full()
    entries, wire = crosswalk(document), element_values(document)
    one = {
        "1a": "NM1*IL09", "26": "CLM01", "25": "REF*EI02", "23": "REF*G102", "33a": "NM1*8509", "17b": "NM1*DN09",
        "11": "SBR03", "32a": "NM1*7709",
    }  # fmt: skip
    for box, element in one.items():
        for text in text_of(entries, box, box)[:1]:
            assert text in wire[element], (box, element, text)
    dollars = {text.replace(" ", ".") for text in text_of(entries, "24F")}
    assert {Decimal(text) for text in dollars} == {Decimal(text) for text in wire["SV102"]}
    assert Decimal(text_of(entries, "28")[0].replace(" ", ".")) == Decimal(wire["CLM02"][0])
    assert Decimal(text_of(entries, "29")[0].replace(" ", ".")) == Decimal(wire["AMT*F502"][0])
    codes = [code.split(":")[1] for place in range(1, 13) for code in wire.get(f"HI{place:02d}", [])]
    assert [t for t in text_of(entries, "21") if t != "0"] == codes
    procedures = [value.split(":") for value in wire["SV101"]]
    assert [e.text for e in entries if e.spot.startswith("24D") and "Proc" in e.label] == [
        p[1] for p in procedures
    ]
    modifiers = [m for p in procedures for m in p[2:6] if m]
    assert [e.text for e in entries if e.spot.startswith("24D") and "Modif" in e.label] == modifiers
    pointers = ["".join("ABCDEFGHIJKL"[int(n) - 1] for n in value.split(":")) for value in wire["SV107"]]
    assert text_of(entries, "24E") == pointers
    assert text_of(entries, "24G") == wire["SV104"]
    days = [f"{d[4:6]} {d[6:8]} {d[2:4]}" for d in wire["DTP*47203"]]
    assert text_of(entries, "24A", "24A.from") == days
    assert (
        text_of(entries, "14", "14")[0].replace(" ", "")
        == wire["DTP*43103"][0][4:] + wire["DTP*43103"][0][2:4]
    )
    assert text_of(entries, "22", "22") == ["7", "ICN900"]
    assert (wire["CLM05"][0].split(":")[2], wire["REF*F802"][0]) == ("7", "ICN900")
    assert text_of(entries, "10b", "10b.yes") == ["X"]
    assert wire["CLM11"][0].split(":")[0] == "AA"
    assert wire["LIN03"][0] in text_of(entries, "24", "24.")[1]
    assert all(entry.element for entry in entries)


@pytest.mark.parametrize(
    "document", [full(), cast.claim(), cast.dependent(), cast.solo(), cast.secondary()],
    ids=["full", "subscriber", "dependent", "solo", "secondary"],
)  # fmt: skip
def test_every_entry_lies_inside_its_field(document: ClaimDocument) -> None:
    for page in pages(document):
        taken: dict[tuple[int, int], Entry] = {}
        for entry in page:
            row, column, text = fitted(entry)
            frame = frame_of(entry)
            if entry.box:
                assert frame is not None, entry
                assert frame.left <= column, entry
                assert column + len(text) - 1 <= frame.right, entry
            for place in range(column, column + len(text)):
                assert (row, place) not in taken, (entry, taken.get((row, place)))
                taken[row, place] = entry


def test_only_names_and_streets_are_cut_and_what_else_is_too_long_is_told() -> None:
    far = replace(
        cast.HOME,
        line1="12345 NORTHEAST MARTIN LUTHER KING BOULEVARD",
        city="SAN BUENAVENTURA HEIGHTS",
    )
    long = Party(
        "2", "SOUTHSIDE INTEGRATED CHIROPRACTIC AND REHABILITATION CENTER", "", "", "", "XX", "1234567893"
    )
    base = full()
    billing = replace(base.billing_provider, party=long, address=replace(far, postal_code="930011234"))
    document = replace(base, billing_provider=billing, payer=replace(base.payer, address=far))
    assert list(too_long(document)) == []
    assert text_of(crosswalk(document), "33", "33.2") == ["SAN BUENAVENTUR OH 93001-1234"]
    lines = tuple(
        replace(cast.service_line(number), units=Decimal("9999.9") if number == 8 else Decimal(999))
        for number in range(1, 9)
    )
    wide = replace(
        document, lines=lines, prior_authorization="A" * 30, payer_claim_number="9" * 18,
        patient_amount_paid=Decimal("1000000.00"),
    )  # fmt: skip
    found = {(place, entry.box, width) for place, entry, width in too_long(wide)}
    assert found == {(7, "24G", 3), (0, "23", 29), (0, "22", 17), (0, "29", 9)}


def test_frames_do_not_overlap() -> None:
    cells: set[tuple[int, int]] = set()
    for frame in FRAMES:
        mine = {
            (row, column)
            for row in range(int(frame.top), int(frame.bottom) + 1)
            for column in range(frame.left, frame.right + 1)
        }
        assert not cells & mine, frame
        cells |= mine


@pytest.mark.parametrize(("count", "sheets"), [(1, 1), (6, 1), (7, 2), (13, 3)])
def test_more_than_six_lines_take_more_sheets(count: int, sheets: int) -> None:
    lines = tuple(cast.service_line(number) for number in range(1, count + 1))
    document = cast.claim(lines=lines, total_charge=Decimal("100.00") * count)
    reader = PdfReader(io.BytesIO(print_claims([document], drawn=True)))
    assert len(reader.pages) == sheets
    texts = [page.extract_text() for page in reader.pages]
    assert all(document.control_number in text for text in texts), "the same box 26 on all"
    assert [("CONTINUED" in text) for text in texts] == [True] * (sheets - 1) + [False]
    assert f"{count}00 00" in texts[-1]


def test_offsets_move_the_data_and_the_same_claim_gives_the_same_bytes() -> None:
    document = cast.claim()
    assert print_claims([document]) == print_claims([document])

    def first(content: bytes) -> tuple[float, float]:
        found: list[tuple[float, float]] = []
        PdfReader(io.BytesIO(content)).pages[0].extract_text(
            visitor_text=lambda text, cm, tm, font, size: (
                found.append((tm[4], tm[5])) if text.strip() else None
            )
        )
        return found[0]

    x, y = first(print_claims([document]))
    moved = first(print_claims([document], right=10, down=-5))
    assert moved == pytest.approx((x + 7.2, y + 3.6))
    assert set(SPOTS) >= {entry.spot for page in pages(full()) for entry in page}


def test_the_numbers_of_boxes_touch_no_data() -> None:
    """On the drawn form: small print of ours and what is printed never share a place."""
    ours: list[tuple[float, float, float, float]] = []
    data: list[tuple[float, float, float, float]] = []

    def keep(text: str, cm: list[float], tm: list[float], font: dict[str, str], size: float) -> None:
        if text.strip():
            courier = "Courier" in font["/BaseFont"]
            wide = len(text.strip()) * size * (0.6 if courier else 0.5)
            (data if courier else ours).append((tm[4], tm[5], tm[4] + wide, tm[5] + 0.6 * size))

    for page in PdfReader(io.BytesIO(print_claims([full()], drawn=True))).pages:
        page.extract_text(visitor_text=keep)
    assert len(ours) > 60 and len(data) > 50
    touching = [
        (mine, theirs)
        for mine in ours
        for theirs in data
        if mine[0] < theirs[2] and theirs[0] < mine[2] and mine[1] < theirs[3] and theirs[1] < mine[3]
    ]
    assert not touching
