"""Digests by mail: one message to each reader, as text and as HTML."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.channel import Parcel
from feedbackminer.settings.sections import MailChannel

CLOSING = 421  # no answer to what was asked, but what a server may say at any moment
LONGEST = 150  # letters of a subject
_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Mail:
    """Sends by SMTP.

    Args:
        settings: of the channel.
        secret: the password of ``user``.
    Raises:
        SettingsError: a password would go over the wire for anybody to read, or is missing; or
            what puts styles into elements is not installed.
    """

    is_repeatable = False
    place = ""

    def __init__(self, settings: MailChannel, secret: str) -> None:
        if settings.user and not secret:
            raise SettingsError(f"user {settings.user!r} has no password")
        if settings.user and settings.encryption == "none":
            raise SettingsError('encryption = "none" would show the password to the network')
        try:
            import css_inline
        except ImportError:
            raise SettingsError(
                'mail wants more than is installed: pip install "feedbackminer[delivery]"'
            ) from None
        # Many readers of mail know no styles but those of elements. Nothing is fetched for them.
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
        self._settings, self._secret = settings, secret
        self.recipients: Sequence[str] = tuple(dict.fromkeys(settings.to))

    def preview(self, parcel: Parcel) -> str:
        """Say what would be sent."""
        size = len(self._compose(parcel, self.recipients[0], "dry").as_bytes())
        return (
            f"{len(self.recipients)} × mail by {self._settings.host}:{self._settings.port}, "
            f"{size / 1024:,.0f} KiB: {subject(parcel.title)}"
        )

    def send(self, parcel: Parcel, recipient: str, token: str, thread: str = "") -> str:
        """Send to one reader.

        Raises:
            DeliveryError: the server refused, or went away; before the text nothing was sent.
        """
        message = self._compose(parcel, recipient, token, thread)
        with self._connected() as server:
            try:
                server.send_message(message, self._settings.sender, [recipient])
            except smtplib.SMTPRecipientsRefused as error:
                raise _refused("the reader", *error.recipients[recipient]) from None
            except smtplib.SMTPSenderRefused as error:
                raise _refused("the sender", error.smtp_code, error.smtp_error) from None
            except smtplib.SMTPResponseException as error:
                if server.got_text and error.smtp_code == CLOSING:
                    why = f"the mail server closed while it got the text ({CLOSING})"
                    raise DeliveryError(why, may_be_out=True) from None
                raise _refused("the text", error.smtp_code, error.smtp_error) from None
            except smtplib.SMTPNotSupportedError:
                raise DeliveryError("the mail server takes no such address") from None
            except (OSError, smtplib.SMTPException) as error:
                where = "while it got the text" if server.got_text else "before it got the text"
                raise DeliveryError(
                    f"the mail server went away {where} ({type(error).__name__})",
                    may_be_out=server.got_text,
                    may_pass=not server.got_text,
                ) from None
        return "taken by the mail server"

    def _compose(
        self, parcel: Parcel, recipient: str, token: str, thread: str = ""
    ) -> EmailMessage:
        """Make the mail: no part of a digest reaches a header but its title, on one line."""
        sender = self._settings.sender
        message = EmailMessage(policy=SMTP)
        message["Subject"] = subject(f"Re: {parcel.title}" if thread else parcel.title)
        message["From"], message["To"] = sender, recipient
        message["Date"] = format_datetime(datetime.now(UTC))
        domain = sender.rpartition("@")[2]
        message["Message-ID"] = f"<{token}@{domain}>"
        if thread:
            message["In-Reply-To"] = message["References"] = f"<{thread}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # so that no absence is answered
        message.set_content(parcel.markdown)
        message.add_alternative(self._inliner.inline(parcel.html), subtype="html")
        return message

    @contextmanager
    def _connected(self) -> Iterator[_Server]:
        """Have a server that is logged in to."""
        try:
            server = self._open()
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(
                f"the mail server refused the login ({error.smtp_code})", is_whole=True
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(
                f"the mail server cannot be reached ({type(error).__name__})",
                may_pass=not isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError),
                is_whole=True,
            ) from None
        try:
            yield server
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        finally:
            server.close()

    def _open(self) -> _Server:
        settings = self._settings
        secured = ssl.create_default_context()
        if settings.encryption == "tls":
            server: _Server = _TlsServer(
                settings.host, settings.port, timeout=settings.timeout, context=secured
            )
        else:
            server = _Server(settings.host, settings.port, timeout=settings.timeout)
        try:
            if settings.encryption == "starttls":
                server.starttls(context=secured)
            if settings.user:
                server.login(settings.user, self._secret)
        except BaseException:
            server.close()
            raise
        return server


class _Server(smtplib.SMTP):
    """Knows whether it was given a text: only then may a mail be out."""

    got_text = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.got_text = True
        try:
            return super().data(msg)
        except smtplib.SMTPDataError:  # it did not want it
            self.got_text = False
            raise


class _TlsServer(smtplib.SMTP_SSL, _Server):
    pass


def subject(title: str) -> str:
    """Return a title on one line, not too long."""
    line = " ".join(_BREAK.sub(" ", title).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _refused(what: str, code: int, answer: bytes | str) -> DeliveryError:
    """Say that a server refused; what it says may hold an address, so only its code is told."""
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", _text(answer))
    shown = f"{code} {enhanced[0]}" if enhanced else str(code)
    return DeliveryError(f"the mail server refused {what} ({shown})", may_pass=400 <= code < 500)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
