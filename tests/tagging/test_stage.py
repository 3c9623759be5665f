"""The stage: one row per text, people's labels first, sentences that can be quoted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedbackminer.tables import TagLabels, Tags, check, column_types
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.stage import (
    MAX_SENTENCES,
    marks,
    still_right,
    tag_texts,
)
from feedbackminer.tagging.tagger import Experience, Sentence, Sentiment, Tag, Text
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
    return result.to_dicts()[0]


def test_every_text_gets_one_row() -> None:
    tags = tag_texts(["a", "b"], read("One.", "Two."), tagger=Fixed(BUG))
    assert tags["post_id"].to_list() == ["a", "b"]
    assert set(tags["tagger"]) == {"fixed"}


def test_no_texts_get_no_tags() -> None:
    assert tag_texts([], [], tagger=Fixed(BUG)).is_empty()
    assert Tags.is_valid(tag_texts([], [], tagger=Fixed(BUG)))


def marked(**read_as: str) -> pl.DataFrame:
    return pl.DataFrame({"post_id": list(read_as), "read_as": list(read_as.values())})


NOBODY = TagLabels.create_empty()


def test_what_reads_as_before_keeps_its_tags() -> None:
    before = tag_texts(["a", "b"], read("One.", "Two."), tagger=Fixed(BUG), read_as=["1", "2"])
    kept = still_right(before, marked(c="3", b="2x", a="1"), NOBODY)
    assert kept["post_id"].to_list() == ["a"]


def test_what_a_person_corrected_is_read_again_and_so_is_what_they_took_back() -> None:
    labelled, text, mark = labels(kinds=["praise"]), read("One."), ["1"]
    corrected = tag_texts(["p0"], text, tagger=Fixed(BUG), read_as=mark, labels=labelled)
    plain = tag_texts(["p0"], text, tagger=Fixed(BUG), read_as=mark)
    assert [tags["kinds"].to_list() for tags in (corrected, plain)] == [[["praise"]], [["bug"]]]
    as_then = marked(p0="1")
    assert still_right(corrected, as_then, NOBODY).is_empty()
    assert still_right(plain, as_then, labelled).is_empty()
    assert len(still_right(plain, as_then, NOBODY)) == 1


def test_a_text_reads_otherwise_with_other_stars_words_or_readers() -> None:
    table = texts("One.", "One.", "Two.").with_columns(rating=pl.Series([None, 5.0, None]))
    read_as = [*marks(table, readers=["x"])["read_as"], *marks(table, readers=["y"])["read_as"]]
    assert len({*read_as}) == 6


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
