"""Rows for BI: their sums are the numbers of the pages, and no post's words are among them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from feedbackminer.digest.views import Digest
from feedbackminer.engine.run import Run
from feedbackminer.publish.warehouse import with_weeks
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.parcels import parcel_of
from feedbackminer.steps.verify import prove
from tests.support.erase_project import mined

Made = tuple[Digest, dict[str, pl.DataFrame], pl.DataFrame]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("rows")
    project = mined(folder)
    write_digest(Run(project), folder / "digest")
    proof = prove(project, folder / "digest")
    assert proof.digest
    parcel = parcel_of(project, proof.digest, proof, "whole", "warehouse")
    return proof.digest, with_weeks(parcel.tables), project.store.read("posts")


def test_posts_and_members_are_those_of_the_first_page(made: Made) -> None:
    digest, rows, _ = made
    totals, posts, weeks = digest.totals, rows["posts"], rows["voice_weeks"]
    assert totals["members"] > 5
    assert posts["voice"].count() == weeks["n_posts"].sum() == totals["written"]
    assert posts["voice"].drop_nulls().n_unique() == weeks["voice"].n_unique() == totals["members"]
    assert posts["thread"].n_unique() == totals["threads"]


def test_every_claim_has_as_many_voices_and_posts_as_its_page_says(made: Made) -> None:
    digest, rows, _ = made
    sums = {
        claim_id: (posts["voice"].drop_nulls().n_unique(), len(posts))
        for (claim_id,), posts in rows["claim_posts"].group_by("claim_id")
    }
    assert len(digest.claims) == len(rows["claims"]) > 3
    for claim in digest.claims:
        assert sums.get(claim.claim_id, (0, 0)) == (claim.n_voices, claim.n_posts)


def test_each_topic_has_as_many_posts_as_its_page_says(made: Made) -> None:
    digest, rows, _ = made
    of_topics = dict(rows["posts"]["topic_id"].value_counts().iter_rows())
    assert digest.topics
    for topic in digest.topics:
        assert of_topics[topic.topic_id] == topic.n_posts


def test_no_row_holds_words_of_a_post_but_headlines_or_names_a_thread(made: Made) -> None:
    _, rows, posts = made
    words = {body[i : i + 20] for body in posts["body"] for i in range(len(body) - 19)}
    said = {**rows, "claims": rows["claims"].drop("headline")}
    cells = "\n".join(str(frame.rows()) for frame in said.values())
    assert not [run for run in words if run in cells]
    assert not {*rows["posts"]["thread"]} & {*posts["thread_id"]}


def test_a_part_holds_what_its_channel_takes_and_nothing_that_is_costly_besides(
    tmp_path: Path,
) -> None:
    project = mined(tmp_path)
    write_digest(Run(project), tmp_path / "digest")
    proof = prove(project, tmp_path / "digest")
    assert proof.digest
    kinds = {
        kind: parcel_of(project, proof.digest, proof, "whole", kind)
        for kind in ("mail", "chat", "warehouse")
    }
    assert [kind for kind, parcel in kinds.items() if parcel.tables] == ["warehouse"]
    assert [kind for kind, parcel in kinds.items() if parcel.living.texts] == ["warehouse"]
    assert [kind for kind, parcel in kinds.items() if parcel.html] == ["mail"]
