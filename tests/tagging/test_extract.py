"""What sentences tell beside tags: parts of the product, clause by clause, and needs in groups."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.tables import Phrases
from feedbackminer.tagging.aspects import Components
from feedbackminer.tagging.extract import (
    Sentence,
    collect_needs,
    find_aspects,
    read_phrases,
    said,
    sentences_of,
)
from feedbackminer.tagging.features import STATE, Matrix
from feedbackminer.tagging.parts import discover
from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.stage import tag_texts
from feedbackminer.tagging.tagger import Sentiment
from feedbackminer.text.nlp import load_spacy
from tests.support.builders import read, texts

COMPONENTS = {"Editor": ("writing view",), "Sync": ("synchronis*",)}


NOTHING_READ = Phrases.create_empty()


def said_by(ids: Sequence[str], *passages: str) -> list[Sentence]:
    """Return the sentences of passages that some posts have."""
    table = texts(*passages).with_columns(post_id=pl.Series(ids, dtype=pl.String))
    return list(sentences_of(table, tag_texts(ids, read(*passages), tagger=RuleTagger())))


def unread(sentences: Sequence[Sentence]) -> Matrix:
    """An encoder that tells nothing of sentences."""
    return np.full((len(sentences), STATE), np.nan, np.float32)


def aspects_of(sentences: Sequence[Sentence], **options: Any) -> pl.DataFrame:
    usual: dict[str, Any] = {"tagger": RuleTagger(), "states_of": unread, "components": COMPONENTS}
    return find_aspects(sentences, **usual | options)


def judged(*passages: str) -> pl.DataFrame:
    return aspects_of(said_by([f"p{i}" for i in range(len(passages))], *passages))


def subjects(needs: Sequence[str]) -> Matrix:
    """An encoder to which two needs are alike where their last word is the same."""
    last = sorted({text.split()[-1] for text in needs})
    return np.eye(len(last), dtype=np.float32)[[last.index(text.split()[-1]) for text in needs]]


def test_sentences_are_found_where_the_tags_say_they_are() -> None:
    passages = ["It’s broken. It was fine\nbefore.", "One.", "Three. Words. Here."]
    wanted = [
        (post_id, number, len(text.sentences), sentence)
        for post_id, text in zip("abc", read(*passages), strict=True)
        for number, sentence in enumerate(text.sentences, start=1)
    ]
    assert said_by(["a", "b", "c"], *passages) == wanted


def test_the_encoder_is_asked_for_sentences_that_name_a_part_and_are_not_judged_yet() -> None:
    asked: list[Sentence] = []

    def counting(sentences: Sequence[Sentence]) -> Matrix:
        asked.extend(sentences)
        return unread(sentences)

    sentences = said_by(["a", "b"], "Hello. The sync is great.", "I hate the editor.")
    aspects = aspects_of(sentences, states_of=counting)
    assert [sentence.text for sentence in asked] == ["The sync is great.", "I hate the editor."]
    asked.clear()
    aspects_of(sentences, states_of=counting, earlier=aspects, known={"b"})
    assert [(sentence.post_id, sentence.number) for sentence in asked] == [("a", 2)]


def test_love_of_one_part_and_hate_of_another_are_not_neutral() -> None:
    rows = judged("I love the editor, but I hate the sync.")
    assert rows.select("aspect", "sentiment", "found_by").rows() == [
        ("Editor", "positive", "settings"),
        ("Sync", "negative", "settings"),
    ]


def test_another_word_for_a_part_is_that_part() -> None:
    rows = judged("The writing view is great.", "Synchronisation is terrible.")
    assert rows["aspect"].to_list() == ["Editor", "Sync"]


def test_each_clause_stands_in_its_post_word_by_word() -> None:
    passage = "We love the editor; the sync is awful, though."
    assert all(text in passage for text in judged(passage)["text"])


def test_posts_that_name_no_part_judge_none() -> None:
    assert judged("It stops after an hour.", "").is_empty()


def test_where_no_part_is_looked_for_none_is_judged() -> None:
    sentences = said_by(["a"], "The editor is great.")
    nothing = aspects_of(sentences, components={})
    assert nothing.is_empty()
    assert aspects_of(sentences, components={}, earlier=nothing, known={"a"}).is_empty()
    before = aspects_of(sentences)
    assert aspects_of(sentences, components={}, earlier=before, known={"a"}).is_empty()


def test_parts_that_many_name_are_found_by_themselves() -> None:
    nlp, _ = load_spacy()
    passages = [f"I opened the calendar {i} times, but the calendar has crashed." for i in range(6)]
    ids = [f"p{i}" for i in range(6)]
    sentences = said_by(ids, *passages)
    phrases = read_phrases(sentences, nlp=nlp, reader="spacy", earlier=NOTHING_READ)
    parts = discover(said(phrases, dict(zip(ids, ids, strict=True))), named=Components({}))
    rows = aspects_of(sentences, components={}, parts=parts)
    assert set(rows["aspect"]) >= {"calendar"}
    assert set(rows["found_by"]) == {"phrase"}


def test_sentences_that_were_parsed_before_are_not_parsed_again() -> None:
    class Parsed:
        """A pipeline that notes what it is asked to read."""

        def __init__(self) -> None:
            self.sentences: list[str] = []

        def pipe(self, sentences: Iterable[str], batch_size: int) -> Iterator[Any]:
            self.sentences = list(sentences)
            yield from load_spacy()[0].pipe(self.sentences, batch_size=batch_size)

    def phrases(*passages: str, reader: str = "spacy", earlier: pl.DataFrame) -> pl.DataFrame:
        sentences = said_by([f"p{i}" for i in range(len(passages))], *passages)
        return read_phrases(sentences, nlp=nlp, reader=reader, earlier=earlier)

    nlp: Any = Parsed()
    first = "I opened the calendar, and the calendar has crashed."
    before = phrases(first, earlier=NOTHING_READ)
    assert nlp.sentences == [first]
    second = "I use the search box. Hello."
    after = phrases(second, first, earlier=before)
    assert nlp.sentences == ["I use the search box."]
    assert after.equals(phrases(second, first, earlier=NOTHING_READ))
    phrases(first, reader="another", earlier=before)
    assert nlp.sentences == [first]


def test_alike_needs_are_one_group_the_largest_first() -> None:
    passages = (
        "I want to write a long novel.",
        "I'm trying to export my notes to PDF.",
        "Is there a way to print all of it to PDF?",
    )
    rows = collect_needs(said_by(["a", "b", "c"], *passages), encode=subjects, alike=0.5)
    assert dict(rows.select("post_id", "group").iter_rows()) == {"a": 1, "b": 0, "c": 0}
    assert all(row["text"] in row["sentence"] for row in rows.to_dicts())
    assert rows.filter(group=0)["label"].n_unique() == 1


def test_needs_that_the_same_encoder_encoded_are_not_encoded_again() -> None:
    asked: list[str] = []

    def counting(words: Sequence[str]) -> Matrix:
        asked.extend(words)
        return np.ones((len(words), 1), np.float32)

    def found(*ids: str, **more: Any) -> pl.DataFrame:
        passages = [f"I want to export {post_id} notes to PDF." for post_id in ids]
        return collect_needs(said_by(ids, *passages), encode=counting, alike=0.5, **more)

    before = found("a", "b", encoder="one")
    after = found("a", "b", "c", encoder="one", earlier=before)
    assert len(asked) == len(set(asked)) == len(after)
    assert after.equals(found("a", "b", "c", encoder="one"))

    asked.clear()
    found("a", "b", encoder="another", earlier=before)
    assert len(asked) == len(before)


def test_needs_that_several_share_are_read_as_wishes_that_stand_alone() -> None:
    asked: list[str] = []

    def tell(sentences: Sequence[str]) -> Matrix:
        asked.extend(sentences)
        return np.array(
            [[0, 0, 0.9, 0, 0.9, 0.9 * ("3" in text)] for text in sentences], np.float32
        )

    passages = [f"I want to export {i} notes to PDF." for i in range(7)] + [
        "I want to write a novel."
    ]
    ids = [f"p{i}" for i in range(8)]
    rows = collect_needs(said_by(ids, *passages), encode=subjects, alike=0.5, tell=tell)
    assert len(asked) == 5
    assert set(asked) <= {f"I want to export {i} notes to PDF." for i in range(7)}
    named = dict(rows.select("text", "names_job").drop_nulls().iter_rows())
    assert sum(named.values()) == ("export 3 notes to PDF" in named)
    assert rows.filter(group=1)["names_job"].to_list() == [None]


def test_needs_that_were_read_before_are_not_read_again() -> None:
    asked: list[str] = []

    def tell(sentences: Sequence[str]) -> Matrix:
        asked.extend(sentences)
        return np.full((len(sentences), 6), 0.9, np.float32)

    ids = ["a", "b", "c"]
    sentences = said_by(ids, *(f"I want to export {i} notes to PDF." for i in ids))
    options: dict[str, Any] = {"encode": subjects, "alike": 0.5, "tell": tell}
    before = collect_needs(sentences, **options)
    asked.clear()
    assert collect_needs(sentences, earlier=before, known={"a", "b"}, **options).equals(before)
    assert asked == ["I want to export c notes to PDF."]


def test_who_wants_nothing_has_no_need() -> None:
    assert collect_needs(said_by(["a"], "It stops."), encode=subjects, alike=0.5).is_empty()


def test_a_clause_knows_whether_its_writer_asserts_it() -> None:
    rows = judged("A friend told me that the sync is terrible.", "The sync is terrible.")
    assert rows["status"].to_list() == ["another", "asserted"]


class Counting(RuleTagger):
    """Rules that note what they are asked to judge."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        self.asked.extend(sentences)
        return super().sentence_sentiment(sentences)


def test_posts_that_are_known_are_not_looked_at_again_where_parts_are_called_as_before() -> None:
    passages = "I love the editor, but I hate the sync.", "The sync is great. The sync is great."
    sentences = said_by(["a", "b"], *passages)
    anew, tagger = aspects_of(sentences), Counting()
    again = aspects_of(sentences, tagger=tagger, earlier=anew, known={"a"})
    assert tagger.asked == ["The sync is great.", "The sync is great."]
    assert again.equals(anew)
    assert aspects_of(sentences, tagger=tagger, earlier=anew, known={"a", "b"}).equals(anew)
    assert len(tagger.asked) == 2


def test_clauses_that_were_judged_before_are_not_judged_again_for_another_part() -> None:
    passages = (
        "I love the editor, but I hate the sync of the server.",
        "The sync of the server. " * 2,
    )
    sentences = said_by(["a", "b"], *passages)
    before, tagger = aspects_of(sentences), Counting()
    parts = {"server": ("server",)}
    again = aspects_of(sentences, tagger=tagger, parts=parts, earlier=before, known={"a", "b"})
    assert again.equals(aspects_of(sentences, parts=parts))
    assert tagger.asked == ["The sync of the server."] * 2  # which of them was meant?


SAID = "the editor, sync; log in but log-in works sync server servers. It crashes ſync a".split(" ")
PARTS = {"log in": ("log in", "Login"), "log-in": ("log-in",), "server": ("server", "Servers"),
         "sync server": ("sync server",), "crashes": ("crashes", "crash")}  # fmt: skip
PASSAGES = st.lists(st.lists(st.sampled_from(SAID), min_size=1, max_size=20).map(" ".join),
                    min_size=1, max_size=4)  # fmt: skip
FOUND = st.dictionaries(st.sampled_from([*PARTS]), st.integers(1, 2), max_size=4).map(
    lambda chosen: {name: PARTS[name][:n] for name, n in chosen.items()}
)


@given(PASSAGES, FOUND, FOUND, st.data())
@settings(max_examples=150, deadline=None)
def test_aspects_of_known_posts_are_those_of_a_run_from_nothing(
    passages: list[str],
    parts_then: dict[str, tuple[str, ...]],
    parts_now: dict[str, tuple[str, ...]],
    data: st.DataObject,
) -> None:
    ids = [f"p{i}" for i in range(len(passages))]
    sentences = said_by(ids, *passages)
    known = data.draw(st.sets(st.sampled_from(ids)))
    then = aspects_of([s for s in sentences if s.post_id in known], parts=parts_then)
    now = aspects_of(sentences, parts=parts_now, earlier=then, known=known)
    assert now.equals(aspects_of(sentences, parts=parts_now))


def test_needs_of_posts_that_are_known_are_taken_as_they_were() -> None:
    passages = ["I want to write a long novel.", "I'm trying to export my notes to PDF."]
    options: dict[str, Any] = {"encode": subjects, "alike": 0.5, "encoder": "e"}
    before = collect_needs(said_by(["a", "b"], *passages), **options)
    others = said_by(["a", "b"], "This is not read.", passages[1])
    again = collect_needs(others, earlier=before, known={"a"}, **options)
    assert again.equals(before)
