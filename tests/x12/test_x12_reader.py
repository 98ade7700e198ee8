"""Any bytes end in findings: delimiters, wrapping, limits, cuts at every byte, mutations, foreign files."""

from __future__ import annotations

import json
import random

import pytest
import x12_cast as cast

from x12.reader import Limits, SegmentReader
from x12.reading import read_file
from x12.report import describe, exit_status

FILE = cast.claim_file(cast.secondary(), cast.dependent())


def codes(data: bytes) -> set[str]:
    return {finding.code for finding in read_file(data).findings}


def recoded(element: str, component: str, segment: str, repetition: str = "^") -> bytes:
    table = str.maketrans({"*": element, ":": component, "~": segment, "^": repetition})
    return FILE.decode().replace("\n", "").translate(table).encode()


def wrapped(width: int, end: str = "\n") -> bytes:
    flat = FILE.decode().replace("\n", "")
    return end.join(flat[start : start + width] for start in range(0, len(flat), width)).encode()


@pytest.mark.parametrize(
    "data",
    [
        recoded("*", ">", "~"),
        recoded("|", ":", "\n"),
        recoded("\x1d", "<", "\x1e"),
        recoded("*", ":", "~", "`"),
        FILE.replace(b"\n", b"\r\n"),
        FILE.replace(b"~\n", b"\r\n"),
        FILE.replace(b"\n", b"\n    "),
        wrapped(80),
        wrapped(80, "\r\n"),
        b"\xef\xbb\xbf" + FILE,
        b"  \r\n\n" + FILE,
    ],
    ids=[
        "gt",
        "pipe newline",
        "control",
        "repetition",
        "crlf",
        "crlf only",
        "indented",
        "80",
        "80 crlf",
        "bom",
        "blank",
    ],
)
def test_the_same_claims_come_out_of_every_dress(data: bytes) -> None:
    reading = read_file(data)
    assert reading.findings == []
    assert reading.transactions[0].document == read_file(FILE).transactions[0].document


def test_two_interchanges_with_different_delimiters() -> None:
    reading = read_file(FILE + recoded("|", ">", "!"))
    assert reading.findings == []
    assert len(reading.interchanges) == 2
    assert reading.transactions[0].document == reading.transactions[1].document


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_x12"),
        (b" \n\t ", "not_x12"),
        (b"UNB+UNOA:1+SENDER+RECEIVER+260115:0930+1'", "not_x12"),
        (bytes(range(256)) * 40, "not_x12"),
        (b"\0" * 5000, "not_x12"),
        (b"%PDF-1.7 \x00\x01", "not_x12"),
        (b"ISA", "not_x12"),
        (FILE[FILE.index(b"GS*") :], "not_x12"),
        (b"to whom it may concern: " + FILE, "leading_junk"),
        (FILE + b"\x1a\x00 goodbye", "trailing_junk"),
        (FILE.replace(b"005010X222A1", b"004010X098A1"), "old_version"),
        (FILE.replace(b"SE*", b"SX*"), "missing_se"),
        (FILE.replace(b"IEA*1*000000007~\n", b""), "missing_iea"),
        (FILE.replace(b"GE*1*7~\n", b""), "missing_ge"),
        (FILE.replace(b"GE*1*7", b"GE*2*7"), "ge_count"),
        (FILE.replace(b"GE*1*7", b"GE*1*8"), "ge_control"),
        (FILE.replace(b"IEA*1*000000007", b"IEA*1*000000008"), "iea_control"),
        (FILE.replace(b"IEA*1*", b"IEA*3*"), "iea_count"),
        (FILE.replace(b"*0001~\nGE", b"*0002~\nGE"), "se_control"),
        (FILE.replace(b"HI*ABK", b"HI*AB\x07K"), "control_characters"),
        (FILE.replace(b"ZZ*SUBMIT01       ", b"ZZ*SUBMIT01"), "isa_width"),
        (FILE.replace(b"*837*", b"*850*"), "unknown_transaction"),
        (FILE[:-40], "unterminated_segment"),
        (FILE.decode().encode("utf-16"), "utf16_text"),
        (FILE.decode().encode("utf-16-be"), "utf16_text"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, code: str) -> None:
    described = describe(data)
    assert code in {finding["code"] for finding in described["findings"]}
    assert exit_status([described]) == int(any(f["severity"] == "error" for f in described["findings"]))
    json.dumps(described)


def test_utf16_is_read_as_text() -> None:
    assert describe(FILE.decode().encode("utf-16"))["transactions"][0]["claims"] == 2


def test_foreign_files_are_told_apart_in_words() -> None:
    messages = [read_file(data).findings[0].message for data in (b"", b"UNB+A", b"PK\x03\x04", b"\0\1\2" * 9)]
    assert [
        "empty" in messages[0],
        "EDIFACT" in messages[1],
        "ZIP" in messages[2],
        "binary" in messages[3],
    ] == [True] * 4


def test_limits_stop_with_a_finding() -> None:
    assert codes(FILE) == set()
    assert [f.code for f in read_file(FILE, Limits(file_bytes=100)).findings] == ["file_too_large"]
    reading = read_file(FILE, Limits(segments=10))
    assert "too_many_segments" in {f.code for f in reading.findings} and reading.segments <= 11
    long = FILE.replace(b"JO BILLER", b"J" * 10_001)
    assert "element_too_long" in codes(long)


def test_every_cut_ends_in_findings_never_in_a_crash() -> None:
    for length in range(len(FILE) - 2):
        described = describe(FILE[:length])
        assert exit_status([described]) == 1, length
    assert exit_status([describe(FILE)]) == 0


def test_mutations_never_crash() -> None:
    chance = random.Random(20260115)
    marks = [
        b"*",
        b"~",
        b":",
        b"^",
        b"\n",
        b"\0",
        b"\xff",
        b"ISA*",
        b"ST*835*",
        b"SE*",
        b"HL*",
        b"CLP*",
        b"NaN",
        b"-",
    ]
    seeds = [FILE, *(path.read_bytes() for path in sorted(cast.EXAMPLES.glob("835*.edi")))]
    for _ in range(1500):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(data))
            cut = chance.choice([0, 0, 1, 30])
            data[place : place + cut] = chance.choice(marks)
        json.dumps(describe(bytes(data)))


def test_random_bytes_after_an_isa_never_crash() -> None:
    chance = random.Random(7)
    for _ in range(300):
        tail = bytes(chance.choice(b"*~:^\n\r AZ19SEGTHLCPBR\0\xc3") for _ in range(chance.randrange(600)))
        json.dumps(describe(FILE[:106] + tail))


def test_work_grows_with_the_file_and_complaints_do_not() -> None:
    body = b"CLP*X~" * 20_000
    reading = read_file(FILE[:106] + b"\nGS*HP*AA*BB*20260115*0930*1*X*005010X221A1~ST*835*0001~" + body)
    assert reading.segments == 20_003
    assert len(reading.findings) < 1_000
    hostile = FILE[:106] + b"ISA*00*" * 20_000
    assert SegmentReader(hostile).count == 0
    assert read_file(hostile).segments <= 20_001


def test_a_segment_gives_empty_text_for_what_is_not_there() -> None:
    segment = next(iter(SegmentReader(FILE)))
    assert (segment.id, segment[99], segment.component(99, 2), segment.repetitions(99)) == ("ISA", "", "", ())


def test_an_835_is_described_by_the_contract() -> None:
    path = cast.EXAMPLES / "835_3_forward_balance_applied_interest.edi"
    if not path.exists():
        pytest.skip("the worked examples are not here")
    described = describe(path.read_bytes())
    found = described["transactions"][0]
    assert described["kinds"] == ["835"] and described["findings"] == []
    assert {
        key: found[key] for key in ("trace_number", "paid", "claims", "claims_paid", "provider_adjustments")
    } == {
        "trace_number": "EFT0003",
        "paid": "77.50",
        "claims": 1,
        "claims_paid": "100.00",
        "provider_adjustments": "22.50",
    }
    assert (found["balanced"], found["unbalanced_claims"]) == (True, [])
