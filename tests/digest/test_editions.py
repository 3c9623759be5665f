"""Editions: each department reads what is routed to it, with the numbers that all others read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from feedbackminer.digest.answers import Answer
from feedbackminer.digest.editions import edition_views
from feedbackminer.digest.panel import panel
from feedbackminer.digest.quotes import Quote
from feedbackminer.digest.render import document, render_digest
from feedbackminer.digest.render.site import unbroken
from feedbackminer.digest.room import Room, room_of
from feedbackminer.digest.stage import build_digest
from feedbackminer.digest.views import Digest
from feedbackminer.settings.sections import DigestSettings, InsightSettings
from feedbackminer.vocabulary.claims import CLAIM_KINDS
from feedbackminer.vocabulary.editions import EDITIONS
from tests.digest.test_stage import community, provenance
from tests.support.builders import (
    claim_view,
    claims,
    copies,
    day,
    members,
    periods,
    posts,
    repeats,
    shares,
)

KINDS = ("problem", "severe", "love", "churn", "question", "request", "surge", "unanswered")


def digest(tables: Mapping[str, pl.DataFrame]) -> Digest:
    return build_digest(tables, settings=DigestSettings(product="Inkwell"), provenance=provenance())


def telling(*rows: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """Build a community of which claims are made, each about no topic."""
    tables = community()
    plain = {"since": day(0), "until": day(30), "evidence": ["forum:0"], "topic_id": None}
    return {**tables, "claims": claims(*(plain | dict(row) for row in rows))}


def of_each_kind() -> dict[str, pl.DataFrame]:
    """Build a community of which one claim of each kind is made, all worth the same."""
    return telling(
        *(
            {
                "claim_id": kind,
                "kind": kind,
                "headline": f"{kind} of 4 members",
                "rank_score": 1.0,
                "editions": list(CLAIM_KINDS[kind].editions),
            }
            for kind in KINDS
        )
    )


def front(built: Digest) -> dict[str, list[str]]:
    return {view.edition.name: [claim.claim_id for claim in view.front] for view in built.editions}


def test_an_edition_holds_what_is_routed_to_it_and_nothing_else() -> None:
    for view in digest(of_each_kind()).editions:
        shown = [*view.front, *(claim for _, listed in view.sections for claim in listed)]
        routed = {kind for kind in KINDS if view.edition.name in CLAIM_KINDS[kind].editions}
        told = [claim.claim_id for claim in shown]
        assert len(told) == len(set(told))
        assert set(told) <= routed if view.edition.is_brief else set(told) == routed


def test_what_an_edition_is_for_comes_first() -> None:
    found = front(digest(of_each_kind()))
    assert set(found["product"][:3]) == {"problem", "severe", "request"}
    assert set(found["support"][:3]) == {"severe", "question", "unanswered"}
    assert found["marketing"][0] == "love"
    assert set(found["communications"][:2]) == {"churn", "surge"}
    assert found["leadership"][0] == "churn"


def test_every_edition_and_the_front_page_tell_the_same_numbers() -> None:
    files = render_digest(digest(of_each_kind()))
    for view in digest(of_each_kind()).editions:
        for claim in view.front:
            assert unbroken(claim.headline) in files[view.edition.page]
            assert claim.headline in files[view.edition.text]
            assert unbroken(claim.headline) in files[claim.page]


def test_the_json_names_the_things_to_know_of_each_edition() -> None:
    built = digest(of_each_kind())
    assert json.loads(document.render(built))["editions"] == front(built)


def test_support_reads_what_nobody_answered_and_marketing_whom_to_thank() -> None:
    tables = community()
    two = tables["threads"].with_columns(n_posts=pl.lit(2, pl.Int64))
    files = render_digest(digest({**tables, "threads": two}))
    asked = {name: "Answer these first" in files[e.page] for name, e in EDITIONS.items()}
    assert asked == {name: name == "support" for name in EDITIONS}
    assert "## Answer these first" in files[EDITIONS["support"].text]
    thanked = {name: "Ask before you name" in files[e.page] for name, e in EDITIONS.items()}
    assert thanked == {name: name == "marketing" for name in EDITIONS}


def test_it_says_since_when_a_question_waits_up_to_the_end_of_the_period() -> None:
    tables = community()
    two = tables["threads"].with_columns(n_posts=pl.lit(2, pl.Int64))
    files = render_digest(digest({**tables, "threads": two}))
    assert "(5 January 2026, for 30 days)" in files[EDITIONS["support"].text]
    assert unbroken("5 January 2026, for 30 days") in files["unanswered.html"]


def test_support_reads_first_what_many_ask_and_no_answer_helped_with() -> None:
    quote = Quote("forum:1", "Hold the key.", None, "ben", day(1), "Reset")
    helped = [Answer(quote, "works", is_by_staff=False)]
    row: dict[str, Any] = {"kind": "question", "editions": list(CLAIM_KINDS["question"].editions)}
    known = replace(claim_view(claim_id="known", rank_score=9.0, **row), answers=helped)
    views = [known, claim_view(claim_id="open", rank_score=1.0, **row)]
    listed = {
        view.edition.name: [claim.claim_id for _, claims in view.sections for claim in claims]
        for view in edition_views(views, [], recent=None)
    }
    assert listed["support"] == ["open", "known"]
    assert listed["product"] == ["known", "open"]


@pytest.mark.parametrize(
    ("routing", "message"),
    [
        ({"problm": ["product"]}, "did you mean 'problem'"),
        ({"problem": ["sales"]}, "Input should be 'product'"),
    ],
)
def test_a_wrong_route_is_a_wrong_setting(routing: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        InsightSettings(routing=routing)


# ── the room ─────────────────────────────────────────────────────────────────────────────────


def room(
    wrote: Sequence[tuple[str, str, float]],
    first: Mapping[str, float],
    alike: str = "vwxyz",
    **more: Any,
) -> Room:
    """Look at a month: member, source and day of posts; the day of each member's first post.

    Each member stands for as many as there are letters in ``alike``.
    """
    rows = [
        {"post_id": f"{source}:{n}{twin}", "author_id": f"{who}{twin}", "source": source}
        | {"created_at": day(when)}
        for n, (who, source, when) in enumerate(wrote)
        for twin in alike
    ]
    known = members(
        *(
            {"author_id": f"{who}{twin}", "first_at": day(when)}
            for who, when in first.items()
            for twin in alike
        )
    )
    tables = {"posts": posts(*rows), "members": known, "repeats": repeats()} | more
    return room_of(tables, (day(0), day(30)), (day(-30), day(0)))


def test_the_room_is_who_wrote_by_how_long_they_had_been_there() -> None:
    now = [("new", "forum", 1.0), ("new", "forum", 2.0), ("young", "chat", 3.0)]
    now += [("old", "forum", 4.0), ("old", "chat", 5.0), ("gone", "forum", -31.0)]
    found = room(now, {"new": 1, "young": -364, "old": -366, "gone": -100})
    assert (found.n, [seat.n for seat in found.seats]) == (15, [5, 5, 5])
    assert list(found.sources) == [("chat", 10), ("forum", 10)]
    assert (found.n_before, found.unlike) == (0, None)


def test_a_room_as_before_is_like_it_and_one_of_others_is_not() -> None:
    same = room([("a", "forum", 1), ("a", "forum", -1)], {"a": -99})
    assert (same.n_before, same.unlike) == (5, 0.0)
    wrote = [("a", "forum", 1), ("b", "forum", 1), ("a", "forum", -1), ("c", "forum", -1)]
    half = room(wrote, {"a": -99, "b": 1, "c": -99})
    assert half.unlike == pytest.approx(0.5)
    other = room([("a", "chat", 1), ("a", "forum", -1)], {"a": -99})
    assert other.unlike == pytest.approx(1)


def test_a_copy_puts_nobody_into_the_room() -> None:
    wrote = [("a", "forum", 1.0), ("b", "forum", 2.0)]
    copied = copies(**{f"forum:1{twin}": f"forum:0{twin}" for twin in "vwxyz"})
    assert room(wrote, {"a": 1, "b": 1}, repeats=copied).n == 5


def test_a_room_is_not_held_against_another_where_that_would_tell_of_a_small_group() -> None:
    wrote, first = [("a", "forum", 1.0), ("a", "forum", -1.0)], {"a": -99.0}
    assert room(wrote, first).unlike == 0
    assert room(wrote, first, alike="v").unlike is None


def test_of_a_room_in_which_nothing_is_dated_only_the_number_is_known() -> None:
    undated = posts({"author_id": "a", "created_at": None}, {"author_id": "b", "created_at": None})
    tables = {"posts": undated, "members": members({"author_id": "a"}, {"author_id": "b"})}
    found = room_of({**tables, "repeats": repeats()}, (None, None), None)
    assert (found.n, found.n_before, list(found.seats), found.unlike) == (2, 0, [], None)


# ── the panel sheet ──────────────────────────────────────────────────────────────────────────


def sheet(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[str]]:
    return {heading: [line.text for line in lines] for heading, lines in panel(digest(tables))}


def test_the_panel_says_what_is_agreed_what_parts_what_surprised_and_what_nobody_can_tell() -> None:
    said = {"kind": "problem", "metric": "share_found_of_members", "key_point_id": "problem-a"}
    tables = telling(
        {"claim_id": "one", "headline": "“It stops”: 2 members", "n_voices": 2, **said},
        {"claim_id": "two", "headline": "“It halts”: 9 members", "n_voices": 9, **said},
        {"claim_id": "three", "kind": "surge", "metric": "ratio_to_usual_share"}
        | {"headline": "Sync: broke out"},
        {"claim_id": "no", "kind": "apparent", "metric": "ratio_of_voice_rates"}
        | {"headline": "Sync: one thread"},
        {"claim_id": "topic-1", "kind": "topic", "topic_id": "t001", "headline": "Sync"},
    )
    split = shares(
        {"topic_id": "t001", "label": "bad", "value": 0.5, "low": 0.2, "high": 0.7},
        {"topic_id": "t001", "label": "good", "value": 0.3, "low": 0.1, "high": 0.5},
    )
    found = sheet({**tables, "shares": split})
    assert found["What several say alike"] == ["“It halts”: 9 members", "“It stops”: 2 members"]
    assert found["What surprised"] == ["Sync: broke out"]
    assert "badly for about 50 % (20 to 70 %), well for" in found["Where they part"][0]
    assert found["Who is in the room"][0].startswith("3 members: not told: new here")
    unknown = found["What they cannot tell us"][0]
    assert unknown.startswith("What those think who read and do not write")


def test_where_nothing_holds_the_panel_says_so() -> None:
    found = sheet({**community(), "claims": claims(), "periods": periods(day(0), day(30))})
    assert found["What several say alike"] == ["No two of them were found to say the same."]
    assert found["Where they part"] == [
        "On no topic is it sure that it goes well for some and badly for others."
    ]
    assert found["What surprised"] == ["There is no time before to hold it against."]
    assert len(found["Who is in the room"]) == 1  # and no room before


def test_where_nothing_is_dated_the_panel_does_not_say_since_when_they_are_here() -> None:
    tables = community()
    undated = tables["posts"].with_columns(created_at=pl.lit(None, pl.Datetime("us", "UTC")))
    found = sheet({**tables, "posts": undated, "periods": periods(), "claims": claims()})
    assert found["Who is in the room"] == [
        "3 members: since when is not known; advocates: not told."
    ]


@pytest.mark.parametrize(
    ("goals", "told"),
    [
        ({"welcome": 0.8}, "W; goal: at least 80 %: missed"),
        ({"welcome": 0.6}, "W; goal: at least 60 %: missed, but so near that chance may have"),
        ({"welcome": 0.4}, "W; goal: at least 40 %: reached, but so near that chance may have"),
        ({"welcome": 0.1}, "W; goal: at least 10 %: reached"),
        ({"first_reply": 12}, "F; goal: at most 12 hours: reached"),
        ({"first_reply": 2}, "F; goal: at most 2 hours: missed"),
        ({"helpers": 3}, "Members who write half of the replies: not known of this time; goal: "),
        ({"unanswered": 0.1}, "Every question got a reply; goal: at most 10 %: reached"),
    ],
)
def test_each_edition_opens_with_how_far_a_goal_is_reached(
    goals: dict[Any, float], told: str
) -> None:
    measured = {"kind": "community", "value": 0.5, "low": 0.3, "high": 0.7}
    tables = telling(
        {"claim_id": "w", "metric": "share_of_newcomers", "headline": "W", **measured},
        {"claim_id": "f", "metric": "median_hours", "headline": "F"}
        | {**measured, "value": 8.0, "low": 1.0, "high": 30.0},
        {"claim_id": "of", "metric": "share_of_question_threads", "topic_id": "t001"},
    )
    answered = tables["threads"].with_columns(
        n_posts=pl.lit(2, pl.Int64), answered_by=pl.lit("member", pl.Enum(["member", "staff"]))
    )
    built = build_digest(
        {**tables, "threads": answered},
        settings=DigestSettings(product="Inkwell", goals=goals),
        provenance=provenance(),
    )
    (heading, (line,)), *_ = panel(built)
    assert heading == "What we want to reach"
    assert line.text.startswith(told)
    files = render_digest(built)
    assert all(unbroken(line.text) in files[edition.page] for edition in EDITIONS.values())


def test_a_goal_that_nobody_measures_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="welcom"):
        DigestSettings.model_validate({"goals": {"welcom": 0.8}})
