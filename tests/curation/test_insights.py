"""``feedbackminer insight``: what a team decides is kept, and what became of it is told."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.curation.insights import Order, decide, listed, undo
from feedbackminer.curation.unheard import find_unheard
from feedbackminer.digest.proof import JSON
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import build_facts
from feedbackminer.insight.finders.outcomes import outcome_claims
from feedbackminer.insight.period import period_of
from feedbackminer.insight.stage import READS as COUNTED
from feedbackminer.project.project import Project, open_project
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.steps import mining
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.erase import forget
from feedbackminer.steps.verify import verify
from feedbackminer.tables import Lineage, check, column_types, of_members
from tests.support import builders
from tests.support.builders import day
from tests.support.closed_loop import (
    BACK,
    BACK_ON,
    MENDED,
    MENDED_ON,
    NOW,
    SMALL,
    STAFF,
    STEADY,
    mined,
)
from tests.support.command import invoke


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mined(tmp_path_factory.mktemp("loop")).folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    return open_project(Path(shutil.copytree(made, tmp_path / "project")))


def order(project: Project, action: str, target: str, *, by: str = "anna", **how: Any) -> str:
    run = Run(project, started_at=NOW)
    _, told = decide(run, Order(action, target, by, **how))
    return told


def ship(project: Project, topic: str, on: datetime, **how: Any) -> str:
    return order(project, "ship", f"problem/{topic}", on=on, **how)


def outcomes(project: Project) -> dict[str, Claim]:
    """Return what is claimed of what was shipped, by topic."""
    tables = {name: project.store.read(name) for name in COUNTED}
    settings = InsightSettings()
    period = period_of(of_members(tables["posts"], tables["members"]), settings)
    claims = outcome_claims(build_facts(tables, period.history), tables, settings)
    return {str(claim.topic_id): claim for claim in claims}


def published(project: Project) -> Path:
    Run(project, started_at=NOW).step(mining.INSIGHT)
    out = project.folder.parent / "digest"
    write_digest(Run(project, started_at=NOW), out)
    return out


def content_of(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / JSON).read_text("utf-8"))
    return content


def refused(project: Project, action: str, target: str, **how: Any) -> str:
    with pytest.raises(InputError) as error:
        order(project, action, target, **how)
    return str(error.value)


# ── what became of it ────────────────────────────────────────────────────────────────────────


def test_fewer_who_say_it_than_before_and_than_on_other_topics_are_told_with_an_interval(
    project: Project,
) -> None:
    ship(project, MENDED, MENDED_ON)
    claim = outcomes(project)[MENDED]
    assert claim.verdict == "helped"
    assert claim.value.high < 1
    assert "8 of 346 members report problems in the 16 weeks after you shipped" in claim.headline
    assert "48 of 376 in as long before" in claim.headline
    assert "because" not in claim.headline


def test_what_is_said_as_before_makes_no_difference(project: Project) -> None:
    ship(project, STEADY, MENDED_ON)
    claim = outcomes(project)[STEADY]
    assert claim.verdict in ("no_difference", "too_few")
    assert claim.value.low < 1 < claim.value.high


def test_what_came_back_is_open_again_by_itself(project: Project) -> None:
    ship(project, BACK, BACK_ON)
    claim = outcomes(project)[BACK]
    assert claim.verdict == "came_back"
    assert "open again" in claim.action


def test_topics_that_were_touched_meanwhile_are_none_that_it_is_held_against(
    project: Project,
) -> None:
    ship(project, STEADY, MENDED_ON)
    alone = outcomes(project)[STEADY]
    ship(project, MENDED, MENDED_ON)
    beside = outcomes(project)[STEADY]
    # The one that fell held it up, and made topics look as if they changed by themselves.
    assert beside.value.value < alone.value.value
    assert beside.value.high - beside.value.low < alone.value.high - alone.value.low


def test_what_was_shipped_and_is_taken_up_again_was_touched_all_the_same(project: Project) -> None:
    ship(project, STEADY, MENDED_ON)
    ship(project, MENDED, MENDED_ON)
    beside = outcomes(project)[STEADY]
    order(project, "accept", f"problem/{MENDED}")
    assert outcomes(project)[STEADY].value == beside.value
    ship(project, MENDED, NOW)
    assert outcomes(project)[STEADY].value == beside.value


def test_of_two_things_that_were_shipped_on_one_topic_each_names_that_it_was_not_alone(
    project: Project,
) -> None:
    ship(project, MENDED, MENDED_ON)
    ship(project, STEADY, MENDED_ON)
    told = outcomes(project)
    assert not any("something else" in claim.headline for claim in told.values())
    order(project, "ship", f"question/{MENDED}", on=MENDED_ON)
    told = outcomes(project)
    assert told[MENDED].headline.endswith("; something else was shipped there in that time")
    assert "something else" not in told[STEADY].headline


def test_the_order_of_decisions_on_other_things_changes_nothing(
    project: Project, tmp_path: Path
) -> None:
    other = open_project(Path(shutil.copytree(project.folder, tmp_path / "other")))
    orders = [(MENDED, MENDED_ON), (STEADY, MENDED_ON), (BACK, BACK_ON)]
    for one, rows in ((project, orders), (other, orders[::-1])):
        for topic, on in rows:
            ship(one, topic, on)
    told, told_other = (
        {topic: (claim.headline, claim.value) for topic, claim in outcomes(one).items()}
        for one in (project, other)
    )
    assert told == told_other


def test_of_five_people_nothing_is_told_but_how_many(project: Project) -> None:
    ship(project, SMALL, MENDED_ON)
    claim = outcomes(project)[SMALL]
    assert claim.verdict == "too_few"
    assert math.isnan(claim.value.value)


@pytest.mark.parametrize(
    ("on", "verdict", "says"),
    [
        (day(47 * 7), "too_early", "too early to say; from 25 January 2027 on"),
        (day(7), "too_few", "less than 8 weeks before 12 January 2026 are known"),
        (day(-90), "too_few", "less than 8 weeks before 7 October 2025 are known"),
        (datetime(1, 1, 1, tzinfo=UTC), "too_few", "less than 8 weeks before 1 January 1 are"),
        (day(400), "too_early", "too early to say; from 6 April 2027 on"),  # the posts end before
    ],
)
def test_a_day_with_too_little_on_a_side_says_what_cannot_be_known(
    project: Project, on: datetime, verdict: str, says: str
) -> None:
    ship(project, MENDED, on)
    claim = outcomes(project)[MENDED]
    assert claim.verdict == verdict
    assert says in claim.headline


def test_weeks_in_which_nobody_wrote_at_all_tell_nothing(project: Project) -> None:
    posts = project.store.read("posts")
    is_silent = pl.col("created_at").is_between(BACK_ON, MENDED_ON)
    project.store.replace("posts", posts.filter(~is_silent))
    ship(project, STEADY, BACK_ON)
    claim = outcomes(project)[STEADY]
    assert "0 of 0 members" in claim.headline
    assert claim.verdict == "too_few"


def test_of_a_key_point_that_few_say_its_topic_is_told(project: Project) -> None:
    posts = [f"forum:{MENDED}-{week}-0" for week in (2, 9, 20)]
    bodies = dict(project.store.read("posts").select("post_id", "body").iter_rows())
    said = [{"post_id": post_id, "number": 1, "text": bodies[post_id]} for post_id in posts]
    point = said[0] | {"key_point_id": "k001", "says": "problem", "n_voices": 3}
    matched = [{"post_id": p, "number": 1, "key_point_id": "k001", "chance": 0.9} for p in posts]
    for name, frame in (
        ("sentences", builders.sentences(*said)),
        ("key_points", builders.key_points(point)),
        ("matches", builders.matches(*matched)),
    ):
        project.store.append(name, frame)
    Run(project, started_at=NOW).step(mining.INSIGHT)
    claims = project.store.read("claims").filter(key_point_id="k001", kind="severe")
    claims = claims if len(claims) else project.store.read("claims").filter(key_point_id="k001")
    order(project, "ship", claims["claim_id"][0], on=MENDED_ON)
    claim = outcomes(project)[MENDED]
    assert claim.verdict == "helped"
    assert f"“{bodies[posts[0]]}”, which too few say alone, and its topic" in claim.headline
    assert claim.key_point_id == "k001"


def test_a_topic_that_was_merged_is_followed(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    before = outcomes(project)[MENDED]
    merge(project, MENDED, SMALL)
    after = outcomes(project)[SMALL]
    assert len(after.posts) > len(before.posts)
    (row,) = listed(project.store)
    assert row.topics == (SMALL,)


def test_of_a_topic_that_is_not_there_any_more_the_decision_is_kept(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    topics = project.store.read("topics")
    project.store.replace("topics", topics.filter(pl.col("topic_id") != MENDED))
    assert outcomes(project) == {}
    (row,) = listed(project.store)
    assert row.about == "Problem: no topic or key point of today"
    page = (published(project) / "done.html").read_text("utf-8")
    assert "its posts are elsewhere, or were erased" in page


def merge(project: Project, topic: str, into: str) -> None:
    store = project.store
    moved = pl.when(pl.col("topic_id") == topic)
    status = moved.then(pl.lit("merged")).otherwise(pl.col("status").cast(pl.String))
    store.replace("topics", store.read("topics").with_columns(status=status))
    where = moved.then(pl.lit(into)).otherwise("topic_id")
    store.replace("assignments", store.read("assignments").with_columns(topic_id=where))
    row = ("merge", topic, into, "r9", "human", "")
    frame = pl.DataFrame([row], schema=column_types(Lineage), orient="row")
    store.append("lineage", check(frame, Lineage, where="test"))


# ── orders ───────────────────────────────────────────────────────────────────────────────────


def test_a_claim_of_the_digest_and_its_insight_are_one(project: Project) -> None:
    claims = project.store.read("claims").filter(kind="problem", topic_id=STEADY)
    claim = claims["claim_id"][0]
    order(project, "accept", claim)
    (row,) = listed(project.store)
    order(project, "assign", row.insight_id, text="dora")
    (row,) = listed(project.store)
    assert (row.status, row.owner, row.about) == ("accepted", "dora", "Problem: Part 3")


def test_a_claim_of_a_digest_that_is_out_already_can_be_decided_on(project: Project) -> None:
    claim = next(c for c in content_of(published(project))["claims"] if c["topic_id"] == STEADY)
    project.store.replace("claims", project.store.read("claims").clear())
    order(project, "accept", claim["claim_id"])
    assert listed(project.store)[0].status == "accepted"


def test_who_decides_second_hears_of_the_first_and_both_are_kept(project: Project) -> None:
    order(project, "accept", f"problem/{STEADY}", by="anna")
    told = order(project, "accept", f"problem/{STEADY}", by="ben")
    assert "Before that: accepted by anna, 1 March 2027" in told
    assert project.store.read("decisions")["by"].to_list() == ["anna", "ben"]


def test_what_is_taken_back_can_be_decided_anew(project: Project) -> None:
    target = f"problem/{STEADY}"
    order(project, "reject", target, text="Too dear.")
    assert "it was rejected by anna" in refused(project, "ship", target)
    undo(Run(project, started_at=NOW), "ben", None)
    assert listed(project.store)[0].status == "open"
    ship(project, STEADY, MENDED_ON)
    assert "undo 3" in refused(project, "reject", target, text="It was wrong.")
    assert len(project.store.read("decisions")) == 3


@pytest.mark.parametrize(
    ("action", "target", "how", "says"),
    [
        ("ship", "problem/t001", {"on": NOW + timedelta(days=9)}, "is still to come"),
        ("reject", "problem/t001", {}, "want why"),
        ("accept", "problem/t0001", {}, "did you mean 't001'?"),
        ("accept", "problems/t001", {}, "did you mean 'problem'?"),
        ("ship", "outcome/t001", {}, "there is no kind of claim 'outcome'"),
        ("accept", "i-ffffff", {}, "no claim or insight 'i-ffffff'"),
        ("accept", "problem/t001", {"by": " "}, "want a name after --by"),
        ("assign", "problem/t001", {"text": " "}, "want a name after --to"),
    ],
)
def test_orders_that_cannot_be_are_refused_and_nothing_is_stored(
    project: Project, action: str, target: str, how: dict[str, Any], says: str
) -> None:
    assert says in refused(project, action, target, **how)
    assert project.store.read("decisions").is_empty()


def test_a_claim_that_is_about_nothing_that_lasts_is_refused(project: Project) -> None:
    claim = project.store.read("claims").filter(kind="community")["claim_id"][0]
    assert "nothing lasts of it" in refused(project, "accept", claim)


def test_what_is_written_is_one_line_of_what_everybody_sees(project: Project) -> None:
    order(project, "note", "problem/t001", by="an\nna", text="\x1b[2Jgone \u202eback")
    (decision,) = listed(project.store)[0].decisions
    assert (decision.by, decision.text) == ("an na", "[2Jgone back")


def test_nobody_takes_nothing_back(project: Project) -> None:
    order(project, "accept", "problem/t001")
    with pytest.raises(InputError, match="want a name after --by"):
        undo(Run(project), " ", None)


def test_undo_of_nothing_says_so(project: Project) -> None:
    with pytest.raises(InputError, match="no decision 0 stands"):
        undo(Run(project), "anna", None)


# ── in the digest ────────────────────────────────────────────────────────────────────────────


def test_what_was_done_stands_in_the_digest_wherever_it_is_read(project: Project) -> None:
    ship(project, MENDED, MENDED_ON, text="2.1 <b>mends</b> it", by="anna")
    order(project, "plan", f"problem/{STEADY}", on=day(900))
    out = published(project)
    pages = ["done.html", "editions/leadership.html", "editions/support.html"]
    for page in (*pages, "editions/communications.html"):
        text = (out / page).read_text("utf-8")
        assert "It fell after you shipped" in text, page
        assert "2.1 &lt;b&gt;mends&lt;/b&gt; it" in text, page
        assert "It is no proof" in text, page
    assert "It fell after you shipped" not in (out / "editions/product.html").read_text("utf-8")
    assert "Shipped: 2.1 &lt;b&gt;" in (out / f"topics/{MENDED}.html").read_text("utf-8")
    assert "Shipped on 17 August 2026 by anna" in (out / "editions/leadership.md").read_text(
        "utf-8"
    )
    first, second = content_of(out)["decisions"]
    assert (first["status"], first["verdict"], second["status"]) == ("shipped", "helped", "planned")
    claims = {claim["claim_id"] for claim in content_of(out)["claims"]}
    assert first["outcome_id"] in claims


def test_that_too_few_say_it_is_said_once(project: Project) -> None:
    ship(project, SMALL, MENDED_ON)
    out = published(project)
    for page in ("done.html", "digest.md"):
        text = (out / page).read_text("utf-8")
        assert text.lower().count("too few to say") == 1, page


def test_where_nothing_was_decided_one_line_says_so(project: Project) -> None:
    out = published(project)
    naming = [page.name for page in out.rglob("*.html") if "did it help" in page.read_text("utf-8")]
    assert naming == ["leadership.html"]
    assert not (out / "done.html").exists()
    assert "insight accept" in (out / "editions/leadership.html").read_text("utf-8")
    assert "did it help" not in (out / "digest.md").read_text("utf-8")


def test_an_outcome_or_a_decision_that_was_changed_is_named(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    out = published(project)
    order(project, "note", f"problem/{MENDED}", text="Noted when it was out already.")
    assert verify(project, out) == []
    content = content_of(out)
    outcome = next(c for c in content["claims"] if c["kind"] == "outcome")
    outcome["value"] = 0.01
    content["decisions"][0]["status"] = "rejected"
    (out / JSON).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
    named = {one.where for one in verify(project, out)}
    insight = content["decisions"][0]["insight_id"]
    assert {f"claims[{outcome['claim_id']}].value", f"decisions[{insight}].status"} <= named


def test_of_what_is_shipped_no_more_no_outcome_stands_beside_it(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    Run(project, started_at=NOW).step(mining.INSIGHT)
    order(project, "accept", f"problem/{MENDED}")
    assert listed(project.store)[0].outcome == ""
    out = project.folder.parent / "digest"  # nothing was mined since
    write_digest(Run(project, started_at=NOW), out)
    (decided,) = content_of(out)["decisions"]
    assert (decided["status"], decided["outcome_id"]) == ("accepted", None)


def test_who_is_erased_is_in_no_decision_and_counts_in_no_outcome(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    first = project.store.read("posts").filter(pl.col("post_id") == f"forum:{MENDED}-4-0")
    words = first["body"][0]
    order(project, "note", f"problem/{MENDED}", text=f"One wrote: {words}")
    out = published(project)
    before = content_of(out)["claims"]
    forget(Run(project, started_at=NOW), post_id=first["post_id"][0])
    texts = [*project.store.read("decisions")["text"], *(p.read_text() for p in out.rglob("*.*"))]
    assert not any(words in text for text in texts)
    n_posts = [next(c for c in claims if c["kind"] == "outcome")["n_posts"]
               for claims in (before, content_of(out)["claims"])]  # fmt: skip
    assert n_posts[1] == n_posts[0] - 1
    assert listed(project.store)[0].status == "shipped"


# ── whom to tell ─────────────────────────────────────────────────────────────────────────────


def test_who_said_it_is_told_of_thread_by_thread_the_last_first(project: Project) -> None:
    ship(project, MENDED, MENDED_ON, text="2.1 mends it")
    unheard = find_unheard(project, f"problem/{MENDED}")
    assert len(unheard) == 96 - 1  # the team wrote to one already
    assert STAFF not in {member for one in unheard for member in one.members}
    assert unheard[0].said_at == max(one.said_at for one in unheard if one.said_at)
    assert unheard[0].draft.startswith(
        f"You told us about “{unheard[0].thread}”. Since 17 August 2026:"
    )
    assert unheard[0].draft.endswith("2.1 mends it. Does it work for you now?")
    order(project, "tell", f"problem/{MENDED}", threads=(unheard[0].thread_id,))
    assert find_unheard(project, f"problem/{MENDED}") == unheard[1:]


def test_a_title_that_would_clear_a_screen_does_not(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    title = pl.col("title") + "\x1b[2J\u202e"
    project.store.replace("threads", project.store.read("threads").with_columns(title))
    told = invoke("insight", "tell", f"problem/{MENDED}", "--project", project.folder).stdout
    assert "It fails" in told
    assert not {"\x1b", "\u202e"} & set(told)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "we do not know yet what it will be. We write"), ("Both stay.", "it: Both stay. We")],
)
def test_a_draft_on_what_is_planned_says_what_will_be_and_not_what_was(
    project: Project, text: str, says: str
) -> None:
    order(project, "plan", f"problem/{MENDED}", text=text)
    drafts = {one.draft for one in find_unheard(project, f"problem/{MENDED}")}
    assert drafts
    assert all(says in draft and "was changed" not in draft for draft in drafts)


def test_nobody_is_told_of_what_was_not_decided(project: Project) -> None:
    order(project, "accept", f"problem/{MENDED}")
    with pytest.raises(InputError, match="nothing was decided that could be told"):
        find_unheard(project, f"problem/{MENDED}")


# ── at a terminal ────────────────────────────────────────────────────────────────────────────


def test_the_commands_say_what_they_did(project: Project) -> None:
    where = ("--project", project.folder)
    assert "Nothing was decided" in invoke("insight", "list", *where).stderr
    target = f"problem/{MENDED}"
    for args in (
        ("accept", target, "--by", "anna"),
        ("assign", target, "--to", "dora", "--by", "anna"),
        ("note", target, "Ask for the version.", "--by", "anna"),
        ("plan", target, "--date", "2099-01-01", "--by", "anna"),
        ("ship", target, "--date", "2026-08-17", "--note", "=2.1", "--by", "anna"),
    ):
        done = invoke("insight", *args, *where)
        assert done.exit_code == 0, done.output
        assert f"{args[0]} i-" in done.stderr
    (row,) = json.loads(invoke("insight", "list", "--json", *where).stdout)
    assert (row["status"], row["owner"]) == ("shipped", "dora")
    told = invoke("insight", "tell", target, "--csv", *where).stdout
    rows = list(csv.DictReader(io.StringIO(told)))
    assert rows[0]["url"].startswith("https://forum.example/")
    assert not any(cell.startswith("=") for one in rows for cell in one.values())
    assert invoke("insight", "tell", target, "--done", "--by", "anna", *where).exit_code == 0
    assert json.loads(invoke("insight", "tell", target, "--json", *where).stdout) == []
    assert "taken back" in invoke("insight", "undo", "--by", "anna", *where).stderr
    assert invoke("insight", "ship", "problem/t999", *where).exit_code == 2


def test_a_list_tells_in_one_line_what_became_of_it(project: Project) -> None:
    ship(project, MENDED, MENDED_ON)
    Run(project, started_at=NOW).step(mining.INSIGHT)
    (row,) = listed(project.store)
    told = invoke("insight", "list", "--project", project.folder).stdout
    assert f"{row.insight_id}  {row.outcome}" in told.splitlines()


def test_of_mere_talk_nobody_can_say_that_it_was_mended(project: Project) -> None:
    with pytest.raises(InputError, match=f"ship the problem, .* such as problem/{MENDED}"):
        decide(Run(project), Order("ship", f"topic/{MENDED}", "anna", on=MENDED_ON))
