"""Issue trackers against a local server: an issue is prepared, or opened once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from feedbackminer.digest.render.short import harmless
from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.issues import Issues
from feedbackminer.settings.sections import IssuesChannel
from tests.support.parcels import HOSTILE, parcel
from tests.support.sites.serving import Reply, Request, Served, serve
from tests.support.standing import free_port

TOKEN = "correct-horse"  # noqa: S105
PATHS = {"github": "/repos/ann/board/issues", "gitlab": "/projects/ann%2Fboard/issues"}
NOW = "2026-02-02T08:00:00Z"
BODY = {"github": "body", "gitlab": "description"}


class Tracker:
    """Keeps issues, and tells them newest first, page by page."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.status = 201
        self.tells = 200
        self.is_endless = False
        self.comments: list[str] = []

    def __call__(self, request: Request) -> Reply:
        if part := re.search(r"/issues/(\d+)(/comments|/notes)?$", request.path):
            return self.of_issue(request, self.issues[int(part[1])], has_comments=bool(part[2]))
        self.paths.add(request.path)
        if request.method == "GET":
            return self.listed(request) if self.tells == 200 else Reply({}, self.tells)
        if self.status == 201:
            number = len(self.issues)
            self.issues.append(
                request.json()
                | {"created_at": NOW, "number": number, "iid": number, "state": "open"}
            )
        return Reply({}, self.status)

    def of_issue(self, request: Request, issue: dict[str, Any], *, has_comments: bool) -> Reply:
        if not has_comments:
            asked = request.json()
            issue["state"] = {"reopen": "open"}.get(asked.get("state_event"), asked.get("state"))
        elif request.method == "GET":
            return Reply([{"body": comment} for comment in self.comments])
        elif self.status == 201:
            self.comments.append(request.json()["body"])
        return Reply({}, self.status)

    def listed(self, request: Request) -> Reply:
        since = request.get("since") or request.get("created_after")
        known = [issue for issue in reversed(self.issues) if issue["created_at"] >= since]
        size, first = int(request.get("per_page", "30")), int(request.get("after", "0"))
        more = {
            "Link": f'<https://elsewhere.example/?per_page={size}&after={first + size}>; rel="next"'
        }
        has_more = first + size < len(known) or self.is_endless
        return Reply(known[first : first + size], headers=more if has_more else {})


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def served(tracker: Tracker) -> Iterator[Served]:
    with serve(tracker) as served:
        yield served


@pytest.mark.parametrize("kind", PATHS)
def test_what_goes_on_with_an_issue_is_one_comment_on_it_and_opens_it_again(
    served: Served, tracker: Tracker, kind: str
) -> None:
    channel = issues(kind, url=served.url, send=True)
    assert channel.send(parcel(), "", "t1") == "opened"
    assert channel.send(parcel(), "", "other") == "opened"
    tracker.issues[0]["state"] = "closed"
    update = parcel(part="2", follows="1")
    assert channel.send(update, "", "t2", "t1") == "added as a comment"
    assert channel.send(update, "", "t2", "t1") == "was there"
    assert [issue["state"] for issue in tracker.issues] == ["open", "open"]
    assert len(tracker.comments) == 1
    assert "t2" in tracker.comments[0]


@pytest.mark.parametrize("kind", PATHS)
def test_what_goes_on_with_an_issue_that_is_no_more_opens_one(
    served: Served, tracker: Tracker, kind: str
) -> None:
    channel = issues(kind, url=served.url, send=True)
    assert channel.send(parcel(part="2", follows="1"), "", "t2", "t1") == "opened"
    assert channel.send(parcel(part="3", follows="1"), "", "t3", "t1") == "added as a comment"
    assert len(tracker.issues) == 1


def issues(kind: str, secret: str = TOKEN, **settings: Any) -> Issues:
    plain: dict[str, Any] = {"kind": "issues", "tracker": kind, "repository": "ann/board"}
    return Issues(IssuesChannel(**plain | settings), secret)


@pytest.mark.parametrize("kind", PATHS)
def test_an_issue_is_opened_once(served: Served, tracker: Tracker, kind: str) -> None:
    channel = issues(kind, url=served.url, send=True)
    assert channel.send(parcel(), "", "t0") == "opened"
    assert channel.send(parcel(), "", "t0") == "was there"
    assert channel.send(parcel(), "", "t1") == "opened"
    first, _ = tracker.issues
    assert first["title"] == parcel().title
    assert first[BODY[kind]].startswith("\n\n".join(parcel().lines))
    assert tracker.paths == {PATHS[kind]}


@pytest.mark.parametrize("kind", PATHS)
def test_an_issue_is_found_whatever_was_done_to_it_and_however_many_are_newer(
    served: Served, tracker: Tracker, kind: str
) -> None:
    channel = issues(kind, url=served.url, send=True)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    channel.send(parcel(since=since), "", "t0")
    (ours,) = tracker.issues
    ours |= {"labels": [], "title": "Renamed", "state": "closed"}
    tracker.issues += [{BODY[kind]: "Another.", "created_at": NOW}] * 700
    assert channel.send(parcel(since=since), "", "t0") == "was there"
    tracker.issues[:0] = [{BODY[kind]: None, "created_at": "2025-12-31T08:00:00Z"}] * 700
    served.reset()
    assert channel.send(parcel(since=since), "", "t0") == "was there"
    assert len(served.requests) == 8  # older ones are not asked for


def test_where_a_tracker_tells_of_issues_without_end_none_is_opened(
    served: Served, tracker: Tracker
) -> None:
    tracker.is_endless = True
    with pytest.raises(DeliveryError, match="more issues since the digest than can be looked"):
        issues("github", url=served.url, send=True).send(parcel(), "", "t0")
    assert tracker.issues == []


def test_an_answer_that_leaves_open_whether_it_was_opened_is_told_so(
    served: Served, tracker: Tracker
) -> None:
    tracker.status = 502
    with pytest.raises(DeliveryError, match=r"the tracker failed at it \(502\)") as caught:
        issues("gitlab", url=served.url, send=True).send(parcel(), "", "t0")
    assert caught.value.may_be_out


def test_where_a_tracker_tells_no_issues_none_is_opened(served: Served, tracker: Tracker) -> None:
    tracker.tells = 502
    with pytest.raises(DeliveryError, match=r"refused to tell its issues \(502\)") as caught:
        issues("gitlab", url=served.url, send=True).send(parcel(), "", "t0")
    assert (caught.value.may_pass, caught.value.may_be_out) == (True, False)
    assert tracker.issues == []


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("url", ["", "https://git.example/api/v4"])
def test_without_send_nobody_is_asked_and_a_link_fills_it_in(kind: str, url: str) -> None:
    channel = issues(kind, "", url=url)
    lines = [harmless(HOSTILE)]
    told = channel.preview(parcel(lines=lines))
    assert channel.recipients == ()
    assert "; to be opened by hand: https://" in told
    link = urlsplit(told.rpartition(" ")[2])
    assert link.netloc == ("git.example" if url else f"{kind}.com")
    title, body = parse_qs(link.query).values()
    assert title == [parcel().title]
    assert body == ["\n\n".join([*lines, parcel().link])]
    assert len(told) < 8_000


@pytest.mark.parametrize(
    ("kind", "url", "site"),
    [
        ("github", "https://api.github.com", "https://github.com/"),
        ("github", "https://api.inkwren.ghe.com/", "https://inkwren.ghe.com/"),
        ("github", "https://github.example/api/v3/", "https://github.example/"),
        ("gitlab", "https://apis.example/gitlab/api/v4", "https://apis.example/gitlab/"),
        ("gitlab", "https://api.example:8080/api/v4", "https://api.example:8080/"),
    ],
)
def test_the_link_leads_to_the_site_of_an_api_whatever_its_host_is_called(
    kind: str, url: str, site: str
) -> None:
    link = issues(kind, "", url=url).preview(parcel()).rpartition(" ")[2]
    assert link.startswith(f"{site}ann/board/")


def test_opening_wants_a_token_that_no_message_repeats(served: Served, tracker: Tracker) -> None:
    with pytest.raises(SettingsError, match="wants a token"):
        issues("github", "", send=True)
    tracker.status = 403
    with pytest.raises(DeliveryError) as caught:
        issues("github", url=served.url, send=True).send(parcel(), "", "t0")
    assert str(caught.value) == "the tracker refused it (403)"


def test_a_tracker_that_is_not_there_took_nothing() -> None:
    channel = issues("gitlab", url=f"http://127.0.0.1:{free_port()}", send=True)
    with pytest.raises(DeliveryError) as caught:
        channel.send(parcel(), "", "t0")
    assert caught.value.may_pass
    assert not caught.value.may_be_out
