"""Mail against a real SMTP server: each reader has one, and a failure says what is known."""

from __future__ import annotations

import socket
import sys
import threading
import time
from typing import Any

import pytest

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.mail import LONGEST, Mail
from feedbackminer.settings.sections import MailChannel
from tests.support.mailbox import ANN, BOB, Mailbox
from tests.support.parcels import HOSTILE, parcel
from tests.support.standing import free_port


def mail(port: int, secret: str = "", **settings: Any) -> Mail:
    plain: dict[str, Any] = {
        "kind": "mail",
        "host": "127.0.0.1",
        "port": port,
        "timeout": 2,
        "encryption": "none",
        "sender": "digest@example.com",
        "to": [ANN, BOB],
    }
    return Mail(MailChannel(**plain | settings), secret)


def failed(port: int, **settings: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mail(port, **settings).send(parcel(), ANN, "t0")
    return caught.value


def test_a_reader_gets_text_and_html_from_the_sender_alone(box: Mailbox) -> None:
    mail(box.port).send(parcel(), ANN, "t0")
    (got,) = box.mails
    assert (got["From"], got["To"], got["Message-ID"]) == (
        "digest@example.com",
        ANN,
        "<t0@example.com>",
    )
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text
    assert html
    assert text.get_content().splitlines() == parcel().markdown.splitlines()
    assert "The board stays empty." in html.get_content()


def test_styles_stand_in_the_elements_and_nothing_is_fetched_for_them(box: Mailbox) -> None:
    page = (
        "<html><head><style>.claim { color: red }</style>"
        f'<link rel="stylesheet" href="http://127.0.0.1:{free_port()}/style.css"></head>'
        '<body><p class="claim">The board</p></body></html>'
    )
    mail(box.port).send(parcel(html=page), ANN, "t0")
    html = box.mails[0].get_body(("html",))
    assert html
    assert '<p class="claim" style="color: red' in html.get_content()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "css_inline", None)
    with pytest.raises(SettingsError, match=r"pip install \"feedbackminer\[delivery\]\""):
        mail(25)


def test_no_title_makes_a_header_or_a_line_too_long(box: Mailbox) -> None:
    title = f"Digest\r\nBcc: everybody@example.com\n\nHello\u2028 {HOSTILE}"
    mail(box.port).send(parcel(title=title, markdown=HOSTILE, html=HOSTILE), ANN, "t0")
    (got,) = box.mails
    assert got["Bcc"] is None
    assert got["Subject"].startswith("Digest Bcc: everybody@example.com Hello <script>")
    assert LONGEST - 9 < len(got["Subject"]) <= LONGEST
    text = got.get_body(("plain",))
    assert text
    assert text.get_content().strip() == HOSTILE


def test_what_is_refused_says_its_code_and_no_address(box: Mailbox) -> None:
    box.answers[ANN] = [f"550 5.1.1 {ANN} does not live here"]
    error = failed(box.port)
    assert str(error) == "the mail server refused the reader (550 5.1.1)"
    assert [error.may_pass, error.may_be_out, error.is_whole] == [False] * 3
    box.answers[ANN] = ["451 4.7.1 Greylisted, try again"]
    assert failed(box.port).may_pass


def test_a_server_that_goes_away_before_the_text_sent_nothing(box: Mailbox) -> None:
    box.answers[ANN] = ["421 Closing"]
    error = failed(box.port)
    assert error.may_pass
    assert not error.may_be_out


def test_a_server_that_never_says_whether_it_took_the_text_may_have_sent_it(box: Mailbox) -> None:
    gate = threading.Event()

    def hang() -> str:
        gate.wait(10)
        return "250 OK"

    box.at_end = hang
    began = time.monotonic()
    error = failed(box.port, timeout=0.5)
    gate.set()
    assert time.monotonic() - began < 3
    assert error.may_be_out
    assert not error.may_pass


def test_a_server_that_closes_over_the_text_may_have_taken_it(box: Mailbox) -> None:
    box.at_end = lambda: "421 4.3.2 Closing"
    error = failed(box.port)
    assert str(error) == "the mail server closed while it got the text (421)"
    assert (error.may_pass, error.may_be_out) == (False, True)
    box.at_end = lambda: "451 4.7.1 Later"
    assert failed(box.port).may_pass


def test_a_server_that_is_not_there_or_says_nothing_is_one_for_nobody() -> None:
    error = failed(free_port())
    assert error.is_whole
    assert error.may_pass
    assert not error.may_be_out
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failed(silent.getsockname()[1], timeout=0.3)
    assert error.is_whole
    assert not error.may_be_out


def test_a_server_without_encryption_gets_no_mail_that_wants_it(box: Mailbox) -> None:
    error = failed(box.port, encryption="starttls")
    assert error.is_whole
    assert not error.may_pass
    assert box.mails == []


def test_a_password_is_wanted_and_not_sent_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="has no password"):
        mail(25, user="ann")
    with pytest.raises(SettingsError, match="would show the password"):
        mail(25, "secret", user="ann")
