"""Masking: personal data becomes a mark, everyday support talk stays readable."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.privacy.masking import mask
from feedbackminer.research.benchmarks.masking import MARKS, Case, kept, load_cases, score, spans

CASES = load_cases(Path(__file__).with_name("masking_cases.jsonl"))
SPLITS = ("tuned", "held_out")
# Pieces that patterns care about, so that random texts reach the interesting branches.
FRAGMENTS = (
    "a jane @ . x.org 203.0.113.9 +44 7700 900123 415-555-0132 phone: <phone> <ip> ip token= ?key="
    " abc123def456 password: hunter2 :// u:p@ /home/ eva C:\\Users\\ DE89 3704 0044 0532 0130 00"
    " 4111 1111 1111 1111 - ( ) [at] dot at 2001:db8::1 v1.2.3.4 \n is"
)
PIECES = st.sampled_from(FRAGMENTS.split(" "))
MADE_UP = st.lists(st.tuples(PIECES, st.sampled_from(["", " "])), max_size=30).map(
    lambda pairs: "".join(piece + gap for piece, gap in pairs)
)


def cases_of(split: str) -> list[Case]:
    return [case for case in CASES if case.split == split]


def test_cases_are_many_and_half_of_them_harmless() -> None:
    assert len(CASES) >= 340
    assert len(cases_of("held_out")) == len(CASES) // 4
    assert 0.4 < sum(case.text == case.want for case in CASES) / len(CASES) < 0.7


@pytest.mark.parametrize("split", SPLITS)
def test_every_kind_is_found_and_nothing_else(split: str) -> None:
    for row in score(cases_of(split)):
        assert row.n >= 3, row
        assert row.precision >= 0.98, row
        assert row.recall >= 0.98, row


@pytest.mark.parametrize("split", SPLITS)
def test_texts_without_personal_data_stay_unchanged(split: str) -> None:
    assert kept(cases_of(split)) >= 0.99


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text[:40])
def test_masking_a_masked_text_changes_nothing(case: Case) -> None:
    assert mask(mask(case.text)) == mask(case.text)


@settings(max_examples=300, deadline=None)
@given(st.one_of(MADE_UP, st.text(max_size=200)))
def test_masking_is_idempotent(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@settings(max_examples=200, deadline=None)
@given(st.one_of(MADE_UP, st.text(max_size=200)))
def test_each_mark_adds_at_most_its_own_length(text: str) -> None:
    masked = mask(text)
    marks = sum(masked.count(f"<{mark}>") for mark in MARKS)
    assert len(masked) <= len(text) + marks * len("<secret>")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyzéöñ", min_size=1), max_size=20))
def test_plain_words_stay_unchanged(words: list[str]) -> None:
    text = " ".join(word for word in words if word not in {"at", "dot"})
    assert mask(text) == text


HOSTILE = [
    *"a0@. -:/+('=?",
    *("1 ", "1-", "1.", "a@", "a.", "a-", "at ", "?key=", "password:", "api key is ", "DE89 "),
    *("sk-", "eyJ", "://a:", "2001:", "4111 ", "/home/", "C:\\Users\\", "phone: 1", "jane(at)x."),
    *("a(dot)", "a@b (dot) ", "a at b dot ", "a @ ", "a＠", "＠", "call1", "tel.", "mail x @ "),
    *("DE89-3704.", "4111.1111\u00a0", "私", "my number "),
    *("-----BEGIN PRIVATE KEY-----", "+44 7700 900123", "/home/d6"),
]


@pytest.mark.timing
@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_costs_time_in_proportion_to_its_length(unit: str) -> None:
    # 300 kB keep the test quick; a quadratic pattern would need minutes for them.
    text = (unit * 300_000)[:300_000]
    started = time.process_time()
    mask(text)
    assert time.process_time() - started < 3


@pytest.mark.timing
def test_a_thousand_short_posts_take_well_below_a_second() -> None:
    post = "My emonPi 11.4.11 reads 12% too high since 2024-11-05, see https://example.org/t/{}."
    started = time.process_time()
    for number in range(1000):
        mask(post.format(number))
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("00 a0 06 40 00 80 06 d6 39", "00 a0 06 40 00 80 06 d6 39"),
        ("server 185.199.108.153", "server <ip>"),
        ('key: "' + "aB3d" * 10 + 'xYz="', 'key: "<secret>"'),
        ("cell 18650 3400 mAh", "cell 18650 3400 mAh"),
    ],
)
def test_what_real_posts_taught(text: str, want: str) -> None:
    assert mask(text) == want


def test_spans_say_what_each_mark_stands_for() -> None:
    masked = spans("to a@b.org, not <email>", "to <email>, not <email>")
    assert [(span.start, span.end, span.mark) for span in masked] == [(3, 10, "email")]


def test_spans_refuse_a_text_that_differs_elsewhere() -> None:
    with pytest.raises(ValueError, match="only marks"):
        spans("one text", "another text")
