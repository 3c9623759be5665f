"""A kind of claim is one row and one finder: nothing else has a list of kinds to extend."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from selectolax.lexbor import LexborHTMLParser as Html

from feedbackminer.digest.quotes import read_traits
from feedbackminer.digest.render import render_digest
from feedbackminer.digest.render.site import PAGES
from feedbackminer.digest.stage import build_digest
from feedbackminer.digest.views import ClaimView, Digest, Provenance
from feedbackminer.insight import stage as insight
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts
from feedbackminer.insight.measures import Estimate
from feedbackminer.insight.stage import mine_claims
from feedbackminer.settings.sections import DigestSettings, InsightSettings
from feedbackminer.tables import AlertLevels, Claims, Dropped
from feedbackminer.vocabulary.claims import CLAIM_KINDS, ClaimKind, Listing
from tests.support.builders import (
    aspects,
    assignments,
    day,
    events,
    key_points,
    matches,
    members,
    needs,
    posts,
    repeats,
    replies,
    sentences,
    tags,
    threads,
    topics,
    undecided,
)
from tests.support.command import ROOT

# Names that mean something else too: a level, a tag, what a sentence says, a forum, a total.
AMBIGUOUS = {"topic", "churn", "problem", "question", "request", "community", "unanswered"}
# The first page and the long view choose for themselves.
WITHOUT_LISTINGS = {"index.html", "history.html", "method.html", "search.html"}
PAGES_WITH_CLAIMS = sorted(set(PAGES) - WITHOUT_LISTINGS)
SENTENCE = "They say that Inkwell was sold to a printer."


def rumours(facts: Facts, _: InsightSettings) -> Iterator[Claim]:
    yield Claim(
        kind="rumour",
        key="sold",
        metric="members",
        headline="Three heard of a sale",
        posts=facts.posts,
        value=Estimate(3, 2, 4),
        subject="printer",
        since=facts.period.since,
        until=facts.period.until,
    )


def rumour(listing: Listing) -> ClaimKind:
    return ClaimKind(
        name="rumour",
        title="Hearsay",
        editions=("communications",),
        action="Deny it, or say when.",
        weight=2.0,
        wants=frozenset({"question"}),
        section="What they have heard",
        listings=(listing,),
    )


def mined_and_built() -> tuple[insight.Mined, Digest]:
    """Mine a community of three and build its digest."""
    ids = [f"p{i}" for i in range(3)]
    tables = {
        "posts": posts(
            *(
                {"post_id": i, "author_id": f"m{i}", "body": SENTENCE, "created_at": day(0)}
                for i in ids
            )
        ),
        "topics": topics(),
        "assignments": assignments(),
        "tags": tags(
            *({"post_id": i, "sentences": [SENTENCE], "sentence_kinds": ["question"]} for i in ids)
        ),
        "replies": replies(),
        "threads": threads(
            *({"thread_id": i, "is_question": True, "opened_at": day(0), "n_posts": 2} for i in ids)
        ),
        "members": members(*({"author_id": f"m{i}"} for i in ids)),
        "repeats": repeats(),
        "aspects": aspects(),
        "needs": needs(),
        "sentences": sentences(),
        "key_points": key_points(),
        "matches": matches(),
        "events": events(),
        **undecided(),
    }
    mined = mine_claims(tables, settings=InsightSettings())
    provenance = Provenance(
        run_id="r1",
        made_at=day(9),
        code_version="1",
        models={},
        versions={},
        settings={},
        accounts=[],
        seconds={},
        notices=[],
        heads={},
    )
    shown = {
        **tables,
        "shares": mined.shares,
        "claims": mined.claims,
        "periods": mined.periods,
        "alert_levels": AlertLevels.create_empty(),
        "dropped": Dropped.create_empty(),
    }
    return mined, build_digest(shown, settings=DigestSettings(), provenance=provenance)


@pytest.fixture
def with_rumours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insight, "FINDERS", (*insight.FINDERS, rumours))
    monkeypatch.setitem(CLAIM_KINDS, "rumour", rumour(Listing(page="people.html")))


@pytest.mark.usefixtures("with_rumours")
def test_a_new_kind_is_a_claim_with_what_its_row_says() -> None:
    (row,) = mined_and_built()[0].claims.filter(kind="rumour").to_dicts()
    assert (row["editions"], row["action"]) == (["communications"], "Deny it, or say when.")
    assert (row["rank_score"], row["subject"]) == (pytest.approx(2.0 * 2), "printer")


@pytest.mark.usefixtures("with_rumours")
def test_a_new_kind_has_its_section_in_markdown() -> None:
    text = render_digest(mined_and_built()[1])["digest.md"]
    section = text.partition("\n## What they have heard\n")[2].partition("\n## ")[0]
    assert section.startswith("\n- **Three heard of a sale**: 3 voices · 3 posts\n")
    assert f"> “{SENTENCE}”" in section


@pytest.mark.parametrize("page", PAGES_WITH_CLAIMS)
@pytest.mark.parametrize("heading", ["", "What they have heard"])
def test_a_new_kind_stands_on_the_page_that_its_row_names(
    page: str, heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insight, "FINDERS", (*insight.FINDERS, rumours))
    listing = Listing(page=page, heading=heading, intro="Not what they know.")
    monkeypatch.setitem(CLAIM_KINDS, "rumour", rumour(listing))
    page_of_kind = Html(render_digest(mined_and_built()[1])[page])
    (card,) = page_of_kind.css(".claim.rumour")
    assert [node.text() for node in card.css("h2, h3, .kind, blockquote p, .action")] == [
        "Hearsay",
        "Three heard of a sale",
        f"“{SENTENCE}”",
        "Deny it, or say when.",
    ]
    assert (heading in [node.text() for node in page_of_kind.css("h2")]) == bool(heading)
    assert "Not what they know." in [node.text() for node in page_of_kind.css("main > p")]


def test_every_row_names_pages_and_traits_that_there_are() -> None:
    kinds = CLAIM_KINDS.values()
    assert {listing.page for kind in kinds for listing in kind.listings} <= set(PAGES_WITH_CLAIMS)
    assert {trait for kind in kinds for trait in kind.traits} == {
        name for name, trait in read_traits().items() if not trait.always
    }
    templates = {listing.table for kind in kinds for listing in kind.listings} - {""}
    folder = ROOT / "src" / "feedbackminer" / "digest" / "templates"
    assert templates <= {path.name for path in folder.iterdir()}


def test_what_a_page_shows_of_a_claim_has_every_column_of_its_table() -> None:
    fields = list(ClaimView.__dataclass_fields__)
    assert set(fields) - {
        "quotes",
        "posts",
        "endings",
        "told",
        "waves",
        "is_experimental",
        "near",
        "answers",
        "n_new",
        "n_settled",
        "in_all",
    } == set(Claims.column_names())


@pytest.mark.parametrize("kind", sorted(set(CLAIM_KINDS) - AMBIGUOUS))
def test_no_kind_is_named_outside_its_row_and_its_finder(kind: str) -> None:
    literal = re.compile(rf"[\"']{kind}[\"']")
    source = ROOT / "src" / "feedbackminer"
    files = [path for path in source.rglob("*") if path.suffix in {".py", ".j2", ".toml"}]
    naming = {str(path.relative_to(source)) for path in files if literal.search(path.read_text())}
    assert "vocabulary/claims.py" in naming
    of_the_past = "project/upgrade.py"  # what a version before wrote does not change any more
    elsewhere = {name for name in naming if not name.startswith("insight/finders/")}
    assert elsewhere - {of_the_past} == {"vocabulary/claims.py"}
