"""Reddit: submissions and comments of subreddits.

Both are listed with the newest first, a thousand of each at most, so a reading that was cut off
begins again at the top. Ids are those with a kind (``t3_1abc``), for the bare ones of comments and
submissions may be the same. The secret is ``CLIENT_ID:CLIENT_SECRET`` of a "script" app.
https://www.reddit.com/dev/api
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.answers import Answer
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.records import DELETED_MARKS
from feedbackminer.collect.sources.helpers import as_rows, need, site
from feedbackminer.collect.sources.newest_first import Item, Listed, Newest, whole_of
from feedbackminer.collect.sources.protocol import Page, Position, Window
from feedbackminer.errors import SettingsError
from feedbackminer.privacy.secrets import SECRET_PREFIX
from feedbackminer.settings.sections import SourceSettings

PAGE = 100  # the most that an answer holds
LONGEST = 1000  # items of a list, of which deleted ones are not shown
LISTS = ("new", "comments")
STAFF = {"moderator", "admin"}
WITHHELD = (
    "Reddit gives the newest thousand submissions and the newest thousand comments of a subreddit; "
    "edits and deletions are seen among the newest hundred of each"
)


class Reader:
    """Reads subreddits; the secret is ``CLIENT_ID:CLIENT_SECRET``."""

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings, self.secret, self.limits = name, settings, secret, limits
        self.base = site(name, settings, "https://oauth.reddit.com")
        need(settings.channels, name, "channels", 'channels = ["inkwren"]')
        self.channels = tuple(c.strip("/").removeprefix("r/") for c in settings.channels)
        if not all(secret.partition(":")):
            raise SettingsError(
                f"sources.{name}: Reddit is read by a registered app; set "
                f"{SECRET_PREFIX}{name.upper()} to CLIENT_ID:CLIENT_SECRET"
            )
        self.withheld = WITHHELD

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield a hundred submissions, then comments, at a time, down to what was read before."""
        overlap = PAGE * self.settings.overlap_pages
        kept, down_to = dict(position), []
        for part in LISTS:
            ask = partial(self._list, channel, part)
            listed = Newest(ask, _moment, overlap, window.since, LONGEST)
            before = {k: v for k, v in kept.get(part, {}).items() if k == "newest"}
            for stretch in listed.read(before):
                kept[part] = stretch.position
                if stretch.missed:
                    kept["missed"] = [*kept.get("missed", []), [part, *stretch.missed]]
                yield Page(self._rows(channel, stretch.items), dict(kept))
            down_to.append(stretch.down_to)
        missed = kept.get("missed", [])
        self.withheld += "".join(_missed_notice(channel, *span) for span in missed)
        yield Page([], kept, [whole_of(channel, *down_to)])

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Look posts up, many at a time; deleted ones are shown without their text."""
        things: list[Item] = []
        for start in range(0, len(native_ids), PAGE):
            asked = ",".join(native_ids[start : start + PAGE])
            things += self._ask("api/info", {"id": asked})[0]
        return {t.get("name", "") for t in things if _is_deleted(t)} & set(native_ids)

    def probe(self) -> str:
        """Read the newest submissions of the first subreddit."""
        channel = self.channels[0]
        newest, _ = self._list(channel, "new", None)
        return f"{self.base}: {len(newest)} newest submissions of r/{channel} can be read"

    def close(self) -> None:
        """Close the connections."""
        if "web" in self.__dict__:
            self.web.close()

    @cached_property
    def web(self) -> Web:
        """The connection, once there is a token; it is valid for a day."""
        basic = base64.b64encode(self.secret.encode()).decode()
        login, is_private = self.base.replace("://oauth.", "://www."), self.settings.private_network
        with Web(login, {"Authorization": f"Basic {basic}"}, is_private, self.limits) as web:
            asked = b"grant_type=client_credentials"
            answer = web.get("api/v1/access_token", body=asked, is_right=_holds_token)
        headers = {"Authorization": f"Bearer {json.loads(answer.body)['access_token']}"}
        return Web(self.base, headers, is_private, self.limits)

    def _list(self, channel: str, part: str, after: str | None) -> Listed:
        return self._ask(f"r/{channel}/{part}", {"after": after, "limit": PAGE})

    def _ask(self, path: str, params: dict[str, Any]) -> Listed:
        # Without raw_json, Reddit escapes &, < and > in all texts.
        listing = self.web.json(path, {**params, "raw_json": 1}, is_right=_is_listing)["data"]
        return [child["data"] for child in listing["children"]], listing.get("after")

    def _rows(self, channel: str, things: Sequence[Item]) -> list[Row | BadRow]:
        return as_rows(
            things, lambda t: self._row(channel, t), lambda t: f"{self.name}:{t['name']}"
        )

    def _row(self, channel: str, thing: Item) -> dict[str, Any]:
        is_comment = thing["name"].startswith("t1_")
        return {
            "post_id": thing["name"],
            "thread_id": thing["link_id"] if is_comment else thing["name"],
            "parent_id": thing.get("parent_id") if is_comment else None,
            "author": thing.get("author"),
            "author_role": "staff" if thing.get("distinguished") in STAFF else None,
            "created_at": thing.get("created_utc"),
            "edited_at": thing.get("edited") or None,
            "title": None if is_comment else thing.get("title"),
            "body": thing["body"] if is_comment else thing["selftext"],
            "url": f"https://www.reddit.com{path}" if (path := thing.get("permalink")) else None,
            "score": thing.get("score"),
            "channel": channel,
        }


def _moment(thing: Item) -> float | None:
    made = thing.get("created_utc")
    return float(made) if isinstance(made, int | float) else None


def _is_deleted(thing: Item) -> bool:
    text = thing.get("body", thing.get("selftext"))
    return text in DELETED_MARKS or bool(thing.get("removed_by_category"))


def _missed_notice(channel: str, part: str, after: float, before: float) -> str:
    first, last = (f"{datetime.fromtimestamp(s, UTC):%Y-%m-%d %H:%M}" for s in (after, before))
    what = "submissions" if part == "new" else "comments"
    return f"; r/{channel} had more {what} from {first} to {last} than it gave: collect more often"


def _holds_token(answer: Answer) -> bool:
    try:
        data = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(data, dict) and isinstance(data.get("access_token"), str)


def _is_listing(answer: Any) -> bool:
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    return isinstance(children, list) and all(
        isinstance(child, dict) and isinstance(child.get("data"), dict) for child in children
    )
