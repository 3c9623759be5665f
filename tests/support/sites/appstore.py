"""Apple's feed of customer reviews, by JSON: ten pages of fifty, the newest first.

The app may come as the first entry, as it did for years; a single review is an object instead of a
list; no review, no ``entry``; a page comes back empty now and then; the eleventh is refused.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=-7)))
PATH = re.compile(r"/(\w\w)/rss/customerreviews/page=(\d+)/id=(\d+)/sortby=mostrecent/json")
APP = {"im:name": {"label": "Inkwren"}, "im:artist": {"label": "Inkwren Ltd"}, "id": {"label": "/"}}
Review = dict[str, Any]


class AppStore:
    """The store of one country with one app."""

    secret = ""

    def __init__(self, posts: int = 0, *, shows_app: bool = False) -> None:
        self.reviews: list[Review] = []  # the newest last
        self.written = 0
        self.shows_app = shows_app
        self.empty: list[int] = []  # pages that come back empty, once for each time in here
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        match = PATH.fullmatch(request.path)
        if not match:
            return Reply(b"<html><title>Not Found</title></html>", 404)
        number = int(match[2])
        if number > 10:
            return Reply(b"CustomerReviews RSS page depth is limited to 10", 400)
        is_known = (match[1], match[3]) == ("us", "1234567890")
        page = self.reviews[::-1][50 * (number - 1) : 50 * number] if is_known else []
        if number in self.empty:
            self.empty.remove(number)
            page = []
        entries = [APP, *page] if self.shows_app and number == 1 and page else page
        feed: dict[str, Any] = {
            "author": {"name": {"label": "iTunes Store"}},
            "title": {"label": "iTunes Store: Customer Reviews"},
            "updated": {"label": "2026-03-09T02:34:53-07:00"},
        }
        if entries:
            feed["entry"] = entries if len(entries) > 1 else entries[0]
        return Reply({"feed": feed}, 200, {"Content-Type": "text/javascript; charset=utf-8"})

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="appstore", url=url, channels=("us/1234567890",), private_network=True
        )

    def ids(self) -> set[str]:
        return {str(review["id"]["label"]) for review in self.reviews}

    def talk(self, count: int) -> None:
        for _ in range(count):
            n = self.written = self.written + 1
            self.reviews.append(
                {
                    "author": {
                        "uri": {"label": f"https://itunes.apple.com/us/reviews/id{n % 50}"},
                        "name": {"label": f"member {n % 50}"},
                        "label": "",
                    },
                    "updated": {"label": (START + timedelta(minutes=n)).isoformat()},
                    "im:rating": {"label": str(1 + n % 5)},
                    "im:version": {"label": f"3.{n % 4}.0"},
                    "id": {"label": str(6_290_024_000 + n)},
                    "title": {"label": f"Entry {n} & me"},
                    "content": {
                        "label": f"Entry {n} of my calendar\nis gone <3",
                        "attributes": {"type": "text"},
                    },
                    "link": {
                        "attributes": {
                            "rel": "related",
                            "href": "https://itunes.apple.com/us/review?id=1234567890&type=P",
                        }
                    },
                    "im:voteSum": {"label": str(n % 3)},
                    "im:voteCount": {"label": str(n % 4)},
                }
            )

    def edit(self) -> str:
        """An edited review is the newest again."""
        review = self.reviews.pop(-20)
        self.written += 1
        review["content"]["label"] += " (edited)"
        review["updated"]["label"] = (START + timedelta(minutes=self.written)).isoformat()
        self.reviews.append(review)
        return str(review["id"]["label"])

    def delete(self) -> str:
        """The feed does not tell."""
        return ""
