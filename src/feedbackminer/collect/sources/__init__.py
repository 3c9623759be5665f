"""Places where a community talks: one module per kind of source, each with a class ``Reader``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from feedbackminer.errors import SettingsError

if TYPE_CHECKING:
    from feedbackminer.collect.http.client import Limits
    from feedbackminer.collect.sources.protocol import Source
    from feedbackminer.settings.sections import SourceSettings

FILES = "files"  # not read by a Reader, but as `feedbackminer import` does

# kind -> what it reads; the module of that name holds the class Reader.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        FILES: "Exports of any kind: `url` is a path, or a pattern such as `/exports/*.jsonl.gz`",
        "appstore": "App Store: reviews; channels are `country/app-id`, such as `us/1234567890`",
        "bluesky": "Bluesky's search: channels are `#hashtags`, `@handles` (mentions) or words",
        "discourse": "A Discourse forum: `url`; channels are categories; a key is optional",
        "github": "GitHub issues and discussions: channels are `owner/repository`; needs a token",
        "googleplay": "Google Play: reviews; channels are `app.id` or `app.id/language/country`",
        "mastodon": "Mastodon: channels are `#hashtags` and `@account` (mentions; needs a token)",
        "rss": "An RSS or Atom feed: `url`; several feeds are channels",
        "reddit": "Reddit: channels are subreddits; needs an app",
        "hackernews": "Hacker News: `query` is what to search for; channels are tags of the search",
        "stackexchange": "Stack Exchange: `query` is the site, channels are its tags",
        "lemmy": "Lemmy: channels are communities of the instance at `url`",
    }
)


def open_source(
    name: str, settings: SourceSettings, secret: str = "", limits: Limits | None = None
) -> Source:
    """Return the reader of a configured source; nothing is asked of it yet.

    Raises:
        SettingsError: there is no such kind, or a setting that the kind needs is missing.
    """
    from feedbackminer.collect.http.client import Limits

    if settings.kind not in KINDS or settings.kind == FILES:
        raise SettingsError(
            f"sources.{name}.kind: no kind {settings.kind!r}; want one of {', '.join(KINDS)}"
        )
    module = import_module(f"feedbackminer.collect.sources.{settings.kind}")
    reader: Source = module.Reader(name, settings, secret, limits or Limits())
    return reader
