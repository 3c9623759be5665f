"""Speed is measured on posts that are no copies, and told by figures that add up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from defusedxml import ElementTree

from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.speed import meter
from feedbackminer.research.benchmarks.speed.chart import render_chart
from feedbackminer.research.benchmarks.speed.contenders import CONTENDERS
from feedbackminer.research.benchmarks.speed.figures import (
    Figure,
    Turn,
    growth_of,
    quality_of,
    summarise,
)
from feedbackminer.research.benchmarks.speed.measure import measure
from feedbackminer.research.benchmarks.speed.posts import LabelledPosts, draw, read_pool
from tests.support.command import SHARED
from tests.support.labelled_sets import write_sets

SVG = "{http://www.w3.org/2000/svg}"
MIB = 2**20
POOL = LabelledPosts(
    ("my card has not come yet", "when will the card arrive here", "what is the weather today"),
    ("bank/card", "bank/card", "home/weather"),
)
TURN = Turn(
    seconds=1, cpu_seconds=1, peak_bytes=1, nmi=0.5, ari=0.5, no_topic=0, n_topics=3,
    stages={"encode": 1},
)  # fmt: skip


def figures(seconds: Mapping[tuple[str, int], tuple[float, ...]]) -> list[Figure]:
    """Return the figures of turns that took so many seconds."""
    return list(
        summarise(
            {
                key: [replace(TURN, seconds=s, cpu_seconds=2 * s) for s in turns]
                for key, turns in seconds.items()
            }
        )
    )


def metered(folder: Path, program: str) -> dict[str, float]:
    report = folder / "report.json"
    measured = [sys.executable, "-S", "-c", program]
    subprocess.run(
        [sys.executable, "-I", "-S", str(meter.__file__), str(report), *measured], check=True
    )
    cost: dict[str, float] = json.loads(report.read_text())
    return cost


def test_posts_that_are_made_keep_their_label_and_its_words_and_are_no_copies() -> None:
    drawn = draw(POOL, 40)
    made = list(zip(drawn.texts, drawn.labels, strict=True))[3:]
    words = {"bank/card": {*POOL.texts[0].split(), *POOL.texts[1].split()},
             "home/weather": set(POOL.texts[2].split())}  # fmt: skip
    assert (len(drawn), drawn.n_made) == (40, 37)
    assert all(set(text.split()) <= words[label] for text, label in made)
    assert len(set(drawn.texts)) == 40


def test_fewer_posts_are_the_first_of_more(tmp_path: Path) -> None:
    pool = read_pool(write_sets(tmp_path, 5))
    assert {label.split("/")[0] for label in pool.labels} == {
        "stackoverflow20", "banking77", "hwu64"
    }  # fmt: skip
    few, many = draw(pool, 20), draw(pool, 90)
    assert (few.n_made, many.n_made) == (0, 60)
    assert many.texts[:20] == few.texts
    assert many.labels[:20] == few.labels
    assert draw(pool, 90) == many


def test_where_nothing_new_can_be_made_it_is_said() -> None:
    with pytest.raises(InputError, match="4 posts cannot be had: 1 are there, and only 0 more"):
        draw(LabelledPosts(("yes",), ("a/b",)), 4)


@pytest.mark.real
def test_made_posts_of_the_public_sets_are_about_as_long_and_share_few_pairs_of_words() -> None:
    pool = read_pool(SHARED)
    drawn = draw(pool, len(pool) + 2_000)
    made = drawn.texts[len(pool) :]
    base = pool.texts[:2_000]
    assert len(set(made)) == 2_000
    assert not set(made) & set(pool.texts)
    lengths = [np.mean([len(text.split()) for text in texts]) for texts in (made, base)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.05)
    assert np.median([kept(*pair) for pair in zip(made, base, strict=True)]) < 0.4


def kept(made: str, base: str) -> float:
    """Return the share of pairs of neighbouring words that are those of the post it is made of."""
    pairs = [set(pairwise(text.split())) for text in (made, base)]
    return len(pairs[0] & pairs[1]) / max(len(pairs[1]), 1)


def test_the_peak_is_that_of_the_command_and_not_of_who_measures_it(tmp_path: Path) -> None:
    held = np.ones(300 * MIB, dtype=np.uint8)
    small = metered(tmp_path, "pass")
    large = metered(tmp_path, f"held = b'x' * {200 * MIB}")
    assert held.nbytes > 10 * small["peak_bytes"]
    assert 200 * MIB < large["peak_bytes"] < 300 * MIB


def test_waiting_takes_no_seconds_of_the_processor_and_an_exit_code_is_told(tmp_path: Path) -> None:
    cost = metered(tmp_path, "import time, sys; time.sleep(0.5); sys.exit(7)")
    assert cost["seconds"] > 0.5 > cost["cpu_seconds"]
    assert cost["exit_code"] == 7


def test_posts_without_a_topic_count_against_who_leaves_them_out() -> None:
    labels = ["a", "a", "b", "b", "c", "c"]
    perfect = quality_of([1, 1, 2, 2, 3, 3], labels)
    assert (perfect["nmi"], perfect["ari"]) == (1, 1)
    half = quality_of([1, 1, -1, -1, -1, -1], labels)
    assert half["nmi"] < 1
    assert half["no_topic"] == pytest.approx(4 / 6)
    assert half["n_topics"] == 1


def test_figures_are_medians_and_ratios_to_ours() -> None:
    ours, peer = figures({("topics", 100): (1, 2, 9), ("nmf", 100): (8, 4, 3)})
    assert (ours.seconds.median, ours.seconds.low, ours.seconds.high) == (2, 1, 9)
    assert (ours.times_ours, peer.times_ours, peer.cpu_times_ours) == (1, 2, 2)
    assert peer.posts_a_second == 25
    assert peer.stages == {"encode": 1}


def test_without_ours_there_is_no_ratio() -> None:
    (peer,) = figures({("nmf", 100): (8,)})
    assert peer.times_ours is None


def powers() -> list[Figure]:
    """Return figures that grow by the power of a half, and by that of one and a half."""
    return figures(
        {
            (name, n): (factor * n**power,)
            for n in (1_000, 4_000, 20_000)
            for name, factor, power in (("topics", 0.1, 0.5), ("bertopic", 0.001, 1.5))
        }
    )


def test_slopes_are_the_powers_by_which_seconds_grow() -> None:
    ours, peer = growth_of(powers())
    assert ours.seconds == pytest.approx(0.5)
    assert peer.seconds == pytest.approx(1.5)
    assert list(growth_of(figures({("topics", 1_000): (3,)}))) == []


def test_the_chart_is_svg_with_a_straight_line_for_a_power_and_its_slope_by_its_name() -> None:
    rows = powers()
    svg = ElementTree.fromstring(render_chart(rows, list(growth_of(rows))))
    names = [text.text for text in svg.iter(f"{SVG}text")]
    assert "feedbackminer topics, slope 0.50" in names
    assert "BERTopic, slope 1.50" in names
    assert {"1,000", "4,000", "20,000"} <= set(names)

    drawn = [points(line) for line in svg.iter(f"{SVG}polyline")]
    steps = [np.diff(line, axis=0) for line in drawn if len(line) == 3]
    ours, peer = (step[:, 1] / step[:, 0] for step in steps)
    assert ours[0] == pytest.approx(ours[1], abs=0.01)  # straight
    assert peer.mean() / ours.mean() == pytest.approx(3, rel=0.02)  # 1.5 is steep as 3 times 0.5
    assert all(y > 0 for line in drawn for _, y in line)


def points(line: ElementTree.Element) -> np.ndarray:
    return np.array([pair.split(",") for pair in line.attrib["points"].split()], dtype=float)


def test_the_chart_of_one_number_of_posts_is_points_and_names_no_slope() -> None:
    rows = figures({("topics", 100): (1, 2)})
    svg = render_chart(rows, [])
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}circle"))) == 1
    assert "slope" not in svg


@pytest.mark.slow
def test_a_peer_that_is_not_installed_or_fails_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = replace(CONTENDERS["keynmf"], package="no_such_package_here")
    monkeypatch.setitem(CONTENDERS, "keynmf", absent)
    heard: list[str] = []
    report = measure(
        write_sets(tmp_path, 2), [1], repeat=1, peers=["keynmf", "nmf"], tell=heard.append
    )
    missing, failed = report.absent
    assert (missing.contender, missing.posts) == ("keynmf", 0)
    assert missing.why == "no_such_package_here is not installed"
    assert (failed.contender, failed.posts) == ("nmf", 1)
    assert failed.why.startswith("ended with 1: ValueError: max_df")  # of one text it makes nothing
    assert [(figure.contender, figure.turns) for figure in report.figures] == [("topics", 1)]
    assert heard.count("1 posts: scikit-learn NMF …") == 1  # who has failed takes no more turns


def test_an_unknown_contender_is_told_with_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no contender 'bertopi'; did you mean 'bertopic'\?"):
        measure(tmp_path, [10], peers=["bertopi"])
