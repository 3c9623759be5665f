"""The Prefect flow does what the command does, and leaves its artifacts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from prefect import flow

from feedbackminer.curation import labels
from feedbackminer.curation.review_file import as_label
from feedbackminer.engine.ledger import latest_checks
from feedbackminer.engine.run import Run
from feedbackminer.errors import DriftError, SettingsError
from feedbackminer.privacy.names import PSEUDONYM
from feedbackminer.project.project import open_project
from feedbackminer.steps.mining import STAGES
from feedbackminer.vocabulary.tags import KINDS
from pipelines import artifacts
from pipelines.community import community_digest, digest, mine
from pipelines.context import RunContext
from pipelines.training import evaluate
from tests.support.standing import Standing, until

pytestmark = [
    pytest.mark.slow,
    # Prefect's own server leaves sockets to the garbage collector when it stops.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "posts.jsonl"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The first sixty posts of the sample community."""
    path = tmp_path_factory.mktemp("export") / "forum.jsonl"
    path.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:60]), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


def test_flow_writes_a_digest_and_publishes_each_row_account(
    export: str, home: Path, server: Standing
) -> None:
    page = community_digest([export], str(home / "digest"), str(home / "Inkwren"))

    shown = digest_in(home)
    assert Path(page).is_file()
    assert [row["stage"] for row in shown["account"]] == [
        *("collect", *(stage.name for stage in STAGES), "digest")
    ]
    assert shown["account"][0]["in"] == 60
    assert {"rows": "in", "n": 60} in server.artifact("inkwren-account-collect")
    assert "index.html" in server.artifact("inkwren-digest")


def test_each_claim_is_announced_once(home: Path, server: Standing) -> None:
    digest(str(home / "Inkwren"), str(home / "digest"))

    shown = {claim["claim_id"] for claim in digest_in(home)["claims"]}
    until(lambda: len(server.events("feedbackminer.digest.published")) == 2, "both digests")
    announced = [event["payload"] for event in server.events("feedbackminer.insight.new")]
    assert sorted(payload["claim_id"] for payload in announced) == sorted(shown)
    assert all(payload["headline"] for payload in announced)
    published = [e["payload"]["new"] for e in server.events("feedbackminer.digest.published")]
    assert published == [0, len(shown)]


@pytest.mark.usefixtures("server")
def test_a_digest_goes_into_an_archive_in_place_of_a_folder(home: Path) -> None:
    page = Path(digest(str(home / "Inkwren"), archive=str(home / "archive")))
    assert page.is_file()
    assert page.parent.parent == home / "archive"
    assert f'href="{page.parent.name}/index.html"' in (home / "archive/index.html").read_text()


def test_nothing_that_members_wrote_goes_to_prefect(home: Path, server: Standing) -> None:
    kept = b"".join(file.read_bytes() for file in server.home.glob("prefect.db*"))
    quotes = [quote["text"] for quote in digest_in(home)["quotes"]]
    assert len(quotes) > 10
    assert not [text for text in quotes if json.dumps(text)[1:-1].encode() in kept]
    assert not re.search(PSEUDONYM.pattern.encode(), kept)


def test_a_drift_that_warns_is_told_and_stops_the_digest_where_the_settings_say_so(
    home: Path, server: Standing
) -> None:
    project = open_project(home / "Inkwren")
    warning = {
        "run_id": "z", "check": "posts_per_day", "value": 9.0, "low": 1.0, "high": 2.0,
        "status": "warning", "detail": "", "checked_at": datetime.now(UTC),
    }  # fmt: skip
    project.store.append("health", pl.DataFrame([warning]))
    (home / "Inkwren" / "feedbackminer.toml").write_text('[drift]\nblock = ["all"]\n', "utf-8")
    context = RunContext(folder=str(home / "Inkwren"), run_id="z")

    @flow
    def telling() -> None:
        artifacts.show_health(context, latest_checks(project.store))

    telling()
    with pytest.raises(DriftError):
        digest(str(home / "Inkwren"), str(home / "digest"))
    digest(str(home / "Inkwren"), str(home / "digest"), force=True)

    (event,) = server.events("feedbackminer.health.warning")
    assert event["payload"]["check"] == "posts_per_day"
    (blocked,) = server.events("feedbackminer.digest.blocked")
    assert "posts_per_day: got 9" in blocked["payload"]["why"]
    assert server.artifact("inkwren-drift")[0]["status"] == "warning"


def test_topics_and_tags_are_measured_in_the_project_itself(
    home: Path, server: Standing, gold: dict[str, dict[str, Any]]
) -> None:
    run = Run(open_project(home / "Inkwren"))
    tags = run.project.store.read("tags")
    said = {i: gold[i.split(":", 1)[1]]["kinds"] for i in tags["post_id"]}
    rows = [{"post_id": i, "kinds": ",".join(kinds) or "none"} for i, kinds in said.items()]
    labels.accept(run, [label for row in rows if (label := as_label(row))])

    evaluate(str(home / "Inkwren"))

    found = {row["label"]: row for row in server.artifact("inkwren-agreement")}
    assert set(found) == set(KINDS)  # of nothing else did people say anything
    given = {i for i, kinds in tags.select("post_id", "kinds").iter_rows() if "question" in kinds}
    right = {i for i in given if "question" in said[i]}
    assert int(found["question"]["n_given"]) == len(given) > 3
    assert json.loads(found["question"]["precision"])[0] == pytest.approx(
        len(right) / len(given), abs=1e-4
    )
    assert server.artifact("inkwren-lasting")


def test_a_window_that_ends_before_it_begins_is_refused(home: Path) -> None:
    with pytest.raises(SettingsError, match="is not before until"):
        mine(str(home / "Inkwren"), since=datetime(2026, 5, 1), until=datetime(2026, 4, 1))


def digest_in(home: Path) -> dict[str, Any]:
    """Return digest.json."""
    content: dict[str, Any] = json.loads((home / "digest" / "digest.json").read_text("utf-8"))
    return content


@pytest.mark.usefixtures("server")
def test_a_first_look_counts_only_the_posts_of_its_window(export: str, tmp_path: Path) -> None:
    lower, upper = datetime(2026, 1, 7, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)
    community_digest(
        [export], str(tmp_path / "digest"), str(tmp_path / "Window"), since=lower, until=upper
    )

    shown = digest_in(tmp_path)
    assert datetime.fromisoformat(shown["since"]) >= lower
    assert datetime.fromisoformat(shown["until"]) <= upper
    posts = open_project(tmp_path / "Window").store.read("posts")
    assert (
        shown["totals"]["posts"]
        == posts.filter(pl.col("created_at").is_between(lower, upper, closed="left")).height
    )
    assert 0 < shown["totals"]["posts"] < posts.height == 60
