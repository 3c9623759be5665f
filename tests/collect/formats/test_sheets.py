"""Workbooks: every sheet that is shown is read as a table, or told, whatever it claims to be."""

from __future__ import annotations

import resource
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.formats import archives, sheets
from feedbackminer.errors import InputError
from tests.support.command import invoke
from tests.support.format_reading import posts, read, reasons, values
from tests.support.workbooks import Cell, Fault, Formula, packed, sheet, workbook

NAMES: list[Cell] = ["Nr", "Review Text", "Date", "Stars"]
NOON = datetime(2026, 3, 1, 12)
TABLE: list[list[Cell]] = [NAMES, [12, "It drips", NOON, 2], [13, "Fine", NOON, 5]]


def one(rows: list[list[Cell]], *, more: str = "") -> bytes:
    return workbook({"Reviews": sheet(rows, more=more)})


# --- reading ----------------------------------------------------------------------------------


def test_a_sheet_is_a_table_with_dates_numbers_and_places() -> None:
    rows = read("r.xlsx", one([["id", *NAMES[1:]], *TABLE[1:]]))
    assert [row.ref for row in rows] == ["r.xlsx:Reviews!2", "r.xlsx:Reviews!3"]
    assert posts(rows, "body", "created_at", "rating") == {
        "x:12": ("It drips", NOON.replace(tzinfo=UTC), 2),
        "x:13": ("Fine", NOON.replace(tzinfo=UTC), 5),
    }


def test_sheets_with_other_columns_are_read_beside_each_other() -> None:
    feedback: list[list[Cell]] = [["id", "message", "username"], ["f1", "Louder, please", "ann"]]
    plan: list[list[Cell]] = [["Quarter", "Goal"], ["Q1", "more"], ["Q2", "less"]]
    data = workbook({
        "Shop": sheet(TABLE), "Mail & chat": sheet(feedback), "Plan": sheet(plan), "Sheet4": "",
    })  # fmt: skip
    rows = read("all.xlsx", data)
    assert values(rows, "body") == ["It drips", "Fine", "Louder, please"]
    assert values(rows, "author") == [None, None, "ann"]
    assert reasons(rows) == {"all.xlsx:Plan": "no_posts"}
    assert rows[2].ref == "all.xlsx:Mail & chat!2"


def test_a_lone_sheet_keeps_its_own_columns_for_a_mapping_by_hand() -> None:
    data = workbook({"Tabelle1": sheet([["Nr", "Meckern"], [1, "zu laut"]]), "Tabelle2": ""})
    assert values(read("t", data), "Nr", "Meckern") == [("1", "zu laut")]


@pytest.mark.parametrize("first_row", [1, 4])
def test_titles_and_blank_rows_above_the_header_are_passed_over(first_row: int) -> None:
    merged = '<mergeCells count="1"><mergeCell ref="A1:D1"/></mergeCells>'
    rows_above: list[list[Cell]] = [["Reviews of March"], [], ["Shop 3", None, " "], []]
    content = sheet([*rows_above, *TABLE], more=merged, first_row=first_row)
    rows = read("r", workbook({"S": content}))
    assert values(rows, "Review Text") == ["It drips", "Fine"]
    assert reasons(rows) == {f"r:S!{first_row + n}": "title_row" for n in (0, 2)}
    assert f"r:S!{first_row + 5}" in {row.ref for row in rows}


def test_a_formula_counts_as_its_last_value_and_one_that_failed_as_none() -> None:
    formulas: list[list[Cell]] = [
        NAMES, [1, Formula("It drips & drips"), Fault("#N/A"), Formula("4")],
        [2, Fault("#REF!"), NOON, 3],
    ]  # fmt: skip
    assert values(read("r", one(formulas)), "Review Text", "Date", "Stars") == [
        ("It drips & drips", "", "4"),
        ("", "2026-03-01 12:00:00", "3"),
    ]


def test_of_merged_cells_the_first_has_the_value() -> None:
    merged = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    rows = read("r", one([NAMES, [1, "It drips", NOON, 2], [2, None, NOON, 3]], more=merged))
    assert values(rows, "Nr", "Review Text") == [("1", "It drips"), ("2", "")]


def test_columns_of_one_name_or_none_stay_apart() -> None:
    rows = read("r", one([["text", None, "text", None], ["mine", "a", "not mine", "b"]]))
    assert values(rows, "text", "text (2)", "Unnamed: 1", "Unnamed: 3") == [
        ("mine", "not mine", "a", "b")
    ]
    assert values(rows, "text") == ["mine"]


def test_a_hidden_sheet_is_told_and_not_read() -> None:
    data = workbook({"Reviews": sheet(TABLE), "Old": sheet(TABLE)}, hidden=["Old"])
    rows = read("r", data)
    assert values(rows, "Review Text") == ["It drips", "Fine"]
    assert reasons(rows) == {"r:Old": "hidden_sheet"}


def test_import_reads_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "reviews.xlsx"
    path.write_bytes(one(TABLE))
    run = invoke("import", path, "--project", tmp_path, "--json")
    assert run.exit_code == 0, run.output
    from feedbackminer.project.store import Store

    assert sorted(Store(tmp_path / "tables").read("posts")["body"]) == ["Fine", "It drips"]


# --- what is no workbook, or a hostile one ----------------------------------------------------

DOCUMENT = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"}
OPEN_DOCUMENT = {
    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
    "content.xml": "<a/>",
}
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
FAR = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>{}</sheetData>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (packed(DOCUMENT), "an office document; save its table as CSV, or as .xlsx"),
        (packed({**DOCUMENT, "xl/workbook.bin": ""}), "an office document"),
        (packed(OPEN_DOCUMENT), "an office document"),
        (OLD, "a password locks; save its table as CSV"),
        (one(TABLE)[:-40], "damaged or cut short"),
        (packed({"xl/workbook.xml": "<workbook><sheets>"}), "damaged workbook"),
        (packed({"xl/workbook.xml": ""}), "damaged workbook"),
    ],
)
def test_what_is_no_workbook_is_an_error_that_says_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read("r.xlsx", data)


@pytest.mark.parametrize(
    "far",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='2'><c s='1' r='XFD1048576'><v>1</v></c></row>",
        '<x:row r="1048576">' + "<x:c><x:v>1</x:v></x:c>" * 16_384 + "</x:row>",
        '<row r="1048576"><c x=">" r = "XFD9"/></row>',
    ],
)
def test_a_sheet_that_claims_more_cells_than_memory_has_is_an_error(far: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="more than 30,000,000 cells"):
        read("r.xlsx", workbook({"S": FAR.format(far)}))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def shared_cells(numbers: list[int], form: str = '<c r="A{}" t="s"><v>{}</v></c>') -> str:
    cells = (form.format(at, number) for at, number in enumerate(numbers, start=1))
    return f"<sheetData>{''.join(f'<row>{cell}</row>' for cell in cells)}</sheetData>"


@pytest.mark.parametrize(
    "form", ['<c r="A{}" t="s"><v>{}</v></c>', "<c r='A{}' t = 's'><f>A1</f><v>{}</v></c>"]
)
def test_a_text_that_cells_repeat_beyond_all_memory_is_an_error(form: str) -> None:
    bomb = shared_cells([0] * 20_000, form)
    with pytest.raises(InputError, match="more than 1 GiB of text"):
        read("r.xlsx", workbook({"S": bomb}, shared=["x" * 500_000]))


def test_long_texts_that_few_cells_have_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_TEXT", 200_000)
    texts = shared_cells([0, *[1] * 500, 2, 2, 2])
    rows = read("r.xlsx", workbook({"S": texts}, shared=["text", "fine", "x" * 30_000]))
    assert [len(text) for text in values(rows, "text")] == [4] * 500 + [30_000] * 3


def test_the_extent_of_a_sheet_is_that_of_its_cells() -> None:
    assert sheets._n_cells(b'<row r="3"><c r="A3"/><c r="AB3"/></row>') == 3 * 28
    assert sheets._n_cells(b"<row><c/><c/></row><row><c/></row>") == 2 * 2
    assert sheets._n_cells(b"<cols><col min='1'/></cols><rowBreaks r='9'/>") == 0


def test_a_bomb_in_a_workbook_is_an_error_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "RATIO_FREE", 1 << 20)
    data = workbook({"S": f"<sheetData>{' ' * (48 << 20)}</sheetData>"})
    tracemalloc.start()
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        read("r.xlsx", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


def test_a_damaged_sheet_is_told_and_the_others_are_read() -> None:
    data = workbook({"Reviews": sheet(TABLE), "Bad": '<sheetData><row r="1"><c r="A1" t="n">&lol;'})
    rows = read("r", data)
    assert values(rows, "Review Text") == ["It drips", "Fine"]
    assert reasons(rows) == {"r:Bad": "damaged_sheet"}


HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40)


@given(HOSTILE, HOSTILE)
def test_any_text_may_stand_in_a_cell(name: str, text: str) -> None:
    rows = read("r", one([["text", name or "n"], [text, "x"], ["more", "y"]]))
    assert values(rows, "text")[-1] == "more"
    assert len(rows) == 2


@given(st.data())
def test_a_workbook_with_a_changed_byte_gives_rows_or_an_input_error(data: st.DataObject) -> None:
    content = bytearray(sheet(TABLE).encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(32, 126))
    with suppress(InputError):
        rows = read("r.xlsx", workbook({"S": content.decode(), "T": sheet(TABLE)}))
        assert len(rows) >= 2
