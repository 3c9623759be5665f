"""The heads that are shipped: which data each is trained on, and what its card says."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.api.frames import as_texts
from feedbackminer.embed.encoder import STATE, Encoder
from feedbackminer.embed.reader import load_reader
from feedbackminer.errors import InputError
from feedbackminer.research.cards import LIMITS, as_markdown, card_of
from feedbackminer.research.data import tags
from feedbackminer.research.data.tags import INVENTED, TEXTS, LabelledText
from feedbackminer.research.metrics import precision
from feedbackminer.research.reader.examples import MADE_UP, OWN, SENTENCES, is_unread
from feedbackminer.research.stacking import (
    OF_POSTS,
    OF_SENTENCES,
    of_columns,
    of_reader,
    of_words,
    stacked,
)
from feedbackminer.tagging import features, speech
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.fit import Examples, Fitted, Recipe, fit_head, one_hot, scoring
from feedbackminer.tagging.head_tagger import LABELS, Batch, post_features
from feedbackminer.tagging.heads import ANY_ENCODER, CARD, Head
from feedbackminer.tagging.rule_tagger import kinds_asserted
from feedbackminer.tagging.stage import read_texts
from feedbackminer.tagging.tagger import Text
from feedbackminer.text.sentences import split
from feedbackminer.vocabulary.tags import KINDS, KNOWN, POST_HEADS, SENTENCE_HEADS, TONE

OTHER_SORTS = ("goemotions", "senti4sd", "vader", "gitbugs")  # of texts
MOST_OF_A_SET, SAMPLE = 4_000, 200
SENTIMENT_SETS = ("goemotions", "senti4sd", "vader", "urr")
EXCLUSIVE = ("sentiment", TONE, "experience", "status")
CHECKED = "check.jsonl"  # our labels of posts that no head was trained on
UNSEEN = "unseen.jsonl"  # and of sites that none was trained on
UNSEEN_SENTENCES = "check_sentences.jsonl"
OWN_WEIGHT = 3.0  # of a post of a product community, beside one of a public set
PICKED = 0.2  # what a post that was picked for a label counts in calibration
MOST_FOR = 25.0  # posts that one stands for at most, by the chance with which it was drawn
STANDS_FOR = 5.0  # that they do on average
# What clauses sound like is told of parts only, as experimental: better often than never wrong.
AIM_OF_TONE = 0.9
AIM = 0.9  # precision in training; on sites never seen it is about 0.07 less
# No label is given that is less likely, right as it may be by chance.
# Of other kinds (complaint, usability, pricing) not even half was right, when rules had a word.
VOUCHED = ("feature_request", "praise", "performance", "documentation", "churn")
FLOORS = {"sentiment": 0.8, "kinds": 0.4, "experience": 0.4}
CLOSE = ("openenergymonitor", "ubuntu_irc", "minibar", "senti4sd")  # to product communities
SURE, FEWEST_SEEN = 0.8, 30  # precision on other forums, and posts that it is told from


@dataclass(frozen=True)
class Sources:
    """Where data lie: public sets, our labels, vectors made before, heads trained before."""

    data: Path
    labels: Path
    cache: Path
    encoder: Encoder
    heads: Path = Path("models")


def train(name: str, sources: Sources, *, seed: int = 0, aim: float | None = None) -> Fitted:
    """Train one of the shipped heads; its card tells on what, how, and how well.

    ``tone`` is fitted to words alone. The others weigh what the reader tells and what words tell,
    on posts and sentences that neither was fitted to; those of posts read what the heads of
    sentences say, which have to be trained before them.

    Raises:
        InputError: a data set is missing.
        ModelError: a head of sentences is missing, or is of another encoder.
    """
    default = AIM_OF_TONE if name == TONE else AIM
    encoder = ANY_ENCODER if name in (TONE, KNOWN) else sources.encoder.name
    recipe = recipe_of(name, encoder, seed=seed, aim=aim or default)
    if name == KNOWN:
        return _train_known(sources, recipe)
    if name == TONE:
        rows = training_rows(name, sources)
        examples = examples_of(rows, name, sources)
        fitted = fit_head(examples, recipe, {})
        return _with_card(fitted, examples, recipe, described(rows, sources))
    return _train_stacked(name, sources, recipe)


def _train_known(sources: Sources, recipe: Recipe) -> Fitted:
    """Tell our posts and reviews from texts of other sorts; the limit is what communities reach.

    Each community is left out once: of samples of it, one in twenty may fall below the limit.
    """
    draw = random.Random(recipe.seed)  # noqa: S311
    ours = tags.load_labels(sources.data, sources.labels / OWN)
    others = [
        row
        for set_ in OTHER_SORTS
        for row in _some(
            [r for r in tags.load(sources.data, set_) if r.split != "validation"], draw
        )
    ]
    communities = sorted({row.data for row in ours})
    rows = [*(row for name in communities for row in _some(_of(ours, name), draw)), *others]
    examples = _known_examples(rows)
    sets = np.array([row.data for row in rows])
    limits = []
    for name in communities:
        rest, left_out = (
            examples.take(np.flatnonzero(part)) for part in (sets != name, sets == name)
        )
        head = scoring(rest, recipe)
        chances = head.calibrated(head.scores(left_out.dense, left_out.words), left_out.genres)[
            :, 0
        ]
        limits.append(_low_mean(chances, recipe.seed))

    head = scoring(examples, recipe)
    card = {
        "intended_use": "Whether a sample of texts is like those that the heads know.",
        "limits": LIMITS,
        "recipe": {"seed": recipe.seed, "alpha": recipe.alpha},
        "trained_on": described(rows, sources),
        "measured_on": f"samples of {SAMPLE} texts of each community, which was left out",
        "limit": round(min(limits), 4),
        "left_out": dict(zip(communities, [round(limit, 4) for limit in limits], strict=True)),
        "by_label": {},
    }
    return Fitted(replace(head, card=card), np.zeros((0, 1), np.float32))


def _of(rows: Sequence[LabelledText], name: str) -> list[LabelledText]:
    return [row for row in rows if row.data == name and row.text]


def _some(rows: list[LabelledText], draw: random.Random) -> list[LabelledText]:
    return draw.sample(rows, min(len(rows), MOST_OF_A_SET))


def _low_mean(chances: Matrix, seed: int) -> float:
    """Return what the means of 95 % of samples exceed."""
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(chances), (1_000, SAMPLE))
    return float(np.quantile(chances[draws].mean(axis=1), 0.05))


def _known_examples(rows: Sequence[LabelledText]) -> Examples:
    read = features.read([row.text for row in rows])
    nothing = np.zeros((len(rows), 0), np.float32)
    sizes = Counter(row.data for row in rows)
    ones = np.ones((len(rows), 1), np.float32)
    return Examples(
        dense=features.dense(read, nothing, nothing),
        words=features.words(read),
        truth=np.array([[row.is_ours] for row in rows], np.float32),
        weight=np.array([1 / sizes[row.data] for row in rows], np.float32),
        typical=ones[:, 0],
        groups=np.array([row.group for row in rows], dtype=object),
        genres=np.zeros(len(rows), np.int64),
        by_rules=0 * ones,
    )


def _train_stacked(name: str, sources: Sources, recipe: Recipe) -> Fitted:
    rows = training_rows(name, sources)
    unread = [row for row in rows if is_unread(row)]
    examples = examples_of(unread, name, sources)

    n_dense = examples.dense.shape[1]
    of_texts = scoring(words_of([row for row in rows if not is_unread(row)], name), recipe)
    what = "sentence" if name in SENTENCE_HEADS else "post"
    reader = load_reader()
    if reader is None:
        raise InputError(
            "there is no reader in models/: `feedbackminer train reader --data …` makes it"
        )
    parts = [
        of_reader(reader, what, n_dense),
        of_words(of_texts, n_dense),
        of_columns(reader.outputs[what].shape[1], n_dense),
    ]
    strength = OF_SENTENCES if what == "sentence" else OF_POSTS
    fitted = fit_head(examples, recipe, {}, learn=partial(stacked, parts=parts, strength=strength))
    fitted = _with_card(fitted, examples, recipe, described(rows, sources))
    return _measured_elsewhere(fitted, sources) if name in POST_HEADS else fitted


def _with_card(
    fitted: Fitted, examples: Examples, recipe: Recipe, sets: Sequence[dict[str, Any]]
) -> Fitted:
    card = card_of(fitted, examples, recipe, sets)
    return replace(fitted, head=replace(fitted.head, card=card))


def _measured_elsewhere(fitted: Fitted, sources: Sources) -> Fitted:
    """Say on the card how the head does on forums that it was not trained on."""
    card = dict(fitted.head.card)
    for label, figures in on_forums(fitted.head, sources).items():
        value, _, _, n_given = figures
        by_label = card["by_label"][label]
        by_label["on_forums"] = figures
        by_label["experimental"] |= (value or 0) < SURE or (n_given or 0) < FEWEST_SEEN
    return replace(fitted, head=replace(fitted.head, card=card))


def on_forums(head: Head, sources: Sources) -> dict[str, list[float | None]]:
    """Measure what a head gives on posts of three forums that were read after it was made.

    Returns:
        label -> precision with its interval, and how many posts it was given to.
    """
    rows = checked_rows(sources)
    if head.name == "severity":
        rows = [row for row in rows if row.severity]  # it is asked of problems only
    examples = examples_of(rows, head.name, sources)
    chances = head.probabilities(examples.dense, examples.words, examples.genres)
    given = head.decide(chances, examples.genres, examples.by_rules)
    return {label: precision(examples.truth[given[:, k], k]) for k, label in enumerate(head.labels)}


def checked_rows(sources: Sources) -> list[LabelledText]:
    """Return our labelled posts that nothing is trained on."""
    files = (CHECKED, UNSEEN)
    return [row for file in files for row in tags.load_labels(sources.data, sources.labels / file)]


def recipe_of(name: str, encoder: str, *, seed: int = 0, aim: float = AIM) -> Recipe:
    """Return how a head is fitted."""
    return Recipe(
        name,
        LABELS[name],
        exclusive=name in EXCLUSIVE,
        encoder=encoder,
        precision=aim,
        floor=FLOORS.get(name, 0.0),
        vouched=VOUCHED if name == "kinds" else (),
        alpha=1e-4 if name in ("sentiment", TONE) else 1e-3,
        seed=seed,
    )


def training_rows(name: str, sources: Sources) -> list[LabelledText]:
    """Return the texts, or sentences, that a head is trained on."""
    made_up = tags.load_invented(sources.labels / MADE_UP)
    if name in SENTENCE_HEADS and name != TONE:
        sentences = tags.load_sentences(sources.data, sources.labels / SENTENCES)
        return [*sentences, *(row for row in made_up if row.status)]

    ours = [row for row in tags.load_labels(sources.data, sources.labels / OWN) if row.text]
    if name == "severity":
        return [row for row in (*ours, *made_up) if row.severity]
    if name in ("kinds", "experience"):
        return [*ours, *made_up]

    public = [row for set_ in SENTIMENT_SETS for row in tags.load(sources.data, set_)]
    read_by_us = {row.text for row in ours}  # of reviews our labels count, not the set's
    public = [row for row in public if row.split == "train" and row.text not in read_by_us]
    # Clauses are told by words alone: invented posts use words of feeling for what is not felt.
    return [*public, *ours] if name == TONE else [*public, *ours, *made_up]


def examples_of(rows: Sequence[LabelledText], name: str, sources: Sources) -> Examples:
    """Return rows as a head sees them."""
    if name == TONE:
        return words_of(rows, name)
    plain = words_of(rows, name)
    if name in SENTENCE_HEADS:
        states = states_of(rows, sources)
        dense, _ = speech.features_of([row.sentence or row.text for row in rows], states)
        return replace(plain, dense=dense)

    texts = texts_of(rows, sources)
    batch = Batch.of(texts)
    heads = {head: Head.load(sources.heads / head) for head in ("status", "spoken")}
    said = speech.read_speech(heads, batch.sentences, batch.states)
    dense, _ = post_features(batch, said)
    return replace(plain, dense=dense)


def words_of(rows: Sequence[LabelledText], name: str) -> Examples:
    """Return rows as a head that reads words, and for tone manner, sees them."""
    read = features.read([row.sentence or row.text for row in rows])
    nothing = np.zeros((len(rows), 0), np.float32)

    # Public sets do not calibrate: they are no picture of what a community writes.
    is_ours = np.array([row.is_ours for row in rows])
    typical = np.array([_typical(row) for row in rows], np.float32)
    is_review = np.array([row.is_review for row in rows])
    return Examples(
        dense=features.dense(read, nothing, nothing) if name == TONE else nothing,
        words=features.words(read),
        truth=truth_of(rows, name),
        weight=weights_of(rows)
        if name in ("sentiment", TONE)
        else np.where(is_review, 1, OWN_WEIGHT),
        typical=np.where(is_ours, typical, 0).astype(np.float32),
        groups=np.array([row.group for row in rows], dtype=object),
        genres=is_review.astype(np.int64),
        by_rules=by_rules(rows, name),
    )


def by_rules(rows: Sequence[LabelledText], name: str) -> Matrix:
    """Return 1 where the rules find a kind asserted in a text; of other heads they tell nothing."""
    if name != "kinds":
        return np.zeros((len(rows), len(LABELS[name])), np.float32)
    sentences_of = split(row.text[: features.READ] for row in rows)
    found = [kinds_asserted(sentences) for sentences in sentences_of]
    return np.array([[kind in kinds for kind in KINDS] for kinds in found], np.float32)


def texts_of(rows: Sequence[LabelledText], sources: Sources) -> list[Text]:
    """Return rows as taggers read them."""
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    texts = as_texts({number: row.text for number, row in enumerate(rows)})
    are_reviews = [row.is_review for row in rows]
    return read_texts(texts, encoded, are_reviews, [_stars_shown(row) for row in rows])


def _stars_shown(row: LabelledText) -> float | None:
    """Return the stars of every other review: heads shall know both, with stars and without."""
    return row.rating if row.id[-1] in "02468acegikmoqsuwy" else None


def states_of(rows: Sequence[LabelledText], sources: Sources) -> Matrix:
    """Return the state of the labelled sentence of each row, shape (rows, STATE)."""
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    return np.stack(
        [
            states[row.number] if row.number < len(states) else np.full(STATE, np.nan, np.float32)
            for row, states in zip(rows, encoded.sentences, strict=True)
        ]
    )


def _typical(row: LabelledText) -> float:
    """Return how many posts of its community a row stands for."""
    if row.chance is not None:
        return min(1 / row.chance, MOST_FOR) / STANDS_FOR
    return PICKED if row.picked else 1.0


def truth_of(rows: Sequence[LabelledText], name: str) -> Any:
    """Return what is true of rows, for the labels of a head."""
    if name == "kinds":
        return tags.columns(rows, KINDS)
    if name == "spoken":
        return np.array([[kind in row.speaks_of for kind in KINDS] for row in rows], np.float32)
    if name == "severity":
        reached = [[(row.severity or 0) >= int(level) for level in LABELS[name]] for row in rows]
        return np.array(reached, np.float32)
    answer = "sentiment" if name == TONE else name
    return one_hot([str(getattr(row, answer)) for row in rows], LABELS[name])


def weights_of(rows: Sequence[LabelledText]) -> Any:
    """Return weights by which the sentiments of each set weigh the same; close ones weigh more."""
    pairs = [(row.data, row.sentiment) for row in rows]
    n_rows = Counter(pairs)
    set_size = Counter(row.data for row in rows)
    n_labels = Counter(name for name, _ in n_rows)
    closeness = {name: OWN_WEIGHT if name in CLOSE else 1.0 for name in set_size}
    weights = [
        closeness[name] * set_size[name] / n_labels[name] / n_rows[name, label]
        for name, label in pairs
    ]
    return np.array(weights, np.float32)


def described(rows: Sequence[LabelledText], sources: Sources) -> list[dict[str, Any]]:
    """Name the training sets: rows, licence, hash of the file."""
    sets: list[dict[str, Any]] = []
    for name, n_rows in sorted(Counter(row.data for row in rows).items()):
        if name == INVENTED:
            path = sources.labels / MADE_UP
            licence = "Apache-2.0"
            sets.append(
                {"name": name, "rows": n_rows, "licence": licence, "sha256": tags.hash_of(path)}
            )
            continue
        public = tags.SETS.get(name)
        path = sources.data / (public.path if public else TEXTS[name][0])
        licence = public.licence if public else "MIT"
        sets.append(
            {"name": name, "rows": n_rows, "licence": licence, "sha256": tags.hash_of(path)}
        )

    if any(row.kinds for row in rows):
        labels = sources.labels / OWN
        sets.append({"name": labels.name, "licence": "Apache-2.0", "sha256": tags.hash_of(labels)})
    return sets


def save(head: Head, folder: Path) -> dict[str, Any]:
    """Write a head with its card, as JSON and as a page; returns the card."""
    head.save(folder)
    card: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
    (folder / "card.md").write_text(as_markdown(card), "utf-8")
    return card
