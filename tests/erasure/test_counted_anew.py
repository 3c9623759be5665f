"""What is counted is counted anew from what stays."""

from __future__ import annotations

import polars as pl
import pytest

from feedbackminer.erasure.tables import Erasure, erase_from
from feedbackminer.insight.stage import mine_claims
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import Sealer
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import TABLES
from feedbackminer.vocabulary.tags import HEADLINES
from tests.support import builders

FIT = [0.9] * len(HEADLINES)


def test_shares_count_who_stays_though_there_were_no_claims() -> None:
    tables: dict[str, pl.DataFrame] = {
        name: schema.create_empty() for name, schema in TABLES.items()
    }
    rows = [{"post_id": f"x:{who}", "author_id": who} for who in ("ann", "ben")]
    tables |= {"posts": builders.posts(*rows)}
    tables |= {"tags": builders.tags(*({"post_id": row["post_id"]} for row in rows))}
    before = mine_claims(tables, settings=InsightSettings(min_voices=9))
    tables |= {"shares": before.shares, "claims": before.claims.clear()}

    erasure = Erasure(["x:ann"], Sealer((), Pseudonyms(b"k" * 32)), is_thorough=True)
    after = erase_from(tables, erasure, settings=InsightSettings(min_voices=9))

    assert before.shares["n_voices"].unique().to_list() == [2]
    assert after["shares"]["n_voices"].unique().to_list() == [1]


def test_the_period_ends_with_those_who_stay_and_nothing_tells_when_others_wrote() -> None:
    empty = {name: schema.create_empty() for name, schema in TABLES.items()}
    rows = [
        {"post_id": f"x:{n}", "author_id": f"who{n}", "created_at": builders.day(10 * n)}
        for n in range(3)
    ]
    tables: dict[str, pl.DataFrame] = {**empty, "posts": builders.posts(*rows)}
    tables |= {"periods": mine_claims(tables, settings=InsightSettings()).periods}
    columns = ["since", "until", "history_since"]
    assert tables["periods"].select(columns).row(0) == (
        builders.day(0), builders.day(21), builders.day(0),
    )  # fmt: skip
    after = without(tables, "x:0", "x:2")["periods"]
    assert after.select(columns).row(0) == (builders.day(10), builders.day(11), builders.day(10))


def said_by(*who: str) -> dict[str, pl.DataFrame]:
    """Let each say one key point, which the first of them heads; the surest of the others last."""
    empty: dict[str, pl.DataFrame] = {
        name: schema.create_empty() for name, schema in TABLES.items()
    }
    ids = [f"x:{name}" for name in who]
    return empty | {
        "posts": builders.posts(*({"post_id": i, "author_id": i[2:]} for i in ids)),
        "sentences": builders.sentences(
            *({"post_id": i, "text": f"And {i} says so too.", "chances": FIT} for i in ids)
        ),
        "key_points": builders.key_points(
            {"key_point_id": "k", "post_id": ids[0], "text": f"{ids[0]} says so too"}
        ),
        "matches": builders.matches(
            *(
                {"key_point_id": "k", "post_id": i, "chance": 0.6 + n / 10}
                for n, i in enumerate(ids)
            )
        ),
    }


def without(tables: dict[str, pl.DataFrame], *ids: str) -> dict[str, pl.DataFrame]:
    erasure = Erasure(ids, Sealer((), Pseudonyms(b"k" * 32)), is_thorough=True)
    return erase_from(tables, erasure, settings=InsightSettings())


def test_what_others_say_too_is_headed_by_the_one_who_surest_does() -> None:
    (row,) = without(said_by("ann", "ben", "cat"), "x:ann")["key_points"].to_dicts()
    assert (row["text"], row["post_id"], row["n_voices"]) == ("x:cat says so too", "x:cat", 2)


def test_what_is_headed_by_one_who_stays_keeps_its_headline() -> None:
    (row,) = without(said_by("ann", "ben", "cat"), "x:cat")["key_points"].to_dicts()
    assert (row["text"], row["n_voices"]) == ("x:ann says so too", 2)


def test_a_point_is_shown_with_one_that_is_left_or_alone() -> None:
    tables = said_by("ann", "ben", "cat")
    for near, left in (("gone", None), ("k", "k")):
        points = tables["key_points"].with_columns(near=pl.lit(near))
        (row,) = without(tables | {"key_points": points}, "x:ann")["key_points"].to_dicts()
        assert row["near"] == left


@pytest.mark.parametrize("who", [("ann",), ("ann", "ben")])
def test_what_nobody_or_only_one_is_left_to_say_is_gone(who: tuple[str, ...]) -> None:
    tables = without(said_by(*who), "x:ann")
    assert tables["key_points"].is_empty()
    assert tables["matches"].is_empty()
