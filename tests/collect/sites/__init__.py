"""Made-up communities behind the interfaces of real platforms, one module per kind of source."""

from tests.collect.sites.appstore import AppStore
from tests.collect.sites.bluesky import Bluesky
from tests.collect.sites.discourse import Discourse
from tests.collect.sites.github import GitHub
from tests.collect.sites.googleplay import GooglePlay
from tests.collect.sites.hackernews import HackerNews
from tests.collect.sites.lemmy import Lemmy
from tests.collect.sites.mastodon import Mastodon
from tests.collect.sites.reddit import Reddit
from tests.collect.sites.rss import Feed
from tests.collect.sites.serving import Site
from tests.collect.sites.stackexchange import StackExchange

SITES: dict[str, type[Site]] = {
    "appstore": AppStore,
    "bluesky": Bluesky,
    "discourse": Discourse,
    "github": GitHub,
    "hackernews": HackerNews,
    "lemmy": Lemmy,
    "googleplay": GooglePlay,
    "mastodon": Mastodon,
    "reddit": Reddit,
    "rss": Feed,
    "stackexchange": StackExchange,
}
