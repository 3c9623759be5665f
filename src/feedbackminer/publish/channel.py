"""What goes to a channel, and what every channel can do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import polars as pl

from feedbackminer.errors import DeliveryError

T = TypeVar("T")


@dataclass(frozen=True)
class Living:
    """What there is in the store now, after all erasures.

    Attributes:
        texts: what stands in each post, title and body, by its id.
        labels: what topics are called, by their id.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What goes out at once: an edition of a digest, the whole, or a message of an alert.

    Attributes:
        part: name of the edition, or whole; of an alert the number of the message.
        project: stands for the project, and tells nothing of it.
        digest: the period that the digest is of; or which alert it is.
        since: when it begins: before that nothing was delivered of it; None: not known.
        title: one line of plain text.
        lines: the things to know, each one line that no chat takes for markup.
        markdown: the part as Markdown.
        html: likewise, for mail: one page whose styles stand in its head, nothing loaded.
        link: where it can be read; empty: nowhere.
        files: of the part in a folder: relative path -> text.
        site: all files of the digest.
        tables: rows for BI by the name of their table.
        living: what is not erased.
        follows: the part that began the conversation which this goes on with; empty: it begins one.
    """

    part: str
    project: str
    digest: str
    since: datetime | None
    title: str
    lines: Sequence[str]
    markdown: str
    html: str
    link: str
    files: Mapping[str, str]
    site: Mapping[str, str]
    tables: Mapping[str, pl.DataFrame]
    living: Living
    follows: str = ""


class Channel(Protocol):
    """Where parcels go.

    Attributes:
        recipients: who gets one each; an empty name is the channel itself; none: it is only told
            what would be sent.
        is_repeatable: sent again, it is there once all the same.
        place: where it is then, and can be written anew and erased; empty: out of reach.
    """

    recipients: Sequence[str]
    is_repeatable: bool
    place: str

    def preview(self, parcel: Parcel) -> str:
        """Say what would go where, without secrets; asks nobody."""
        ...

    def send(self, parcel: Parcel, recipient: str, token: str, thread: str = "") -> str:
        """Send, and say what became of it.

        Args:
            token: stands for this delivery, the same whenever it is tried again.
            thread: the token of the delivery that began the conversation; empty: this one does.
        Raises:
            DeliveryError: it was refused, or nobody knows.
        """
        ...


def refused(who: str, code: int) -> DeliveryError:
    """Say that a server of the web refused.

    What stands before a server says 502 or 504, and a server that stumbled 500, though it may
    have been taken; 503 and 429 say that it was not.
    """
    may_be_out = code >= 500 and code != 503
    does = "failed at" if may_be_out else "refused"
    return DeliveryError(
        f"{who} {does} it ({code})", may_pass=code in (429, 503), may_be_out=may_be_out
    )


def within(seconds: float, do: Callable[[], T]) -> T:
    """Do something, and give it up when it takes too long: it may still be done then.

    Raises:
        DeliveryError: it took too long.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(do())
        except BaseException as error:
            failures.append(error)

    # A daemon: one that hangs keeps no command from ending.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise DeliveryError(f"no answer within {seconds:g} seconds", may_be_out=True, is_whole=True)
    return results[0]
