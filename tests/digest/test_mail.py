"""A digest as mail: nothing is loaded, and what members wrote is only ever text."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser as Html

from feedbackminer.digest.render import mail
from feedbackminer.digest.views import Digest
from tests.digest.test_stage import HOSTILE, HOSTILE_LINKS, SAFE, community, digest, hostile, shape

LINK = "https://digests.example/inkwren"


def pages(built: Digest, link: str = LINK) -> list[Html]:
    return [Html(mail.render(built, view, link)) for view in (None, *built.editions)]


def addressed(pages: list[Html]) -> list[str]:
    """Return whereto links lead."""
    return [node.attributes["href"] or "" for page in pages for node in page.css("[href]")]


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 5_000, "שלום " * 40])
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    plain = digest(community(), notices=(SAFE,), product=SAFE)
    for page, harmless in zip(pages(hostile(text)), pages(plain), strict=True):
        assert shape(page) == shape(harmless)


def test_nothing_is_loaded() -> None:
    for page in pages(hostile(HOSTILE[2])):
        assert not page.css("link, script, img, iframe, object, form, table, [src]")
        assert "url(" not in (page.html or "")


def test_links_lead_into_the_site_where_there_is_one_and_to_posts() -> None:
    built = digest(community())
    addresses = addressed(pages(built))
    assert any(address.startswith(f"{LINK}/claims/") for address in addresses)
    assert all(address.startswith((LINK, "https://forum.example/")) for address in addresses)
    assert not [address for address in addressed(pages(built, link="")) if "claims/" in address]


@pytest.mark.parametrize("link", HOSTILE_LINKS)
def test_only_web_links_can_be_clicked(link: str) -> None:
    assert addressed(pages(digest(community(url=link)), link="")) == []
