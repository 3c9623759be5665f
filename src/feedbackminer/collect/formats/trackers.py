"""Posts of issue trackers and weblogs as their programs give them: GitHub, GitLab, Jira, WordPress.

Each function takes the values of one post and returns what they mean in our names, or nothing
where the post is of another platform. A comment's thread is its issue, whether it stands in the
issue or in a list of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.formats import objects
from feedbackminer.collect.formats.json_access import Values, columns_by_name, first, part

_GITHUB = re.compile(
    r"https?://[^/\s]{1,200}/(?:api/v3/)?(?:repos/)?([\w.-]{1,100}/[\w.-]{1,100})"
    r"/(?:issues|pull|pulls|discussions)/(\d{1,12})(?![\w/-])"
)
_GITLAB_ID = re.compile(r"gid://gitlab/\w{1,40}/(\d{1,20})")
_PINGS = {"pingback", "trackback"}
_NO = {"false", "0", "no"}


def in_our_names(values: Values) -> Values:
    """Return what a post's values mean in our names, on the platforms known here."""
    return next((ours for read in _PLATFORMS if (ours := read(values))), {})


def aside(values: Values) -> tuple[str, str] | None:
    """Return reason and detail where a comment is the program's, or for the team alone."""
    if values.get("system") is True:
        return "system_action", "a notice of the tracker, not a post"
    if values.get("kind") == "more" and "count" in part(values, "data"):
        return "not_in_export", "answers that the page names but does not hold"
    if fields.text(values.get("type")) in _PINGS and "author_name" in values:
        return "system_action", "a link from another site, not a comment"
    is_hidden = fields.text(values.get("jsdPublic")).lower() in _NO and "jsdPublic" in values
    marks = (values.get("internal"), values.get("confidential"))
    is_note = "noteable_type" in values and True in marks
    if is_hidden or is_note or ("body" in values and part(values, "visibility")):
        return "internal_note", "a note that only some can see"
    return None


def github(values: Values) -> Values:
    """GitHub's REST and GraphQL interfaces and its command line: an issue is owner/name#number."""
    issue = first(values, "issueurl", "pullrequesturl", "discussionurl")
    address = fields.text(first(values, "htmlurl", "url") or "")
    match = _GITHUB.match(fields.text(issue or address))
    if not match:
        return {}

    key = f"{match[1]}#{match[2]}"
    ours = {"thread_id": key, "channel": match[1]}
    if "number" in values:
        return ours | {"post_id": key}
    if issue is None and "#" not in address:
        return {}
    native, answered = (fields.identifier(first(values, n)) for n in ("id", "inreplytoid"))
    return ours | {
        "post_id": f"{key}-{native}" if native else None,
        "parent_id": f"{key}-{answered}" if answered else key,
    }


def gitlab(values: Values) -> Values:
    """GitLab: ids of issues and of merge requests are numbered apart."""
    if fields.identifier(values.get("noteable_id")) and _plain(values.get("id")):
        key = f"{fields.text(values.get('noteable_type'))}-{_plain(values['noteable_id'])}"
        return {"post_id": f"Note-{_plain(values.get('id'))}", "thread_id": key, "parent_id": key}
    native = _plain(first(values, "id", "iid"))
    if "iid" not in values or not native:
        return {}
    key = f"{'MergeRequest' if 'source_branch' in values else 'Issue'}-{native}"
    return {"post_id": key, "thread_id": key}


def _plain(native: Any) -> str:
    """Return an id of GitLab as its REST interface has it; GraphQL's are addresses."""
    number = _GITLAB_ID.match(fields.identifier(native))
    return number[1] if number else fields.identifier(native)


def jira(values: Values) -> Values:
    """Jira: an issue is known by its key, and shown below /browse."""
    columns = columns_by_name(values)
    if not ({"key", "summary"} <= columns.keys() and {"issuetype", "project"} & columns.keys()):
        return {}
    key, project = fields.identifier(values[columns["key"]]), part(values, "project")
    if not key:
        return {}
    server, is_api, _ = fields.text(values.get("self")).partition("/rest/api/")
    return {
        "post_id": key,
        "thread_id": key,
        "title": objects.field_value("title", values[columns["summary"]]),
        "channel": objects.field_value("channel", project),
        "url": f"{server}/browse/{key}" if is_api else None,
    }


def wordpress(values: Values) -> Values:
    """WordPress: comments belong to a numbered page, and have names where nobody logged in."""
    page = fields.identifier(values.get("post"))
    if not ({"parent", "author_name"} <= values.keys() and page.isdecimal()):
        return {}
    parent = fields.identifier(values["parent"])
    return {
        "thread_id": f"post-{page}",
        "parent_id": None if parent in ("", "0") else parent,
        "author": fields.text(values["author_name"]) or values.get("author") or None,
    }


_PLATFORMS: tuple[Callable[[Values], Any], ...] = (github, gitlab, jira, wordpress)
