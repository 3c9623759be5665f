"""Made-up communities behind the interfaces of real platforms, one module per kind of source."""

from tests.support.sites.appstore import AppStore
from tests.support.sites.bluesky import Bluesky
from tests.support.sites.discourse import Discourse
from tests.support.sites.github import GitHub
from tests.support.sites.googleplay import GooglePlay
from tests.support.sites.hackernews import HackerNews
from tests.support.sites.lemmy import Lemmy
from tests.support.sites.mastodon import Mastodon
from tests.support.sites.reddit import Reddit
from tests.support.sites.rss import Feed
from tests.support.sites.serving import Site
from tests.support.sites.stackexchange import StackExchange

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
