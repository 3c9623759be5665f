"""Short messages in chats: by a webhook that Slack would understand, or by whatever apprise speaks.

The secret of a channel is its address. No message tells it, and none of the libraries logs it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.channel import Parcel, refused
from feedbackminer.settings.sections import ChatChannel

if TYPE_CHECKING:
    from apprise import NotifyBase

SLACK_LENGTH = 4_000  # letters of a message that any of its kin takes


class Chat:
    """Sends a title, the things to know and a link.

    Args:
        settings: of the channel.
        secret: the address: a webhook (https://…) or one of apprise (discord://…).
    Raises:
        SettingsError: there is none, it is one of several places, or nobody understands it.
    """

    is_repeatable = False
    recipients: Sequence[str] = ("",)
    place = ""

    def __init__(self, settings: ChatChannel, secret: str) -> None:
        if not secret:
            raise SettingsError("has no address; it is the secret of the channel")
        _hush()
        self._url, self._timeout = secret, settings.timeout
        self._plugin = _plugin(secret, settings.timeout)
        if self._plugin is not None and len(self._plugin) > 1:
            # It would be sent again to those who have it, because of one who has not.
            raise SettingsError(
                "its address names several places, or tries; want one for each channel"
            )
        if self._plugin is None and not re.match(r"https?://[^/\s]", secret):
            raise SettingsError("its address is no webhook, and none that apprise knows")

    def preview(self, parcel: Parcel) -> str:
        """Say what would be sent."""
        service = self._plugin.service_name if self._plugin else "a webhook"
        return f"{len(self._text(parcel)):,} letters by {service}: {parcel.title}"

    def send(self, parcel: Parcel, recipient: str, token: str, thread: str = "") -> str:  # noqa: ARG002
        """Send one message.

        Raises:
            DeliveryError: it was refused, or nobody knows.
        """
        text = self._text(parcel)
        if self._plugin is None:
            self._post(text)
        else:
            _notify(self._plugin, text)
        return "taken by the chat"

    def _text(self, parcel: Parcel) -> str:
        """Return title, lines and link, as many lines as the chat takes."""
        longest = self._plugin.body_maxlen if self._plugin else SLACK_LENGTH
        lines = list(parcel.lines)
        while lines and len(_joined(parcel, lines)) > longest:
            lines.pop()
        return _joined(parcel, lines)

    def _post(self, text: str) -> None:
        try:
            answer = httpx.post(
                self._url, json={"text": text}, timeout=self._timeout, follow_redirects=False
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as error:
            raise DeliveryError(
                f"the chat cannot be reached ({type(error).__name__})", may_pass=True, is_whole=True
            ) from None
        except httpx.HTTPError as error:
            raise DeliveryError(
                f"the chat did not answer ({type(error).__name__})", may_be_out=True
            ) from None
        if not answer.is_success:
            raise refused("the chat", answer.status_code)


def _joined(parcel: Parcel, lines: Sequence[str]) -> str:
    title = f"Update of: {parcel.title}" if parcel.follows else parcel.title
    return "\n".join(filter(None, (title, *lines, parcel.link)))


def _plugin(url: str, timeout: float) -> NotifyBase | None:
    """Return what apprise speaks to an address with; None: it knows no such address."""
    try:
        from apprise import Apprise
    except ImportError:
        raise SettingsError(
            'chat wants more than is installed: pip install "feedbackminer[delivery]"'
        ) from None
    plugin: NotifyBase | None = Apprise.instantiate(url)
    if plugin is not None:
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout
    return plugin


def _notify(plugin: NotifyBase, text: str) -> None:
    from apprise import NotifyFormat

    with _overheard() as log:
        is_sent = plugin.notify(body=text, body_format=NotifyFormat.TEXT)
    if is_sent:
        return
    codes = re.findall(r"error[= ](\d{3})\b", "\n".join(log))
    if codes:
        raise refused("the chat", int(codes[-1]))
    raise DeliveryError("the chat did not answer as it should", may_be_out=True)


def _hush() -> None:
    """Have no library log an address: for good, since a send that was given up goes on."""
    for name in ("httpx", "httpcore", "urllib3"):  # who warn of addresses too
        logging.getLogger(name).setLevel(logging.ERROR)
    apprise = logging.getLogger("apprise")
    apprise.setLevel(logging.WARNING)
    apprise.propagate, apprise.handlers = False, [logging.NullHandler()]


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Yield what apprise says in this thread: nothing else tells why a chat refused."""
    logger, lines, ours = logging.getLogger("apprise"), list[str](), threading.get_ident()

    def hear(record: logging.LogRecord) -> bool:
        if record.thread == ours:
            lines.append(record.getMessage())
        return True

    logger.addFilter(hear)
    try:
        yield lines
    finally:
        logger.removeFilter(hear)
