"""Quotes: word for word, one per voice, on the topic, no two the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from feedbackminer.digest.quotes import Quote, choose, quotable_sentences
from feedbackminer.vocabulary.tags import ASSERTED, STATUSES
from tests.support.builders import assignments, posts, repeats, tags, threads

Sentence = dict[str, Any]


def passage(text: str, who: str | None = "ann", kinds: str = "bug", **more: Any) -> Sentence:
    return {"text": text, "who": who, "kinds": kinds, "body": f"Hello. {text} Bye.", **more}


def quotable(*passages: Sentence, alike: Mapping[str, str] | None = None) -> pl.DataFrame:
    ids = [f"p{i}" for i in range(len(passages))]
    rows = [
        {
            "post_id": i,
            "author_id": s["who"],
            "body": s["body"],
            "author_role": s.get("role", "member"),
        }
        for i, s in zip(ids, passages, strict=True)
    ]
    tagged = [
        {
            "post_id": i,
            "sentences": [s["text"]],
            "sentence_kinds": [s["kinds"]],
            "sentence_statuses": [s.get("status", ASSERTED)],
            "sentence_scores": [s.get("score", 0.0)],
        }
        for i, s in zip(ids, passages, strict=True)
    ]
    titled = [
        {"thread_id": i, "title": f"Thread {i}", "opener_post_id": i if s.get("opens") else "none"}
        for i, s in zip(ids, passages, strict=True)
    ]
    return quotable_sentences(
        {
            "posts": posts(*rows),
            "tags": tags(*tagged),
            "assignments": assignments(**dict.fromkeys(ids, "t1")),
            "threads": threads(*titled),
            "repeats": repeats(**(alike or {})),
        }
    )


def quotes(
    *passages: Sentence,
    kind: str = "problem",
    keywords: Sequence[str] = (),
    count: int = 3,
    does: str = "",
) -> list[Quote]:
    evidence = [f"p{i}" for i in range(len(passages))]
    sentences = quotable(*passages)
    return choose(sentences, evidence, kind=kind, keywords=keywords, count=count, does=does)


def texts(*passages: Sentence, **how: Any) -> list[str]:
    return [quote.text for quote in quotes(*passages, **how)]


SYNC = "Sync crashes on my tablet every single morning."
EXPORT = "My export loses every second footnote since May."


def test_a_quote_says_where_it_comes_from() -> None:
    (quote,) = quotes(passage(SYNC))
    assert (quote.post_id, quote.text, quote.voice, quote.thread) == (
        "p0",
        SYNC,
        "ann",
        "Thread p0",
    )


def test_a_sentence_that_is_not_in_the_post_word_by_word_is_no_quote() -> None:
    assert texts(passage(SYNC, body="Sync crashes on my *tablet* every single morning.")) == []


def test_a_sentence_that_a_mail_program_broke_is_quoted_whole() -> None:
    broken = SYNC.replace(" ", "\n", 1).replace(" ", "  ", 1)
    assert texts(passage(SYNC, body=f"Hello.\n{broken}\r\nBye.")) == [SYNC]


def test_each_voice_is_quoted_once() -> None:
    assert len(texts(passage(SYNC), passage(EXPORT))) == 1
    assert len(texts(passage(SYNC), passage(EXPORT, who="ben"))) == 2


def test_unknown_writers_are_not_one_voice() -> None:
    assert len(texts(passage(SYNC, who=None), passage(EXPORT, who=None))) == 2


def test_what_says_the_same_is_quoted_once() -> None:
    same = "Sync crashes on my tablet every single evening."
    assert len(texts(passage(SYNC), passage(same, who="ben"), passage(EXPORT, who="cat"))) == 2


def test_the_same_complaint_of_three_members_is_one_quote_said_by_three() -> None:
    again = "Every single morning: sync crashes on that tablet of mine!"
    passages = [
        passage(SYNC),
        passage(SYNC, who="ben"),
        passage(again, who="cat"),
        passage(EXPORT, who="dan"),
    ]
    sentences = quotable(*passages, alike={"p1": "p0", "p2": "p0"})
    all_voices = choose(sentences, ["p0", "p1", "p2", "p3"], kind="problem", keywords=[], count=4)
    assert sorted(quote.n_voices for quote in all_voices) == [1, 3]
    (one,) = choose(sentences, ["p0", "p2"], kind="problem", keywords=[], count=4)
    assert one.n_voices == 2, "only voices that the claim counted"


def test_staff_and_bots_are_not_quoted() -> None:
    passages = [passage(SYNC, role="staff"), passage(EXPORT, who="hal", role="bot")]
    assert texts(*passages) == []


def test_only_posts_that_the_claim_counted_are_quoted() -> None:
    sentences = quotable(passage(SYNC), passage(EXPORT, who="ben"))
    (quote,) = choose(sentences, ["p1"], kind="problem", keywords=[], count=3)
    assert quote.text == EXPORT


def test_a_quote_speaks_of_what_the_claim_is_about() -> None:
    passages = [passage(SYNC, kinds="bug"), passage(EXPORT, who="ben", kinds="question")]
    assert texts(*passages, kind="problem") == [SYNC]
    assert texts(*passages, kind="topic") == texts(*passages, kind="topic", count=9)
    assert len(texts(*passages, kind="topic")) == 2


def test_no_praise_for_a_problem_and_no_complaint_for_a_love() -> None:
    both = passage("I love this app, but sync crashes every morning.", kinds="bug praise")
    assert texts(both, kind="problem") == texts(both, kind="love") == []


@pytest.mark.parametrize("status", [status for status in STATUSES if status != ASSERTED])
@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("problem", "bug"),
        ("severe", "bug"),
        ("component", ""),
        ("love", "praise"),
        ("request", "feature_request"),
        ("churn", "churn"),
        ("newcomers", "question"),
    ],
)
def test_only_what_is_asserted_speaks_for_what_members_do(
    kind: str, kinds: str, status: str
) -> None:
    passages = [passage(SYNC, kinds=kinds, status=status), passage(EXPORT, who="ben", kinds=kinds)]
    assert texts(*passages, kind=kind) == [EXPORT]


@pytest.mark.parametrize("kind", ["topic", "change", "surge", "need", "unanswered"])
def test_what_is_talked_about_may_be_denied_or_over(kind: str) -> None:
    assert texts(passage(SYNC, status="over"), kind=kind) == [SYNC]


PRICE = "Twelve dollars a month is more than I pay for my whole phone."


@pytest.mark.parametrize("does", ["pricing", "any_problem", "bad"])
def test_what_many_do_is_quoted_with_sentences_that_do_it(does: str) -> None:
    kinds = {"pricing": "pricing", "any_problem": "bug", "bad": ""}[does]
    such = passage(PRICE, who="ben", kinds=kinds, score=-0.5)
    other = passage("I have used it for four years and want to stay.", kinds="", opens=True)
    assert texts(other, such, kind="surge", does=does) == [PRICE]


def test_what_no_sentence_does_is_quoted_with_what_there_is() -> None:
    over = passage(SYNC, kinds="pricing", status="over")
    assert texts(over, kind="surge", does="pricing") == [SYNC]


def test_a_sentence_that_names_its_topic_goes_before_one_that_does_not() -> None:
    passages = [passage(SYNC), passage(EXPORT, who="ben")]
    assert texts(*passages, keywords=["footnote"]) == [EXPORT]
    assert len(texts(*passages, keywords=["battery"])) == 2


def test_a_sentence_that_leans_on_the_one_before_comes_last() -> None:
    leans = "That also happens on my old laptop every single day."
    assert texts(passage(leans), passage(SYNC, who="ben"))[0] == SYNC


@pytest.mark.parametrize(
    ("kind", "better", "worse"),
    [
        ("problem", SYNC, "I had the same problem with the export on Monday."),
        ("problem", SYNC, "I forgot to update the driver, so sync crashes."),
        ("problem", SYNC, "my export of every second footnote fails and is lost (" ),
        ("love", "The outline is great for drafts.", "The outline is great, but it lacks one."),
        ("newcomers", "Where do I find the log of my tablet?", "I look for the sync log here."),
    ],
)  # fmt: skip
def test_the_better_witness_speaks_first(kind: str, better: str, worse: str) -> None:
    kinds = "praise" if kind == "love" else "bug"
    passages = [passage(worse, kinds=kinds), passage(better, who="ben", kinds=kinds)]
    assert texts(*passages, kind=kind) == [better, worse]


def test_praise_that_sounds_most_like_it_speaks_first() -> None:
    faint, strong = "The sync runs nicely on my tablet.", "I adore the outline on my tablet."
    passages = [
        passage(faint, kinds="praise", score=0.2),
        passage(strong, who="ben", kinds="praise", score=0.8),
    ]
    assert texts(*passages, kind="love", keywords=["tablet"]) == [strong, faint]


def test_who_opens_a_thread_speaks_before_who_joins_it() -> None:
    other = "Notes that I share at my desk crash when opened."
    passages = [passage(SYNC), passage(other, who="ben", opens=True)]
    assert texts(*passages) == [other, SYNC]


def test_a_claim_shows_no_more_quotes_than_it_may() -> None:
    passages = [passage(SYNC), passage(EXPORT, who="ben")]
    assert len(texts(*passages, count=1)) == 1
    assert texts(*passages, count=0) == []


def test_the_order_of_rows_changes_no_quote() -> None:
    passages = [passage(f"My {thing} breaks on every start since May.", who=thing) for thing in
            ("printer", "keyboard", "calendar", "notebook", "sidebar")]  # fmt: skip
    sentences, evidence = quotable(*passages), [f"p{i}" for i in range(5)]
    shuffled = sentences.sample(fraction=1, shuffle=True, seed=1)
    one, other = (
        choose(s, evidence, kind="problem", keywords=[], count=3) for s in (sentences, shuffled)
    )
    assert one == other
