"""Issue trackers against a local server: an issue is prepared, or opened once."""

from __future__ import annotations

from collections.abc import Iterator
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
BODY = {"github": "body", "gitlab": "description"}


class Tracker:
    """Keeps issues."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.status = 201

    def __call__(self, request: Request) -> Reply:
        self.paths.add(request.path)
        if request.method == "GET":
            assert request.get("labels") == "feedbackminer"
            return Reply(self.issues)
        if self.status == 201:
            self.issues.append(request.json())
        return Reply({}, self.status)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def served(tracker: Tracker) -> Iterator[Served]:
    with serve(tracker) as served:
        yield served


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
