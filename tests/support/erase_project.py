"""A mined project with a member to erase, and a search that looks into every file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import mining
from feedbackminer.steps.exports import collect_exports
from feedbackminer.tables import Lineage, Vectors, Vocabulary, check
from tests.support import builders
from tests.support.builders import day
from tests.support.command import write_jsonl

NAME = "Zebulon_Quist7"
WORDS = [
    "My grandmother's marzipan recipe vanished after the last synchronisation run.",
    "I want to keep my great-uncle's shipping ledger beside my own tide tables. Please!",
    "The quartz-powered ferryman widget bewilders me & everybody aboard.",
    "Attachments larger than a herring barrel never reach my second lighthouse.",
]
TITLE = "Marzipan lost between two lighthouses"
OTHERS = (
    "The sync loses my notes again and again, number {}. I want to find them so that I can work."
)


def export(folder: Path) -> Path:
    """Write forty posts of ten members; six are of the member to erase, who is also quoted."""
    rows = [_row(n, f"Member{n % 9}", OTHERS.format(n), thread=n - n % 5) for n in range(34)]
    rows += [_row(40 + n, NAME, words, thread=5 * n) for n, words in enumerate(WORDS[1:])]
    rows.append(_row(50, NAME, WORDS[0], thread=50) | {"title": TITLE})
    quoting = f"> {WORDS[0][:40]}\n> {WORDS[0][40:]}\n\nSame here, @{NAME.lower()}, see {_url(50)}."
    rows.append(_row(51, "Member1", quoting, thread=50) | {"parent_id": _native(50)})
    rows.append(_row(52, "Member2", f"{NAME} is right, it is the sync.", thread=50))
    rows.append(_row(52, "Member2", "The same id again.", thread=50))
    rows.append(_row(50, "Member3", "The same id as the opener.", thread=50))
    return write_jsonl(folder / "forum.jsonl", rows)


def mined(folder: Path) -> Project:
    """Import the export and fill every table, as a run would; return the project."""
    project = open_project(folder / "project", {"digest": {"product": "Inkwren"}})
    run = Run(project)
    collect_exports(run, [str(export(folder))])
    run.step(mining.CLEAN)
    for name, frame in _made_up(project).items():
        project.store.append(name, frame)
    run.step(mining.SIGNALS)
    run.step(mining.INSIGHT)
    return project


def needles(posts: pl.DataFrame, pseudonym: str = "") -> list[str]:
    """Return ids, pseudonym and every run of twenty characters of some posts.

    Ids of the platform that are as short as "12" would be found everywhere, by chance.
    """
    ids = posts["post_id"].to_list()
    said = [*posts["body"], *posts["title"].drop_nulls()]
    runs = {text[i : i + 20] for text in said for i in range(len(text) - 19)}
    natives = [native for i in ids if len(native := i.partition(":")[2]) >= 8]
    return sorted({*ids, *natives, *runs, pseudonym, NAME} - {""})


def remains(folders: Iterable[Path], needles: list[str]) -> dict[str, list[str]]:
    """Search every byte of every file, and every cell of Parquet, which is compressed."""
    found = {}
    for file in (f for folder in folders for f in sorted(folder.rglob("*")) if f.is_file()):
        hits = _hits(file.read_bytes().decode("utf-8", "ignore"), needles)
        if file.suffix == ".parquet":
            rows = pl.read_parquet(file).to_dicts()
            cells = json.dumps(rows, default=str, ensure_ascii=False)
            hits = {hit for hit in hits if not _is_bound(hit, cells)} | _hits(cells, needles)
        if hits:
            found[str(file)] = sorted(hits)
    return found


def _hits(text: str, needles: list[str]) -> set[str]:
    found = pl.Series([text]).str.extract_many(needles, overlapping=True)
    return set(found.explode().drop_nulls())


def _is_bound(hit: str, cells: str) -> bool:
    """Tell whether a hit is but a bound: Parquet cuts the greatest value, and counts its end up."""
    return hit not in cells and f"{hit[:-1]}{chr(ord(hit[-1]) - 1)}" in cells


def _row(number: int, author: str, body: str, *, thread: int) -> dict[str, Any]:
    return {
        "id": _native(number),
        "thread_id": _native(thread),
        "author": author,
        "body": body,
        "created_at": day(number).isoformat(),
        "url": _url(number),
    }


def _native(number: int) -> str:
    return f"native-{number:06}-post"


def _url(number: int) -> str:
    return f"https://forum.example/t/{_native(number)}"


def _made_up(project: Project) -> dict[str, pl.DataFrame]:
    """Return what the encoder and the heads would have found."""
    store = project.store
    texts = store.read("texts")
    posts = store.read("posts").filter(pl.col("post_id").is_in(texts["post_id"].implode()))
    theirs = posts.filter(pl.col("body").is_in(WORDS))["post_id"].to_list()
    ids = posts["post_id"].to_list()
    topic_of = {i: "t002" if i in theirs[:2] else "t001" for i in ids}
    sentences = dict(texts.select("post_id", "text").iter_rows())
    size = np.zeros((len(texts), 8), "<f2")
    vectors = texts.select("content_hash", encoder=pl.lit("by hand")).with_columns(
        vector=pl.Series([row.tobytes() for row in size]),
        middle=pl.Series([row.tobytes() for row in size]),
        sentences=pl.lit(b""),
    )
    topic = {"words": ["sync", "marzipan"], "ratios": [1.0, 0.5], "centroid": b"\x01\x3c"}
    labels = [("t001", "sync, marzipan", "g001"), ("t002", "tide tables, herring", "g001")]
    rows = [
        topic | {"topic_id": i, "label": label, "found_label": label, "parent_id": parent,
                 "keywords": label.split(", "), "representatives": theirs[:1] + ids[:1]}
        for i, label, parent in labels
    ]  # fmt: skip
    rows.append(topic | {"topic_id": "g001", "level": "theme", "label": "sync · herring",
                         "found_label": "sync · herring"})  # fmt: skip
    need = WORDS[1].partition(". ")[0]
    return {
        "vectors": check(vectors.unique("content_hash"), Vectors, where="test"),
        "topics": builders.topic_rows(*rows),
        "assignments": builders.assignments(**topic_of),
        "tags": builders.tags(*(
            {"post_id": i, "kinds": ["bug"], "sentiment": "negative", "sentences": [sentences[i]]}
            for i in ids
        )),
        "aspects": builders.aspects(*(
            {"post_id": i, "aspect": "sync", "text": sentences[i], "sentiment": "negative"}
            for i in ids
        )),
        "needs": builders.needs(*(
            {"post_id": i, "text": need if i in theirs else "find them",
             "sentence": sentences[i], "label": need}
            for i in ids
        )),
        # What the member to erase says is also said by the others, and something by nobody else.
        "sentences": builders.sentences(*({"post_id": i, "text": sentences[i]} for i in ids)),
        "key_points": builders.key_points(
            {"key_point_id": "all", "post_id": theirs[0], "text": sentences[theirs[0]]},
            {"key_point_id": "theirs", "post_id": theirs[1], "text": sentences[theirs[1]]},
        ),
        "matches": builders.matches(
            *({"key_point_id": "all", "post_id": i} for i in ids if i != theirs[1]),
            {"key_point_id": "theirs", "post_id": theirs[1]},
        ),
        "vocabulary": check(_words(), Vocabulary, where="test"),
        "lineage": check(_lineage(), Lineage, where="test"),
        "tag_labels": builders.tag_labels(
            {"post_id": theirs[0], "severity": 1, "made_at": day(60) + timedelta(hours=1)}
        ),
    }  # fmt: skip


def _words() -> pl.DataFrame:
    return pl.DataFrame({"word": ["sync", "marzipan"], "idf": 1.0, "place": b"", "fitted_in": "r"})


def _lineage() -> pl.DataFrame:
    row = {"event": "rename", "from_id": "t001", "to_id": "t001", "run_id": "r", "by": "human"}
    return pl.DataFrame([row | {"why": f"because of: {WORDS[3]}"}])
