"""A real SMTP server on this machine, and what it does to whom."""

# ruff: noqa: ARG002, N802

from __future__ import annotations

import asyncio
import email
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.standing import free_port

TAKEN = "250 OK"
ANN, BOB = "ann@example.com", "bob@example.com"


@dataclass
class Mailbox:
    """What came in, and how the server answers.

    Attributes:
        answers: to recipients: address -> what is said, in turn; the last is said again.
        at_end: what is done once a text was kept, before that is said.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    at_end: Callable[[], str] = lambda: TAKEN
    n_connections: int = 0

    # Named, and called with what it is called with, as the server wants it.
    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        self.n_connections += 1
        session.host_name = name
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answers = self.answers.get(address, [TAKEN])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return await asyncio.to_thread(self.at_end)

    def channel(self, **settings: Any) -> dict[str, Any]:
        """Return the settings of a channel that sends here."""
        return {
            "kind": "mail",
            "host": "127.0.0.1",
            "port": self.port,
            "encryption": "none",
            "sender": "team@example.com",
            "to": [ANN, BOB],
            "timeout": 5,
        } | settings

    def readers(self) -> list[str]:
        """Return to whom mails came."""
        return [str(mail["To"]) for mail in self.mails]


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Have a server."""
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
