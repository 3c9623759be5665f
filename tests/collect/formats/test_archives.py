"""Archives: what is in them is read as if it lay beside them, and no member can do harm."""

import gzip
import io
import json
import mailbox
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect import opening
from feedbackminer.collect.files import open_file, read_rows
from feedbackminer.collect.formats import archives
from feedbackminer.errors import InputError
from tests.collect.formats import test_discord, test_mail
from tests.support.command import invoke
from tests.support.format_reading import posts, read, reasons, values

DAY = "2026-03-02T09:00:00Z"
POSTS = "".join(
    json.dumps({"id": n, "body": body, "date": DAY}) + "\n" for n, body in enumerate("ab", start=1)
).encode()
MIB = 1 << 20


Members = list[tuple[Any, bytes]]
Pack = Callable[[Any], bytes]


def zipped(**members: bytes) -> bytes:
    return zip_of(list(members.items()))


def zip_of(members: Members) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def tar_of(members: Members) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [zip_of, tar_of], ids=["zip", "tar"])
def test_the_files_of_an_archive_are_read_one_after_the_other(pack: Pack) -> None:
    data = pack(
        [
            ("b/later.csv", f"id,text,at\n3,c,{DAY}\n4,d,d,d\n".encode()),
            ("a.jsonl", POSTS),
            ("help.json", test_discord.export(test_discord.message(11, "e"))),
            ("list.mbox", test_mail.OPENER.encode()),
        ]
    )
    rows = read("all", data)
    assert posts(rows, "body") == {
        "x:1": "a",
        "x:2": "b",
        "x:3": "c",
        "x:11": "e",
        "x:a@x": "It stops at 40 percent.",
    }
    assert {row.ref for row in rows} == {
        "all/a.jsonl:1",
        "all/a.jsonl:2",
        "all/b/later.csv:2",
        "all/b/later.csv:3",
        "all/help.json:item 1",
        "all/list.mbox:message 1",
    }
    assert reasons(rows) == {"all/b/later.csv:3": "too_many_fields"}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_packed_tar_file_is_read(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "all.tgz"
    path.write_bytes(pack(tar_of([("a.jsonl", POSTS)])))
    assert values(list(read_rows(open_file(str(path)))), "body") == ["a", "b"]


def test_tables_with_other_columns_keep_their_meaning_beside_each_other() -> None:
    reddit = [
        {"id": "s", "title": "It hangs", "selftext": "On start", "author": "ann"},
        {"id": "c", "link_id": "t3_s", "parent_id": "t3_s", "body": "Same", "author": "bea"},
    ]
    rows = read(
        "all.zip",
        zipped(
            dump=b"".join(json.dumps(row).encode() + b"\n" for row in reddit),
            forum=b"id,message,is_bot,username\n1,Hello,yes,dyno\n",
            reviews=b"Review ID;Review Text;Stars\n2;Great;5\n",
        ),
    )
    assert posts(rows, "thread_id", "body", "rating", "author_role") == {
        "x:t3_s": ("x:t3_s", "On start", None, "member"),
        "x:t1_c": ("x:t3_s", "Same", None, "member"),
        "x:1": ("x:1", "Hello", None, "bot"),
        "x:2": ("x:2", "Great", 5, "unknown"),
    }


def test_a_file_without_any_text_is_told_once_beside_files_of_posts() -> None:
    users = b"user,joined\nann,2026\nbea,2026\n"
    rows = read("all.zip", zipped(posts=POSTS, users=users, picture=b"\x89PNG\x00", page=b"<p>"))
    assert values(rows, "body") == ["a", "b"]
    assert reasons(rows) == {
        "all.zip/users": "no_posts",
        "all.zip/picture": "unknown_format",
        "all.zip/page": "unknown_format",
    }


def test_a_lone_table_keeps_its_own_columns_for_a_mapping_by_hand() -> None:
    assert values(read("all.zip", zipped(t=b"nr,gripe\n1,slow\n")), "nr", "gripe") == [
        ("1", "slow")
    ]


def test_a_packed_maildir_is_read_as_one(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for mail in (test_mail.OPENER, test_mail.REPLY):
        box.add(mail.removeprefix(test_mail.BEGIN))
    with tarfile.open(tmp_path / "box.tar", "w") as archive:
        archive.add(tmp_path / "box", "box")
    rows = list(read_rows(open_file(str(tmp_path / "box.tar"))))
    assert sorted(values(rows, "post_id", "thread_id")) == [("a@x", "a@x"), ("b@x", "a@x")]


@given(st.dictionaries(st.text("ab/.", min_size=1), st.binary(max_size=40), max_size=4))
def test_every_member_in_comes_out(members: dict[str, bytes]) -> None:
    files = {name: data for name, data in members.items() if not name.endswith("/")}
    rows = read("z", zip_of([("posts.jsonl", POSTS), *files.items()]))
    refs = [row.ref for row in rows]
    assert len(set(refs)) == len(refs)
    assert len(rows) >= 2 + len(files)


# --- attack -----------------------------------------------------------------------------------

UNSAFE = ["../a.jsonl", "a/../../b.jsonl", "/etc/a.jsonl", "C:/a.jsonl", "a\\..\\b.jsonl", "a\nb"]


@pytest.mark.parametrize("pack", [zip_of, tar_of], ids=["zip", "tar"])
@pytest.mark.parametrize("name", UNSAFE)
def test_a_name_that_leads_out_of_the_archive_is_refused_and_the_rest_is_read(
    pack: Pack, name: str
) -> None:
    rows = read("z", pack([(name, POSTS), ("good.jsonl", POSTS)]))
    assert values(rows, "body") == ["a", "b"]
    (ref,) = reasons(rows)
    assert reasons(rows)[ref] == "unsafe_name"
    assert ref.isprintable()


def test_links_and_devices_are_refused_and_the_rest_is_read() -> None:
    symlink = zipfile.ZipInfo("link.jsonl")
    symlink.external_attr = (stat.S_IFLNK | 0o777) << 16
    rows = read("z", zip_of([(symlink, b"/etc/passwd"), ("good.jsonl", POSTS)]))
    assert list(reasons(rows).values()) == ["unsafe_name"]
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
    odd = [(link(f"{n}.jsonl", kind), b"") for n, kind in enumerate(kinds)]
    rows = read("t", tar_of([*odd, ("good.jsonl", POSTS)]))
    assert list(reasons(rows).values()) == ["unsafe_name"] * 4
    assert values(rows, "body") == ["a", "b"]


def test_names_made_to_collide_are_kept_apart() -> None:
    names = ["a (3)", "a", "a", "a:1", "cur/1:2,S", "cur/1:2,R"]
    rows = read("t", tar_of([(name, b"\xff" if "cur" in name else POSTS) for name in names]))
    assert len({row.ref for row in rows}) == len(rows) == 10


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read("z", zip_of([("../a.jsonl", POSTS), ("b/c.jsonl", POSTS)]))
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda d: zipped(a=d)])
def test_an_archive_inside_an_archive_is_told_and_not_opened(pack: Pack) -> None:
    rows = read("z", zipped(posts=POSTS, inner=pack(POSTS)))
    assert reasons(rows) == {"z/inner": "nested_archive"}
    assert values(rows, "body") == ["a", "b"]


def test_a_locked_or_damaged_member_is_told_and_the_rest_is_read() -> None:
    whole = zip_of([("bad.jsonl", POSTS), ("good.jsonl", POSTS)])
    directory = whole.index(b"PK\x01\x02")
    locked = bytearray(whole)
    locked[6] |= 1
    locked[directory + 8] |= 1
    assert reasons(read("z", bytes(locked))) == {"z:member 1 'bad.jsonl'": "encrypted"}
    start = 30 + len("bad.jsonl")
    damaged = whole[:start] + b"\xff" * 8 + whole[start + 8 :]
    rows = read("z", damaged)
    assert reasons(rows) == {"z/bad.jsonl": "damaged_member"}
    assert values(rows, "body") == ["a", "b"]


@pytest.mark.parametrize("data", [zipped(a=POSTS)[:-30], tar_of([("a", POSTS)])[:600]])
def test_an_archive_cut_short_is_told(data: bytes) -> None:
    try:
        rows = read("z", data)
    except InputError as error:
        assert "damaged or cut short" in str(error)  # noqa: PT017
    else:
        assert list(reasons(rows).values()) == ["damaged_member"]


def test_a_zip_member_whose_name_begins_with_a_null_byte_loses_no_other() -> None:
    data = zip_of([("first.jsonl", POSTS), ("other.jsonl", POSTS)])
    rows = read("z", data.replace(b"first.jsonl", b"\0irst.jsonl"))
    assert any("other.jsonl" in row.ref for row in rows)


@given(st.data(), st.sampled_from([zip_of, tar_of]))
def test_an_archive_with_a_changed_byte_gives_rows_or_an_input_error(
    data: st.DataObject, pack: Pack
) -> None:
    whole = bytearray(pack([("a.jsonl", POSTS), ("b.jsonl", POSTS)]))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        rows = read("z", bytes(whole))
        assert len({row.ref for row in rows}) == len(rows)


def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower what any archive may unpack to from 64 MiB to one, and what is read at once."""
    monkeypatch.setattr(archives, "RATIO_FREE", MIB)
    monkeypatch.setattr(archives, "CHUNK", MIB // 16)
    monkeypatch.setattr(opening, "ZSTD_CHUNK", 1 << 8)


def bomb_of(pack: str, size: int) -> bytes:
    """Return ``size`` bytes of nothing, packed."""
    if pack == "zip":
        return zipped(a=bytes(size))
    if pack == "zip of many":
        return zip_of([(f"{n}.csv", bytes(size // 64)) for n in range(64)])
    return gzip.compress(bytes(size)) if pack == "gzip" else zstandard.compress(bytes(size))


@pytest.mark.parametrize("pack", ["gzip", "zstd", "zip", "zip of many"])
def test_what_unpacks_to_far_more_than_text_is_an_error_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: str
) -> None:
    small_limits(monkeypatch)
    path = tmp_path / "bomb"
    path.write_bytes(bomb_of(pack, 64 * MIB))
    tracemalloc.start()
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        list(read_rows(open_file(str(path))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * MIB


def test_a_header_that_lies_about_its_size_changes_nothing() -> None:
    bomb = bytearray(zipped(a=bytes(8 * MIB)))
    directory = bytes(bomb).index(b"PK\x01\x02")
    for offset in (22, directory + 24):
        bomb[offset : offset + 4] = struct.pack("<I", 10)
    rows = read("z", bytes(bomb))  # the library reads as much as the header says, and no more
    assert list(reasons(rows).values()) == ["damaged_member"]


def test_a_sparse_tar_file_is_measured_by_what_it_unpacks_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(16 * MIB)
    run = os.system(f"cd {tmp_path} && tar --sparse -cf sparse.tar sparse")  # noqa: S605
    if run:
        pytest.skip("no tar command")
    with pytest.raises(InputError, match="unpacks to more than 200 times"):
        list(read_rows(open_file(str(tmp_path / "sparse.tar"))))


@pytest.mark.parametrize("pack", ["gzip", "zstd", "zip"])
def test_the_total_is_limited_whatever_the_ratio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: str
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 5 * MIB)
    path = tmp_path / "big"
    path.write_bytes(bomb_of(pack, 6 * MIB))
    with pytest.raises(InputError, match=r"unpacks to more than 0\.00488281 GiB; split"):
        list(read_rows(open_file(str(path))))


def test_the_number_of_members_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with pytest.raises(InputError, match="has more than 3 members"):
        read("z", zip_of([(f"{n}", POSTS) for n in range(4)]))


def test_a_small_file_full_of_repeats_is_read(tmp_path: Path) -> None:
    path = tmp_path / "posts.gz"
    path.write_bytes(packed := gzip.compress(b'{"id": 1, "body": "a"}\n' * 20_000))
    assert len(packed) * archives.MOST_RATIO < 20_000 * 23
    assert len(list(read_rows(open_file(str(path))))) == 20_000


def test_an_office_document_is_told_from_an_archive_of_posts() -> None:
    with pytest.raises(InputError, match="office document; save its table as CSV"):
        read("z.xlsx", zip_of([("[Content_Types].xml", b"<a/>"), ("xl/a.xml", b"<a/>")]))


def test_import_reads_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zip_of([("a.jsonl", POSTS), ("../b.jsonl", POSTS)]))
    run = invoke("import", path, "--project", tmp_path, "--json", "--max-dropped", "0.5")
    assert run.exit_code == 0, run.output
    from feedbackminer.project.store import Store

    store = Store(tmp_path / "tables")
    assert sorted(store.read("posts")["post_id"]) == ["all:1", "all:2"]
    assert store.read("dropped").select("ref", "reason").rows() == [
        ("all.zip:member 2 '../b.jsonl'", "unsafe_name")
    ]
