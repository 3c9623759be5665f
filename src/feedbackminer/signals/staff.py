"""Accounts that look like staff by what they do: a question to whoever knows, never an answer.

Members who help are many. What sets those who make the product apart is that they speak for it:
they announce, promise, take reports and apologise.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

ANSWERED = 20  # threads of others, at least: staff answers, and an export shows much of it
OPENED = 0.125  # threads opened for each one answered, at most: members ask as well
TEAM_POSTS = 3  # that speak for the makers, at least: once or twice anybody may sound so
TEAM_SHARE = 0.004  # of all posts, at least: in thousands of posts anybody sounds so thrice
LISTED = 10  # a list that is read to its end

_DOES = (
    "fix|correct|release|ship|publish|announce|roll out|add|include|support|bring|improve|update|"
    "look into|investigate|address"
)
_DID = "fixed|corrected|released|shipped|published|launched|rolled out|deployed|pushed|added"
_DOING = "aware|sorry|looking into|investigating|working on|testing|releasing|rolling out"
_HANDLED = "filed|logged|raised|passed|forwarded|escalated|noted|merged|committed|pushed|released"
_OWN = (
    "teams?|developers?|engineers?|roadmap|servers?|customers|docs|documentation|website|shop|"
    "store|repo|repository|side|end"
)
_MAKER = "developers?|authors?|maintainers?|founders?|makers?"
_SPEAKS_FOR_MAKERS = "|".join(
    (
        rf"\bwe(?:'ll| will| are going to|'re going to| plan to| hope to)(?: \w+)? (?:{_DOES})\b",
        rf"\bwe(?:'ve| have)?(?: just| now| already| finally| also)? (?:{_DID})\b",
        rf"\bwe(?:'re| are)(?: \w+)? (?:{_DOING})\b",
        r"\bwe can(?:'t|not)? reproduce\b|\bwe(?:'ve| have) had reports\b",
        rf"\bour (?:\w+ )?(?:{_OWN})\b|\bon behalf of\b",
        rf"\bi(?:'ve| have)(?: just| now| also)? (?:{_HANDLED}|opened a ticket)\b",
        rf"\blogged as a bug\b|\bi(?:'m| am) (?:one of )?the (?:\w+ )?(?:{_MAKER})\b",
        r"\bi work (?:at|for)\b|\bi(?:'m| am) (?:\w+ )?(?:from|with|on) the \w+ team\b",
        r"\b(?:fix|patch|update)(?: \w+){0,4} (?:is|will be|comes|ships|goes) (?:in|out|live)\b",
        r"\bwill be (?:fixed|available|out|included|released|live)\b",
        r"\bfixed in (?:the next|version|release|v?\d)",
        r"\b(?:write to|contact|e-?mail) (?:us|support)\b",
        r"\bsorry for the (?:\w+ )?(?:trouble|inconvenience|delay|confusion)\b",
    )
)
_QUOTED = r"(?s:\[quote.*?\[/quote\])|(?m:^>.*$)"  # what somebody else said

_DESKS = ("support", "team", "staff", "official", "admin", "help", "helpdesk", "hq", "dev", "app")


def speaks_for_makers() -> pl.Expr:
    """Return whether a post sounds like those who make the product."""
    words = pl.col("body").str.replace_all(_QUOTED, "").str.replace_all("’", "'", literal=True)
    return words.str.contains(f"(?i){_SPEAKS_FOR_MAKERS}")


def official_names(product: str) -> set[str]:
    """Return what an account of the makers may be called: the product, a desk, or both."""
    words = product.split()
    names = {joiner.join(words) for joiner in ("", " ", "_", "-", ".")} - {""}
    both = {
        f"{one}{joiner}{other}"
        for name in names
        for desk in _DESKS
        for one, other in ((name, desk), (desk, name))
        for joiner in ("", " ", "_", "-", ".")
    }
    return names | both | {"support", "team", "staff", "official", "admin", "helpdesk"}


def find_like_staff(members: pl.DataFrame, official: Collection[str] = ()) -> pl.DataFrame:
    """Return members who look like staff, with the most evidence first.

    Args:
        members: the ``members`` table.
        official: pseudonyms of accounts that are called like the product or a desk.
    Returns:
        at most ``LISTED`` rows of ``members``, with ``is_named``.
    """
    answered, team = pl.col("n_threads_answered"), pl.col("n_team_posts")
    opened = pl.col("n_threads_opened")
    helps = (answered >= ANSWERED) & (opened <= OPENED * answered)
    is_desk = pl.col("is_named") & (answered > 0) & (opened <= answered)
    speaks = (team >= TEAM_POSTS) & (team >= TEAM_SHARE * pl.col("n_posts"))
    return (
        members.filter(pl.col("role").cast(pl.String) == "member")
        .with_columns(is_named=pl.col("author_id").is_in(list(official)))
        .filter(is_desk | (helps & speaks))
        .sort(
            "is_named", "n_team_posts", "n_threads_answered", "author_id",
            descending=[True, True, True, False],
        )
        .head(LISTED)
    )  # fmt: skip
