"""Numbers in words: what it is, how sure, and who is behind it."""

from dataclasses import replace
from datetime import datetime

import pytest

from feedbackminer.digest import wording
from feedbackminer.digest.shares import Share
from feedbackminer.digest.views import ClaimView
from feedbackminer.digest.waves import Wave
from feedbackminer.digest.wording import certainty, number, sentence, trust
from feedbackminer.vocabulary.claims import FOUND_OF_MEMBERS, METRICS
from tests.support.builders import claim_view, day

SHARE = "share_of_members"
RATIO = "ratio_of_voice_rates"


def claim(
    metric: str, value: float | None, low: float | None = None, high: float | None = None
) -> ClaimView:
    return claim_view(metric=metric, value=value, low=low, high=high)


@pytest.mark.parametrize(
    ("made", "want"),
    [
        (claim(SHARE, 0.41, 0.33, 0.49), "41 % (33 to 49 %)"),
        (claim(SHARE, 0.05, 0.012, 0.2), "5.0 % (1.2 to 20 %)"),
        (claim(SHARE, 1.0, 0.95, 1.0), "100 % (95 to 100 %)"),
        (claim(SHARE, 0.0), "0.0 %"),
        (claim(RATIO, 2.04, 1.5, 12.3), "2.0 (1.5 to 12)"),
        (claim(RATIO, 9.0), "9.0"),
        (claim("members", 1_234.0), "1,234"),
    ],
)
def test_a_number_is_written_with_its_interval(made: ClaimView, want: str) -> None:
    assert number(made) == want


@pytest.mark.parametrize(
    ("made", "want"),
    [
        (
            claim(SHARE, 0.41, 0.33, 0.49),
            "41 % (33 to 49 %) of the members who wrote in that time",
        ),
        (claim(RATIO, 9.0), "9.0 times as many members as usual"),
        (claim(RATIO, None, 3.1), "nobody in any of the windows before"),
        (claim("ratio_to_usual_share", None), "nobody in any other week or month"),
        (
            claim("ratio_first_posts_to_others", None),
            "in first posts only, never in other posts",
        ),
    ],
)
def test_a_sentence_says_of_what(made: ClaimView, want: str) -> None:
    assert sentence(made) == want


@pytest.mark.parametrize(
    ("voices", "posts", "want"),
    [
        (12, 34, "12 voices · 34 posts"),
        (1, 1, "1 voice · 1 post"),
        (1_200, 3_400, "1,200 voices · 3,400 posts"),
        (0, 0, "0 voices · 0 posts"),
    ],
)
def test_who_is_behind_it(voices: int, posts: int, want: str) -> None:
    made = claim_view(n_voices=voices, n_posts=posts, effective_voices=1.0, q=0.5)
    assert trust(made) == want


@pytest.mark.parametrize(
    ("voices", "effective", "q", "want"),
    [
        (12, 11.0, None, ""),
        (1_200, 1_100.0, 0.0312, " · q 0.031"),
        (12, 8.0, 0.00001, " · q < 0.001"),
        (9, 3.4, None, " · as concentrated as 3 equally loud members"),
        (4, 1.2, 0.5, " · as concentrated as 1 equally loud member · q 0.500"),
        (0, None, None, ""),
    ],
)
def test_how_sure_it_is(voices: int, effective: float | None, q: float | None, want: str) -> None:
    made = claim_view(n_voices=voices, effective_voices=effective, q=q)
    assert certainty(made) == sentence(made) + want


def test_who_is_behind_an_estimate_are_those_who_most_likely_say_it() -> None:
    made = claim_view(metric="share_expected_of_members", n_voices=12, n_posts=34)
    assert trust(made).startswith("most likely said by 12 voices in 34 posts")
    assert trust(claim_view(n_voices=12, n_posts=34)).startswith("12 voices · 34 posts")


@pytest.mark.parametrize(
    ("part", "in_full", "in_short"),
    [
        (Share("bug", 0.38, 0.31, 0.45), "38 % (31 to 45 %)", "38 %"),
        (Share("bug", 0.034, 0.012, 0.2), "3.4 % (1.2 to 20 %)", "3.4 %"),
        (Share("bug"), "–", "–"),
    ],
)
def test_a_share_is_written_in_full_and_in_short(part: Share, in_full: str, in_short: str) -> None:
    assert (wording.share(part), wording.per_cent(part)) == (in_full, in_short)


def test_only_a_ratio_to_nothing_has_no_value() -> None:
    assert {name for name, metric in METRICS.items() if metric.unbounded} == {
        RATIO,
        "ratio_to_usual_share",
        "ratio_first_posts_to_others",
    }


@pytest.mark.parametrize(
    ("first", "last", "when"),
    [
        (day(0), day(0.5), "on 5 January 2026"),
        (day(0), day(2), "between 5 and 7 January 2026"),
        (day(20), day(28), "between 25 January 2026 and 2 February 2026"),
    ],
)
def test_a_wave_is_told_with_its_days(first: datetime, last: datetime, when: str) -> None:
    told = wording.wave(Wave("p0", 18, first, last, "Buy!", None, ["p0"]))
    assert told == f"18 new accounts posted one text {when}; they count as one voice"


def test_what_members_say_is_told_with_when_they_said_it() -> None:
    said = claim_view(key_point_id="problem-a", n_voices=3, n_posts=4, told=(day(0), day(70)))
    assert trust(said) == "3 voices · 4 posts · January 2026 to March 2026"
    assert trust(replace(said, metric=FOUND_OF_MEMBERS)).startswith("in 4 posts · ")
    tenure = trust(replace(said, n_new=2, n_settled=1))
    assert tenure.endswith("March 2026 · 2 in their first month here · 1 here for a year or more")
    at_once = claim_view(key_point_id="problem-a", n_voices=3, n_posts=4, told=(day(0), day(3)))
    assert trust(at_once).endswith("· January 2026")
    assert "2026" not in trust(claim_view(n_voices=3, n_posts=4, told=(day(0), day(70))))


def test_the_front_page_tells_when_members_said_it_whether_they_were_new_and_what_came_of_it() -> (
    None
):
    said = claim_view(key_point_id="problem-a", n_voices=3, told=(day(0), day(70)))
    when = "January 2026 to March 2026"
    assert wording.brief(said) == when
    assert wording.brief(replace(said, n_new=1)) == when
    full = replace(said, n_new=2, went_well=["p0"])
    assert (
        wording.brief(full)
        == f"{when} · mostly by newcomers · 1 of the 3 wrote later that it works"
    )
    assert wording.brief(claim_view(n_voices=3)) == ""


def test_how_many_say_it_in_all_is_told_in_place_of_when_they_did() -> None:
    said = claim_view(key_point_id="problem-a", n_posts=4, told=(day(0), day(3)))
    longer = replace(said, in_all="9 members since 1 June 2013")
    assert wording.brief(longer) == "9 members since 1 June 2013"
    assert trust(longer) == f"{trust(said)} · 9 members since 1 June 2013"
