"""Files: every known format gives its rows; what cannot be read is told, never lost."""

import codecs
import gzip
import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, FileContent, Row, open_file, read_rows
from feedbackminer.errors import InputError

POSTS = [{"id": "1", "body": "it’s broken"}, {"id": "2", "body": "grüße, 東京"}]
JSONL = "".join(json.dumps(post, ensure_ascii=False) + "\n" for post in POSTS)
CSV = 'id,body\n1,it’s broken\n2,"grüße, 東京"\n'
# A frame per line: parallel packers write files of many frames.
ZST_FRAMES = b"".join(zstandard.compress(line.encode()) for line in JSONL.splitlines(True))


def parquet(rows: list[dict[str, str]]) -> bytes:
    target = io.BytesIO()
    pl.DataFrame(rows).write_parquet(target)
    return target.getvalue()


def read(data: bytes | str, encoding: str = "utf-8") -> list[Row | BadRow]:
    data = data.encode() if isinstance(data, str) else data
    return list(read_rows(FileContent("posts.txt", data, ""), encoding=encoding))


def values(data: bytes | str, encoding: str = "utf-8") -> list[dict[str, object]]:
    return [row.values for row in read(data, encoding) if isinstance(row, Row)]


def outcome(data: bytes | str) -> list[tuple[str, str]]:
    """Place and reason of every row; a readable row has the reason "ok"."""
    return [(r.ref, r.reason if isinstance(r, BadRow) else "ok") for r in read(data)]


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        JSONL.encode(),
        JSONL.replace("\n", "\r\n").encode(),
        f"\n\n{JSONL}\n".encode(),
        json.dumps(POSTS, indent=2).encode(),
        CSV.encode(),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("\n", "\n\n").encode(),
        'id;body\n1;it’s broken\n2;grüße, 東京\n'.encode(),
        'id\tbody\n1\tit’s broken\n2\tgrüße, 東京\n'.encode(),
        parquet(POSTS),
        codecs.BOM_UTF8 + JSONL.encode(),
        codecs.BOM_UTF8 + CSV.encode(),
        JSONL.encode("utf-16"),
        CSV.encode("utf-16"),
        codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"),
    ],
    ids=[
        "jsonl", "jsonl crlf", "jsonl blank lines", "json array", "csv", "csv crlf",
        "csv blank lines", "semicolons", "tabs", "parquet", "jsonl bom", "csv bom",
        "jsonl utf-16", "csv utf-16", "csv utf-16 be",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"]
)
def test_every_format_gives_the_same_posts_whatever_the_file_is_called(
    tmp_path: Path, data: bytes, pack: type[bytes]
) -> None:
    path = tmp_path / "posts.xlsx"
    path.write_bytes(pack(data))
    rows = list(read_rows(open_file(str(path))))
    assert [row.values for row in rows if isinstance(row, Row)] == POSTS


def test_a_zstd_file_of_several_frames_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "posts.zst"
    path.write_bytes(ZST_FRAMES)
    assert open_file(str(path)).data == JSONL.encode()


def test_a_zstd_file_with_reddits_long_window_is_read(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=28)
    path = tmp_path / "RC_2026-03.zst"
    path.write_bytes(zstandard.ZstdCompressor(compression_params=parameters).compress(CSV.encode()))
    assert open_file(str(path)).data == CSV.encode()


def test_a_dash_reads_standard_input() -> None:
    code = (
        "from feedbackminer.collect.files import open_file, read_rows\n"
        "content = open_file('-')\n"
        "print(content.name, [row.values['id'] for row in read_rows(content)])"
    )
    run = subprocess.run([sys.executable, "-c", code], input=JSONL.encode(), capture_output=True)
    assert run.stdout.decode().strip() == "stdin ['1', '2']"


def test_a_file_with_2000_columns_is_read() -> None:
    header = ",".join(["body", *(f"c{n}" for n in range(1999))])
    (row,) = values(f"{header}\n{','.join(['x'] * 2000)}\n")
    assert len(row) == 2000


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ('{"body": "a\\u2028b\u2028c"}\n', "a\u2028b\u2028c"),  # no line ends for JSONL
        ('id,body\n1,"a\nb"\n', "a\nb"),
        ('id,body\n1,"a ""b"" c"\n', 'a "b" c'),
        ('id,body\n1,"a "b" c"\n', 'a b" c"'),
        ("id,body\n1,a\x00b\n", "ab"),
        ("id,body\n1,=HYPERLINK(1)\n", "=HYPERLINK(1)"),
    ],
)
def test_a_body_is_read_whole(data: str, want: str) -> None:
    assert [row["body"] for row in values(data)] == [want]


def test_a_named_encoding_is_used() -> None:
    assert values("id,body\n1,grüße\n".encode("cp1252"), "cp1252") == [{"id": "1", "body": "grüße"}]


def test_a_row_with_too_few_fields_has_no_value_for_the_rest() -> None:
    assert values("id,body,title\n1,hello\n") == [{"id": "1", "body": "hello"}]


# --- bad rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (
            b'{"id": 1}\n{"id": 2\n{"id": 3}\n',
            [("posts.txt:1", "ok"), ("posts.txt:2", "malformed_json"), ("posts.txt:3", "ok")],
        ),
        (
            b'{"id": 1}\n[1]\n"x"\n7\n',
            [("posts.txt:1", "ok"), *((f"posts.txt:{n}", "not_an_object") for n in (2, 3, 4))],
        ),
        (b'[{"id": 1}, 7]', [("posts.txt:item 1", "ok"), ("posts.txt:item 2", "not_an_object")]),
        (
            b'{"id": 1}\n{"id": "\xff"}\n',
            [("posts.txt:1", "ok"), ("posts.txt:2", "invalid_encoding")],
        ),
        (b"id,body\n1,\xff\n2,b\n", [("posts.txt:2", "invalid_encoding"), ("posts.txt:3", "ok")]),
        (b"id,body\n1,a,b\n2,b\n", [("posts.txt:2", "too_many_fields"), ("posts.txt:3", "ok")]),
        (
            b'id,body\n1,"open\n2,b\n3,c\n',
            [("posts.txt:2", "unclosed_quote"), ("posts.txt:3", "ok"), ("posts.txt:4", "ok")],
        ),
        (
            b'id,body\n1,"open\n2,"b"\n3,c\n',
            [("posts.txt:2", "unclosed_quote"), ("posts.txt:3", "ok"), ("posts.txt:4", "ok")],
        ),
        (b'id,body\n1,"two\nlines"\n2,b\n', [("posts.txt:2", "ok"), ("posts.txt:4", "ok")]),
        (
            b'{"id": 1}\n' + b"[" * 99_999 + b"\n",
            [("posts.txt:1", "ok"), ("posts.txt:2", "malformed_json")],
        ),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_its_neighbours_stay(
    data: bytes, want: list[tuple[str, str]]
) -> None:
    assert outcome(data) == want


def test_many_open_quotes_cost_time_in_proportion_to_the_file() -> None:
    data = "id,body\n" + '1,"open\n2,b\n' * 20_000
    assert len(read(data)) == 40_000


TABLES = st.lists(st.sampled_from(['"', ",", "\n", "\r", "a", ";", '""', "\x00", "é"])).map("".join)


@given(TABLES)
def test_any_text_is_read_as_a_table_without_a_crash(text: str) -> None:
    rows = read("id,body\n" + text)
    assert len({row.ref for row in rows}) == len(rows)


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_what_a_csv_writer_wrote_is_read_back(pairs: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(
        [(a.replace("\x00", ""), b.replace("\x00", "")) for a, b in pairs],
        schema={"id": pl.String, "body": pl.String},
        orient="row",
    )
    assert values(frame.write_csv(quote_style="always")) == frame.to_dicts()


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_an_input_error(data: bytes) -> None:
    with suppress(InputError):
        read(data)


# --- files that are no posts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (codecs.BOM_UTF8, "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (gzip.compress(JSONL.encode(), mtime=0)[:-9], "damaged or cut short"),
        (gzip.compress(JSONL.encode(), mtime=0)[:20] + b"\xff" * 30, "damaged or cut short"),
        (zstandard.compress(JSONL.encode())[:-5], "damaged or cut short"),
        (ZST_FRAMES[:-5], "damaged or cut short"),
        (zstandard.compress(JSONL.encode())[:8] + b"\xff" * 30, "damaged or cut short"),
    ],
)
def test_an_empty_or_damaged_file_is_an_error(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"posts\.jsonl: .*{message}"):
        open_file(str(path))


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        ("<?xml version='1.0'?><sheet/>", "utf-8", "begins with <sheet>.*JSON, CSV"),
        ("[1, 2", "utf-8", "not valid JSON"),
        (parquet(POSTS)[:-9], "utf-8", "damaged Parquet"),
        ("id,body\n1,a\n", "klingon", "klingon.*--encoding"),
        ("id,body\n1,ab\n", "utf-16", "utf-16.*--encoding"),
    ],
)
def test_a_file_of_another_kind_is_an_error(data: bytes | str, encoding: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"posts\.txt: .*{message}"):
        read(data, encoding)


def test_a_directory_or_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory; name the files in it"):
        open_file(str(tmp_path))
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        open_file(str(tmp_path / "none.csv"))


def test_a_file_without_read_permission_is_an_error() -> None:
    if os.geteuid() != 0:
        pytest.skip("as another user than root, permissions are tested by the user's own files")
    # Root reads everything, so a child gives up its rights first.
    code = (
        "import os\n"
        "from feedbackminer.collect.files import open_file\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "open_file('/etc/shadow')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "InputError: /etc/shadow: cannot be read: Permission denied" in run.stderr
