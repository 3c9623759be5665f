"""A digest as an issue of a tracker, prepared for a person; it is opened only where that is set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.channel import Parcel, refused
from feedbackminer.settings.sections import IssuesChannel

LABEL = "feedbackminer"
APIS = {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}
PER_PAGE, PAGES = 100, 100  # of issues that are looked through, newest first
_NEW = {  # where a person fills in an issue: site, page, title, body
    "github": ("https://github.com", "issues/new", "title", "body"),
    "gitlab": ("https://gitlab.com", "-/issues/new", "issue[title]", "issue[description]"),
}


class Issues:
    """Opens an issue for each part, or tells the link that fills one in.

    An issue holds a mark of its delivery, so that one which is there is found and not doubled.

    Args:
        settings: of the channel.
        secret: a token that may open issues.
    Raises:
        SettingsError: an issue is to be opened, and there is no token.
    """

    is_repeatable = True
    place = ""

    def __init__(self, settings: IssuesChannel, secret: str) -> None:
        if settings.send and not secret:
            raise SettingsError("send = true wants a token, which is the secret of the channel")
        self._settings, self._secret = settings, secret
        self.recipients: Sequence[str] = ("",) if settings.send else ()

    def preview(self, parcel: Parcel) -> str:
        """Say what would be opened where, with a link that fills it in."""
        settings = self._settings
        where = f"an issue in {settings.tracker}: {settings.repository}: {parcel.title}"
        return where if settings.send else f"{where}; to be opened by hand: {self._link(parcel)}"

    def send(self, parcel: Parcel, recipient: str, token: str, thread: str = "") -> str:  # noqa: ARG002
        """Open an issue, unless it is there; what goes on with one is a comment on it.

        Raises:
            DeliveryError: the tracker refused, or did not answer.
        """
        marks = [f"<!-- feedbackminer: {one} -->" for one in (token, thread) if one]
        text = "\n\n".join((_body(parcel), *marks))
        with self._client() as client:
            for issue in self._issues(client, parcel.since):
                if marks[0] in self._text_of(issue):
                    return "was there"
                if thread and marks[1] in self._text_of(issue):
                    return self._comment(client, issue, text, marks[0])
            self._asked(client, "POST", json=self._issue(parcel.title, text))
        return "opened"

    def _comment(self, client: httpx.Client, issue: Mapping[str, Any], text: str, mark: str) -> str:
        """Add a comment to an issue, unless it is there, and open it again where it is closed."""
        is_github = self._settings.tracker == "github"
        path = f"/{issue['number' if is_github else 'iid']}"
        comments = f"{path}/comments" if is_github else f"{path}/notes"
        if any(mark in str(one.get("body")) for one in self._all(client, comments)):
            return "was there"
        if issue["state"] == "closed" and is_github:
            self._asked(client, "PATCH", path, json={"state": "open"})
        elif issue["state"] == "closed":
            self._asked(client, "PUT", path, json={"state_event": "reopen"})
        self._asked(client, "POST", comments, json={"body": text})
        return "added as a comment"

    def _link(self, parcel: Parcel) -> str:
        settings = self._settings
        site, page, title, body = _NEW[settings.tracker]
        query = urlencode({title: parcel.title, body: _body(parcel)})
        return f"{_site(settings.url) or site}/{settings.repository}/{page}?{query}"

    def _client(self) -> httpx.Client:
        is_github = self._settings.tracker == "github"
        headers = (
            {"Authorization": f"Bearer {self._secret}", "Accept": "application/vnd.github+json"}
            if is_github
            else {"PRIVATE-TOKEN": self._secret}
        )
        return httpx.Client(headers=headers, timeout=self._settings.timeout)

    @property
    def _path(self) -> str:
        settings = self._settings
        base = (settings.url or APIS[settings.tracker]).rstrip("/")
        if settings.tracker == "github":
            return f"{base}/repos/{settings.repository}/issues"
        return f"{base}/projects/{quote(settings.repository, safe='')}/issues"

    def _issue(self, title: str, text: str) -> dict[str, Any]:
        if self._settings.tracker == "github":
            return {"title": title, "body": text, "labels": [LABEL]}
        return {"title": title, "description": text, "labels": LABEL}

    def _text_of(self, issue: Mapping[str, Any]) -> str:
        name = "body" if self._settings.tracker == "github" else "description"
        return str(issue.get(name) or "")

    def _issues(self, client: httpx.Client, since: datetime | None) -> Iterator[Mapping[str, Any]]:
        """Yield the issues since a moment, whoever labelled or closed them meanwhile."""
        begin = "since" if self._settings.tracker == "github" else "created_after"
        moment = {begin: f"{since:%Y-%m-%dT%H:%M:%SZ}"} if since else {}
        yield from self._all(client, state="all", **moment)

    def _all(
        self, client: httpx.Client, path: str = "", **wanted: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield all that there is at a path below the issues.

        Raises:
            DeliveryError: there is no end of them, so nobody knows whether ours is among them.
        """
        query = httpx.QueryParams({**wanted, "per_page": PER_PAGE})
        for _ in range(PAGES):
            answer = self._asked(client, "GET", path, params=query)
            yield from _content(answer)
            if "next" not in answer.links:
                return
            # Its query alone: the token goes to no other address.
            query = httpx.URL(answer.links["next"]["url"]).params
        raise DeliveryError(
            "the tracker has more issues since the digest than can be looked through; "
            "open this one by hand, without send = true"
        )

    def _asked(
        self, client: httpx.Client, method: str, path: str = "", **content: Any
    ) -> httpx.Response:
        try:
            answer = client.request(method, f"{self._path}{path}", **content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise DeliveryError(
                f"the tracker cannot be reached ({type(error).__name__})", may_pass=True,
                is_whole=True,
            ) from None  # fmt: skip
        except httpx.HTTPError as error:
            why = f"the tracker did not answer ({type(error).__name__})"
            raise DeliveryError(why, may_be_out=method != "GET") from None
        code = answer.status_code
        if not answer.is_success and method == "GET":
            why = f"the tracker refused to tell its issues ({code})"
            raise DeliveryError(why, may_pass=code == 429 or code >= 500)
        if not answer.is_success:
            raise refused("the tracker", code)
        return answer


def _content(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise DeliveryError("the tracker answered with something else than JSON") from None


def _site(api: str) -> str:
    """Return the site of an API: both have it in ``/api/v…`` of their own, or at ``api.…``."""
    parts = urlsplit(api)
    path = re.sub(r"/api(/v\d+)?/?$", "", parts.path)
    is_apart = path == parts.path and parts.netloc.startswith("api.")
    netloc = parts.netloc.removeprefix("api.") if is_apart else parts.netloc
    return parts._replace(netloc=netloc, path=path.rstrip("/")).geturl()


def _body(parcel: Parcel) -> str:
    """Return title and statements as Markdown; they hold no markup of members."""
    return "\n\n".join(filter(None, (*parcel.lines, parcel.link)))
