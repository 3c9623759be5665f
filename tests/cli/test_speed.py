"""``feedbackminer bench speed``: real runs over few posts, in turn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from defusedxml import ElementTree

from tests.support.command import invoke
from tests.support.labelled_sets import write_sets

pytestmark = pytest.mark.slow


def test_ours_and_a_peer_are_timed_over_the_same_posts_in_processes_of_their_own(
    tmp_path: Path,
) -> None:
    data = write_sets(tmp_path / "data", 10)
    done = invoke(
        *("bench", "speed", "--data", data, "--sizes", "60", "--repeat", "1"),
        *("--peers", "nmf10", "--threads", "1", "--plot", tmp_path / "plot.svg", "--json"),
    )
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    ours, peer = report["figures"]
    assert (ours["contender"], peer["contender"]) == ("topics", "nmf10")
    assert report["posts"] == ["60 posts of 6 labels, 0 of them made"]

    assert set(ours["stages"]) == {"load", "encode", "topics", "rest"}
    assert sum(ours["stages"].values()) == pytest.approx(ours["seconds"]["median"], rel=0.01)
    assert ours["nmi"]["median"] > 0.5
    for row in (ours, peer):
        assert 0 < row["cpu_seconds"]["median"] < 1.2 * row["seconds"]["median"]  # of one core
        assert 50 * 2**20 < row["peak_bytes"]["median"] < 4 * 2**30
    assert peer["times_ours"] == pytest.approx(
        peer["seconds"]["median"] / ours["seconds"]["median"]
    )
    assert report["machine"]["threads"] == 1
    assert ElementTree.fromstring((tmp_path / "plot.svg").read_text("utf-8")).tag.endswith("svg")
    turns = [line for line in done.stderr.splitlines() if line.startswith("60 posts")]
    assert turns == ["60 posts: feedbackminer topics …", "60 posts: scikit-learn NMF 10 …"]


def test_the_whole_run_gives_each_post_its_topic(tmp_path: Path) -> None:
    data = write_sets(tmp_path / "data", 20)
    done = invoke(
        *("bench", "speed", "--data", data, "--sizes", "120", "--repeat", "1"),
        *("--peers", "run", "--json", "--quiet"),
    )
    assert done.exit_code == 0, done.stderr
    _, whole = json.loads(done.stdout)["figures"]
    assert {"collect", "embed", "topics", "tag", "digest"} <= set(whole["stages"])
    assert whole["no_topic"]["median"] < 0.5
    assert whole["nmi"]["median"] > 0.5


@pytest.mark.parametrize("sizes", ["", "many", "0", "10,-1"])
def test_sizes_that_are_none_are_refused_before_anything_is_run(tmp_path: Path, sizes: str) -> None:
    done = invoke("bench", "speed", "--data", tmp_path, "--sizes", sizes)
    assert done.exit_code == 2
    assert "want whole numbers from 1, such as 1000,4000" in done.stderr


def test_a_folder_without_the_sets_is_told(tmp_path: Path) -> None:
    done = invoke("bench", "speed", "--data", tmp_path, "--peers", "")
    assert done.exit_code == 2
    assert "--data names the folder of the public data sets" in done.stderr
