"""Training from the public data: the shipped head comes out again, and its card says how well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedbackminer.tagging.head_tagger import LABELS, find
from feedbackminer.tagging.heads import Head
from feedbackminer.vocabulary.tags import KINDS, SPEECH
from tests.support.command import ROOT, SHARED, invoke


@pytest.mark.real
@pytest.mark.full  # it encodes thousands of posts, for files that change only when somebody trains
@pytest.mark.skipif(not SHARED.exists(), reason=f"no public data sets at {SHARED}")
def test_the_shipped_head_of_severity_comes_out_again(tmp_path: Path) -> None:
    done = invoke(
        *("train", "severity", "--data", SHARED, "--labels", ROOT / "data" / "labels"),
        *("--out", tmp_path, "--cache", tmp_path / "vectors"),
    )
    assert done.exit_code == 0, done.output
    new, shipped = Head.load(tmp_path / "severity"), Head.load(find("severity"))
    assert new.card["trained_on"] == shipped.card["trained_on"]
    for label in LABELS["severity"]:
        for what in ("average_precision", "recall"):
            one, other = (head.card["by_label"][label][what][0] for head in (new, shipped))
            assert one == pytest.approx(other, abs=0.03), (label, what)
    page = (tmp_path / "severity" / "card.md").read_text("utf-8")
    assert "| openenergymonitor |" in page


def test_our_labels_hold_no_texts_and_the_checked_posts_were_not_trained_on() -> None:
    seen: dict[str, set[tuple[str, str]]] = {}
    for name in ("train", "check", "unseen"):
        lines = (ROOT / "data" / "labels" / f"{name}.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        assert {key for row in rows for key in row} <= {
            *("data", "id", "sentiment", "kinds", "severity", "experience", "picked", "chance")
        }
        seen[name] = {(row["data"], row["id"]) for row in rows}
        assert len(seen[name]) == len(rows)
    assert not seen["train"] & seen["check"]
    assert not {data for data, _ in seen["train"]} & {data for data, _ in seen["unseen"]}


def test_labels_of_sentences_hold_no_texts_and_name_what_there_is() -> None:
    for name in ("sentences", "check_sentences"):
        lines = (ROOT / "data" / "labels" / f"{name}.jsonl").read_text("utf-8").splitlines()
        for row in map(json.loads, lines):
            assert set(row) == {"data", "id", "sentence", "status", "kinds", "experience"}
            assert row["status"] in SPEECH
            assert set(row["kinds"]) <= set(KINDS)


def test_an_invented_post_counts_for_what_it_asserts_alone() -> None:
    lines = (ROOT / "data" / "labels" / "invented.jsonl").read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        asserted = {kind for kind, status in row["spoken"].items() if status == "asserted"}
        assert asserted == set(row["kinds"]), row["text"]
