"""Information extraction: which components sentences judge, and what their writers need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.tables import Aspects, Needs, Phrases, check, column_types, passage
from feedbackminer.tagging.aspects import Components, clauses
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.need_groups import group_needs, ranks
from feedbackminer.tagging.needs import Need, find_needs, name_jobs, wish
from feedbackminer.tagging.parts import Phrase, parse, worth_parsing
from feedbackminer.tagging.stage import STAGE
from feedbackminer.tagging.tagger import LANGUAGES, Tagger
from feedbackminer.text.words import content_hash
from feedbackminer.vectors import from_bytes, to_bytes

if TYPE_CHECKING:
    from spacy.language import Language

LEAST_NEEDS = 3  # of a group of which the words are read: which of them say what for
MOST_READ = 5  # of a group, those nearest its centre
LONGEST_SENTENCE = 600  # characters of a sentence that is read for components and needs


class Sentence(NamedTuple):
    """A sentence that is read for components and needs, and where it stands.

    ``number``: which of the ``n_sentences`` of its post it is, from 1.
    """

    post_id: str
    number: int
    n_sentences: int
    text: str


# Returns the states that the encoder gives to sentences, shape (sentences, STATE).
StatesOf = Callable[[Sequence[Sentence]], Matrix]


def sentences_of(texts: pl.DataFrame, tags: pl.DataFrame) -> Iterator[Sentence]:
    """Yield the sentences of texts that are read for components and needs.

    Args:
        tags: the ``tags`` table, which says where the sentences of each text are.
    """
    read = texts.filter(pl.col("language").is_in(LANGUAGES)).select("post_id", text=passage())
    rows = read.join(tags.select("post_id", "spans"), on="post_id", maintain_order="left")
    for post_id, text, places in rows.iter_rows():
        spans = list(zip(places[::2], places[1::2], strict=True))
        for number, (start, end) in enumerate(spans, start=1):
            if end - start <= LONGEST_SENTENCE:
                yield Sentence(post_id, number, len(spans), text[start:end])


def read_phrases(
    sentences: Sequence[Sentence], *, nlp: Language, reader: str, earlier: pl.DataFrame
) -> dy.DataFrame[Phrases]:
    """Tell what sentences name that may tell of a part of the product.

    Args:
        nlp: a trained pipeline with tagger and parser.
        reader: changes with whatever parses sentences.
        earlier: phrases of an earlier time: equal sentences are not parsed again.
    """
    rows = [sentences[row] for row in worth_parsing([sentence.text for sentence in sentences])]
    marks = [content_hash(reader, row.text) for row in rows]
    known = {row["read_as"]: _phrases_of(row) for row in earlier.iter_rows(named=True)}
    new = {mark: row.text for mark, row in zip(marks, rows, strict=True) if mark not in known}
    known |= zip(new, parse(new.values(), nlp), strict=True)
    made = [
        {
            "post_id": row.post_id,
            "number": row.number,
            "read_as": mark,
            **_columns_of(known[mark]),
        }
        for row, mark in zip(rows, marks, strict=True)
    ]
    return check(pl.DataFrame(made, schema=column_types(Phrases)), Phrases, where=STAGE)


def said(phrases: pl.DataFrame, voice_of: Mapping[str, str]) -> Iterator[tuple[str, list[Phrase]]]:
    """Yield who wrote each sentence that was read, and what it names."""
    for row in phrases.iter_rows(named=True):
        yield voice_of[row["post_id"]], _phrases_of(row)


def _phrases_of(row: Mapping[str, Any]) -> list[Phrase]:
    columns = (row[name] for name in ("phrases", "greeted", "inside", "used", "failing"))
    return [Phrase(*items) for items in zip(*columns, strict=True)]


def _columns_of(phrases: Sequence[Phrase]) -> dict[str, list[Any]]:
    return {
        "phrases": [phrase.text for phrase in phrases],
        "greeted": [phrase.is_greeted for phrase in phrases],
        "inside": [phrase.is_inside for phrase in phrases],
        "used": [phrase.is_used for phrase in phrases],
        "failing": [phrase.is_failing for phrase in phrases],
    }


def find_aspects(
    sentences: Sequence[Sentence],
    *,
    tagger: Tagger,
    states_of: StatesOf,
    components: Mapping[str, Sequence[str]],
    parts: Mapping[str, Sequence[str]] | None = None,
    earlier: pl.DataFrame | None = None,
    known: Collection[str] = (),
) -> dy.DataFrame[Aspects]:
    """Tell which component each clause is about, and how it sounds.

    Args:
        states_of: is asked for the sentences that name components, where nobody knows how.
        components: that the settings name, each with its aliases.
        parts: that nobody named, as :func:`tagging.parts.discover` tells them.
        earlier: aspects of an earlier time.
        known: posts that are read as they were then, by the same tagger.
    """
    # In an order that stays: of two parts that share an alias the first counts.
    aliases = {**components, **dict(sorted((parts or {}).items()))}
    looked_for = Components(aliases)
    before = _of_known(earlier, known)
    settled = frozenset(known) - _stale(before, sentences, aliases, looked_for.marks)
    mentions = _mentions([s for s in sentences if s.post_id not in settled], looked_for)
    judged = _judged(mentions, tagger, states_of, _judged_before(before))
    rows = [
        {
            "post_id": mention.sentence.post_id,
            "aspect": aspect,
            "found_by": "settings" if aspect in components else "phrase",
            "text": mention.clause,
            "status": status,
            "sentiment": sentiment,
            "score": score,
            "read_as": looked_for.marks[aspect],
        }
        for mention, (status, sentiment, score) in zip(mentions, judged, strict=True)
        for aspect in mention.aspects
    ]
    made = _numbered(rows, Aspects)
    kept = before.filter(pl.col("post_id").is_in(list(settled))).select(made.columns)
    found = pl.concat([kept.cast(made.schema), made])
    return check(_in_order(found, sentences), Aspects, where=STAGE)


def _in_order(rows: pl.DataFrame, sentences: Iterable[Sentence]) -> pl.DataFrame:
    """Return rows of posts in the order of these."""
    ids = dict.fromkeys(sentence.post_id for sentence in sentences)
    order = pl.DataFrame({"post_id": list(ids)}, schema={"post_id": pl.String})
    return order.join(rows, on="post_id", maintain_order="left_right")


def _of_known(earlier: pl.DataFrame | None, known: Collection[str]) -> pl.DataFrame:
    if earlier is None:
        return Aspects.create_empty()
    return earlier.filter(pl.col("post_id").is_in(list(known)))


def _stale(
    before: pl.DataFrame,
    sentences: Sequence[Sentence],
    aliases: Mapping[str, Sequence[str]],
    marks: Mapping[str, str],
) -> set[str]:
    """Return posts whose aspects may be others now: some component has other aliases than before.

    Those are the posts in which it was found by the former ones, and those that hold one of today.
    """
    schema = {"aspect": pl.String, "read_as": pl.String}
    today = pl.DataFrame(list(marks.items()), schema=schema, orient="row")
    gone = before.join(today, on=["aspect", "read_as"], how="anti")
    same = {*before.join(today, on=["aspect", "read_as"], how="semi")["aspect"]}
    others = Components({name: aliases[name] for name in aliases.keys() - same})
    return {*gone["post_id"], *(sentence.post_id for sentence in _naming(sentences, others))}


@dataclass(frozen=True)
class _Mention:
    """A clause that names components, and the sentence that it is of."""

    sentence: Sentence
    clause: str
    aspects: Sequence[str]

    @property
    def key(self) -> tuple[str, str]:
        return self.sentence.post_id, self.clause


Judgement = tuple[str, str, float]  # how the sentence speaks; how the clause sounds, and how much


def _naming(sentences: Sequence[Sentence], components: Components) -> Iterator[Sentence]:
    """Yield the sentences that name components."""
    for row in components.candidates([sentence.text for sentence in sentences]):
        if components.mentioned(sentences[row].text):
            yield sentences[row]


def _mentions(sentences: Sequence[Sentence], components: Components) -> list[_Mention]:
    """Return the clauses that name components."""
    return [
        _Mention(sentence, clause, aspects)
        for sentence in _naming(sentences, components)
        for clause in clauses(sentence.text)
        if (aspects := components.mentioned(clause))
    ]


def _judged(
    mentions: Sequence[_Mention],
    tagger: Tagger,
    states_of: StatesOf,
    known: Mapping[tuple[str, str], Judgement],
) -> list[Judgement]:
    """Return how each mention is meant; the tagger reads those that nobody knows."""
    new = [mention for mention in mentions if mention.key not in known]
    sentences = [mention.sentence for mention in new]
    statuses = tagger.sentence_status([each.text for each in sentences], states_of(sentences))
    sentiments = tagger.sentence_sentiment([mention.clause for mention in new])
    read = iter(
        (status, sentiment.label, sentiment.score)
        for status, sentiment in zip(statuses, sentiments, strict=True)
    )
    return [known.get(mention.key) or next(read) for mention in mentions]


def _judged_before(earlier: pl.DataFrame) -> dict[tuple[str, str], Judgement]:
    """Return how clauses of posts are meant; not of one that stands in its post twice."""
    key = ["post_id", "text"]
    once = earlier.filter(pl.struct(*key, "aspect").is_unique()).unique(key)
    rows = once.select(*key, "status", "sentiment", "score").iter_rows()
    return {(post_id, clause): tuple(judgement) for post_id, clause, *judgement in rows}


def collect_needs(
    sentences: Sequence[Sentence],
    *,
    encode: Callable[[Sequence[str]], Matrix],
    alike: float,
    tell: Callable[[Sequence[str]], Matrix] | None = None,
    encoder: str = "",
    earlier: pl.DataFrame | None = None,
    known: Collection[str] = (),
) -> dy.DataFrame[Needs]:
    """Find what members want to do, and group what is alike.

    Args:
        encode: returns a unit vector per text.
        alike: cosine from which needs are one.
        tell: returns chances of sentences, shape (sentences, HEADLINES); None: nobody can.
        encoder: a mark of what encodes.
        earlier: needs of an earlier time; what the same encoder encoded is not encoded again.
        known: posts whose needs are those that they had then, told by whoever tells them now.
    """
    before = Needs.create_empty() if earlier is None else earlier
    stated: dict[str, list[Need]] = {}
    for post_id, sentence, need in before.select("post_id", "sentence", "text").iter_rows():
        stated.setdefault(post_id, []).append(Need(post_id, sentence, need))
    needs = [
        need
        for post_id, of_post in groupby(sentences, key=attrgetter("post_id"))
        for need in (stated.get(post_id, []) if post_id in known else _needs(of_post))
    ]

    same = before.filter(encoder=encoder)
    vector_of: dict[str, bytes] = dict(same.select("text", "vector").iter_rows())
    if new := sorted({need.text for need in needs} - vector_of.keys()):
        vector_of |= zip(new, to_bytes(encode(new)), strict=True)
    vectors = from_bytes([vector_of[need.text] for need in needs])
    groups = group_needs(vectors, alike=alike)
    places = ranks(vectors, groups)
    names = {groups[row]: needs[row].text for row in np.flatnonzero(places == 0)}
    is_read = (np.bincount(groups)[groups] >= LEAST_NEEDS) & (places < MOST_READ)
    read = {needs[row].text for row in np.flatnonzero(is_read).tolist()} if tell else set()
    told = same.filter(pl.col("post_id").is_in(list(known))).drop_nulls("names_job")
    names_job: dict[str, bool] = dict(told.select("text", "names_job").iter_rows())
    if tell and (new := sorted(read - names_job.keys())):
        names_job |= zip(new, name_jobs(tell([wish(need) for need in new])), strict=True)

    rows = [
        {
            "post_id": need.post_id,
            "text": need.text,
            "sentence": need.sentence,
            "group": int(group),
            "label": names[group],
            "names_job": names_job[need.text] if is_read[row] and tell else None,
            "vector": vector_of[need.text],
            "encoder": encoder,
        }
        for row, (need, group) in enumerate(zip(needs, groups, strict=True))
    ]
    return check(_numbered(rows, Needs), Needs, where=STAGE)


def _needs(sentences: Iterable[Sentence]) -> Iterator[Need]:
    for sentence in sentences:
        for need in find_needs(sentence.text):
            yield Need(sentence.post_id, sentence.text, need)


def _numbered(rows: list[dict[str, Any]], schema: type[dy.Schema]) -> pl.DataFrame:
    """Number the rows of each post in their order."""
    types = {name: t for name, t in column_types(schema).items() if name != "number"}
    frame = pl.DataFrame(rows, schema=types)
    return frame.with_columns(number=pl.int_range(1, pl.len() + 1).over("post_id"))
