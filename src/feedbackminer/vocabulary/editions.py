"""The editions: the digest as one department reads it. Numbers are the same in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

EditionName = Literal["product", "support", "marketing", "communications", "leadership"]
PartName = Literal[EditionName, "whole"]  # what of a digest is delivered at once
PARTS: tuple[PartName, ...] = get_args(PartName)
WHOLE: PartName = "whole"


@dataclass(frozen=True, kw_only=True)
class Edition:
    """Who reads it, and what they want to know.

    Attributes:
        lists_unanswered: the newest questions without an answer stand in it.
        lists_advocates: members to thank stand on its page; what is sent names none.
        lists_decided: what was done about what was said before stands in it.
        is_brief: beside the things to know, it holds only what it is for.
    """

    name: EditionName
    title: str
    asks: str
    lists_unanswered: bool = False
    lists_advocates: bool = False
    lists_decided: bool = False
    is_brief: bool = False

    @property
    def page(self) -> str:
        """Return its page in the site."""
        return f"editions/{self.name}.html"

    @property
    def text(self) -> str:
        """Return the file of it in Markdown."""
        return f"editions/{self.name}.md"


EDITIONS: Mapping[str, Edition] = {
    edition.name: edition
    for edition in (
        Edition(
            name="product",
            title="Product",
            asks="What should we mend, and what should we build next?",
        ),
        Edition(
            name="support",
            title="Support",
            asks="Whom do we have to help today, and which answer is missing?",
            lists_unanswered=True,
            lists_decided=True,
        ),
        Edition(
            name="marketing",
            title="Marketing",
            asks="What do they come for, and what do they say of it in their own words?",
            lists_advocates=True,
        ),
        Edition(
            name="communications",
            title="Communications",
            asks="What is stirring, and what should we say something about?",
            lists_decided=True,
        ),
        Edition(
            name="leadership",
            title="Leadership",
            asks="How is our community, and what has to be decided?",
            is_brief=True,
            lists_decided=True,
        ),
    )
}
