"""Comments of a site, as Disqus exports them: XML of pages (``thread``) and comments (``post``).

https://help.disqus.com/en/articles/1717164-comments-export
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from feedbackminer.collect.formats.accounts import Accounts
from feedbackminer.collect.formats.xml_records import Record, records
from feedbackminer.collect.rows import BadRow, FileContent, Row

ROOTS: tuple[str, ...] = ("disqus",)
_ID = "dsq:id"


def rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield every comment; a page is its thread, and gives the title and the address."""
    pages: dict[str, Record] = {}
    accounts = Accounts()
    with content.open() as file:
        for record in records(file, content.name):
            if isinstance(record, BadRow):
                yield record
            elif record.tag == "thread":
                pages[record.attributes.get(_ID, "")] = record
            elif record.tag == "post":
                yield _comment(f"{content.name}:item {record.number}", record, pages, accounts)


def _comment(
    ref: str, record: Record, pages: Mapping[str, Record], accounts: Accounts
) -> Row | BadRow:
    values = record.texts
    if values.get("isDeleted") == "true":
        return BadRow(ref, "deleted_at_source", "the comment was deleted")
    if values.get("isSpam") == "true":
        return BadRow(ref, "spam_at_source", "Disqus holds the comment for spam")
    page = values.get(f"thread/@{_ID}", "")
    about = pages[page].texts if page in pages else {}
    is_guest = values.get("author/isAnonymous") == "true"
    account = "" if is_guest else values.get("author/username", "")
    return Row.given(
        ref,
        {
            "post_id": record.attributes.get(_ID),
            "thread_id": page,
            "parent_id": values.get(f"parent/@{_ID}"),
            "author": accounts.name(account, values.get("author/name", "")),
            "created_at": values.get("createdAt"),
            "title": about.get("title"),
            "body": f"<div>{values['message']}</div>" if values.get("message") else None,
            "url": about.get("link"),
        },
    )
