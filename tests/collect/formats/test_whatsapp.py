"""WhatsApp chats: who said what when, from phones of any language."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import posts, read, reasons, values

MARCH_5 = datetime(2024, 3, 5, 22, 11)


def chat(*lines: str) -> list[Row | BadRow]:
    return read("chat.txt", "\n".join(lines).encode())


@pytest.mark.parametrize(
    "stamp",
    [
        "[05.03.24, 22:11:00]",
        "\u200e[05/03/2024, 22:11:00]",
        "[3/25/24, 9:00:00\u202fPM] Bea: x\n[3/5/24, 10:11:00\u202fPM]",
        "3/5/24, 10:11 PM -",
        "3/5/24, 10:11\u202fPM -",
        "25/3/24, 9:00 p. m. - Bea: x\n5/3/24, 10:11 p.\u00a0m. -",
        "05/03/2024 22:11 -",
        "05/03/2024 à 22:11 -",
        "05-03-2024 22:11 -",
        "2024-03-05, 22:11 -",
        "2024/03/05 22:11 -",
        "2024. 03. 05. 22:11 -",
        "5.3.2024 klo 22.11 -",
        "05.03.24, 10:11 PM –",
    ],
)
def test_a_message_is_read_however_a_phone_writes_its_time(stamp: str) -> None:
    rows = chat(f"{stamp} Ann Lee: It drips", "at night: always", "", "since May")
    assert values(rows, "author", "created_at", "body")[-1] == (
        "Ann Lee", MARCH_5, "It drips\nat night: always\n\nsince May"
    )  # fmt: skip
    assert rows[-1].ref == f"chat.txt:{stamp.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    ("dates", "want"),
    [
        (["4/3/24, 10:11 PM", "5/3/24, 10:11 PM"], [(4, 3), (5, 3)]),  # a clock of 12 hours
        (["4/3/24, 10:11 PM", "25/3/24, 10:11 PM"], [(3, 4), (3, 25)]),
        (["4/3/24, 22:11", "5/3/24, 22:11"], [(3, 4), (3, 5)]),
        (["4/3/24, 22:11", "5/13/24, 22:11"], [(4, 3), (5, 13)]),
        (["4.3.24, 10:11 PM", "5.3.24, 10:11 PM"], [(3, 4), (3, 5)]),  # dots: day first
        (["4/3/24, 22:11", "5/13/24, 22:11", "13/5/24, 22:11", "14/5/24, 22:11"],
         [(3, 4), (5, 13), (5, 13), (5, 14)]),
    ],
)  # fmt: skip
def test_the_order_of_day_and_month_is_that_of_the_file(
    dates: list[str], want: list[tuple[int, int]]
) -> None:
    moments = values(chat(*(f"{date} - Ann: x" for date in dates)), "created_at")
    assert [(moment.month, moment.day) for moment in moments] == want


def test_midnight_and_noon_of_a_clock_of_12_hours() -> None:
    rows = chat("3/5/24, 12:01 AM - Ann: a", "3/5/24, 12:01 PM - Ann: b")
    assert [moment.hour for moment in values(rows, "created_at")] == [0, 12]


def test_a_day_that_no_calendar_has_is_told() -> None:
    rows = chat("05.03.24, 10:11 - Ann: a", "45.03.24, 10:11 - Ann: b", "05.03.24, 25:11 - Ann: c")
    assert reasons(rows) == {"chat.txt:2": "bad_timestamp", "chat.txt:3": "bad_timestamp"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Messages and calls are end-to-end encrypted. Tap to learn more.", "system_action"),
        ("Ann hat Bea hinzugefügt", "system_action"),
        ('Ann changed the subject to "Help: ask here"', "system_action"),
        ("Ann hat den Betreff zu „Hilfe: hier“ geändert", "system_action"),
        ("Ann: <Media omitted>", "empty"),
        ("Ann: <Medien ausgeschlossen>", "empty"),
        ("Ann: <Без медиафайлов>", "empty"),
        ("Ann: \u200eimage omitted", "empty"),
        ("Ann: \u200eBild weggelassen", "empty"),
        ("Ann: \u200e<attached: 0001-PHOTO.jpg>", "empty"),
        ("Ann: \u200eIMG-20240305-WA01.jpg (file attached)", "empty"),
        ("Ann: IMG-20240305-WA01.jpg (Datei angehängt)", "empty"),
        ("Help: \u200eMessages and calls are end-to-end encrypted.", "empty"),
        ("Ann:", "empty"),
        ("Ann: This message was deleted", "deleted_at_source"),
        ("Ann: \u200eThis message was deleted.", "deleted_at_source"),
        ("Bea: Du hast diese Nachricht gelöscht.", "deleted_at_source"),
    ],
)
def test_what_no_member_said_is_told(said: str, reason: str) -> None:
    rows = chat("05.03.24, 10:10 - Ann: before", f"05.03.24, 10:11 - {said}")
    assert reasons(rows) == {"chat.txt:2": reason}
    assert values(rows, "body") == ["before"]


@pytest.mark.parametrize(
    ("said", "want"),
    [
        ("\u200eIMG-1.jpg (file attached)\nthe caption", "the caption"),
        ("the caption \u200e<attached: 1.jpg>", "the caption"),
        ("It drips \u200e<This message was edited>", "It drips"),
        ("thanks @\u2068Bea Roy\u2069!", "thanks @Bea Roy!"),
        ("\u200ePOLL:\nWhich one?\n\u200eOPTION: blue (2 votes)", "Which one?"),
        ("see: <https://x.org>", "see: <https://x.org>"),
        ("<3", "<3"),
        ("use <b> and a <i>", "use <b> and a <i>"),
        ("\u200fשלום", "שלום"),
        ("you deleted this? why", "you deleted this? why"),
        ("at 05.03.24, 10:11 - it: stopped", "at 05.03.24, 10:11 - it: stopped"),
    ],
)
def test_the_words_of_a_member_stay_and_only_they(said: str, want: str) -> None:
    assert values(chat(f"[05.03.24, 10:11:12] Ann: {said}"), "body") == [want]


def test_a_member_may_be_called_by_a_number() -> None:
    rows = chat(
        "[05.03.24, 10:11:12] \u202a+49 170 1234567\u202c: a",
        "[05.03.24, 10:11:13] ~\u202fAnn: b",
        "[05.03.24, 10:11:14] Ann: c",
    )
    assert values(rows, "author") == ["+49 170 1234567", "Ann", "Ann"]
    ids = list(posts(rows, "author_id").values())
    assert ids[0] != ids[1] == ids[2]


def test_a_chat_is_read_packed_and_with_other_line_ends() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("_chat.txt", "\ufeff[05.03.24, 10:11:12] Ann: a\r\nb\r\n")
        archive.writestr("1.jpg", b"\xff\xd8\xff\x00")
    rows = read("all.zip", target.getvalue())
    assert values(rows, "body") == ["a\nb"]
    assert reasons(rows) == {"all.zip/1.jpg": "unknown_format"}


def test_bytes_that_are_no_text_are_told() -> None:
    rows = read("c", b"05.03.24, 10:11 - Ann: \xff\n05.03.24, 10:12 - Ann: b\n")
    assert reasons(rows) == {"c:1": "invalid_encoding"}


@pytest.mark.parametrize("first", ["05.03.24;Ann;It drips", '[{"body": "a"}]', "[1, 2]"])
def test_another_text_that_begins_alike_is_no_chat(first: str) -> None:
    rows = chat(first, "[05.03.24, 10:11:12] Ann: a") if first[0] != "[" else chat(first)
    assert "created_at" not in {key for row in rows if isinstance(row, Row) for key in row.values}


HEADS = ["[05.03.24, 10:11:12] ", "3/5/24, 10:11 PM - ", "Ann: ", "\u200e", "\n", '"', "x", "<a b>"]


@given(st.lists(st.sampled_from(HEADS)).map("".join))
def test_every_message_in_comes_out(text: str) -> None:
    rows = chat("05.03.24, 10:11 - Ann: first", text)
    assert len({row.ref for row in rows}) == len(rows) >= 1


def test_hostile_lines_cost_time_in_proportion_to_their_length() -> None:
    began = time.process_time()
    hostile = ["<" + "a " * 50_000, "[" * 50_000, "1." * 50_000, "\u200e" * 50_000, "a-" * 50_000]
    rows = chat("05.03.24, 10:11 - Ann: x", *hostile, "05.03.24, 10:11 - " + ":" * 50_000)
    assert len(rows) == 2
    assert time.process_time() - began < 2
