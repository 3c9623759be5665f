"""The stage: one row per text, people's labels first, sentences that can be quoted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedbackminer.embed.encoder import Encoded
from feedbackminer.tables import TagLabels, Tags, check, column_types
from feedbackminer.tagging import stage
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.stage import (
    MAX_SENTENCES,
    marks,
    read_texts,
    spans_of_texts,
    tag_texts,
)
from feedbackminer.tagging.tagger import Experience, Sentence, Sentiment, Tag, Text
from feedbackminer.text import sentences
from feedbackminer.vocabulary.tags import ASSERTED, HEADLINES, KINDS
from tests.support.builders import day, read, texts


class Fixed:
    """A tagger that says the same of every text."""

    name = "fixed"
    cards: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, tag: Tag) -> None:
        self.result = tag

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        return (self.result for _ in texts)

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        return [self.result.sentiment for _ in sentences]

    def headlines(self, sentences: Sequence[str], _layer_means: Matrix, /) -> Matrix:
        return np.zeros((len(sentences), len(HEADLINES)), np.float32)

    def sentence_status(self, sentences: Sequence[str], _states: Matrix, /) -> list[str]:
        return [ASSERTED for _ in sentences]


BUG = Tag(
    Sentiment("neutral", 0.0),
    Experience("bad"),
    ("bug",),
    (),
    unsure=("complaint", "severity"),
)


def labels(**values: Any) -> pl.DataFrame:
    row = {"post_id": "p0", "made_at": day(0)} | values
    frame = pl.DataFrame([row], schema_overrides=column_types(TagLabels))
    missing = {name: None for name in TagLabels.column_names() if name not in row}
    return check(frame.with_columns(**missing), TagLabels, where="test")


def tagged(tag: Tag, labels: pl.DataFrame | None = None) -> dict[str, Any]:
    result = tag_texts(["p0"], read("Some words here."), tagger=Fixed(tag), labels=labels)
    return result.tags.to_dicts()[0]


def test_every_text_gets_one_row_and_progress_is_told() -> None:
    done: list[int] = []
    result = tag_texts(["a", "b"], read("One.", "Two."), tagger=Fixed(BUG), progress=done.append)
    assert result.tags["post_id"].to_list() == ["a", "b"]
    assert (result.account.rows_in, result.account.rows_out, sum(done)) == (2, 2, 2)
    assert set(result.tags["tagger"]) == {"fixed"}


def test_no_texts_get_no_tags() -> None:
    assert tag_texts([], [], tagger=Fixed(BUG)).tags.is_empty()
    assert Tags.is_valid(tag_texts([], [], tagger=Fixed(BUG)).tags)


def test_what_reads_as_before_keeps_its_tags_and_is_not_read_again() -> None:
    praise = replace(BUG, kinds=("praise",))
    before = tag_texts(["a", "b"], read("One.", "Two."), tagger=Fixed(BUG), read_as=["1", "2"])
    after = tag_texts(
        ["c", "b", "a"],
        read("Three.", "Two, changed.", "One."),
        tagger=Fixed(praise),
        read_as=["3", "2x", "1"],
        earlier=before.tags,
    )
    assert len(after.known) == 1
    assert after.tags["kinds"].to_list() == [["praise"], ["praise"], ["bug"]]
    assert after.tags["read_as"].to_list() == ["3", "2x", "1"]


def test_what_a_person_corrected_is_read_again_and_so_is_what_they_took_back() -> None:
    labelled = labels(kinds=["praise"])
    text, mark = read("One."), ["1"]
    corrected = tag_texts(["p0"], text, tagger=Fixed(BUG), read_as=mark, labels=labelled)
    taken_back = tag_texts(["p0"], text, tagger=Fixed(BUG), read_as=mark, earlier=corrected.tags)
    again = tag_texts(
        ["p0"], text, tagger=Fixed(BUG), read_as=mark, labels=labelled, earlier=taken_back.tags
    )
    kinds = [result.tags["kinds"].to_list() for result in (corrected, taken_back, again)]
    assert kinds == [[["praise"]], [["bug"]], [["praise"]]]


def test_a_text_reads_otherwise_with_other_stars_words_or_readers() -> None:
    (plain,) = read("One.")
    rated = replace(plain, rating=5.0)
    read_as = {
        *marks(["h1", "h2"], [plain, plain], readers=["x"]),
        *marks(["h1"], [rated], readers=["x"]),
        *marks(["h1"], [plain], readers=["y"]),
    }
    assert len(read_as) == 4


def test_a_person_s_label_counts_instead_of_the_tagger_s() -> None:
    row = tagged(BUG, labels(sentiment="negative", kinds=["praise"], severity=0))
    assert (row["sentiment"], row["kinds"], row["by_human"]) == ("negative", ["praise"], True)
    assert row["unsure"] == []


def test_kinds_that_a_person_told_are_certain_and_so_is_that_the_others_are_not() -> None:
    likely = replace(BUG, kind_chances=tuple(0.5 for _ in KINDS), statuses=("asserted",) * 10)
    row = tagged(likely, labels(kinds=["praise"]))
    assert dict(zip(KINDS, row["kind_chances"], strict=True))["praise"] == 1
    assert sum(row["kind_chances"]) == 1
    assert [status for status in row["kind_statuses"] if status] == ["asserted"]


def test_who_told_of_the_mood_alone_settles_no_kind() -> None:
    likely = replace(BUG, kind_chances=tuple(0.5 for _ in KINDS))
    assert tagged(likely, labels(sentiment="negative"))["kind_chances"] == [0.5] * len(KINDS)


def test_who_told_of_kinds_leaves_unsure_how_it_goes() -> None:
    vague = replace(BUG, unsure=("bug", "experience", "sentiment"))
    assert tagged(vague, labels(kinds=["bug"]))["unsure"] == ["experience", "sentiment"]


def test_what_the_person_did_not_speak_of_stays_as_the_tagger_has_it() -> None:
    row = tagged(BUG, labels(sentiment="negative"))
    assert (row["kinds"], row["unsure"]) == (["bug"], ["complaint", "severity"])


def test_a_label_on_another_post_changes_nothing() -> None:
    row = tagged(BUG, labels(post_id="p9", kinds=["praise"]))
    assert (row["kinds"], row["by_human"]) == (["bug"], False)


@pytest.mark.parametrize(("kinds", "severity"), [(["bug"], 3), (["praise"], None), ([], None)])
def test_what_the_tagger_took_for_severe_is_not_where_there_is_no_problem(
    kinds: list[str], severity: int | None
) -> None:
    grave = replace(BUG, severity=3)
    assert tagged(grave, labels(kinds=kinds))["severity"] == severity


@pytest.mark.parametrize(("by_person", "severity"), [(4, 4), (0, None)])
def test_a_severity_that_a_person_told_stays(by_person: int, severity: int | None) -> None:
    assert tagged(replace(BUG, kinds=()), labels(severity=by_person))["severity"] == severity


def test_sentences_that_cannot_be_quoted_are_left_out_and_only_the_first_are_kept() -> None:
    plain = Sentence("The export cuts off the last page of it.", ("bug",), -0.5)
    stub = Sentence("It stops.", (), 0.0)
    row = tagged(Tag(Sentiment("neutral", 0.0), Experience("none"), (), (stub, *[plain] * 30)))
    assert row["sentences"] == [plain.text] * MAX_SENTENCES
    assert row["sentence_kinds"] == ["bug"] * MAX_SENTENCES
    assert row["sentence_scores"] == [-0.5] * MAX_SENTENCES


def test_sentences_of_texts_that_were_read_before_are_not_looked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = texts("It’s broken. It was fine\nbefore.", "One.", "Three. Words. Here.")
    none = Encoded(np.zeros((3, 0), np.float32), np.zeros((3, 0), np.float32))
    first = read_texts(table, none, [False] * 3)
    read_as = marks(table["content_hash"], first, readers=["a tagger"])
    tags = tag_texts(["a", "b", "c"], first, tagger=Fixed(BUG), read_as=read_as).tags
    split: list[str] = []

    def counted(passages: Iterable[str]) -> Iterator[list[tuple[int, int]]]:
        kept = list(passages)
        split.extend(kept)
        return find_spans(kept)

    find_spans = sentences.find_spans
    monkeypatch.setattr(stage, "find_spans", counted)
    again = read_texts(table, none, [False] * 3, spans=spans_of_texts(tags.head(2)))
    assert split == ["Three. Words. Here."]
    assert [text.sentences for text in again] == [text.sentences for text in first]
    assert [text.spans for text in again] == [text.spans for text in first]
