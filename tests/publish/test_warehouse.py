"""Rows for BI, in SQLite, PostgreSQL and Parquet: written at once, again, without the erased."""

# ruff: noqa: S608 (the tests write every word of their queries)

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.channel import Living, Parcel
from feedbackminer.publish.warehouse import NAMES, Warehouse
from feedbackminer.settings.sections import WarehouseChannel
from feedbackminer.vocabulary.rows import ROWS
from tests.support.command import ROOT
from tests.support.parcels import HOSTILE, parcel
from tests.support.postgresql import postgresql_server
from tests.support.standing import free_port

MONDAY = date(2026, 1, 5)
AT = datetime(2026, 1, 6, 12, tzinfo=UTC)
POSTS = {"f:1": "m_ann", "f:2": "m_ann", "f:3": "m_bob", "f:4": None}
LABELS = {"t1": "Sync, board"}


def rows(headline: str = "Sync, board: 2 members") -> dict[str, pl.DataFrame]:
    """Return the rows of a digest: one claim on two posts, one on the third."""
    posts: list[dict[str, Any]] = [
        {"post_id": post_id, "source": "f", "thread": "t", "voice": voice, "segment": "regular",
         "written_at": AT, "week": MONDAY, "topic_id": "t1", "topic": "Sync, board",
         "topic_ids": "t1", "kinds": "bug", "sentiment": "negative"}
        for post_id, voice in POSTS.items()
    ]  # fmt: skip
    said = [("c1", "f:1"), ("c1", "f:3"), ("c2", "f:2")]
    claims: list[dict[str, Any]] = [
        {"claim_id": "c1", "topic_id": "t1", "topic": "Sync, board", "headline": headline,
         "n_voices": 2, "n_posts": 2, "value": 0.5, "since": AT, "quoted_from": "f:3"},
        {"claim_id": "c2", "headline": f"{HOSTILE}\x00", "n_voices": 1, "n_posts": 1},
    ]  # fmt: skip
    voiced = [{"claim_id": c, "post_id": p, "voice": POSTS[p]} for c, p in said]
    return {
        "claims": pl.DataFrame(claims, schema=ROWS["claims"]),
        "claim_posts": pl.DataFrame(voiced, schema=ROWS["claim_posts"]),
        "posts": pl.DataFrame(posts, schema=ROWS["posts"]),
    }


def alive(post_ids: Iterable[str], labels: dict[str, str], **texts: str) -> Living:
    return Living(dict.fromkeys(post_ids, "") | texts, labels)


def of(digest: str = "month 2026-01-01 to 2026-02-01", **values: Any) -> Parcel:
    living = alive(POSTS, LABELS)
    plain: dict[str, Any] = {"tables": rows(), "digest": digest, "living": living}
    return parcel(**plain | values)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server() as address:
        yield f"postgresql+pg8000://{address}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bi.db"
    url = str(request.getfixturevalue("postgresql"))
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).begin() as connection:
        for name in NAMES.values():
            connection.execute(sqlalchemy.text(f"DROP TABLE IF EXISTS {name}"))
    return url


def warehouse(url: str = "", **settings: Any) -> Warehouse:
    return Warehouse(WarehouseChannel(kind="warehouse", url=url, **settings), "", Path("/"))


def asked(url: str, query: str) -> list[tuple[Any, ...]]:
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).begin() as connection:
        result = connection.execute(sqlalchemy.text(query))
        return [tuple(row) for row in result] if result.returns_rows else []


def test_rows_come_back_as_they_went_however_often(url: str) -> None:
    for _ in range(2):
        warehouse(url).send(of(), "", "t0")
    assert asked(url, "SELECT headline, n_voices, value FROM digest_claims ORDER BY claim_id") == [
        ("Sync, board: 2 members", 2, 0.5),
        (HOSTILE, 1, None),
    ]
    assert asked(url, "SELECT count(*), count(voice) FROM digest_posts") == [(4, 3)]
    weeks = "SELECT voice, n_posts, n_threads FROM digest_voice_weeks ORDER BY voice"
    assert asked(url, weeks) == [("m_ann", 2, 1), ("m_bob", 1, 1)]


def test_each_digest_and_each_project_has_its_own_rows(url: str) -> None:
    for digest in ("month 2026-01-01 to 2026-02-01", "month 2026-02-01 to 2026-03-01"):
        warehouse(url).send(of(digest), "", "t0")
    warehouse(url).send(of(project="another"), "", "t0")
    warehouse(url).send(of(tables=rows("Changed")), "", "t0")
    counts = "SELECT project, digest, count(*) FROM digest_posts GROUP BY 1, 2"
    assert sorted(n for _, _, n in asked(url, counts)) == [4, 4, 4]
    assert asked(url, "SELECT count(*) FROM digest_claims WHERE headline = 'Changed'") == [(1,)]


def test_what_rests_on_an_erased_post_goes_and_sums_still_hold(url: str) -> None:
    warehouse(url).send(of(), "", "t0")
    warehouse(url).send(of(project="another"), "", "t0")
    living = alive({*POSTS} - {"f:2"}, LABELS)
    n_changed = warehouse(url).erase(of().project, living)
    assert n_changed == 3  # a claim, its post, and the post
    ours = f"WHERE project = '{of().project}'"
    assert asked(url, f"SELECT claim_id FROM digest_claims {ours}") == [("c1",)]
    assert asked(url, f"SELECT voice, n_posts FROM digest_voice_weeks {ours} ORDER BY 1") == [
        ("m_ann", 1),
        ("m_bob", 1),
    ]
    assert asked(url, "SELECT count(*) FROM digest_posts WHERE post_id = 'f:2'") == [(1,)]
    assert warehouse(url).erase(of().project, living) == 0


def test_a_claim_that_lost_a_post_has_the_voices_that_are_left_and_no_other_number(
    url: str,
) -> None:
    warehouse(url).send(of(), "", "t0")
    warehouse(url).erase(of().project, alive({*POSTS} - {"f:3"}, LABELS))
    row = "SELECT n_voices, n_posts, value, headline, quoted_from FROM digest_claims WHERE {}"
    assert asked(url, row.format("claim_id = 'c1'")) == [(1, 1, None, None, None)]
    assert asked(url, row.format("claim_id = 'c2'")) == [(1, 1, None, HOSTILE, None)]


def test_a_headline_whose_words_were_erased_from_a_post_that_stays_goes_alone(url: str) -> None:
    named = "Sync, board: 2 members report problems, such as “As m_zebulon7 told, it fails”"
    wanted = "“Sync as  m_zebulon7 does”: 1 member want this"
    sent = rows(named)
    claims = sent["claims"].with_columns(headline=pl.Series([named, wanted]))
    texts = {"f:3": "As m_zebulon7 told, it fails!", "f:2": "To sync as m_zebulon7 does."}
    warehouse(url).send(of(tables={**sent, "claims": claims}), "", "t0")
    headlines = "SELECT headline, n_posts, value FROM digest_claims ORDER BY claim_id"
    assert warehouse(url).erase(of().project, alive(POSTS, LABELS, **texts)) == 0
    assert asked(url, headlines) == [(named, 2, 0.5), (wanted, 1, None)]
    texts = {post_id: text.replace("m_zebulon7", "[erased]") for post_id, text in texts.items()}
    assert warehouse(url).erase(of().project, alive(POSTS, LABELS, **texts)) == 2
    assert asked(url, headlines) == [(None, 2, 0.5), (None, 1, None)]


def test_a_topic_that_lost_its_name_loses_it_in_older_digests_too(url: str) -> None:
    warehouse(url).send(of(), "", "t0")
    warehouse(url).erase(of().project, alive(POSTS, {"t1": "board"}))
    assert asked(url, "SELECT topic, headline FROM digest_claims WHERE claim_id = 'c1'") == [
        ("board", "board: 2 members")
    ]
    assert asked(url, "SELECT DISTINCT topic FROM digest_posts") == [("board",)]


def test_a_new_name_of_a_topic_stands_for_the_whole_old_one_and_erases_nothing(url: str) -> None:
    headline = "sync: 2 members report problems, such as “My async sync: it fails”"
    named = {
        name: frame.with_columns(topic=pl.lit("sync")) if "topic" in frame.columns else frame
        for name, frame in rows(headline).items()
    }
    warehouse(url).send(of(tables=named), "", "t0")
    living = alive(POSTS, {"t1": "board"}, **{"f:3": "My async sync: it fails."})
    assert warehouse(url).erase(of().project, living) == 0
    assert asked(url, "SELECT topic, headline FROM digest_claims WHERE claim_id = 'c1'") == [
        ("board", headline.replace("sync", "board", 1))
    ]


def test_delivering_the_next_digest_erases_what_could_not_be_reached_before(url: str) -> None:
    warehouse(url).send(of(), "", "t0")
    living = alive({"f:4"}, LABELS)
    told = warehouse(url).send(of("month 2026-02-01 to 2026-03-01", living=living), "", "t0")
    assert told.endswith("removed or counted anew")
    january = "WHERE digest LIKE 'month 2026-01%'"
    assert asked(url, f"SELECT count(*) FROM digest_claims {january}") == [(0,)]
    assert asked(url, f"SELECT post_id FROM digest_posts {january}") == [("f:4",)]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ("project TEXT, digest TEXT, post_id TEXT", r"voice is not there, want TEXT"),
        ("project TEXT, digest TEXT, claim_id BIGINT, post_id TEXT, voice TEXT",
         r"claim_id is BIGINT, want TEXT"),
        ("project TEXT, digest TEXT, claim_id TEXT, post_id TEXT, voice TEXT, x TEXT NOT NULL",
         r"x is wanted there, and unknown to us"),
    ],
)  # fmt: skip
def test_a_table_of_another_shape_is_named_and_nothing_is_written(
    url: str, columns: str, named: str
) -> None:
    asked(url, f"CREATE TABLE digest_claim_posts ({columns})")
    with pytest.raises(DeliveryError, match=rf"digest_claim_posts has another shape.*{named}"):
        warehouse(url).send(of(), "", "t0")
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).connect() as connection:
        there = sqlalchemy.inspect(connection).get_table_names()
    assert not {"digest_claims", "digest_posts"} & set(there)
    assert asked(url, "SELECT count(*) FROM digest_claim_posts") == [(0,)]


def test_a_write_that_fails_midway_leaves_what_was_there(url: str) -> None:
    warehouse(url).send(of(), "", "t0")
    changed = rows("Changed")
    too_large = changed["posts"].with_columns(severity=pl.lit(2**63, pl.UInt64))
    with pytest.raises((DeliveryError, OverflowError)):  # SQLite's driver looks before it asks
        warehouse(url).send(of(tables={**changed, "posts": too_large}), "", "t0")
    assert asked(url, "SELECT count(*) FROM digest_claims WHERE headline = 'Changed'") == [(0,)]
    assert asked(url, "SELECT count(*) FROM digest_claims") == [(2,)]


def test_the_queries_of_the_docs_run(url: str) -> None:
    warehouse(url).send(of(), "", "t0")
    page = (ROOT / "docs" / "deliver.md").read_text("utf-8")
    queries = "".join(re.findall(r"```sql\n(.*?)```", page, re.DOTALL)).split(";")
    assert {name for name in NAMES.values() for query in queries if name in query} == {
        *NAMES.values()
    }
    for query in filter(str.strip, queries):
        asked(url, query)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(SettingsError, match=r"pip install \"feedbackminer\[delivery\]\""):
        warehouse("sqlite://")


def test_parquet_holds_the_same_rows_and_loses_the_same(tmp_path: Path) -> None:
    place = warehouse(folder=str(tmp_path))
    for _ in range(2):
        place.send(of(), "", "t0")
    read = {
        name: pl.read_parquet(tmp_path / known / "**/*.parquet") for name, known in NAMES.items()
    }
    assert read["claims"]["headline"].to_list() == ["Sync, board: 2 members", HOSTILE]
    assert read["posts"]["digest"].unique().to_list() == [of().digest]
    assert read["voice_weeks"]["n_posts"].sum() == 3
    assert place.erase(of().project, alive({*POSTS} - {"f:2"}, LABELS)) == 3
    left = pl.read_parquet(tmp_path / "digest_posts/**/*.parquet")
    assert left["post_id"].to_list() == ["f:1", "f:3", "f:4"]
    assert sorted(p.suffix for p in tmp_path.rglob("*.*")) == [".parquet"] * 4


def test_a_database_that_is_not_there_is_told_without_the_password() -> None:
    settings = WarehouseChannel(
        kind="warehouse", url=f"postgresql+pg8000://ann@127.0.0.1:{free_port()}/bi"
    )
    with pytest.raises(DeliveryError, match="nothing was written") as caught:
        Warehouse(settings, "correct-horse", Path("/")).send(of(), "", "t0")
    assert "correct-horse" not in str(caught.value)


@pytest.mark.parametrize("url", ["no address", "pigeon://ann@loft/bi", "mysql+nosuch://h/d"])
def test_an_address_that_nobody_understands_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="url: "):
        warehouse(url)
