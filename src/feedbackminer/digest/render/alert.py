"""An alert in words: one line, a few lines for a chat, Markdown and a page for mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedbackminer.digest.render.markdown import escape
from feedbackminer.digest.render.short import harmless, one_line, shortened
from feedbackminer.digest.render.site import environment
from feedbackminer.vocabulary.alerts import CAUSE_TITLES, REAL, RULES
from feedbackminer.vocabulary.claims import quantity

LONGEST_TITLE = 120  # letters; trackers take 255, and making a text harmless adds some
NEXT_TO_NOBODY = 0.5  # members that are usual


@dataclass(frozen=True, kw_only=True)
class AlertView:
    """An alert as it is told.

    Attributes:
        product: whose community it is of; empty: not told.
        label: what it is about; it may hold a member's words.
        also: what else much the same members speak of, likewise.
        days: of the window.
        message: number of the message; 2 and later go on in the same conversation.
        quotes: of members, masked.
        link: where the digest can be read; empty: nowhere.
    """

    alert_id: str
    product: str
    rule: str
    label: str
    also: Sequence[str]
    cause: str
    why: str
    n_members: int
    usual: float
    low: float | None
    high: float | None
    days: int
    seen_at: datetime
    opened_at: datetime
    message: int
    quotes: Sequence[str] = ()
    link: str = ""

    @property
    def is_update(self) -> bool:
        """Tell whether something was told of it before."""
        return self.message > 1

    @property
    def title(self) -> str:
        """Return one line that stays the same as long as the alert does."""
        what = RULES[self.rule].title.format(subject=self.label)
        line = one_line(f"{self.product}: {what}" if self.product else what)
        return shortened(line, LONGEST_TITLE)

    @property
    def headline(self) -> str:
        """Return what stands out, with its numbers."""
        falls = RULES[self.rule].falls
        members = quantity(self.n_members, "member")
        wrote = " wrote" if falls else ""
        return (
            f"{self.label}: {members}{wrote} in the last {quantity(self.days, 'day')}, "
            f"where {self._usual}{self._interval}"
        )

    @property
    def cause_line(self) -> str:
        """Return what makes it stand out."""
        title = CAUSE_TITLES[self.cause]
        return f"Cause: {title}; {self.why}" if self.why else f"Cause: {title}"

    @property
    def action(self) -> str:
        """Return what to do first."""
        return RULES[self.rule].action if self.cause == REAL else ""

    @property
    def since_line(self) -> str:
        """Return since when it stands out, and up to when was looked."""
        return (
            f"Since {self.opened_at:%-d %B %Y, %H:%M} UTC; seen last "
            f"{self.seen_at:%-d %B %Y, %H:%M} UTC"
        )

    @property
    def how(self) -> str:
        """Return how to take it up."""
        return (
            f"Take it: feedbackminer alerts ack {self.alert_id} --owner YOU · or: "
            f"feedbackminer alerts snooze {self.alert_id} --for 3d"
        )

    @property
    def _usual(self) -> str:
        if self.usual < NEXT_TO_NOBODY:
            return "next to nobody is usual"
        return (
            f"{self.usual:,.1f} would be usual"
            if self.usual < 10
            else (f"{self.usual:,.0f} would be usual")
        )

    @property
    def _interval(self) -> str:
        if not self.usual or self.low is None or self.high is None:
            return ""
        ratio = self.n_members / self.usual
        return f" ({ratio:,.1f} times; {self.low:,.1f} to {self.high:,.1f})"


def lines(view: AlertView) -> list[str]:
    """Write it for a chat, in which community text is neither markup nor a call."""
    also = f"Also: {'; '.join(view.also)}" if view.also else ""
    said = [
        view.headline,
        view.cause_line,
        view.since_line,
        also,
        *(f"“{quote}”" for quote in view.quotes),
        view.action,
    ]
    return [*(harmless(line) for line in said if line), view.how]


def markdown(view: AlertView) -> str:
    """Write it as Markdown, in which community text is no markup."""
    parts = [
        f"# {escape(view.title)}",
        escape(view.headline),
        escape(view.cause_line),
        view.since_line,
        f"Also: {escape('; '.join(view.also))}" if view.also else "",
        *(f"> {escape(quote)}" for quote in view.quotes),
        view.action,
        view.link,
        view.how,
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def html(view: AlertView) -> str:
    """Write it as one page for mail."""
    return environment().get_template("alert.html.j2").render(alert=view)
