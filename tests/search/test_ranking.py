"""Which posts answer a question: by their meaning, their thread, and the words that matter."""

from __future__ import annotations

import numpy as np
import polars as pl

from feedbackminer.search.corpus import Corpus
from feedbackminer.search.question import read_question
from feedbackminer.search.ranking import Evidence, weigh

BATTERY = np.array([1, 0, 0], np.float32)
QUESTION = read_question("How long does the battery of the sensor last?")
HALF = [0.5, 0.5, 0.71]  # half as near to the question as a vector can be
FAR = [0.0, 0.0, 1.0]


def corpus(*rows: tuple[str, str, str, list[float]]) -> Corpus:
    """Build posts from thread, title, text and vector, and some of another matter."""
    others = [(f"o{n}", "Colours", "The paint is green.", FAR) for n in range(20)]
    frame = pl.DataFrame(
        [
            {"post_id": f"p{n:02}", "thread_id": thread, "words": text.lower(),
             "heading": title.lower(), "n_words": len(text.split())}
            for n, (thread, title, text, _) in enumerate([*rows, *others])
        ]
    )  # fmt: skip
    vectors = np.array([row[-1] for row in [*rows, *others]], np.float32)
    return Corpus(posts=frame, vectors=vectors, rows=np.arange(len(vectors)), n_without_vector=0)


def weighed(*rows: tuple[str, str, str, list[float]]) -> Evidence:
    return weigh(QUESTION, BATTERY, corpus(*rows))


def test_who_answers_in_a_thread_on_the_matter_need_not_name_it() -> None:
    asked = ("t", "Sensor battery", "How long does the battery of your sensor last?", [0.9, 0, 0.4])
    answer = "Mine died after six months."
    within = weighed(asked, ("t", "Sensor battery", answer, HALF))
    alone = weighed(asked, ("u", "Hello", answer, HALF))
    assert within.speaks[1]
    assert not alone.speaks[1]
    assert within.score[1] > alone.score[1]


def test_posts_without_a_thread_are_no_thread_together() -> None:
    frame = corpus(("a", "", "Battery of the sensor.", [1.0, 0, 0]), ("b", "", "Hello.", HALF))
    loose = frame.posts.with_columns(thread_id=pl.lit(None, pl.String))
    alone = Corpus(posts=loose, vectors=frame.vectors, rows=frame.rows, n_without_vector=0)
    assert weigh(QUESTION, BATTERY, alone).score.tolist() == (
        weigh(QUESTION, BATTERY, frame).score.tolist()
    )


def test_what_is_near_everywhere_is_no_evidence() -> None:
    said = ("t", "Hello", "Mine died after six months.", HALF)
    apart = weighed(said).score[0]
    frame = corpus(said)
    alike = np.tile(np.array([HALF], np.float32), (len(frame.vectors), 1))
    same = Corpus(posts=frame.posts, vectors=alike, rows=frame.rows, n_without_vector=0)
    assert apart > 0.5
    assert abs(weigh(QUESTION, BATTERY, same).score[0]) < 1e-3


def test_where_every_post_is_on_the_matter_all_speak_on_it() -> None:
    text = "The battery of the sensor lasts long."
    frame = corpus(*(("t", "Sensor battery", text, [0.9, 0, 0.4]) for _ in range(3)))
    posts = frame.posts.head(3)
    only = Corpus(posts=posts, vectors=frame.vectors[:3], rows=np.arange(3), n_without_vector=0)
    assert weigh(QUESTION, BATTERY, only).speaks.all()


def test_a_name_that_few_use_must_stand_in_the_post_or_its_thread() -> None:
    question = read_question("How long does the battery last on the Octane sensor?")
    frame = corpus(
        ("t", "Sensor battery", "The battery of the sensor lasts long.", [1.0, 0, 0]),
        ("u", "Octane", "The battery of the sensor lasts long.", [1.0, 0, 0]),
    )
    assert weigh(question, BATTERY, frame).names_it[:2].tolist() == [False, True]
