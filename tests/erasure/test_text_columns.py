"""Every column of text is either marked for the erasure or harmless, with a reason."""

from __future__ import annotations

import polars as pl

from feedbackminer.erasure.tables import COUNTED, OF_OTHERS, OF_POSTS, OF_TOPICS, text_columns
from feedbackminer.steps.mining import INSIGHT, SIGNALS
from feedbackminer.tables import TABLES

# Why a column needs no cleaning -> its name, or table.name where only that one is meant.
HARMLESS = {
    "an id: rows of erased posts go, and what still names them is renamed or emptied": {
        *("post_id", "thread_id", "parent_id", "author_id", "first_id", "copy_of", "opener_id"),
        *("opener_post_id", "representatives", "evidence", "went_well", "dropped.ref"),
        *("quoted_from", "dropped.other_ref", "wave_id", "example_id"),
        *("answers", "answers_author", "best_answer"),
    },
    "an id or a version that we made, of no post": {
        *(
            "topic_id",
            "key_point_id",
            "near",
            "subtopic_id",
            "found_id",
            "from_id",
            "to_id",
            "run_id",
            "parent_run",
            "claim_id",
            "alert_id",
            "insight_id",
        ),
        *("event_id", "seal", "corrections.parts", "fitted_as", "fitted_in", "born_in"),
        *("fingerprint", "settings_hash", "code_version", "encoder", "tagger"),
    },
    "a hash, made anew or taken out where its text changed": {"content_hash", "read_as"},
    "a hash of names of models": {"alert_checks.read_by"},
    "somebody of the team, who said so": {"alerts.owner", "alert_log.by"},
    "a word of our vocabulary, or a language": {
        *("language", "stage", "reason", "check", "kinds", "kind", "sentence_kinds", "unsure"),
        *("kind_statuses", "sentence_statuses"),
        *("metric", "editions", "claims.action"),
    },
    "the name of a component: it is counted over many posts": {"aspect"},
    "the name of a source or of one of its channels": {"source", "cursors.channel"},
    "a row that names an erased post goes as a whole": {"cursors.position"},
    "we wrote every word": {
        *("cursors.withheld", "audit.subject", "audit.detail"),
        *("deliveries.digest", "deliveries.detail", "alerts.why"),
    },
    "the seal of an address, which no post has": {"deliveries.recipient"},
    "the name of a channel in the settings, of a part of a digest, or of a folder": {
        *("deliveries.channel", "deliveries.edition", "deliveries.place"),
    },
    "the name of a release, or of another event: no word of a member": {"events.name"},
    "a length that we name: week, month, all": {"periods.name"},
    "JSON of names that are ours, with numbers": {
        *("runs.dropped", "runs.models", "runs.reads", "runs.writes"),
    },
}


def columns_of_text() -> list[tuple[str, str]]:
    return [
        (name, column)
        for name, schema in TABLES.items()
        for column, dtype in schema.create_empty().schema.items()
        if dtype in (pl.String(), pl.List(pl.String()))
    ]


def test_every_column_of_text_is_marked_or_harmless_with_a_reason() -> None:
    harmless = set().union(*HARMLESS.values())
    left = [
        f"{name}.{column}"
        for name, column in columns_of_text()
        if column not in text_columns(TABLES[name]) and not {column, f"{name}.{column}"} & harmless
    ]
    assert left == []


def test_no_reason_is_given_for_a_column_that_is_marked_or_not_there() -> None:
    unmarked = {
        spelling
        for name, column in columns_of_text()
        if column not in text_columns(TABLES[name])
        for spelling in (column, f"{name}.{column}")
    }
    assert set().union(*HARMLESS.values()) - unmarked == set()


def test_what_is_counted_anew_is_all_that_counts() -> None:
    assert {*COUNTED} == {*SIGNALS.writes, *INSIGHT.writes}


def test_every_marked_table_is_cleaned_in_one_way() -> None:
    ways = [OF_OTHERS, {name for name, texts in OF_POSTS.items() if texts}, OF_TOPICS]
    ways.append({name for name in COUNTED if text_columns(TABLES[name])})
    marked = [name for name, schema in TABLES.items() if text_columns(schema)]
    assert sorted(name for way in ways for name in way) == sorted(marked)
