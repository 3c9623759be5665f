"""Google Play's reviews, as its own pages ask for them: a call in a form, JSON inside of JSON.

Errors come with status 200 and no payload; a page may hold less than was asked for; an edited
review is the newest again; nothing tells what was deleted.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
MOST = 40  # of a page, however many are asked for
Review = list[Any]


class GooglePlay:
    """The store with one app, to whose reviews the developer answers now and then."""

    secret = ""

    def __init__(self, posts: int = 0) -> None:
        self.reviews: list[Review] = []  # the newest last
        self.written = 0
        self.errors = 0  # that come first
        self.tokens: dict[str, int] = {}  # -> the written number of the last review before
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        if request.path != "/_/PlayStoreUi/data/batchexecute" or request.method != "POST":
            return Reply(b"<html><title>Not Found</title></html>", 404)
        asked = json.loads(parse_qs(request.body.decode())["f.req"][0])[0][0]
        if self.errors:
            self.errors -= 1
            return _envelope(asked, None)
        (_, (_, sort, (count, *more), *_), (app, _)) = json.loads(asked[1])
        assert (asked[0], sort) == ("oCPfdb", 2)
        token = more[1] if more else None
        if token and token not in self.tokens:
            return _envelope(asked, None)
        if app != "com.inkwren.app" or request.get("gl") != "us":
            return _envelope(asked, [])
        return _envelope(asked, self._page(min(count, MOST), self.tokens.get(token or "")))

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="googleplay", url=url, channels=("com.inkwren.app/en/us",), private_network=True
        )

    def ids(self) -> set[str]:
        return {r[0] for r in self.reviews} | {f"{r[0]}-reply" for r in self.reviews if r[7]}

    def talk(self, count: int) -> None:
        """Three reviews, the last one answered: four posts."""
        for _ in range(count):
            self.written += 1
            if self.written % 4 == 0:
                self.reply(self.reviews[-1])
                continue
            n = self.written
            self.reviews.append(
                [
                    f"{n:08x}-5eed-4a11-beef-000000000000",
                    [f"Member {n % 50}" if n % 9 else "A Google user", [None, 2, None, [None]]],
                    1 + n % 5,
                    None,
                    f"Entry {n} of my calendar\nis gone <3",
                    self._now(),
                    n % 3,
                    None,
                    None,
                    None,
                    f"3.{n % 4}.0" if n % 5 else None,
                ]
            )

    def reply(self, review: Review) -> None:
        review[7] = ["Inkwren Ltd", "Sorry! Please write to our support.", self._now()]

    def edit(self) -> str:
        """An edited review is the newest again."""
        review = self.reviews.pop(-20)
        self.written += 1
        review[4], review[5] = review[4] + " (edited)", self._now()
        self.reviews.append(review)
        return str(review[0])

    def delete(self) -> str:
        """Google does not tell."""
        return ""

    def _page(self, count: int, below: int | None) -> Any:
        older = [r for r in self.reviews[::-1] if below is None or r[5][0] < below]
        page = older[:count]
        if len(older) <= count:
            return [page] if page else []
        token = f"CsE{len(self.tokens)}"
        self.tokens[token] = page[-1][5][0]
        return [page, [None, token], [4]]

    def _now(self) -> list[int]:
        return [int((START + timedelta(minutes=self.written)).timestamp()), 519_000_000]


def _envelope(asked: list[Any], payload: Any) -> Reply:
    inner = None if payload is None else json.dumps(payload)
    error = [13, None, [["type.googleapis.com/com.google.play.gateway.proto.PlayGatewayError"]]]
    call = ["wrb.fr", asked[0], inner, None, None, error if inner is None else None, asked[3]]
    text = ")]}'\n\n" + json.dumps([call, ["di", 31], ["af.httprm", 31, "5", 22]])
    return Reply(text.encode(), 200, {"Content-Type": "application/json; charset=utf-8"})
