"""Short messages in chats: by a webhook that Slack would understand, or by whatever apprise speaks.

The secret of a channel is its address. No message tells it, and none of the libraries logs it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.channel import Parcel
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
        SettingsError: there is none, or nobody understands it.
    """

    is_repeatable = False
    recipients: Sequence[str] = ("",)
    place = ""

    def __init__(self, settings: ChatChannel, secret: str) -> None:
        if not secret:
            raise SettingsError("has no address; it is the secret of the channel")
        self._url, self._timeout = secret, settings.timeout
        self._plugin = _plugin(secret, settings.timeout)
        if self._plugin is None and not re.match(r"https?://[^/\s]", secret):
            raise SettingsError("its address is no webhook, and none that apprise knows")

    def preview(self, parcel: Parcel) -> str:
        """Say what would be sent."""
        service = self._plugin.service_name if self._plugin else "a webhook"
        return f"{len(self._text(parcel)):,} letters by {service}: {parcel.title}"

    def send(self, parcel: Parcel, recipient: str, token: str) -> str:  # noqa: ARG002
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
            raise _refused(answer.status_code)


def _joined(parcel: Parcel, lines: Sequence[str]) -> str:
    return "\n".join(filter(None, (parcel.title, *lines, parcel.link)))


def _plugin(url: str, timeout: float) -> NotifyBase | None:
    """Return what apprise speaks to an address with; None: it knows no such address."""
    try:
        from apprise import Apprise
    except ImportError:
        raise SettingsError(
            'chat wants more than is installed: pip install "feedbackminer[delivery]"'
        ) from None
    with _overheard():
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
        raise _refused(int(codes[-1]))
    raise DeliveryError("the chat did not answer as it should", may_be_out=True)


def _refused(code: int) -> DeliveryError:
    return DeliveryError(f"the chat refused it ({code})", may_pass=code == 429 or code >= 500)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Keep what apprise says of addresses and answers from every log; yields its lines."""
    logger, lines = logging.getLogger("apprise"), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.propagate, logger.level, logger.handlers
    logger.propagate, logger.handlers = False, [handler]
    logger.setLevel(logging.WARNING)
    try:
        yield lines
    finally:
        logger.propagate, logger.handlers = before[0], before[2]
        logger.setLevel(before[1])
