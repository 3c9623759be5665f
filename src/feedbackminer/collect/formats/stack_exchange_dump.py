"""The dump of a Stack Exchange site: ``Posts.xml`` with ``Comments.xml`` beside it, or one alone.

A comment stands in the thread of the question, under the post that it comments on; which question
an answer belongs to only ``Posts.xml`` tells. https://meta.stackexchange.com/questions/2677
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from feedbackminer.collect.formats import xml_records
from feedbackminer.collect.formats.archives import Archive
from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.errors import InputError

ROOTS: tuple[str, ...] = ("posts", "comments")
_POSTS, _COMMENTS = "Posts.xml", "Comments.xml"
_QUESTION_OR_ANSWER = {"1", "2", ""}  # the others are pages about tags and the like
_COMMUNITY = "-1"  # the account of the software
_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")
_TAG = re.compile(r"[^<>|\s]+")
_Attributes = Mapping[str, str]


def other_file(path: Path) -> Path | None:
    """Return the other file of a dump, where it lies beside this one."""
    names = {_POSTS: _COMMENTS, _COMMENTS: _POSTS}
    other = path.with_name(names[path.name]) if path.name in names else None
    return other if other and other.is_file() else None


def is_export(archive: Archive) -> bool:
    """Tell whether an archive is the dump of a site."""
    return any(PurePosixPath(name).name == _POSTS for name in archive.openers)


def archive_rows(archive: Archive) -> Iterator[Row | BadRow]:
    """Yield the posts and comments of a site.

    Raises:
        InputError: there are several sites, whose ids are the same.
    """
    sites = [PurePosixPath(n).parent for n in archive.openers if PurePosixPath(n).name == _POSTS]
    if len(sites) > 1:
        raise InputError(
            f"{archive.name}: holds the dumps of {len(sites)} sites; unpack it and import the "
            "Posts.xml of each, with a --source of its own"
        )
    yield from archive.refused
    members = [str(sites[0] / name) for name in (_POSTS, _COMMENTS)]
    posts, comments = (_member(archive, member) for member in members)
    yield from (bad for bad in (posts, comments) if isinstance(bad, BadRow))
    if isinstance(posts, FileContent):
        beside = comments if isinstance(comments, FileContent) else None
        yield from rows(FileContent(posts.name, posts.data, "", beside=beside))
    elif isinstance(comments, FileContent):
        yield from rows(comments)
    for member in sorted(archive.openers.keys() - set(members)):
        yield BadRow(f"{archive.name}/{member}", "no_posts", "no table of posts or comments")


def _member(archive: Archive, member: str) -> FileContent | BadRow | None:
    data = archive.read(member) if member in archive.openers else None
    return FileContent(f"{archive.name}/{member}", data, "") if isinstance(data, bytes) else data


def rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield the posts, then the comments.

    Raises:
        InputError: it is no such table.
    """
    questions: dict[str, str] = {}  # of answers
    if xml_records.root(content) == "comments":
        if content.beside:
            _expect("posts", content.beside)
            questions = _questions(content.beside)
        yield from _comments(content, questions)
        return
    _expect("posts", content)
    yield from _posts(content, questions)
    if content.beside:
        _expect("comments", content.beside)
        yield from _comments(content.beside, questions)


def _expect(root: str, content: FileContent) -> None:
    found = xml_records.root(content)
    if found != root:
        raise InputError(f"{content.name}: the root is <{found[:40]}>, want <{root}> of a dump")


def _questions(content: FileContent) -> dict[str, str]:
    questions: dict[str, str] = {}
    for _ in _posts(content, questions):
        pass
    return questions


def _posts(content: FileContent, questions: dict[str, str]) -> Iterator[Row | BadRow]:
    """Yield the posts, and note the question of each answer."""
    with content.open() as file:
        for record in xml_records.records(file, content.name, root="posts"):
            if isinstance(record, BadRow):
                yield record
                continue
            post = record.attributes
            if "ParentId" in post:
                questions[post.get("Id", "")] = post["ParentId"]
            yield _post(f"{content.name}:item {record.number}", post)


def _comments(content: FileContent, questions: Mapping[str, str]) -> Iterator[Row | BadRow]:
    with content.open() as file:
        for record in xml_records.records(file, content.name, root="comments"):
            if isinstance(record, BadRow):
                yield record
            else:
                ref = f"{content.name}:item {record.number}"
                yield Row.given(ref, _comment(record.attributes, questions))


def _post(ref: str, post: _Attributes) -> Row | BadRow:
    kind = post.get("PostTypeId", "")
    if kind not in _QUESTION_OR_ANSWER:
        detail = f"neither question nor answer (PostTypeId {kind[:20]}), but a page of the site"
        return BadRow(ref, "system_action", detail)
    if "DeletionDate" in post:
        return BadRow(ref, "deleted_at_source", "the post was deleted")
    native, parent = post.get("Id"), post.get("ParentId")
    return Row.given(
        ref,
        {
            "post_id": native,
            "thread_id": parent or native,
            "parent_id": parent,
            **_said(post, "Owner"),
            "edited_at": _in_utc(post.get("LastEditDate")),
            "title": post.get("Title"),
            "body": f"<div>{post['Body']}</div>" if post.get("Body") else None,
            "accepted_answer_id": post.get("AcceptedAnswerId"),
            "tags": ", ".join(_TAG.findall(post.get("Tags", ""))) or None,
            "status": "closed" if "ClosedDate" in post else None,
            "views": post.get("ViewCount"),
        },
    )


def _comment(comment: _Attributes, questions: Mapping[str, str]) -> dict[str, str | None]:
    native, post = comment.get("Id"), comment.get("PostId")
    return {
        "post_id": f"c{native}" if native else None,  # comments are counted apart
        "thread_id": questions.get(post, post) if post else None,
        "parent_id": post,
        **_said(comment, ""),
        "body": comment.get("Text"),
    }


def _said(values: _Attributes, prefix: str) -> dict[str, str | None]:
    """Return who said it, when, and what others thought of it."""
    account = values.get(f"{prefix}UserId") or values.get(f"{prefix or 'User'}DisplayName")
    return {
        "author": account,
        "author_role": "bot" if account == _COMMUNITY else None,
        "created_at": _in_utc(values.get("CreationDate")),
        "score": values.get("Score"),
    }


def _in_utc(moment: str | None) -> str | None:
    """Times of a dump are in UTC and do not say so."""
    return f"{moment}Z" if moment and _NO_ZONE.fullmatch(moment) else moment
