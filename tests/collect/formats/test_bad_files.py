"""Files that are cut short, emptied, of another version or hostile: rows, reasons or an error."""

from __future__ import annotations

import random
import re
import tracemalloc
from collections.abc import Callable

import pytest

from feedbackminer.collect.files import Row
from feedbackminer.errors import InputError
from tests.collect.formats import test_mail, test_slack
from tests.support.format_reading import collect, read
from tests.support.workbooks import Cell, sheet, workbook

HOSTILE = [
    "", " ", "\x00", "a\x00b", "\ufeff", "\u202eevil", "\U0001f600", "\u200e", "a\u0301" * 500,
    "<script>alert(1)</script>", "&lol;", "=cmd|'/c calc'!A1", "{{7*7}}", "%s%n",
    "../../etc/passwd", "x" * 40_000, '"' * 99, "a,b;c\td|e", "\r\n\r\n", "1e999", "-0", "NaN",
    "[deleted]", "null", "<@U1|x>", "05.03.24, 10:11 - Ann: x",
    "From a@b Mon Mar  2 09:00:00 2026",
]  # fmt: skip


# Each gives a file of a format with one odd row and, but for the one mail, the row "c" below it.


def a_csv(text: str = "It drips") -> bytes:
    cell = '"' + text.replace('"', '""') + '"'
    return f"id,author,date,text,rating\n1,{cell},2026-03-01,{cell},{cell}\n2,b,,c,\n".encode()


def a_workbook(text: str = "It drips") -> bytes:
    cell = "".join(sign for sign in text if sign.isprintable())
    rows: list[list[Cell]] = [
        ["id", "author", "date", "text"],
        [1, cell, cell, cell],
        [2, "b", None, "c"],
    ]
    return workbook({"S": sheet(rows)})


def an_mbox(text: str = "It drips") -> bytes:
    line = " ".join(text.split())
    odd = test_mail.mail("a@x", subject=line, author=line, body=text, more=f"X-A: {line}\n")
    return (odd + test_mail.mail("b@x", body="c")).encode()


def an_eml(text: str = "It drips") -> bytes:
    return test_mail.mail("a@x", body=text).removeprefix(test_mail.BEGIN).encode()


def a_slack(text: str = "It drips") -> bytes:
    odd = test_slack.message(
        text, username=text, blocks=[{"type": text, "text": text}], attachments=text
    )
    return test_slack.export({"general/2026-03-02": [odd, test_slack.message("c", test_slack.T2)]})


def a_whatsapp(text: str = "It drips") -> bytes:
    return f"05.03.24, 10:11 - {text[:90]}: {text}\n05.03.24, 10:12 - Bea: c\n".encode()


FORMATS = [a_csv, a_workbook, an_mbox, an_eml, a_slack, a_whatsapp]
Format = Callable[..., bytes]


def outcome(data: bytes) -> str:
    """Return what becomes of a file: how many rows it has, or what the error says."""
    try:
        rows = read("f", data)
        collect(rows)
    except InputError as error:
        return str(error)
    assert len({row.ref for row in rows}) == len(rows)
    return f"{len(rows)} rows"


@pytest.mark.parametrize("format", FORMATS)
def test_a_good_file_has_rows(format: Format) -> None:
    assert any(isinstance(row, Row) for row in read("f", format()))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format", FORMATS)
def test_a_hostile_text_in_every_field_harms_neither_the_run_nor_its_neighbours(
    format: Format, text: str
) -> None:
    data = format(text)
    assert outcome(data)
    rows = [row.values for row in read("f", data) if isinstance(row, Row)]
    texts = [values.get("body") or values.get("text") or "" for values in rows]
    assert format is an_eml or "c" in [text.strip() for text in texts]


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_cut_short_anywhere_gives_rows_or_an_error_that_names_it(format: Format) -> None:
    data = format()
    for end in random.Random(7).sample(range(1, len(data)), 60):
        assert re.match(r"\d+ rows|(?:f|export): \w", outcome(data[:end]))


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_with_changed_bytes_gives_rows_or_an_error(format: Format) -> None:
    data, chance = format(), random.Random(7)
    for _ in range(60):
        changed = bytearray(data)
        for at in chance.sample(range(len(data)), 3):
            changed[at] = chance.randrange(256)
        assert outcome(bytes(changed))


@pytest.mark.parametrize("repeat", [a_csv, an_mbox, a_whatsapp])
def test_a_file_ten_times_as_large_takes_ten_times_the_memory_at_most(repeat: Format) -> None:
    def peak(times: int) -> int:
        data = repeat() + repeat().split(b"\n", 1)[-1] * times
        tracemalloc.start()
        for _ in read("f", data):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(2_000) < 13 * peak(200)
