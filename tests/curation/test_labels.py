"""``tags review`` and ``train --from-store``: people say what is right, heads learn."""

import csv
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.project.store import Store
from feedbackminer.tagging.head_tagger import find
from tests.support.command import SAMPLE, Mined, invoke

pytestmark = pytest.mark.slow
Review = list[dict[str, str]]


@pytest.fixture
def mined(sample: Mined, tmp_path: Path) -> Mined:
    return sample.copy_to(tmp_path)


def review(mined: Mined, *, count: int = 12) -> tuple[Path, Review]:
    path = mined.project / "review.csv"
    done = invoke("tags", "review", "--project", mined.project, "--out", path, "--count", count)
    assert done.exit_code == 0, done.output
    with path.open(encoding="utf-8", newline="") as file:
        return path, list(csv.DictReader(file))


def write(path: Path, rows: Review) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["post_id", "sentiment", "kinds", "severity"])
        writer.writeheader()
        writer.writerows({name: row.get(name, "") for name in writer.fieldnames} for row in rows)


def accept(mined: Mined, path: Path) -> Any:
    return invoke("tags", "review", "--project", mined.project, "--accept", path)


def labels(mined: Mined) -> pl.DataFrame:
    return Store(mined.project / "tables").read("tag_labels")


def label_by_gold(mined: Mined, gold: dict[str, dict[str, Any]]) -> None:
    """Let people label every post as its author meant it."""
    rows = [
        {
            "post_id": post_id,
            "sentiment": gold[post_id.split(":", 1)[1]]["sentiment"],
            "kinds": ", ".join(gold[post_id.split(":", 1)[1]]["kinds"]) or "none",
        }
        for post_id in mined.table("tags")["post_id"]
    ]
    write(mined.project / "all.csv", rows)
    done = accept(mined, mined.project / "all.csv")
    assert done.exit_code == 0, done.output


def test_it_asks_about_uncertain_posts_of_different_sorts(mined: Mined) -> None:
    _, rows = review(mined)
    tags = mined.table("tags")
    asked = tags.filter(pl.col("post_id").is_in([row["post_id"] for row in rows]))
    assert len(asked) == len(rows) == 12
    assert asked["unsure"].list.len().mean() > tags["unsure"].list.len().mean()  # type: ignore[operator]
    assert len({row["text"] for row in rows}) == 12
    assert all(row["guess"] and not row["kinds"] for row in rows)


def test_what_was_said_counts_at_once_and_is_not_asked_again(mined: Mined) -> None:
    path, rows = review(mined)
    first = rows[0]["post_id"]
    rows[0] |= {"sentiment": "negative", "kinds": "bug; churn", "severity": "4"}
    rows[1] |= {"kinds": "none"}
    write(path, rows)
    done = accept(mined, path)
    assert "2 labels added" in done.output, done.output
    assert len(labels(mined)) == 2
    assert first not in {row["post_id"] for row in review(mined)[1]}
    assert invoke("mine", "--project", mined.project, "--quiet").exit_code == 0
    tag = mined.table("tags").row(by_predicate=pl.col("post_id") == first, named=True)
    assert (tag["sentiment"], tag["kinds"], tag["severity"]) == ("negative", ["bug", "churn"], 4)
    assert tag["by_human"]


def test_the_last_word_on_a_post_counts(mined: Mined) -> None:
    path, rows = review(mined, count=2)
    for kinds in ("bug", "praise", "praise"):
        write(path, [rows[0] | {"kinds": kinds}])
        output = accept(mined, path).output
    assert labels(mined)["kinds"].to_list() == [["praise"]]
    assert "1 as before" in output


def test_who_speaks_of_the_severity_alone_does_not_take_back_the_kinds(mined: Mined) -> None:
    path, rows = review(mined, count=1)
    for cells in ({"kinds": "bug"}, {"severity": "4"}):
        write(path, [rows[0] | cells])
        accept(mined, path)
    assert labels(mined).select("kinds", "severity").rows() == [(["bug"], 4)]


def test_a_terminal_is_shown_no_control_characters_of_a_post() -> None:
    from feedbackminer.curation.labels import as_asked

    row = {"post_id": "p", "sentiment": "neutral", "kind_chances": [0.1] * 10}
    shown = as_asked(row | {"passage": "It \x1b[2Jstops\x9b\nhere"})["text"]
    assert shown == "It  [2Jstops \nhere"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kinds": "bug, praize"}, "there is no kind 'praize'; did you mean 'praise'?"),
        ({"sentiment": "meh"}, "there is no sentiment 'meh'"),
        ({"severity": "9"}, "there is no severity '9'"),
        ({"kinds": "none, bug"}, "'none' stands alone"),
    ],
)
def test_a_label_that_there_is_not_is_named_with_its_line_and_nothing_is_stored(
    mined: Mined, wrong: dict[str, str], says: str
) -> None:
    path, rows = review(mined, count=3)
    write(path, [rows[0] | {"kinds": "bug"}, rows[1] | wrong])
    done = accept(mined, path)
    assert done.exit_code == 2
    assert says in done.output
    assert f"{path}:3:" in done.output
    assert labels(mined).is_empty()


def test_a_post_that_there_is_not_is_refused(mined: Mined) -> None:
    path = mined.project / "review.csv"
    write(path, [{"post_id": "elsewhere:1", "kinds": "bug"}])
    done = accept(mined, path)
    assert done.exit_code == 2
    assert "there is no post 'elsewhere:1'" in done.output


def test_a_csv_without_the_columns_is_refused(mined: Mined) -> None:
    path = mined.project / "review.csv"
    path.write_text("post_id,kinds\nx,bug\n", "utf-8")
    done = accept(mined, path)
    assert done.exit_code == 2
    assert "has no column sentiment, severity" in done.output


def test_a_post_that_looks_like_a_formula_does_not_run_in_a_spreadsheet() -> None:
    from feedbackminer.curation.review_file import as_cell

    assert as_cell('=HYPERLINK("https://evil.example")').startswith("'=")
    assert as_cell("It crashes.") == "It crashes."


def test_answers_in_the_terminal(mined: Mined) -> None:
    answers = "bugg\n\n\nbug\nnegative\n3\n\nq\n"  # a mistake, a label, a skipped post, the end
    done = invoke("tags", "review", "--project", mined.project, stdin=answers.encode())
    assert done.exit_code == 0, done.output
    assert "there is no kind 'bugg'; did you mean 'bug'?" in done.output
    assert labels(mined).select("kinds", "sentiment", "severity").rows() == [
        (["bug"], "negative", 3)
    ]


class TestFromStore:
    """Heads fitted to the project's own labels."""

    def test_labels_make_a_head_that_does_better_here_and_is_used(
        self, mined: Mined, gold: dict[str, dict[str, Any]]
    ) -> None:
        label_by_gold(mined, gold)
        done = invoke("train", "kinds", "--from-store", "--project", mined.project)
        assert done.exit_code == 0, done.output
        assert "The new head is better and was kept" in done.output
        assert find("kinds", mined.project / "models") == mined.project / "models" / "kinds"
        before = set(mined.table("tags")["tagger"])
        assert invoke("mine", "--project", mined.project, "--quiet").exit_code == 0
        assert set(mined.table("tags")["tagger"]).isdisjoint(before)

    def test_labels_that_all_lie_in_one_thread_are_told_of(
        self, mined: Mined, gold: dict[str, dict[str, Any]]
    ) -> None:
        label_by_gold(mined, gold)
        store = Store(mined.project / "tables")
        posts = store.read("posts")
        store.replace("posts", posts.with_columns(thread_id=pl.lit("one")))
        done = invoke("train", "kinds", "--from-store", "--project", mined.project)
        assert done.exit_code == 2, done.output
        assert "label posts of more threads" in done.output

    def test_a_label_that_could_be_given_does_not_vanish(
        self, mined: Mined, gold: dict[str, dict[str, Any]]
    ) -> None:
        from feedbackminer.tagging.heads import Head

        label_by_gold(mined, gold)
        invoke("train", "kinds", "--from-store", "--project", mined.project)
        shipped, adapted = Head.load(find("kinds")), Head.load(mined.project / "models" / "kinds")
        could_be = shipped.weights.thresholds <= 1
        assert (adapted.weights.thresholds[could_be] <= 1).all()
        assert adapted.card["by_label"]["bug"]["on_forums"] is None

    def test_too_few_labels_are_told_of_with_how_many_there_are(self, mined: Mined) -> None:
        path, rows = review(mined, count=3)
        write(path, [row | {"kinds": "bug"} for row in rows])
        accept(mined, path)
        done = invoke("train", "kinds", "--from-store", "--project", mined.project)
        assert done.exit_code == 2
        assert "too few labels to fit 'kinds'" in done.output
        assert "bug 3" in done.output
        assert not (mined.project / "models").exists()

    def test_places_are_weak_labels_of_what_opens_a_thread(self) -> None:
        from feedbackminer.curation.heads import kinds_by_category
        from feedbackminer.vocabulary.tags import KINDS

        places = {"bug": ["Bug reports"], "feature_request": ["Ideas"]}
        row = {"title": "It stops", "channel": "bug reports", "meta": "{}"}
        truth = dict(zip(KINDS, kinds_by_category(row, places), strict=True))
        assert (truth["bug"], truth["feature_request"]) == (1, 0)
        assert truth["praise"] != truth["praise"]
        reply = kinds_by_category(row | {"title": None}, places)
        assert (reply != reply).all()

    def test_stars_are_weak_labels_of_sentiment(self, tmp_path: Path) -> None:
        rows = [
            f'{{"text": "{"Great, I love it" if i % 2 else "Terrible, it never works"}, really '
            f'number {i}.", "rating": {5 if i % 2 else 1}, "author": "a{i}"}}'
            for i in range(60)
        ]
        rows += [f'{{"text": "It is a clock, number {i}.", "rating": 3}}' for i in range(30)]
        export = tmp_path / "reviews.jsonl"
        export.write_text("\n".join(rows), "utf-8")
        project = tmp_path / "project"
        assert invoke("import", export, "--project", project, "--quiet").exit_code == 0
        assert invoke("mine", "--project", project, "--quiet").exit_code == 0
        done = invoke("train", "sentiment", "--from-store", "--project", project)
        assert done.exit_code == 0, done.output
        assert "negative, neutral, positive: fitted on" in done.output


def test_a_damaged_head_stops_a_run_before_it_begins(mined: Mined) -> None:
    heads = mined.project / "models"
    shutil.copytree(find("kinds"), heads / "kinds")
    with (heads / "kinds" / "weights.safetensors").open("ab") as file:
        file.write(b"more")
    done = invoke("mine", "--project", mined.project, "--quiet")
    assert done.exit_code == 2
    assert "these are not the weights of its card" in done.output


def test_another_encoder_gets_rules_and_a_notice(tmp_path: Path) -> None:
    project = tmp_path / "project"
    lines = SAMPLE.read_text("utf-8").splitlines()[:40]
    export = tmp_path / "few.jsonl"
    export.write_text("\n".join(lines), "utf-8")
    config = tmp_path / "mine.toml"
    config.write_text("[embed]\nmax_tokens = 64\n", "utf-8")
    done = invoke(
        *("run", export, "--project", project, "--out", tmp_path / "digest"),
        *("--settings", config),
    )
    assert done.exit_code == 0, done.output
    assert "kinds are found by rules" in done.output
    assert set(Store(project / "tables").read("tags")["tagger"]) == {"vader+rules-7"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("mood", "--from-store"), "there is no head 'mood'; want one of reader, tone,"),
        (("kinds",), "either --data or --from-store"),
        (("kinds", "--data", "/nowhere"), "no such file; --data names the folder"),
    ],
)
def test_training_tells_what_it_wants(arguments: tuple[str, ...], says: str) -> None:
    done = invoke("train", *arguments)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())
