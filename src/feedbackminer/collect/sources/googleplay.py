"""Google Play: reviews of an app (``app.id``, or ``app.id/language/country``), the newest first.

What to ask and where each field stands in the answer, which Google moves now and then, is known to
google-play-scraper (the extra ``googleplay``). Its own requests are not used: they give up without
a word, wait without end, and do not check certificates. No secret.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from feedbackminer.collect.http.answers import Answer
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import Seen, as_rows, need, site
from feedbackminer.collect.sources.protocol import Page, Position, Window, moment
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import SourceSettings

PLAY = "https://play.google.com"
COUNT = 200  # reviews to ask for; Google may give fewer
NEWEST = 2
ASKED_ANEW = 4  # where a page holds nothing but what was given before
_CHANNEL = re.compile(r"[\w.]+(/[A-Za-z_-]{2,7}/[A-Za-z]{2})?")
Review = Mapping[str, Any]


class Reader:
    """Reads the reviews of apps on Google Play, and the developer's answers to them."""

    withheld = (
        "Google Play does not tell which reviews were deleted, dates an edited review by its edit, "
        "and shows the developer's late answers only to reviews that are read again; the names of "
        "reviewers are not unique"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:  # noqa: ARG002
        self.name, self.settings = name, settings
        need(settings.channels, name, "channels", 'channels = ["com.example.app/en/us"]')
        for channel in settings.channels:
            if not _CHANNEL.fullmatch(channel):
                raise SettingsError(
                    f"sources.{name}.channels: want an app such as 'com.example.app' or "
                    f"'com.example.app/en/us', got {channel!r}"
                )
        self.channels = settings.channels
        self.formats, self.answer, self.specs = _library()
        self.web = Web(site(name, settings, PLAY), {}, settings.private_network, limits)

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield reviews from the newest down to what was read before."""
        walk = position.get("walk", {})
        if walk and self._payload(self._asked(channel, walk["token"], lambda _: True)) is None:
            walk = {}  # Google does not know that place any more
        for begin in [walk, {}] if walk else [{}]:
            for page in self._walk(channel, position, begin, window):
                position = page.position
                yield page

    def deleted(self, native_ids: Sequence[str]) -> set[str]:  # noqa: ARG002
        """Return nothing: Google does not tell."""
        return set()

    def probe(self) -> str:
        """Read the newest reviews of each app."""
        counts = [f"{c}: {len(self._page(c, None)[0])} newest" for c in self.channels]
        return f"{', '.join(counts)} reviews (none: is the app's id right?)"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _walk(
        self, channel: str, position: Position, walk: Position, window: Window
    ) -> Iterator[Page]:
        """Read from the newest review, or from where a walk was cut off, down to the mark."""
        before = moment(position["mark"]) if position.get("mark") else None
        mark = max(filter(None, (before, window.since)), default=None)
        token, top = walk.get("token"), walk.get("top")
        seen, number = Seen(), 0

        while True:
            reviews, token = self._news(channel, token, seen)
            number += 1
            posts = [(review, False) for review in reviews]
            posts += [(review, True) for review in reviews if "replyContent" in review]
            rows = as_rows(posts, lambda s: self._row(s, channel), lambda s: self._ref(*s))

            latest = max((r["at"] for r in reviews if "at" in r), default=None)
            top = top or (latest and latest.isoformat())
            is_known = bool(mark and latest and latest <= mark)
            if not token or (is_known and number >= self.settings.overlap_pages):
                yield Page(rows, {"mark": top or position.get("mark")})
                return
            yield Page(rows, {**position, "walk": {"token": token, "top": top}})

    def _news(self, channel: str, token: str | None, seen: Seen) -> tuple[list[Review], str | None]:
        """Return a page; where Google repeats what it gave, and insists, its history ends."""
        for _ in range(ASKED_ANEW):
            reviews, following = self._page(channel, token)
            if seen.is_news(str(review.get("reviewId")) for review in reviews):
                return reviews, following
        return [], None

    def _page(self, channel: str, token: str | None) -> tuple[list[Review], str | None]:
        """Return reviews by the library's names for their fields, and the token of what follows."""
        answer = self._asked(channel, token, lambda a: self._payload(a) is not None)
        raw_reviews, *more = self._payload(answer) or [[]]
        following = more[0][-1] if more and isinstance(more[0], list) and more[0] else None
        reviews = [self._read(raw) for raw in raw_reviews or []]
        return reviews, following if isinstance(following, str) else None

    def _asked(self, channel: str, token: str | None, is_right: Callable[[Answer], bool]) -> Answer:
        app, language, country = _parts(channel)
        path = self.formats.build(lang=language, country=country).removeprefix(PLAY)
        body = self.formats.build_body(app, NEWEST, COUNT, "null", "null", token)
        return self.web.get(path, body=body, is_right=is_right)

    def _payload(self, answer: Answer) -> list[Any] | None:
        """Return what an answer holds; None: an error, which comes with status 200 as well."""
        try:
            envelope = json.loads(self.answer.findall(answer.text())[0])
            payload = json.loads(envelope[0][2])
        except (ValueError, TypeError, LookupError):
            return None
        return payload if isinstance(payload, list) else None

    def _read(self, raw: Any) -> Review:
        """Return the fields that a review has; the library gives its times as local ones."""
        values = {name: spec.extract_content(raw) for name, spec in self.specs.items()}
        times = {n: v.astimezone(UTC) for n, v in values.items() if isinstance(v, datetime)}
        return {name: value for name, value in (values | times).items() if value is not None}

    def _ref(self, review: Review, is_reply: bool) -> str:
        return f"{self.name}:{review['reviewId']}" + ("-reply" if is_reply else "")

    def _row(self, post: tuple[Review, bool], channel: str) -> dict[str, Any]:
        review, is_reply = post
        app, _, country = _parts(channel)
        native, at = review["reviewId"], review["at"]
        replied_at = review.get("repliedAt", at)
        shared = {"thread_id": native, "channel": channel, "country": country}
        shared["url"] = f"{PLAY}/store/apps/details?id={app}&reviewId={quote(native)}"

        if is_reply:
            return shared | {
                "post_id": f"{native}-reply",
                "parent_id": native,
                "author": app,
                "author_role": "staff",
                "created_at": review["repliedAt"],
                "body": review["replyContent"],
            }
        return shared | {
            "post_id": native,
            "author": _name(review.get("userName", "")),
            "created_at": min(at, replied_at),  # edited since, it was there before its answer
            "edited_at": at if at > replied_at else None,
            "body": review.get("content", ""),
            "rating": review["score"],
            "score": review.get("thumbsUpCount", 0),
            "app_version": review.get("appVersion"),
        }


def _parts(channel: str) -> tuple[str, str, str]:
    app, *locale = channel.split("/")
    language, country = locale or ("en", "us")
    return app, language, country


def _name(name: str) -> str | None:
    """Return who wrote a review; "A Google user", in whatever language, is nobody."""
    return None if "google" in name.casefold() else name


def _library() -> tuple[Any, re.Pattern[str], Mapping[str, Any]]:
    """Return how to ask, what in an answer is data, and where the fields of a review stand.

    Raises:
        SettingsError: the library is not installed.
    """
    checked = ssl._create_default_https_context
    try:
        from google_play_scraper.constants.element import ElementSpecs
        from google_play_scraper.constants.regex import Regex
        from google_play_scraper.constants.request import Formats
    except ImportError:
        raise SettingsError(
            "kind googleplay needs a library: pip install 'feedbackminer[googleplay]'"
        ) from None
    finally:  # it stops checking certificates in the whole process
        ssl._create_default_https_context = checked
    return Formats.Reviews, Regex.REVIEWS, ElementSpecs.Review
