"""CSV: the separator, the header and the rows are found however a program lays a table out."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.formats import separated
from feedbackminer.errors import InputError
from tests.support.format_reading import posts, read, reasons, values

HEADER, FIRST, SECOND = (
    ["nr", "text", "stars"],
    ["1", "too loud, at night", "2"],
    ["2", "fine", "5"],
)


def table(data: str) -> list[Row | BadRow]:
    return read("t.csv", data.encode())


def rows_of(data: str) -> list[tuple[object, ...]]:
    """Return the values of every readable row."""
    return [tuple(row.values.values()) for row in table(data) if isinstance(row, Row)]


def columns_of(data: str) -> list[str]:
    return next(list(row.values) for row in table(data) if isinstance(row, Row))


# --- separators -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        'nr,text,stars\n1,"too loud, at night",2\n2,fine,5\n',
        "nr;text;stars\n1;too loud, at night;2\n2;fine;5\n",
        "nr\ttext\tstars\n1\ttoo loud, at night\t2\n2\tfine\t5\n",
        "nr|text|stars\r\n1|too loud, at night|2\r\n2|fine|5\r\n",
        'nr,text,stars\r1,"too loud, at night",2\r2,fine,5\r',
        'nr, text, stars\n1, "too loud, at night", 2\n2, "fine", 5\n',
        "\n \n;;\n\nnr;text;stars\n\n1;too loud, at night;2\n2;fine;5\n",
        "nr;text;stars;\n1;too loud, at night;2;\n2;fine;5;;\n",
    ],
    ids=["comma", "semicolon", "tab", "bar", "cr", "spaces", "blank above", "one too many"],
)
def test_a_table_is_read_whatever_parts_its_fields(data: str) -> None:
    assert values(table(data), *HEADER) == [tuple(FIRST), tuple(SECOND)]


@pytest.mark.parametrize(
    ("header", "want"),
    [
        ('"What, in your words, went wrong";Date;Stars', "What, in your words, went wrong"),
        ("What, in your words, went wrong;Date;Stars", "What, in your words, went wrong"),
        ('"Words; yours | in full"\tDate\tStars', "Words; yours | in full"),
        ('"Words\nin full";Date;Stars', "Words\nin full"),
    ],
)
def test_a_separator_inside_a_name_parts_nothing(header: str, want: str) -> None:
    sign = "\t" if "\t" in header else ";"
    data = f"{header}\n" + sign.join(('"It drips, often; | too"', "2024-03-01", "1")) + "\n"
    assert columns_of(data) == [want, "Date", "Stars"]
    assert rows_of(data) == [("It drips, often; | too", "2024-03-01", "1")]


@pytest.mark.parametrize("told", ["sep=;", "SEP=;\r", '"sep=;"', "\nsep=;"])
def test_a_line_that_tells_the_separator_is_no_header(told: str) -> None:
    rows = table(f"{told}\nnr;text, free;stars, of five\n1;a, b;2\n")
    assert [row.ref for row in rows] == [f"t.csv:{told.count(chr(10)) + 3}"]
    assert values(rows, "nr", "text, free") == [("1", "a, b")]


def test_the_separator_that_is_told_may_be_a_tab_or_any_sign() -> None:
    assert rows_of("sep=\t\na\tb\n1\t2\n") == rows_of("sep=^\na^b\n1^2\n") == [("1", "2")]
    assert rows_of("sep=x\n1\n") == [("1",)], "a letter parts nothing"


def test_texts_with_commas_in_a_table_of_one_column_stay_whole() -> None:
    assert rows_of('text\nHello, it drips\n"Quoted, too"\n') == [
        ("Hello, it drips",),
        ("Quoted, too",),
    ]


@given(st.permutations([",", ";", "\t", "|"]), st.lists(st.sampled_from(["a", "b,c;d", "e\tf|g"])))
def test_a_quoted_table_is_read_back_whatever_its_separator(
    signs: list[str], more: list[str]
) -> None:
    cells = ["id", "text", *(f"{sign}{n}" for n, sign in enumerate(signs + more))]
    line = signs[0].join(f'"{cell}"' for cell in cells)
    assert rows_of(f"{line}\n{line}\n") == [tuple(cells)]


# --- headers ----------------------------------------------------------------------------------


def test_of_two_columns_with_one_name_the_first_counts() -> None:
    data = "id,text,text,text (2),text\n1,mine,not mine,nor mine,nor this\n"
    assert columns_of(data) == ["id", "text", "text (2)", "text (2) (2)", "text (3)"]
    assert posts(table(data), "body") == {"x:1": "mine"}


def test_columns_without_a_name_keep_their_values_apart_and_are_no_fields() -> None:
    data = ",text,, \n7,It drips,a,b\n"
    assert columns_of(data) == ["Unnamed: 0", "text", "Unnamed: 2", "Unnamed: 3"]
    assert rows_of(data) == [("7", "It drips", "a", "b")]
    (found,) = posts(table(data), "title", "rating", "score", "channel").values()
    assert found == (None, None, None, None)


@pytest.mark.parametrize(
    "above",
    ["Reviews of March", "Reviews of March;;", '"Reviews, all of them"', "Reviews\n\n;;\nShop 3"],
)
def test_titles_above_the_header_are_told_and_passed_over(above: str) -> None:
    rows = table(f"{above}\nnr;text;stars\n1;too loud, at night;2\n2;fine;5\n")
    assert values(rows, *HEADER) == [tuple(FIRST), tuple(SECOND)]
    assert set(reasons(rows).values()) == {"title_row"}
    assert len(reasons(rows)) == len([line for line in above.split("\n") if line.strip(";")])


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ("text\nfine, text\nno,yes\n", ["text"]),  # a list whose entries have commas
        ("gripe\nloud, at night\nno, yes\n", ["gripe"]),
        (",note\n1,text\n", ["Unnamed: 0", "note"]),  # a row whose word is a column's name
    ],
)
def test_a_header_of_one_name_is_no_title(data: str, want: list[str]) -> None:
    rows = table(data)
    assert reasons(rows) == {}
    assert columns_of(data) == want


def test_an_open_quote_in_the_header_is_an_error_that_names_the_line() -> None:
    with pytest.raises(InputError, match=r"t\.csv:1: a quote opens in the header"):
        table('"id,text\n1,a\n2,b\n')


# --- rows -------------------------------------------------------------------------------------


def test_a_longer_row_is_told_unless_what_is_beyond_the_header_is_empty() -> None:
    rows = table("id,text\n1,a,b\n2,c,,\n3\n")
    assert values(rows, "id", "text") == [("2", "c"), ("3", None)]
    assert reasons(rows) == {"t.csv:2": "too_many_fields"}


def test_open_quotes_far_apart_are_told_and_every_other_row_is_read() -> None:
    n_rows = separated.SAMPLE_LINES * 3
    lines = [f"{n},text {n}" for n in range(n_rows)]
    for at in (3, n_rows // 2, n_rows - 1):
        lines[at] = f'{at},"open {at}'
    rows = table("id,text\n" + "\n".join(lines) + "\n")
    assert [row.ref for row in rows] == [f"t.csv:{n + 2}" for n in range(n_rows)]
    assert list(reasons(rows)) == [f"t.csv:{at + 2}" for at in (3, n_rows // 2, n_rows - 1)]


def test_a_table_is_read_line_by_line() -> None:
    text = "id,text\r\n" + "1,it drips at night\r\n" * 100_000
    tracemalloc.start()
    n_rows = sum(1 for _ in separated.csv_rows("t.csv", text))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_rows == 100_000
    assert peak < 500_000
