"""Mails: threads by their headers, texts whatever their encoding, and none lost."""

import gzip
import io
import json
import mailbox
import random
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import Row, open_file, read_rows
from feedbackminer.errors import InputError
from tests.support.command import SHARED, invoke
from tests.support.format_reading import posts, read, reasons, values

R_LISTS = SHARED / "r_mailing_lists" / "messages.jsonl.gz"
LATER = "Fri, 06 Mar 2026 09:00:00 +0000"
BEGIN = "From ann@example.org Mon Mar  2 09:00:00 2026\n"


def mail(
    native: str = "",
    *,
    subject: str = "Sync stops",
    author: str = "Ann Lee <ann@example.org>",
    date: str = "Mon, 02 Mar 2026 09:00:00 +0000",
    body: str = "It stops at 40 percent.",
    more: str = "",
) -> str:
    """Return a mail of an mbox; ``more`` are further headers."""
    header = f"Message-ID: <{native}>\n" if native else ""
    return (
        f"{BEGIN}From: {author}\nSubject: {subject}\nDate: {date}\n{header}{more}"
        f"Content-Type: text/plain; charset=utf-8\n\n{body}\n\n"
    )


def threads(mails: Sequence[str]) -> dict[str, str]:
    """Return mail -> thread."""
    rows = read("list.mbox", "".join(mails).encode())
    return dict(values(rows, "post_id", "thread_id"))


OPENER = mail("a@x")
REPLY = mail("b@x", subject="Re: Sync stops", more="In-Reply-To: <a@x>\n")
ANSWER = mail("c@x", subject="AW: Re: Sync stops", more="References: <a@x>\n <b@x>\n")
OTHER = mail("d@x", subject="Dark mode")


# --- threads ----------------------------------------------------------------------------------


def test_an_mbox_becomes_threads_with_parents_and_the_openers_title() -> None:
    rows = read("list.mbox", (OPENER + REPLY + ANSWER + OTHER).encode())
    assert [row.ref for row in rows] == [f"list.mbox:message {n}" for n in (1, 2, 3, 4)]
    assert posts(rows, "thread_id", "parent_id", "title") == {
        "x:a@x": ("x:a@x", None, "Sync stops"),
        "x:b@x": ("x:a@x", "x:a@x", None),
        "x:c@x": ("x:a@x", "x:b@x", None),
        "x:d@x": ("x:d@x", None, "Dark mode"),
    }


@given(st.permutations([OPENER, REPLY, ANSWER, OTHER]))
def test_the_order_of_mails_does_not_change_their_threads(mails: list[str]) -> None:
    assert threads(mails) == {"a@x": "a@x", "b@x": "a@x", "c@x": "a@x", "d@x": "d@x"}


def test_replies_to_a_missing_mail_share_its_thread() -> None:
    assert threads([REPLY, mail("e@x", more="In-Reply-To: <a@x>\n")]) == {
        "b@x": "a@x",
        "e@x": "a@x",
    }


def test_a_missing_mail_between_two_is_bridged_by_what_others_refer_to() -> None:
    late = mail("e@x", more="In-Reply-To: <b@x>\n")  # names only the missing b@x
    assert threads([OPENER, ANSWER, late])["e@x"] == "a@x"


def test_mails_that_disagree_on_a_missing_one_are_in_one_thread_in_any_order() -> None:
    mails = [mail(f"{n}@x", more=f"References: <{n}0@x> <b@x>\n") for n in (2, 1)]
    assert threads(mails) == threads(mails[::-1]) == {"1@x": "10@x", "2@x": "10@x"}


def test_a_ring_of_replies_is_one_thread() -> None:
    ring = [
        mail("a@x", more="In-Reply-To: <b@x>\n"),
        mail("b@x", more="In-Reply-To: <a@x>\n"),
        mail("c@x", more="In-Reply-To: <b@x>\n"),
    ]
    assert threads(ring) == {"a@x": "a@x", "b@x": "a@x", "c@x": "a@x"}
    assert threads(ring[::-1]) == {"a@x": "a@x", "b@x": "a@x", "c@x": "a@x"}


def test_the_subject_joins_only_replies_without_references() -> None:
    thread_of = threads(
        [
            OPENER,
            mail("e@x", subject="Re: sync stops", date="Tue, 03 Mar 2026 09:00:00 +0000"),
            mail("f@x", subject="Sync stops", date="Wed, 04 Mar 2026 09:00:00 +0000"),
            mail("g@x", subject="Re: Sync stops", more="In-Reply-To: <e@x>\n", date=LATER),
            mail("h@x", subject="Re: Sync stops", date="Thu, 05 Mar 2026 09:00:00 +0000"),
            mail("i@x", subject="Re: Sync stops", more="In-Reply-To: <gone@x>\n", date=LATER),
        ]
    )
    assert thread_of["e@x"] == "a@x", "no references, an earlier mail has the subject"
    assert thread_of["f@x"] == "f@x", "the same subject again, but no reply"
    assert thread_of["g@x"] == "a@x", "answers a mail that was joined by its subject"
    assert thread_of["h@x"] == "f@x", "the latest mail before it with the subject"
    assert thread_of["i@x"] == "gone@x", "has references, so its subject says nothing"


def test_a_long_chain_of_replies_is_one_thread() -> None:
    chain = [OPENER.replace("a@x", "0@x")]
    chain += [mail(f"{n}@x", more=f"In-Reply-To: <{n - 1}@x>\n") for n in range(1, 5_000)]
    random.Random(5).shuffle(chain)
    assert set(threads(chain).values()) == {"0@x"}


# --- headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "want"),
    [
        ("Ann Lee <ann@example.org>", "Ann Lee"),
        ('"Lee, Ann" <ann@example.org>', "Lee, Ann"),
        ("ann@example.org", "ann@example.org"),
        ("ann at example.org (Ann Lee)", "Ann Lee"),
        ("ann at example.org", "ann@example.org"),
        ("=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "Jürgen"),
        ("=?utf-8?b?TMOlcnMsIE8=?= <l@example.org>", "Lårs, O"),
        ("=?klingon?q?Worf?= <w@example.org>", "=?klingon?q?Worf?="),
        ("Ann Lee via Users <users@lists.example.org>", "Ann Lee"),
    ],
)
def test_the_author_is_the_name_else_the_address(author: str, want: str) -> None:
    assert values(read("m", mail("a@x", author=author).encode()), "author") == [want]


@pytest.mark.parametrize(
    ("author", "more", "want"),
    [
        ("Ann Lee via Users <u@lists.org>", "Reply-To: Ann Lee <ann@x.org>\n", "Ann Lee"),
        ("'Ann' via Users <u@lists.org>", "X-Original-From: Ann Lee <ann@x.org>\n", "Ann"),
        ('"ann@x.org via Users" <u@lists.org>', "Reply-To: u@lists.org\n", "ann@x.org"),
        ("Travel via Rail <tvr@x.org>", "", "Travel"),
        ("Via Roma <via@x.org>", "Reply-To: other@x.org\n", "Via Roma"),
    ],
)
def test_a_mail_that_a_list_sends_for_a_member_is_the_members(
    author: str, more: str, want: str
) -> None:
    assert values(read("m", mail("a@x", author=author, more=more).encode()), "author") == [want]


def authors(*people: str) -> list[str]:
    """Return the author of a mail of each of these senders."""
    mails = [mail(f"{n}@x", author=person) for n, person in enumerate(people)]
    return values(read("m", "".join(mails).encode()), "author")


def test_people_of_one_name_with_two_addresses_are_two() -> None:
    anns = ("Ann Lee <ann@x.org>", "Ann Lee <ALee@y.org>", "Ann Lee <ann@X.org>")
    assert authors(*anns) == ["Ann Lee", "Ann Lee <alee@y.org>", "Ann Lee"]
    assert authors(*anns[::-1]) == ["Ann Lee", "Ann Lee <alee@y.org>", "Ann Lee"]
    rows = read("m", "".join(mail(f"{n}@x", author=ann) for n, ann in enumerate(anns)).encode())
    ids = posts(rows, "author_id")
    assert ids["x:0@x"] == ids["x:2@x"] != ids["x:1@x"]


@pytest.mark.parametrize(
    "spellings",
    [
        ("Ann Lee <ann@x.org>", "Lee, Ann <ann@x.org>", "Ann Lee <ann@x.org>"),
        ("Ann Lee <ann@x.org>", '"alee" <ANN@x.org>', "ann@x.org"),
        ("ann at x.org (Ann M. Lee)", "Ann Lee <ann@x.org>"),
        ("Ann Lee via Users <u@y.org>\nReply-To: <ann@x.org>", "A. Lee <ann@x.org>"),
    ],
)
def test_one_address_with_spellings_of_one_name_is_one_person(spellings: tuple[str, ...]) -> None:
    assert len(set(authors(*spellings))) == 1


def test_an_address_that_sends_for_many_people_is_none_of_them() -> None:
    tracker = [
        f"{name} (Tracker) <bugs@x.org>" for name in ("Ann Lee", "Bob Roy", "Cid Poe", "Eve")
    ]
    assert len(set(authors(*tracker))) == 4
    assert len(set(authors("Ann Lee <forum@x.org>", "Bob Roy <forum@x.org>"))) == 2
    made_up = [f"Ann Lee <reply+{n}@x.org>" for n in range(9)]
    assert set(authors(*made_up)) == {"Ann Lee"}


def test_every_spelling_of_a_name_is_masked_in_texts() -> None:
    mails = [
        mail("a@x", author="Ann-Marie Lee <ann@x.org>"),
        mail("b@x", author="Ann-Marie Lee <ann@x.org>"),
        mail("c@x", author="Lee, Annie <ann@x.org>", body="Yours, Lee, Annie"),
        mail("d@x", author="Ann-Marie Lee <other@x.org>", body="I am not Ann-Marie Lee"),
    ]
    bodies = " ".join(posts(read("m", "".join(mails).encode()), "body").values())
    assert "Annie" not in bodies
    assert "Marie" not in bodies


@pytest.mark.parametrize(
    ("header", "want"),
    [
        ("List-Id: Users of the app <app-users.lists.example.org>\n", "app-users"),
        ("List-ID: <app-users.googlegroups.com>\n", "app-users"),
        ("X-Mailing-List: app-users@lists.example.org\n", "app-users"),
        ("List-Post: <mailto:app-users@lists.example.org>\n", "app-users"),
        ("", ""),
    ],
)
def test_the_channel_is_the_list(header: str, want: str) -> None:
    assert values(read("m", mail("a@x", more=header).encode()), "channel") == [want]


def test_the_lists_own_tag_is_no_part_of_a_title_but_other_words_in_brackets_are() -> None:
    subjects = [f"[app] Re: [app] Question {n}" for n in range(12)] + ["[app] [BUG] It hangs"]
    rows = read("m", "".join(mail(f"{n}@x", subject=s) for n, s in enumerate(subjects)).encode())
    assert values(rows, "title") == [f"Question {n}" for n in range(12)] + ["[BUG] It hangs"]
    tagged = mail("a@x", subject="[Users] Hello", more="List-Id: <users.example.org>\n")
    assert values(read("m", tagged.encode()), "title") == ["Hello"]


@pytest.mark.parametrize(
    ("date", "more"),
    [
        ("Mon, 2 Mar 2026 02:00:00 -0700 (MST)", ""),
        ("yesterday", "Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0100\n"),
        ("", ""),  # what stands in the line that begins the mail
        ("Mon, 2 Mar 2026 29:99:00 +0000", ""),
    ],
)
def test_a_mail_without_a_good_date_has_that_of_its_arrival(date: str, more: str) -> None:
    (sent,) = values(read("m", mail("a@x", date=date, more=more).encode()), "created_at")
    assert sent.astimezone(UTC) == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_an_automatic_answer_is_a_bots() -> None:
    absent = mail("a@x", more="Auto-Submitted: auto-replied\n")
    assert values(read("m", (absent + OTHER).encode()), "author_role") == ["bot", "member"]


# --- texts ------------------------------------------------------------------------------------


def test_quotes_stay_and_escaped_from_lines_are_as_they_were_sent() -> None:
    text = "On Monday Bea wrote:\n> It hangs\n\nFrom now on it works.\nFrom: me"
    sent = mail("a@x", body=text.replace("\nFrom now", "\n>From now"))
    assert values(read("m", sent.encode()), "body") == [text]


def test_a_line_of_a_text_that_begins_with_from_begins_no_mail() -> None:
    (body,) = values(
        read("m", mail("a@x", body="see\n\nFrom Paris with love\nAnn").encode()), "body"
    )
    assert body.startswith("see\n\nFrom Paris with love\nAnn")


@pytest.mark.parametrize(
    "line",
    [
        "From 9:30 on Monday 4 March 2024 it was cold.",
        "From: Ann",
        "From Monday on\nSubject: to change",
        "From Mon Mar  4 10:00:00 2024 until now",
        "From the page of Mon, 4 Mar 2024 10:00:00",
        "From bob@example.org at 10:00 in 2024",
    ],
)
@pytest.mark.parametrize("above", ["was this:\n", "was this:\n\n"])
def test_a_line_of_a_text_begins_a_mail_only_as_archives_write_it(above: str, line: str) -> None:
    sent = mail("a@x", body=f"What I saw {above}{line}\nIs it only me?") + OTHER
    rows = read("m", sent.encode())
    assert values(rows, "post_id") == ["a@x", "d@x"]
    assert line in values(rows, "body")[0]


@pytest.mark.parametrize(
    "begin",
    [
        "From ann@x.org Mon Mar  2 09:00:00 2026",
        "From ann at x.org  Mon Mar  2 09:00:00 2026",
        "From - Mon Mar 02 09:00:00 2026",
        "From MAILER-DAEMON Mon Mar  2 09:00:00 2026",
        "From 1789@xxx Mon Mar 02 09:00:00 +0000 2026",
        "From ann@x.org Mon Mar  2 09:00:00 UTC 2026",
        "From ann@x.org Mon, 2 Mar 2026 09:00:00 +0000",
        "From ann@x.org Mon Mar  2 09:00 2026 remote from example",
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_mail_begins_with_a_line_of_any_program_and_has_its_date(begin: str, ends: str) -> None:
    sent = f"{begin}\nFrom: ann@x.org\n\nIt hangs\n\n".replace("\n", ends) * 2
    rows = read("m", sent.encode())
    assert [body.strip() for body in values(rows, "body")] == ["It hangs"] * 2
    assert {at.astimezone(UTC) for at in values(rows, "created_at")} == {
        datetime(2026, 3, 2, 9, tzinfo=UTC)
    }


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-8", "grüße".encode()),
        ("iso-8859-1", "grüße".encode("latin-1")),
        ("us-ascii", "grüße".encode()),  # says less than it has
        ("utf-8", "grüße".encode("cp1252")),  # lies
        ("iso-8859-1", "grüße".encode()),
        ("gb2312", "grüße".encode("gb18030")),
        ("x-unknown", "grüße".encode()),
        ('"', "grüße".encode()),
    ],
)
def test_a_text_is_read_whatever_charset_it_claims(charset: str, text: bytes) -> None:
    head = f"{BEGIN}From: a@x\nContent-Type: text/plain; charset={charset}\n\n".encode()
    (body,) = values(read("m", head + text + b"\n"), "body")
    assert body.strip() == "grüße"


def made(*, plain: str = "", html: str = "", attachment: bytes = b"") -> bytes:
    """Return a mail with several parts, as a mail program writes it."""
    message = EmailMessage()
    message["From"], message["Message-ID"] = "Ann <ann@example.org>", "<a@x>"
    message["Date"], message["Subject"] = "Mon, 02 Mar 2026 09:00:00 +0000", "Hello"
    if plain:
        message.set_content(plain, cte="base64")
    if html:
        (message.add_alternative if plain else message.set_content)(html, subtype="html")
    if attachment:
        message.add_attachment(attachment, maintype="image", subtype="png", filename="shot.png")
    return BEGIN.encode() + message.as_bytes()


HTML = "<html><head><title>x</title><style>p {}</style></head><body><p>rich <b>text</b></p></body>"


def test_the_plain_part_is_the_text_and_html_stands_in_for_it() -> None:
    both = made(plain="plain text", html=HTML, attachment=b"\x89PNG")
    assert posts(read("m", both), "body") == {"x:a@x": "plain text"}
    assert posts(read("m", made(html=HTML, attachment=b"\x89PNG")), "body") == {
        "x:a@x": "rich text"
    }


def parts(*contents: tuple[str, str], kind: str = "mixed") -> list[str]:
    """Return the body of a mail of these parts, given as headers and text."""
    inner = "".join(f"--B\n{headers}\n\n{text}\n" for headers, text in contents)
    head = f"{BEGIN}From: a@x\nContent-Type: multipart/{kind}; boundary=B\n\n"
    return [body.strip() for body in values(read("m", f"{head}{inner}--B--\n".encode()), "body")]


PLAIN, RICH = "Content-Type: text/plain", "Content-Type: text/html"


def test_a_blank_text_beside_html_says_nothing_so_the_html_is_the_mail() -> None:
    for blank in ("", " \n\t\n", "\xa0"):
        both = parts((PLAIN, blank), (RICH, "<p>It hangs</p>"), kind="alternative")
        assert both == ["<div><p>It hangs</p></div>"]
    assert parts((PLAIN, ""), (RICH, " "), kind="alternative") == [""]


@pytest.mark.parametrize(
    "other",
    [
        (f"{PLAIN}; name=sync.log", "error 17"),
        (f"{PLAIN}\nContent-Disposition: attachment; filename=a.txt", "error 17"),
        (f"{RICH}\nContent-Disposition: inline; filename=a.html", "error 17"),
        ("Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nSUMMARY:error 17"),
        ("Content-Type: text/x-patch", "error 17"),
        ("Content-Type: message/rfc822", "Subject: error 17\n\nerror 17"),
        ("Content-Type: application/octet-stream", "error 17"),
        (PLAIN, "error 17"),  # as the footer that a list adds
    ],
)
def test_what_comes_with_a_mail_is_no_part_of_its_text(other: tuple[str, str]) -> None:
    assert parts((PLAIN, "It hangs"), other) == ["It hangs"]
    assert parts((RICH, "<p>It hangs</p>"), other) == ["<div><p>It hangs</p></div>"]
    if other[0] != PLAIN:
        assert parts(other, (PLAIN, "It hangs")) == ["It hangs"]
        assert parts(other) == [""]


def test_a_mail_of_an_attachment_alone_keeps_its_subject() -> None:
    thread_of = posts(read("m", made(attachment=b"\x89PNG")), "title", "body")
    assert thread_of == {"x:a@x": ("Hello", "")}


def test_a_mail_that_lacks_the_parts_it_speaks_of_keeps_its_text() -> None:
    broken = f"{BEGIN}From: a@x\nContent-Type: multipart/mixed\n\nIt hangs.\n"
    assert values(read("m", broken.encode()), "body") == ["It hangs.\n"]


def test_a_mail_of_nothing_or_of_endless_parts_is_told_and_its_neighbours_stay() -> None:
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(2_000)
    )
    rows = read("m", (OPENER + BEGIN + "\n\n" + BEGIN + nested + "\n\n" + OTHER).encode())
    assert values(rows, "post_id") == ["a@x", "d@x"]
    assert reasons(rows) == {"m:message 2": "malformed_mail", "m:message 3": "malformed_mail"}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_every_mail_in_comes_out_as_a_row_whatever_its_text(texts: list[str]) -> None:
    bodies = [text.replace("\r", "").replace("From ", "") for text in texts]
    rows = read("m", "".join(mail(f"{n}@x", body=b) for n, b in enumerate(bodies)).encode())
    assert values(rows, "body") == [body.strip("\n") if body.strip() else "" for body in bodies]


@given(st.lists(st.binary(max_size=80).map(lambda b: b.replace(b"From", b"")), min_size=1))
def test_every_mail_in_comes_out_whatever_bytes_it_has(contents: list[bytes]) -> None:
    data = b"".join(BEGIN.encode() + content + b"\n\n" for content in contents)
    assert len(read("m", data)) == len(contents)


# --- files ------------------------------------------------------------------------------------


def test_an_mbox_that_the_library_wrote_is_read_packed_too(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "list.mbox")
    for sent in (OPENER, REPLY):
        box.add(sent.removeprefix(BEGIN))
    box.close()
    packed = tmp_path / "list.gz"
    packed.write_bytes(gzip.compress((tmp_path / "list.mbox").read_bytes()))
    for path in (tmp_path / "list.mbox", packed):
        assert values(list(read_rows(open_file(str(path)))), "post_id") == ["a@x", "b@x"]


def test_a_maildir_is_read_with_its_folders_and_a_change_of_flags_changes_nothing(
    tmp_path: Path,
) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    key = box.add(OPENER.removeprefix(BEGIN))
    box.add_folder("Old").add(REPLY.removeprefix(BEGIN))
    (tmp_path / "box" / "tmp" / "half").write_text("not delivered yet")
    before = open_file(str(tmp_path / "box"))
    rows = list(read_rows(before))
    assert sorted(values(rows, "post_id", "thread_id")) == [("a@x", "a@x"), ("b@x", "a@x")]
    assert f"box/new/{key}" in {row.ref for row in rows}
    seen = box[key]
    seen.set_subdir("cur")
    seen.add_flag("S")
    box[key] = seen
    after = open_file(str(tmp_path / "box"))
    assert before.sha256 == after.sha256
    assert f"box/cur/{key}" in {row.ref for row in read_rows(after)}


@pytest.mark.parametrize("lead", ["", "\ufeff", "\r\n"])
def test_a_file_of_one_mail_is_read(lead: str) -> None:
    saved = REPLY.removeprefix(BEGIN)
    for content in (saved, saved.replace("\n", "\r\n")):
        rows = read("one.eml", (lead + content).encode())
        assert values(rows, "post_id", "thread_id") == [("b@x", "a@x")]
        assert [row.ref for row in rows] == ["one.eml:message 1"]


@pytest.mark.parametrize(
    "data",
    ["From: to\nA: b\n", "date: x\nsubject: y\n\n", "From,Date\na,b\n", "from: x\nno header\n"],
)
def test_a_text_of_another_kind_is_no_mail(data: str) -> None:
    with pytest.raises(InputError, match="no column holds the text"):
        posts(read("t", data.encode()), "body")


def test_saved_mails_in_an_archive_share_their_threads() -> None:
    target = io.BytesIO()
    late = mail("e@x", subject="Re: Sync stops", date=LATER)  # joined by its subject
    with zipfile.ZipFile(target, "w") as archive:
        for n, content in enumerate((REPLY, OPENER, late)):
            archive.writestr(f"saved/{n}.EML", content.removeprefix(BEGIN))
    rows = read("all.zip", target.getvalue())
    assert values(rows, "post_id", "thread_id") == [("b@x", "a@x"), ("a@x", "a@x"), ("e@x", "a@x")]
    assert rows[0].ref == "all.zip/saved/0.EML"


def test_an_empty_maildir_is_an_error(tmp_path: Path) -> None:
    mailbox.Maildir(tmp_path / "box")
    with pytest.raises(InputError, match="holds no mail"):
        open_file(str(tmp_path / "box"))


def test_import_reads_an_mbox_and_masks_its_people(tmp_path: Path) -> None:
    path = tmp_path / "list.mbox"
    reply = mail("b@x", author="Bea <bea@example.org>", body="Thanks @Ann Lee, ann@example.org",
                 more="In-Reply-To: <a@x>\n")  # fmt: skip
    path.write_text(OPENER + reply + BEGIN + "\n\n")
    run = invoke("import", path, "--project", tmp_path, "--json")
    assert run.exit_code == 0, run.output
    from feedbackminer.project.store import Store

    store = Store(tmp_path / "tables")
    bodies = dict(store.read("posts").select("post_id", "body").iter_rows())
    assert set(bodies) == {"list:a@x", "list:b@x"}
    assert "Ann" not in bodies["list:b@x"]
    assert "ann@" not in bodies["list:b@x"]
    assert store.read("dropped")["reason"].to_list() == ["malformed_mail"]


@pytest.mark.real
@pytest.mark.skipif(not R_LISTS.exists(), reason=f"no real corpora at {SHARED}")
def test_real_mails_keep_their_texts_and_find_their_threads(tmp_path: Path) -> None:
    originals = [
        json.loads(line) for line in gzip.decompress(R_LISTS.read_bytes()).splitlines()[:3_000]
    ]
    box = mailbox.mbox(tmp_path / "r.mbox")
    for row in originals:
        message = EmailMessage()
        message["From"] = f"{row['author']} <{row['author']}@example.org>"
        message["Subject"], message["Message-ID"] = row["title"], f"<{row['message_key']}>"
        message["Date"] = datetime.fromisoformat(row["created_at"])
        if row["reply_to"]:
            message["In-Reply-To"] = f"<{row['reply_to']}>"
        message.set_content(row["text"])
        box.add(message)
    box.close()
    rows = list(read_rows(open_file(str(tmp_path / "r.mbox"))))
    texts = {r.values["post_id"]: r.values["body"].strip() for r in rows if isinstance(r, Row)}
    assert texts == {row["message_key"]: row["text"].strip() for row in originals}
    thread_of = dict(values(rows, "post_id", "thread_id"))
    links = [(row["message_key"], row["reply_to"]) for row in originals if row["reply_to"] in texts]
    assert links
    assert all(thread_of[reply] == thread_of[parent] for reply, parent in links)
