"""Tickets: each a thread opened by a customer; what only the team sees stays out."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.collect.formats.test_slack import JSON
from tests.support.command import invoke
from tests.support.format_reading import posts, read, reasons, values

TABLE = (
    "Ticket ID,Subject,Description,Requester,Created at,Updated at,Status,Tags,Satisfaction Score,"
    "Group,Product\n"
    "7,Sync hangs,It stops at 40 percent,Ann Lee,2026-03-02T09:00:00Z,2026-03-09T09:00:00Z,solved,"
    '"sync, mac",good,Support,Desktop\n'
    "8,Refund,Please,Bea,2026-03-03T09:00:00Z,2026-03-03T09:00:00Z,open,,,Billing,\n"
    "9,Spam,Buy this,Cid,2026-03-04T09:00:00Z,2026-03-04T09:00:00Z,deleted,,,,\n"
)
USERS = [
    {"id": 1, "name": "Ann Lee", "role": "end-user"},
    {"id": 2, "name": "Dee", "role": "agent"},
]
TICKET: dict[str, Any] = {
    "id": 7, "url": "https://app.example.org/api/v2/tickets/7.json", "subject": "Sync hangs",
    "description": "It stops at 40 percent", "requester_id": 1, "submitter_id": 1,
    "assignee_id": 2, "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-09T09:00:00Z",
    "status": "solved", "tags": ["sync"], "satisfaction_rating": {"score": "good"},
    "collaborator_ids": [5], "is_public": True,
    "comments": [
        {"id": 71, "author_id": 1, "body": "It stops at 40 percent", "public": True,
         "created_at": "2026-03-02T09:00:00Z"},
        {"id": 72, "author_id": 2, "body": "Which version?", "public": True,
         "created_at": "2026-03-02T10:00:00Z"},
        {"id": 73, "author_id": 2, "body": "The usual crowd", "public": False,
         "created_at": "2026-03-02T10:05:00Z"},
        {"id": 74, "author_id": 5, "html_body": "<p>4.2, like <b>Ann</b></p>", "public": True,
         "created_at": "2026-03-02T11:00:00Z"},
    ],
}  # fmt: skip
PAGE = json.dumps({"tickets": [TICKET], "users": USERS, "next_page": None}, indent=1).encode()


def test_a_table_of_tickets_gives_one_thread_a_ticket() -> None:
    rows = read("tickets.csv", TABLE.encode())
    assert posts(rows, "thread_id", "title", "body", "channel", "edited_at") == {
        "x:7": ("x:7", "Sync hangs", "It stops at 40 percent", "Desktop", None),
        "x:8": ("x:8", "Refund", "Please", None, None),
    }
    assert reasons(rows) == {"tickets.csv:4": "deleted_at_source"}


def test_status_tags_and_satisfaction_are_kept_beside_the_post() -> None:
    meta = posts(read("tickets.csv", TABLE.encode()), "meta")["x:7"]
    assert json.loads(meta) == {
        "tags": "sync, mac",
        "status": "solved",
        "satisfaction_score": "good",
    }
    meta = posts(read("t.json", PAGE), "meta")["x:7"]
    assert json.loads(meta) == {
        "tags": "sync",
        "status": "solved",
        "satisfaction_score": "good",
    }


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Id,Requester,Subject,Group,Requested", "7,Ann,Sync hangs,Support,2026-03-02 09:00"),
        ("Ticket ID;Subject;Created time;Full name", "7;Sync hangs;2026-03-02 09:00:00;Ann"),
        (
            "Ticket ID,Customer Name,Ticket Subject,Ticket Description,Created",
            "7,Ann,Sync hangs,It stops,2026-03-02",
        ),
        ("id,requester_email,subject,created_at", "7,Ann,Sync hangs,2026-03-02T09:00:00Z"),
    ],
)
def test_tables_of_other_desks_are_known_by_their_columns(header: str, row: str) -> None:
    rows = read("t.csv", f"{header}\n{row}\n".encode())
    assert values(rows, "post_id", "thread_id", "title", "author") == [
        ("7", "7", "Sync hangs", "Ann")
    ]
    assert list(posts(rows)) == ["x:7"]


def test_a_table_of_comments_gives_replies() -> None:
    table = (
        "Ticket ID,Comment ID,Author,Body,Public,Created at\n"
        "7,71,Ann,It stops,true,2026-03-02T09:00:00Z\n"
        "7,72,Dee,Which version?,true,2026-03-02T10:00:00Z\n"
        "7,73,Dee,The usual crowd,false,2026-03-02T10:05:00Z\n"
    )
    rows = read("c.csv", table.encode())
    assert posts(rows, "thread_id", "parent_id") == {
        "x:7-71": ("x:7", "x:7"),
        "x:7-72": ("x:7", "x:7"),
    }
    assert reasons(rows) == {"c.csv:4": "internal_note"}


@pytest.mark.parametrize(
    ("data", "ref"),
    [
        (PAGE, "t:item 1"),
        (json.dumps([TICKET]).encode(), "t:item 1"),
        (json.dumps(TICKET).encode() + b"\n", "t:1"),
    ],
    ids=["page of the API", "array", "one a line"],
)
def test_a_ticket_with_its_comments_is_a_conversation_without_its_notes(
    data: bytes, ref: str
) -> None:
    rows = read("t", data)
    assert posts(rows, "thread_id", "parent_id", "body", "author_role") == {
        "x:7": ("x:7", None, "It stops at 40 percent", "member"),
        "x:7-72": ("x:7", "x:7", "Which version?", "staff"),
        "x:7-74": ("x:7", "x:7", "4.2, like Ann", "member"),
    }
    assert reasons(rows) == {f"{ref}, comment 3": "internal_note"}


def test_names_come_from_the_users_beside_the_tickets_or_inside_them() -> None:
    assert values(read("t", PAGE), "author") == ["Ann Lee", "Dee", 5]
    inside = TICKET | {"requester": {"id": 1, "name": "Ann Lee"}}
    assert values(read("t", json.dumps([inside]).encode()), "author") == ["Ann Lee", 2, 5]


def test_a_ticket_links_to_where_the_team_reads_it() -> None:
    assert posts(read("t", PAGE), "url")["x:7"] == "https://app.example.org/agent/tickets/7"


def test_a_ticket_that_the_team_opened_for_itself_is_a_note() -> None:
    internal = TICKET | {"is_public": False, "comments": []}
    assert reasons(read("t", json.dumps([internal]).encode())) == {"t:item 1": "internal_note"}


def test_other_tables_pass_as_they_are() -> None:
    assert values(read("t", b"id,subject,body\n1,a,b\n"), "id", "post_id") == [("1", None)]
    assert values(read("t", b"id,ticket,body\n1,a,b\n"), "id", "post_id") == [("1", None)]


FIELDS = ("id", "subject", "description", "requester_id", "requester", "comments", "status", "url",
          "collaborator_ids", "satisfaction_rating", "public", "author_id", "body")  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), JSON)


@given(st.lists(OBJECTS, max_size=4), st.lists(OBJECTS, max_size=4))
def test_every_ticket_and_comment_in_comes_out(tickets: list[Any], comments: list[Any]) -> None:
    whole = [t | {"subject": "a", "requester": "b", "id": 1, "comments": comments} for t in tickets]
    rows = read("t", json.dumps({"tickets": whole}).encode())
    # The description may stand in the first comment once more.
    assert len(tickets) * len(comments) <= len(rows) <= len(tickets) * (1 + len(comments))


def test_import_reads_tickets(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(TABLE)
    run = invoke("import", path, "--project", tmp_path, "--json", "--max-dropped", "0.5")
    assert run.exit_code == 0, run.output
    from feedbackminer.project.store import Store

    ids = Store(tmp_path / "tables").read("posts")["post_id"]
    assert sorted(ids) == ["tickets:7", "tickets:8"]


FRESHDESK = {
    "id": 7, "subject": "Lid", "description": "<p>It does not lock</p>", "requester_id": 1,
    "description_text": "It does not lock", "created_at": "2026-03-02T09:00:00Z", "status": 2,
    "conversations": [
        {"id": 71, "user_id": 2, "body_text": "Press it", "private": False},
        {"id": 72, "user_id": 2, "body_text": "The third one today", "private": True},
        {"id": 73, "user_id": 1, "body": "<p>It locks</p>", "private": False, "incoming": True},
    ],
}  # fmt: skip
INTERCOM = {
    "type": "conversation", "id": "7", "created_at": 1772442000,
    "source": {"subject": "Lid", "body": "<p>It does not lock</p>",
               "author": {"type": "user", "id": "1", "name": "Ann"}},
    "conversation_parts": {"type": "list", "conversation_parts": [
        {"id": "71", "part_type": "comment", "body": "<p>Press it</p>",
         "author": {"type": "admin", "id": "2", "name": "Dee"}},
        {"id": "72", "part_type": "note", "body": "<p>The third one today</p>",
         "author": {"type": "admin", "id": "2", "name": "Dee"}},
        {"id": "73", "part_type": "comment", "body": "<p>It locks</p>",
         "author": {"type": "user", "id": "1", "name": "Ann"}},
        {"id": "74", "part_type": "assignment", "body": None, "author": {"type": "bot"}},
    ]},
}  # fmt: skip
HELP_SCOUT = {
    "id": 7, "number": 12, "subject": "Lid", "preview": "It does not…",
    "createdAt": "2026-03-02T09:00:00Z",
    "primaryCustomer": {"id": 1, "first": "Ann", "last": "Lee"},
    "_embedded": {"threads": [
        {"id": 70, "type": "customer", "body": "It does not lock", "createdBy": {"id": 1}},
        {"id": 71, "type": "message", "body": "Press it", "createdBy": {"id": 2}},
        {"id": 72, "type": "note", "body": "The third one today", "createdBy": {"id": 2}},
        {"id": 73, "type": "customer", "body": "It locks", "createdBy": {"id": 1}},
        {"id": 74, "type": "lineitem", "createdBy": {"id": 2}},
    ]},
}  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        [FRESHDESK],
        {"type": "conversation.list", "conversations": [INTERCOM]},
        {"_embedded": {"conversations": [HELP_SCOUT]}, "page": {"size": 1}},
    ],
    ids=["Freshdesk", "Intercom", "Help Scout"],
)
def test_conversations_of_other_desks_are_tickets_with_comments(page: Any) -> None:
    rows = read("t", json.dumps(page).encode())
    read_posts = posts(rows, "thread_id", "title", "body", "author_role")
    assert {thread for thread, *_ in read_posts.values()} == {"x:7"}
    assert read_posts["x:7"][1] == "Lid"
    assert [(body, role) for _, _, body, role in read_posts.values()][-2:] == [
        ("Press it", "staff"),
        ("It locks", "member"),
    ]
    assert any("It does not lock" in body for _, _, body, _ in read_posts.values())
    assert list(reasons(rows).values()) == ["internal_note"]


def test_the_date_of_a_purchase_is_not_when_a_ticket_was_written() -> None:
    table = (
        "Ticket ID,Customer Name,Product Purchased,Date of Purchase,Ticket Subject,"
        "Ticket Description,First Response Time\n"
        "7,Ann,Toaster,2023-03-22,Lever,It does not stay down,2023-06-01 12:15:36\n"
    )
    read_posts = posts(read("t.csv", table.encode()), "created_at", "channel", "body")
    assert read_posts == {"x:7": (None, "Toaster", "It does not stay down")}


@given(OBJECTS, JSON)
def test_any_conversation_of_a_desk_is_read_or_told(ticket: dict[str, Any], value: Any) -> None:
    for name in ("conversations", "conversation_parts", "_embedded", "source"):
        whole = INTERCOM | FRESHDESK | ticket | {name: value}
        assert read("t", json.dumps([whole]).encode())
