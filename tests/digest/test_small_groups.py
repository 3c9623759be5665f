"""Small groups: nothing that is not told can be worked out from what is, whoever knows the rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.digest.explain import UNKNOWN, Explanation, explain
from feedbackminer.digest.render import render_digest
from feedbackminer.digest.small_groups import without_small
from feedbackminer.tables import Dropped
from feedbackminer.vocabulary.claims import LEAST_GROUP, SEGMENTS
from tests.digest.test_stage import community, digest
from tests.support.builders import claims, day, members, posts, repeats, threads

MOST = 14  # people in all: so that every other way to fill the groups can be tried


def named(counts: Sequence[int]) -> dict[str, int]:
    return {f"group {number}": n for number, n in enumerate(counts)}


def ways(total: int, groups: int) -> Iterator[tuple[int, ...]]:
    """Yield every way in which so many people can be in so many groups."""
    firsts = product(range(total + 1), repeat=groups - 1)
    yield from ((*first, total - sum(first)) for first in firsts if sum(first) <= total)


@given(st.lists(st.integers(0, 7), min_size=2, max_size=4).filter(lambda n: sum(n) <= MOST))
def test_no_number_that_is_not_told_follows_from_the_others_the_total_and_the_rule(
    counts: list[int],
) -> None:
    told = without_small(named(counts))
    alike = [
        other for other in ways(sum(counts), len(counts)) if without_small(named(other)) == told
    ]
    for place, n in enumerate(told.values()):
        could_be = {other[place] for other in alike}
        assert could_be == {n} if n is not None else len(could_be) > 1


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_what_is_told_is_true_and_no_small_group_nor_is_all_that_is_not(
    counts: list[int],
) -> None:
    told = without_small(named(counts))
    assert {told[name] for name in told} <= {None, *counts}
    assert all(n is None or n == was for n, was in zip(told.values(), counts, strict=True))
    assert not any(n and n < LEAST_GROUP for n in told.values())
    hidden = [was for n, was in zip(told.values(), counts, strict=True) if n is None]
    assert not hidden or len(hidden) == len(counts) or sum(hidden) >= LEAST_GROUP


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=5))
def test_of_groups_that_are_hidden_it_does_not_follow_that_all_or_none_of_them_said_it(
    rows: list[tuple[int, int]],
) -> None:
    counts, spoke = named([max(row) for row in rows]), named([min(row) for row in rows])
    hidden = [name for name, n in without_small(counts, spoke).items() if n is None]
    alike = len({spoke[name] for name in hidden}) == 1
    assert not alike or len(hidden) == len(counts)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([100, 40, 9], [100, 40, 9]),
        ([100, 40, 0], [100, 40, 0]),
        ([100, 40, 4], [100, None, None]),
        ([100, 4, 3], [100, None, None]),
        ([100, 2, 1], [None, None, None]),
        ([100, 4, 4], [None, None, None]),
        ([100, 6, 6, 2], [100, None, None, None]),
        ([3, 0], [None, None]),
        ([], []),
    ],
)
def test_the_next_smallest_is_hidden_with_a_small_group(
    counts: list[int], told: list[int | None]
) -> None:
    assert list(without_small(named(counts)).values()) == told


# ── where it is told ─────────────────────────────────────────────────────────────────────────


def test_pages_markdown_and_json_tell_no_small_group() -> None:
    """Three regulars, new here, all advocates: no number of them but that of all."""
    files = render_digest(digest(community()))
    assert '"seats": [' in files["digest.json"]
    assert '"n": 3,' in files["digest.json"].partition('"room"')[2]
    assert '"n_advocates": null' in files["digest.json"]
    assert files["people.html"].count('<td class="n">not told</td>') == len(SEGMENTS)
    assert "Not told: under 5" in files["people.html"]
    for name in ("editions/product.html", "editions/product.md"):
        assert "not told: new here" in files[name], name
        assert "advocates: not told" in files[name], name


def explained(segments: Mapping[str, tuple[int, int]]) -> Explanation:
    """Explain a claim that so many of each segment said, of so many who wrote."""
    people = [
        {"post_id": f"{segment}{n}", "author_id": f"{segment}{n}", "segment": segment}
        for segment, (_, wrote) in segments.items()
        for n in range(wrote)
    ]
    said = [f"{segment}{n}" for segment, (spoke, _) in segments.items() for n in range(spoke)]
    wrote: list[dict[str, Any]] = [
        {"post_id": p["post_id"], "author_id": p["author_id"], "created_at": day(1)} for p in people
    ]
    nobody = {"post_id": "nobody", "author_id": None, "created_at": day(1)}
    window = {"since": day(0), "until": day(30), "evidence": [*said, "nobody"]}
    tables = {
        "posts": posts(*wrote, nobody),
        "members": members(
            *({"author_id": p["author_id"], "segment": p["segment"]} for p in people)
        ),
        "threads": threads(),
        "repeats": repeats(),
        "dropped": Dropped.create_empty(),
        "claims": claims({"claim_id": "c", **window}),
    }
    return explain("c", tables)


def test_an_explanation_tells_neither_who_spoke_nor_who_wrote_of_a_small_group() -> None:
    found = explained({"veteran": (20, 40), "regular": (3, 9), "newcomer": (1, 2)})
    told = [(segment.name, segment.n_spoke, segment.n_wrote) for segment in found.segments]
    assert told == [("veteran", 20, 40), ("regular", None, None), ("newcomer", None, None)]
    by_post = {post["post_id"]: post["segment"] for post in found.posts}
    assert {by_post[f"regular{n}"] for n in range(3)} | {by_post["newcomer0"]} == {None}
    assert (by_post["veteran0"], by_post["nobody"]) == ("veteran", UNKNOWN)


def test_where_all_groups_are_large_an_explanation_tells_all() -> None:
    found = explained({"veteran": (2, 40), "regular": (0, 9)})
    assert [(s.n_spoke, s.n_wrote) for s in found.segments] == [(2, 40), (0, 9)]


def test_an_empty_community_tells_that_nobody_is_in_any_segment() -> None:
    nobody = digest({**community(), "members": members(), "claims": claims()})
    page = render_digest(nobody)["people.html"]
    assert page.count('<td class="n">0</td>') == len(SEGMENTS)
