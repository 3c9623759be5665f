"""The tables that pass between stages: key, columns, types, units. Declared here only.

A stage checks its input on entry and its output on exit with :func:`check`. ``dropped``
holds every row that did not go on, with the stage and the reason; an account (``accounts.py``)
states for each stage that rows in = rows out + rows dropped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

import dataframely as dy
import polars as pl

from feedbackminer.errors import TableError
from feedbackminer.vocabulary import alerts
from feedbackminer.vocabulary.decisions import ACTIONS, VERDICTS
from feedbackminer.vocabulary.tags import (
    ANSWERED_BY,
    EXPERIENCES,
    HELPED,
    KINDS,
    LEVELS,
    ROLES,
    SAYS,
    SCOPES,
    SENTIMENTS,
    SHARES,
    STATUSES,
    UNSURE,
)

EVERYTHING = ""  # in ``shares``, in the place of a topic
# Marks a column that may hold words of members, or name a post: what an erasure looks through.
TEXT = {"text": True}


def _utc(*, nullable: bool = False) -> dy.Datetime:
    return dy.Datetime(time_zone="UTC", time_unit="us", nullable=nullable)


def _text(*, nullable: bool = True, metadata: dict[str, bool] | None = None) -> dy.String:
    return dy.String(nullable=nullable, metadata=metadata)


class Posts(dy.Schema):
    """One message by one member at one time; masked, with pseudonyms for names."""

    post_id = dy.String(primary_key=True, min_length=1)  # "source:native id"
    source = dy.String()
    channel = _text(metadata=TEXT)
    thread_id = dy.String()
    parent_id = _text()
    author_id = _text()  # null: nobody knows who wrote it, so it is no voice
    author_role = dy.Enum(ROLES)
    created_at = _utc(nullable=True)
    edited_at = _utc(nullable=True)
    title = _text(metadata=TEXT)
    body = dy.String(metadata=TEXT)
    url = _text(metadata=TEXT)
    rating = dy.Float64(nullable=True, min=1, max=5)
    score = dy.Float64(nullable=True)  # likes or votes
    accepted = dy.Bool()
    meta = dy.String(metadata=TEXT)  # JSON object
    collected_at = _utc()


class Prose(dy.Schema):
    """What a body says in prose, before closings and forms are taken out: what takes time."""

    post_id = dy.String(primary_key=True)
    text = dy.String(metadata=TEXT)
    read_as = dy.String()  # hash of the body, and of what read it; empty: an erasure changed it


class Texts(dy.Schema):
    """What the analysis reads of a post: no quoted replies, code, signatures or links."""

    post_id = dy.String(primary_key=True)
    title = _text(metadata=TEXT)  # only where the post opens its thread
    text = dy.String(metadata=TEXT)
    language = dy.String()  # ISO 639-1, or "und" where the text is too short to tell
    n_words = dy.Int64(min=1)
    truncated = dy.Bool()
    content_hash = dy.String(min_length=16)  # of title and text: equal texts share a vector


class Segments(dy.Schema):
    """A part of a long text: some of its sentences."""

    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)  # in the order of the text
    text = dy.String(min_length=1, metadata=TEXT)  # an exact substring
    content_hash = dy.String(min_length=16)


class Repeats(dy.Schema):
    """A post that says, in nearly the same words, what a post said before."""

    post_id = dy.String(primary_key=True)
    first_id = dy.String()  # the first post with these words, whoever wrote it
    copy_of = _text()  # the post it counts once with; null: another member's voice
    wave_id = _text()  # the first post of the wave of new accounts that it is in; null: in none


class Dropped(dy.Schema):
    """A row that did not go on, and why."""

    stage = dy.String(primary_key=True)
    ref = dy.String(primary_key=True)  # a post_id, or file:line
    reason = dy.String(min_length=1)
    detail = dy.String(metadata=TEXT)
    value = dy.String(metadata=TEXT)  # what it is about, for counting: the language of a text
    other_ref = dy.String()  # another row that it is about: the post that has its id


class Vectors(dy.Schema):
    """Vectors of distinct texts, append-only; little-endian float16 bytes."""

    content_hash = dy.String(primary_key=True)
    encoder = dy.String(primary_key=True)
    vector = dy.Binary()  # what the text means, unit length: topics
    middle = dy.Binary()  # the mean of the encoder's layers: tags
    sentences = dy.Binary(nullable=True)  # the state of each sentence: tags; null: of older rows


class Topics(dy.Schema):
    """A group of posts about the same thing, and all that is needed to find more of them."""

    topic_id = dy.String(primary_key=True)
    level = dy.Enum(LEVELS)
    label = dy.String(min_length=1, metadata=TEXT)
    found_label = dy.String(min_length=1, metadata=TEXT)  # before people renamed it
    named_by = dy.Enum(("model", "human", "llm"))
    found_by = dy.Enum(("model", "human", "llm"))  # who gave the name before
    keywords = dy.List(dy.String(), metadata=TEXT)
    representatives = dy.List(dy.String())  # post ids, nearest the centre
    parent_id = _text()  # the theme of a topic, the topic of a subtopic
    size = dy.Int64(min=0)  # posts
    stability = dy.Float64(nullable=True, min=0, max=1)  # null: too small to be drawn again
    centroid = dy.Binary()  # float16 bytes, unit length: meaning, then words
    floor = dy.Float64()  # cosine to the centroid from which a post belongs
    typical = dy.Float64()  # median cosine of its posts
    part_floor = dy.Float64()  # cosine from which a part of another topic's post belongs
    words = dy.List(dy.String(), metadata=TEXT)  # that speak for the topic,
    ratios = dy.List(dy.Float64())  # and their log-likelihood ratios
    fitted_as = dy.String()  # encoder and settings of the fit that found it
    fitted_in = dy.String()  # run_id of that fit
    fitted_on = dy.Int64(min=0)  # texts of that fit
    resolution = dy.Float64(nullable=True)  # how fine that fit was
    born_in = dy.String()  # run_id
    status = dy.Enum(("active", "retired", "merged", "split", "ignored"))


class Vocabulary(dy.Schema):
    """The words that topics are told apart by, of the last fit."""

    word = dy.String(primary_key=True, metadata=TEXT)
    idf = dy.Float64()
    place = dy.Binary()  # float16 bytes: where it lies in latent semantic space
    fitted_in = dy.String()  # run_id


class Lineage(dy.Schema):
    """Birth, split, merge, retirement and renaming of topics."""

    event = dy.Enum(("birth", "split", "merge", "retirement", "rename", "pin", "ignore", "undo"),
                    primary_key=True)  # fmt: skip
    from_id = dy.String(primary_key=True)  # empty: nothing came before
    to_id = dy.String(primary_key=True)  # empty: nothing comes after
    run_id = dy.String(primary_key=True)
    by = dy.Enum(("model", "human"))
    why = dy.String(metadata=TEXT)


class Assignments(dy.Schema):
    """Which topics a post belongs to; ``score`` is its cosine to the centre."""

    post_id = dy.String(primary_key=True)
    topic_id = dy.String(primary_key=True)
    score = dy.Float64(min=-1.001, max=1.001)
    rank = dy.Int64(min=1)  # 1: what the post is mainly about; 2…: what parts of it are about
    found_id = dy.String()  # the topic it was found for, before people corrected it
    subtopic_id = _text()


class Corrections(dy.Schema):
    """What people said of topics, replayed after every run."""

    number = dy.Int64(primary_key=True, min=1)
    action = dy.Enum(("rename", "merge", "split", "pin", "ignore"))
    topic_id = dy.String()
    to = dy.String(metadata=TEXT)  # rename: the label; merge: the topic it goes into
    parts = dy.List(dy.String())  # split: the ids of the parts
    centroids = dy.List(dy.Binary())  # split: where the parts lie
    encoder = dy.String()  # that those were made with
    made_at = _utc()
    undone = dy.Bool()


class Tags(dy.Schema):
    """What a post does and how it sounds."""

    post_id = dy.String(primary_key=True)
    sentiment = dy.Enum((*SENTIMENTS, UNSURE))
    sentiment_score = dy.Float64(min=-1, max=1)  # strength: P(positive) - P(negative)
    sentiment_chances = dy.List(dy.Float64(min=0, max=1))  # as SENTIMENTS; empty: by rules
    kinds = dy.List(dy.String(check=lambda kind: kind.is_in(list(KINDS))))
    kind_chances = dy.List(dy.Float64(min=0, max=1))  # as KINDS; empty: by rules
    # As KINDS: how the post speaks of each; empty: it does not.
    kind_statuses = dy.List(dy.String(check=lambda status: status.is_in(["", *STATUSES])))
    experience = dy.Enum((*EXPERIENCES, UNSURE))
    experience_chances = dy.List(dy.Float64(min=0, max=1))  # as EXPERIENCES; empty: by rules
    # Kinds, or "sentiment", "experience", "severity": neither said nor ruled out.
    unsure = dy.List(dy.String())
    severity = dy.Int64(nullable=True, min=1, max=4)  # null: no problem, or unsure
    by_human = dy.Bool()  # a person said some of this
    spans = dy.List(dy.Int64())  # of title and text: where each sentence begins and ends
    sentences = dy.List(dy.String(), metadata=TEXT)  # quotable: each an exact substring of the text
    sentence_kinds = dy.List(dy.String())  # of each sentence, joined by spaces
    sentence_statuses = dy.List(dy.String())  # how each sentence speaks of what it speaks of
    sentence_scores = dy.List(dy.Float64(min=-1, max=1))  # sentiment of each sentence
    sentence_chances = dy.List(dy.Float64(min=0, max=1))  # that each asserts anything
    tagger = dy.String()
    read_as = dy.String()  # a mark of all that decides the row, beside what people say of it


class TagLabels(dy.Schema):
    """What a person said of a post; null where they said nothing."""

    post_id = dy.String(primary_key=True)
    sentiment = dy.Enum(SENTIMENTS, nullable=True)
    kinds = dy.List(dy.String(check=lambda kind: kind.is_in(list(KINDS))), nullable=True)
    severity = dy.Int64(nullable=True, min=0, max=4)  # 0: no problem
    made_at = _utc()


class Aspects(dy.Schema):
    """What a sentence, or a clause of it, says of a component of the product."""

    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)
    aspect = dy.String(primary_key=True)
    found_by = dy.Enum(("settings", "phrase"))
    text = dy.String(min_length=1, metadata=TEXT)  # stands in the post, but for its spaces
    status = dy.Enum(STATUSES)  # how its sentence speaks
    sentiment = dy.Enum((*SENTIMENTS, UNSURE))
    score = dy.Float64(min=-1, max=1)
    read_as = dy.String()  # hash of the spellings by which its component was looked for


class Phrases(dy.Schema):
    """What a sentence that was read for parts of the product names; one item for each phrase."""

    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)  # of the sentence in its post
    phrases = dy.List(dy.String(), metadata=TEXT)
    greeted = dy.List(dy.Bool())
    inside = dy.List(dy.Bool())  # not at the beginning of the sentence
    used = dy.List(dy.Bool())
    failing = dy.List(dy.Bool())
    read_as = dy.String()  # hash of the sentence, and of what read it; empty: an erasure changed it


class Needs(dy.Schema):
    """What a member wants to do, in their own words; alike needs are of one group."""

    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)
    text = dy.String(min_length=1, metadata=TEXT)  # stands in the post, but for its spaces
    sentence = dy.String(min_length=1, metadata=TEXT)  # that it stands in
    group = dy.Int64(min=0)  # the largest is 0
    label = dy.String(min_length=1, metadata=TEXT)  # the need nearest the group's centre
    names_job = dy.Bool(nullable=True)  # whether it says what for, by itself; null: not read
    vector = dy.Binary()  # of its text, as in vectors
    encoder = dy.String()


class Sentences(dy.Schema):
    """A sentence of a member that does something: tells a problem, asks, wishes, praises."""

    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)  # of those of the post that can be quoted
    text = dy.String(min_length=1, metadata=TEXT)  # stands in the post, but for its spaces
    chances = dy.List(dy.Float32(min=0, max=1))  # as HEADLINES
    vector = dy.Binary()  # of the sentence alone: near those of sentences that say the same
    read_as = dy.String()  # a mark of all that decides chances and vector


class Clauses(dy.Schema):
    """A part of a sentence, read alone: what more members say than the whole."""

    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)  # of the sentence
    part = dy.Int64(primary_key=True, min=1)
    text = dy.String(min_length=1, metadata=TEXT)
    chances = dy.List(dy.Float32(min=0, max=1))  # as HEADLINES
    vector = dy.Binary()
    read_as = dy.String()


class KeyPoints(dy.Schema):
    """What many members say, in the words of one of them."""

    key_point_id = dy.String(primary_key=True)  # kept as long as the same is said
    says = dy.Enum(SAYS)
    post_id = dy.String()  # that its sentence is of
    number = dy.Int64(min=1)
    text = dy.String(min_length=1, metadata=TEXT)
    n_voices = dy.Int64(min=1)
    near = dy.String(nullable=True)  # the point, said by more, that it is shown with


class Matches(dy.Schema):
    """A sentence that says a key point; each says one at most of each kind."""

    key_point_id = dy.String(primary_key=True)
    post_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)
    chance = dy.Float32(min=0, max=1)  # that it says the same


class Replies(dy.Schema):
    """A post that answers an earlier one of its thread, and what tells so."""

    post_id = dy.String(primary_key=True)
    answers = dy.String()  # a post
    answers_author = _text()
    # A link of the platform; else inferred: from what it quotes, whom it addresses, whose turn it
    # was where several talk at once, or from the order alone.
    by = dy.Enum(ANSWERED_BY)


class Threads(dy.Schema):
    """One conversation: who opened it, who answered, how soon."""

    thread_id = dy.String(primary_key=True)
    title = _text(metadata=TEXT)
    channel = _text(metadata=TEXT)
    opener_post_id = dy.String()
    opener_id = _text()
    opened_at = _utc(nullable=True)
    last_at = _utc(nullable=True)
    n_posts = dy.Int64(min=1)
    n_voices = dy.Int64(min=0)
    is_question = dy.Bool()
    first_reply_hours = dy.Float64(nullable=True, min=0)  # by another person, not a bot
    answered_by = dy.Enum(("member", "staff"), nullable=True)
    resolved = dy.Bool()  # an answer was accepted, or the opener said it works now
    solved_by = dy.Enum(("member", "staff", "opener"), nullable=True)  # null: not resolved
    best_answer = _text()  # a post; null: nobody but the opener wrote
    helped = dy.Enum(HELPED, nullable=True)  # what tells that it is the best


class Members(dy.Schema):
    """One person behind an account, over the whole export."""

    author_id = dy.String(primary_key=True)
    role = dy.Enum(ROLES)
    first_at = _utc(nullable=True)
    last_at = _utc(nullable=True)
    n_posts = dy.Int64(min=1)
    n_threads_opened = dy.Int64(min=0)
    n_replies_to_others = dy.Int64(min=0)
    n_threads_answered = dy.Int64(min=0)  # opened by others
    n_people_helped = dy.Int64(min=0)  # distinct openers answered
    n_thanks = dy.Int64(min=0)  # thanked by, or accepted by, another member
    n_replies_received = dy.Int64(min=0)
    segment = dy.Enum(("newcomer", "regular", "veteran", "lapsed", "occasional"))
    advocate = dy.Bool()
    n_team_posts = dy.Int64(min=0)  # that sound like those who make the product
    example_id = dy.String()  # one of these posts, else any: to look up who it is


class Shares(dy.Schema):
    """Which part of the members does something: an estimate from chances, with its interval."""

    topic_id = dy.String(primary_key=True)  # on this topic; empty: in anything they wrote
    label = dy.Enum(SHARES, primary_key=True)  # an experience that is mixed is bad and good
    value = dy.Float64(nullable=True, min=0, max=1)  # null: of nobody it is known
    low = dy.Float64(nullable=True, min=0, max=1)
    high = dy.Float64(nullable=True, min=0, max=1)
    n_voices = dy.Int64(min=0)  # members that it is a part of


class Claims(dy.Schema):
    """One statement with its number, interval, window, people and posts; it can be recomputed."""

    claim_id = dy.String(primary_key=True)
    kind = dy.String()
    scope = dy.Enum(SCOPES)  # of the period, or of the whole history
    editions = dy.List(dy.String())
    topic_id = _text()
    key_point_id = _text()
    subject = dy.String(metadata=TEXT)  # a part or a need, which are no topic; empty: its topic
    does = dy.Enum(("", *SHARES))  # what its posts do, where it is about that; empty: it is not
    since = _utc(nullable=True)
    until = _utc(nullable=True)
    metric = dy.String()
    value = dy.Float64(nullable=True)
    low = dy.Float64(nullable=True)
    high = dy.Float64(nullable=True)
    baseline = dy.Float64(nullable=True)
    p = dy.Float64(nullable=True, min=0, max=1)
    q = dy.Float64(nullable=True, min=0, max=1)
    n_posts = dy.Int64(min=0)
    n_voices = dy.Int64(min=0)
    effective_voices = dy.Float64(nullable=True)
    rank_score = dy.Float64()
    headline = dy.String(min_length=1, metadata=TEXT)
    quoted = dy.String(metadata=TEXT)  # what of the headline is a member's words; empty: nothing
    quoted_from = _text()  # the post that these stand in
    action = dy.String()  # a question or a next step
    evidence = dy.List(dy.String())  # post ids: all that were counted, or that most likely say it
    went_well = dy.List(dy.String())  # post ids: members behind it told later that it works
    status = dy.Enum(("shown", "held_back"))
    verdict = dy.Enum(VERDICTS, nullable=True)  # of an outcome: whether it helped


class Periods(dy.Schema):
    """What the claims tell of, and how far it was tested whether anything changed: one row."""

    name = dy.String(primary_key=True)  # week, month, quarter, year, all, given
    since = _utc(nullable=True)
    until = _utc(nullable=True)
    history_since = _utc(nullable=True)
    n_before = dy.Int64(min=0)  # windows as long, that it is held against
    n_shuffles = dy.Int64(min=0)  # histories without any change; 0: nothing was tested
    false_alarms = dy.Float64(nullable=True, min=0, max=1)  # the share that would show one
    usual = dy.List(dy.Int64())  # members; where so many are usual in a period,
    seen_from = dy.List(dy.Int64())  # a rise to so many is shown


class AlertLevels(dy.Schema):
    """From where something stands out, by histories without any change: one row."""

    days = dy.Int64(primary_key=True, min=1)  # of the window that a check looks at
    until = _utc()  # when what was seen ended
    keys = dy.List(dy.String(), metadata=TEXT)  # of what is watched: topics, labels, channels …
    spread = dy.List(dy.Float64())  # of two wholes, then of each of these, by chance
    largest = dy.List(dy.Float64())  # of each history: the largest score in a month of checks
    false_alarms = dy.Float64(min=0, max=1)  # the share that would raise something in a month
    usual = dy.List(dy.Int64())  # members; where so many are usual in a window,
    seen_from = dy.List(dy.Int64())  # a rise to so many is seen


class Alerts(dy.Schema):
    """One thing to be alerted of: a conversation that is taken up again, never begun anew."""

    alert_id = dy.String(primary_key=True)
    rule = dy.Enum(tuple(alerts.RULES))
    subject = dy.String(metadata=TEXT)  # a topic, key point, label, source or channel
    also = dy.List(dy.String(), metadata=TEXT)  # others that much the same members speak of
    topic_id = _text()
    key_point_id = _text()
    cause = dy.Enum(alerts.CAUSES)  # only what is real is sent
    why = dy.String()  # of another cause
    status = dy.Enum(alerts.STATUSES)
    owner = dy.String()  # who took it; empty: nobody
    snoozed_until = _utc(nullable=True)
    opened_at = _utc()
    seen_at = _utc()  # when it stood out last
    since = _utc()  # of the window then
    n_affected = dy.Int64(min=0)  # members who speak of it in the window, or fell silent
    n_members = dy.Int64(min=0)  # who speak of it in the window
    usual = dy.Float64(min=0)
    low = dy.Float64(nullable=True)  # of the ratio of these
    high = dy.Float64(nullable=True)
    n_known = dy.Int64(min=0)  # affected when it was told last, or when a person took it up
    message = dy.Int64(min=0)  # number of the latest; 0: none was written
    told_at = _utc(nullable=True)
    evidence = dy.List(dy.String())  # post ids


class AlertLog(dy.Schema):
    """What became of alerts, and who did it. Append-only."""

    alert_id = dy.String(primary_key=True)
    number = dy.Int64(primary_key=True, min=1)
    at = _utc()
    event = dy.Enum(alerts.EVENTS)
    by = dy.String()  # empty: a check


class AlertChecks(dy.Schema):
    """When was looked, and what models had read the posts."""

    run_id = dy.String(primary_key=True)
    at = _utc()
    read_by = dy.String()  # a mark of the models
    n_real = dy.Int64(min=0)  # alerts that stood out
    n_others = dy.Int64(min=0)  # that only look like it


class Events(dy.Schema):
    """Releases and whatever else happened on a day."""

    event_id = dy.String(primary_key=True)
    at = _utc()
    name = dy.String(min_length=1)
    kind = dy.String()
    source = dy.String()  # a file, or a live source


class Decisions(dy.Schema):
    """What a team decided on what it was told. Append-only: what was taken back stays a row."""

    number = dy.Int64(primary_key=True, min=1)
    insight_id = dy.String(
        min_length=1
    )  # what lasts of claims: their kind, and what they are about
    kind = dy.String()  # of the claim
    topic_id = _text()
    key_point_id = _text()
    subject = dy.String(metadata=TEXT)  # a part of the product, a rival; no words of a member
    claim_id = dy.String()  # that it was decided on; empty: the insight was named
    action = dy.Enum(ACTIONS)
    undoes = dy.Int64(nullable=True)  # the number of what is taken back
    by = dy.String(min_length=1, metadata=TEXT)
    at = _utc()
    on = _utc(nullable=True)  # the day of shipping, or the one it is planned for
    text = dy.String(metadata=TEXT)  # why, a note, or to whom it is assigned
    threads = dy.List(dy.String(), metadata=TEXT)  # in which it was told what was done


class Runs(dy.Schema):
    """One stage of one run: what it read, wrote and dropped."""

    run_id = dy.String(primary_key=True)
    parent_run = dy.String()  # that it is a part, or another attempt, of; empty: of none
    stage = dy.String(primary_key=True)
    source = dy.String()  # the live source that a collect read; empty: another step
    fingerprint = dy.String()
    reused = dy.Bool()
    rows_in = dy.Int64(min=0)
    rows_out = dy.Int64(min=0)
    dropped = dy.String()  # JSON object: reason -> rows
    seconds = dy.Float64(min=0)
    settings_hash = dy.String()
    code_version = dy.String()
    models = dy.String()  # JSON object
    reads = dy.String()  # JSON object: table -> version
    writes = dy.String()  # JSON object: table -> version
    notices = dy.List(dy.String(), metadata=TEXT)
    finished_at = _utc()


class Cursors(dy.Schema):
    """How far a channel of a source was read; never ahead of the posts that are stored."""

    source = dy.String(primary_key=True)
    channel = dy.String(primary_key=True)  # empty: the source has no channels
    position = dy.String()  # JSON object, understood by the source alone
    complete = dy.Bool()  # the whole history that the platform gives was read once
    withheld = dy.String()  # what the platform does not give; empty: nothing is known to lack
    read_at = _utc()


class Audit(dy.Schema):
    """What was done to members' words: imports, erasures, publications. Append-only."""

    event_id = dy.String(primary_key=True)
    at = _utc()
    run_id = dy.String()
    action = dy.Enum(("import", "collect", "erase", "retain", "publish", "deliver"))
    subject = dy.String()  # a file, a source, a folder; of an erasure only its seal
    rows = dy.Int64(min=0)
    detail = dy.String()


class Deliveries(dy.Schema):
    """What of a digest, or of an alert, went to whom; begun before it is sent, and sent after."""

    digest = dy.String(primary_key=True)  # its period: one written again is the same; or an alert
    channel = dy.String(primary_key=True)  # as in [channels.NAME]
    edition = dy.String(primary_key=True)  # or whole; of an alert the number of the message
    recipient = dy.String(primary_key=True)  # the seal of an address; empty: the channel itself
    place = dy.String(primary_key=True)  # where it is, and can be erased; empty: out of reach
    kind = dy.String()  # of the channel
    run_id = dy.String()  # that wrote the digest
    since = _utc(nullable=True)  # of the digest
    until = _utc(nullable=True)
    status = dy.Enum(("begun", "sent", "failed"))  # begun: it may have been sent
    attempts = dy.Int64(min=1)
    at = _utc()  # when it began or was sent; a repetition that failed changes it not
    detail = dy.String()  # what became of it; no secret, address or word of a member


class Suppressed(dy.Schema):
    """Whom, or what, a collect must not bring back: keyed seals that name nobody."""

    seal = dy.String(primary_key=True, min_length=16)
    what = dy.Enum(("author", "post"))
    made_at = _utc()


class Health(dy.Schema):
    """One check of the latest week against those before it."""

    run_id = dy.String(primary_key=True)
    check = dy.String(primary_key=True)
    value = dy.Float64(nullable=True)
    low = dy.Float64(nullable=True)  # what was expected: between low and high
    high = dy.Float64(nullable=True)
    status = dy.Enum(("ok", "warning", "unknown"))
    detail = dy.String(metadata=TEXT)
    checked_at = _utc()


TABLES: Mapping[str, type[dy.Schema]] = {
    "posts": Posts,
    "prose": Prose,
    "texts": Texts,
    "segments": Segments,
    "repeats": Repeats,
    "dropped": Dropped,
    "vectors": Vectors,
    "topics": Topics,
    "vocabulary": Vocabulary,
    "lineage": Lineage,
    "corrections": Corrections,
    "assignments": Assignments,
    "tags": Tags,
    "tag_labels": TagLabels,
    "phrases": Phrases,
    "aspects": Aspects,
    "needs": Needs,
    "sentences": Sentences,
    "clauses": Clauses,
    "key_points": KeyPoints,
    "matches": Matches,
    "replies": Replies,
    "threads": Threads,
    "members": Members,
    "shares": Shares,
    "claims": Claims,
    "periods": Periods,
    "alert_levels": AlertLevels,
    "alerts": Alerts,
    "alert_log": AlertLog,
    "alert_checks": AlertChecks,
    "events": Events,
    "decisions": Decisions,
    "runs": Runs,
    "cursors": Cursors,
    "audit": Audit,
    "deliveries": Deliveries,
    "suppressed": Suppressed,
    "health": Health,
}

S = TypeVar("S", bound=dy.Schema)
# What was checked, as long as it is there: no frame is changed in place, so once is enough. A stage
# checks what another one, or the store, has just checked: that was half of the time of small runs.
_CHECKED: WeakValueDictionary[tuple[int, type[dy.Schema]], pl.DataFrame] = WeakValueDictionary()


@cache
def _declared(schema: type[dy.Schema]) -> pl.Schema:
    return schema.create_empty().schema


@cache
def column_types(schema: type[dy.Schema]) -> Mapping[str, pl.DataType]:
    """Return column -> type for building a frame from rows; enumerations are still strings."""
    types = _declared(schema).items()
    return {name: pl.String() if isinstance(t, pl.Enum) else t for name, t in types}


def check(frame: pl.DataFrame, schema: type[S], *, where: str) -> dy.DataFrame[S]:
    """Return ``frame`` as a table of ``schema``, columns in the declared order.

    Raises:
        TableError: a column is missing or of another type, a value is out of range, or the
            key repeats; the message names the table, the rule and ``where``.
    """
    if _CHECKED.get((id(frame), schema)) is frame:
        return cast("dy.DataFrame[S]", frame)
    try:
        chosen = frame.select(_declared(schema).names())
        checked = _valid(chosen, schema)
        if checked is None:
            checked = schema.validate(chosen, cast=True)
    except (dy.exc.ValidationError, dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
        raise TableError(
            f"{where}: table {schema.__name__.lower()} breaks its contract: {error}\n"
            f"got columns {frame.columns}; the contract is in feedbackminer/tables.py"
        ) from error
    _CHECKED[id(checked), schema] = checked
    return checked


def in_order(table: dy.DataFrame[S], schema: type[S]) -> dy.DataFrame[S]:
    """Return a table that was checked sorted by its key: it is not checked again."""
    ordered = cast("dy.DataFrame[S]", table.sort(schema.primary_key()))
    _CHECKED[id(ordered), schema] = ordered
    return ordered


def _valid(frame: pl.DataFrame, schema: type[S]) -> dy.DataFrame[S] | None:
    """Return what keeps the contract, None otherwise: a third of the time of telling why not."""
    types = _declared(schema)
    others: dict[Any, Any] = {
        name: types[name] for name, t in frame.schema.items() if t != types[name]
    }
    try:
        frame = frame.cast(others)
    except pl.exceptions.PolarsError:
        return None
    is_valid = frame.is_empty() or schema.is_valid(frame)  # every rule is of rows
    return cast("dy.DataFrame[S]", frame) if is_valid else None


def finite_or_none(value: float) -> float | None:
    """Return a measure as tables hold it: null where it is undefined or unbounded."""
    return float(value) if math.isfinite(value) else None


def of_members(posts: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the posts of members and of nobody known, without those of staff and bots.

    What people turned out to be counts before the role that a post came with.
    """
    roles = members.select("author_id", _role=pl.col("role").cast(pl.String))
    role = pl.coalesce("_role", pl.col("author_role").cast(pl.String))
    known = posts.join(roles, on="author_id", how="left", maintain_order="left")
    return known.filter(role.is_in(["member", "unknown"])).drop("_role")


def count_once(posts: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """Return posts without copies: of those that count once, the earliest that is here."""
    originals = repeats.select("post_id", original="copy_of")
    return (
        posts.join(originals, on="post_id", how="left")
        .with_columns(pl.coalesce("original", "post_id").alias("original"))
        .sort("created_at", "post_id", nulls_last=True)
        .unique("original", keep="first", maintain_order=True)
        .drop("original")
    )


def passage() -> pl.Expr:
    """What there is to read of a row of ``texts``: its title, where it opens a thread, and text."""
    return pl.concat_str("title", "text", separator="\n", ignore_nulls=True)


def words() -> pl.Expr:
    """What stands in a row of ``posts``: its title and its body."""
    return pl.concat_str("title", "body", separator="\n", ignore_nulls=True)


def single_spaced(text: pl.Expr) -> pl.Expr:
    """Text with one space wherever it has spaces or line breaks.

    What a sentence is found with in its post: it has spaces where a mail program broke it.
    """
    return text.str.replace_all(r"[^\S ]\s*| \s+", " ")  # a space alone is not written anew
