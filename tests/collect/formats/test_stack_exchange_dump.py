"""Dumps of Stack Exchange sites: questions, answers and comments, in bounded memory."""

import io
import tracemalloc
import zipfile
from html import escape
from pathlib import Path

import pytest

from feedbackminer.collect.files import BadRow, Row, open_file, read_rows
from feedbackminer.errors import InputError
from tests.support.format_reading import collect, posts, read, reasons, values

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def row(**attributes: object) -> str:
    """Return a row of a table."""
    pairs = " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())
    return f"  <row {pairs} />\n"


def table(root: str, *rows: str) -> bytes:
    return f"{HEAD}<{root}>\n{''.join(rows)}</{root}>".encode()


def question(native: int, **more: object) -> str:
    given = {"Title": "Why?", "Body": "<p>It <b>hangs</b></p>", "OwnerUserId": 5, **more}
    return row(Id=native, PostTypeId=1, CreationDate="2024-05-01T10:00:00.000", **given)


def answer(native: int, parent: int, **more: object) -> str:
    given = {"Body": "<p>Restart it</p>", "OwnerUserId": 6, **more}
    return row(
        Id=native, PostTypeId=2, ParentId=parent, CreationDate="2024-05-02T10:00:00.000", **given
    )


def comment(native: int, post: int, text: str = "Thanks", **more: object) -> str:
    return row(Id=native, PostId=post, Text=text, CreationDate="2024-05-03T10:00:00", **more)


def of(*rows: str) -> list[Row | BadRow]:
    return read("Posts.xml", table("posts", *rows))


def dump(folder: Path, posts: bytes, comments: bytes) -> Path:
    (folder / "Posts.xml").write_bytes(posts)
    (folder / "Comments.xml").write_bytes(comments)
    return folder / "Posts.xml"


def on_disk(path: Path) -> list[Row | BadRow]:
    return list(read_rows(open_file(str(path))))


def test_a_question_and_its_answers_are_one_thread() -> None:
    rows = of(
        question(1, AcceptedAnswerId=2, Score=4, Tags="<jam><slow-cooker>", ViewCount=90),
        answer(2, 1, Score=-3, LastEditDate="2024-05-04T00:00:00"),
        question(7, ClosedDate="2024-05-05T00:00:00", Tags="|tea|pot|"),
    )
    assert posts(rows, "thread_id", "parent_id", "accepted", "score", "title", "body") == {
        "x:1": ("x:1", None, False, 4, "Why?", "It hangs"),
        "x:2": ("x:1", "x:1", True, -3, None, "Restart it"),
        "x:7": ("x:7", None, False, None, "Why?", "It hangs"),
    }
    assert values(rows, "tags", "status", "views", "edited_at") == [
        ("jam, slow-cooker", None, "90", None),
        (None, None, None, "2024-05-04T00:00:00Z"),
        ("tea, pot", "closed", None, None),
    ]


def test_times_of_a_dump_are_in_utc() -> None:
    assert values(of(question(1)), "created_at") == ["2024-05-01T10:00:00.000Z"]


def test_an_account_is_its_number_else_the_name_that_is_left_of_it() -> None:
    named = row(Id=3, PostTypeId=1, Body="x", OwnerDisplayName="ann_k")
    rows = of(question(1), named, question(4, OwnerUserId=-1))
    assert values(rows, "author", "author_role") == [("5", None), ("ann_k", None), ("-1", "bot")]


def test_what_is_neither_question_nor_answer_is_told() -> None:
    rows = of(row(Id=1, PostTypeId=5, Body="About a tag"), question(2, DeletionDate="2024-05-05"))
    assert reasons(rows) == {
        "Posts.xml:item 1": "system_action",
        "Posts.xml:item 2": "deleted_at_source",
    }


def test_comments_beside_the_posts_stand_under_what_they_comment_on(tmp_path: Path) -> None:
    said = table("comments", comment(1, 2, UserId=5, Score=2), comment(2, 1, UserDisplayName="bo"))
    path = dump(tmp_path, table("posts", question(1), answer(2, 1)), said)
    rows = on_disk(path)
    assert posts(rows, "thread_id", "parent_id", "score") == {
        "x:1": ("x:1", None, None),
        "x:2": ("x:1", "x:1", None),
        "x:c1": ("x:1", "x:2", 2),
        "x:c2": ("x:1", "x:1", None),
    }
    assert values(rows, "author") == ["5", "6", "5", "bo"]
    assert posts(on_disk(tmp_path / "Comments.xml"), "thread_id") == {"x:c1": "x:1", "x:c2": "x:1"}


def test_comments_alone_are_threads_of_their_posts() -> None:
    rows = read("Comments.xml", table("comments", comment(1, 8), comment(2, 8)))
    assert posts(rows, "thread_id", "parent_id") == {
        "x:c1": ("x:8", "x:8"), "x:c2": ("x:8", "x:8"),
    }  # fmt: skip


def test_a_change_of_the_comments_changes_the_hash_of_the_dump(tmp_path: Path) -> None:
    path = dump(tmp_path, table("posts", question(1)), table("comments", comment(1, 1)))
    before = open_file(str(path)).sha256
    assert open_file(str(path)).sha256 == before
    dump(tmp_path, table("posts", question(1)), table("comments", comment(1, 1, "Thanks!")))
    assert open_file(str(path)).sha256 != before


@pytest.mark.parametrize("folder", ["", "tea.example/"])
def test_a_dump_in_an_archive_is_read_with_its_comments(folder: str) -> None:
    rows = read("tea.zip", archive({
        f"{folder}Posts.xml": table("posts", question(1), answer(2, 1)),
        f"{folder}Comments.xml": table("comments", comment(1, 2)),
        f"{folder}Users.xml": table("users", row(Id=5, DisplayName="Ann")),
    }))  # fmt: skip
    assert posts(rows, "thread_id") == {"x:1": "x:1", "x:2": "x:1", "x:c1": "x:1"}
    assert reasons(rows) == {f"tea.zip/{folder}Users.xml": "no_posts"}


def test_dumps_of_two_sites_in_one_archive_are_refused() -> None:
    both = archive({f"{site}/Posts.xml": table("posts", question(1)) for site in ("tea", "jam")})
    with pytest.raises(InputError, match=r"2 sites.*--source"):
        read("both.zip", both)


def archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize(
    "damaged",
    ['  <row Id="2" Body="abc\n', '  <row Id="2" Body="&#0;" />\n', '  <row Id="2" <>\n',
     '  <row Id="2" Body="&lol;" />\n', '  <row Id="2" Id="2" />\n'],
)  # fmt: skip
def test_a_damaged_line_costs_only_itself(damaged: str) -> None:
    rows = of(question(1), damaged, question(3), question(4))
    assert values(rows, "post_id") == ["1", "3", "4"]
    assert reasons(rows) == {"Posts.xml:line 4": "malformed_xml"}


def test_a_dump_that_is_cut_short_is_read_up_to_there_and_told() -> None:
    rows = read("Posts.xml", table("posts", question(1), question(2))[:-60])
    assert values(rows, "post_id") == ["1"]
    assert reasons(rows) == {"Posts.xml:end": "malformed_xml"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encoding_of_a_dump_is_its_own(encoding: str) -> None:
    text = table("posts", question(1, Title="Käse – ⚙")).decode().replace("utf-8", encoding[:6])
    assert values(read("Posts.xml", text.encode(encoding)), "title") == ["Käse – ⚙"]


def test_rows_without_line_ends_are_read() -> None:
    data = table("posts", question(1), question(2)).replace(b"\n", b"")
    assert values(read("Posts.xml", data), "post_id") == ["1", "2"]


def test_a_dump_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    path.write_bytes(table("posts", *[question(1, Body="x" * 10_000)] * 1500))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_rows(open_file(str(path)))) == 1500
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 4
    finally:
        tracemalloc.stop()


def test_a_post_without_most_of_its_fields_is_a_post() -> None:
    collected = collect(of(row(Id=1, PostTypeId=1, CreationDate="2024-05-01T10:00:00", Body="x")))
    assert collected.account.rows_out == 1
