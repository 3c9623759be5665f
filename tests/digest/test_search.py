"""What the search of a digest finds, and that its script is data whatever a community wrote."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import pytest

from feedbackminer.digest.render import render_digest
from feedbackminer.digest.render.anchors import anchor
from feedbackminer.digest.render.search import Entry, entries, script
from feedbackminer.digest.views import Digest
from tests.digest.test_stage import HOSTILE, SAFE, community, digest, hostile, nobody

# The SHA-256 of dist/umd/index.js in minisearch 7.2.0.
MINISEARCH = "03c27931eb603af1d3358579e9885eafdb6a2f5fa9929557b3e77d7e99d06d03"


def read(built: Digest) -> list[Entry]:
    """Return the entries that the script of a digest holds, read as JSON, which they are."""
    text = render_digest(built)["assets/search-entries.js"]
    return [Entry(*row) for row in json.loads(text.removeprefix("const ENTRIES = ").rstrip(";\n"))]


def test_every_statement_every_topic_and_every_quote_is_found_once() -> None:
    built = digest(community())
    found = read(built)
    assert found == entries(built)
    assert [entry.page for entry in found if entry.kind == "Problem"] == ["claims/problem-1.html"]
    assert [entry.page for entry in found if entry.kind == "Topic"] == ["topics/t001.html"]
    quoted = [(entry.page, entry.text) for entry in found if entry.kind == "Quote"]
    assert sorted(quoted) == sorted(
        {(f"quoted.html#{anchor(q.post_id)}", f"“{q.text}”") for _, q in built.quotes}
    )
    assert len(found) == len(built.claims) + len(built.topics) + len(quoted)


def test_every_entry_leads_to_a_page() -> None:
    rendered = render_digest(digest(community()))
    for entry in read(digest(community())):
        file, _, anchor = entry.page.partition("#")
        assert file in rendered
        assert not anchor or f'id="{anchor}"' in rendered[file]


@pytest.mark.parametrize("text", [*HOSTILE, "</script><script>", "a\u2028b\u2029c", "\\u003c\\"])
def test_no_text_ends_a_string_a_line_or_a_script(text: str) -> None:
    assert {entry.text for entry in read(hostile(text)) if entry.kind == "Topic"} == {text}
    written = script(entries(hostile(text)))
    harmless = script(entries(digest(community(), notices=(SAFE,), product=SAFE)))
    assert not set("<>&\u2028\u2029") & set(written)
    assert len(written.splitlines()) == len(harmless.splitlines())


def test_a_community_without_claims_has_a_search_that_finds_nothing() -> None:
    assert read(digest(nobody())) == []


def test_the_library_is_the_published_one_with_its_licence() -> None:
    assets = files("feedbackminer.digest").joinpath("assets")
    found = hashlib.sha256(assets.joinpath("minisearch.js").read_bytes()).hexdigest()
    assert found == MINISEARCH
    rendered = render_digest(digest(nobody()))
    assert "Permission is hereby granted" in rendered["assets/minisearch-licence.txt"]
