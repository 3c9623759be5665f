"""The channels that settings name."""

from __future__ import annotations

from pathlib import Path

from feedbackminer.publish.channel import Channel
from feedbackminer.publish.chat import Chat
from feedbackminer.publish.folder import Folder
from feedbackminer.publish.issues import Issues
from feedbackminer.publish.mail import Mail
from feedbackminer.publish.warehouse import Warehouse
from feedbackminer.settings.sections import (
    AnyChannel,
    ChatChannel,
    FolderChannel,
    IssuesChannel,
    MailChannel,
    WarehouseChannel,
)


def open_channel(
    settings: AnyChannel, secret: str, base: Path, site_files: frozenset[str]
) -> Channel:
    """Return a channel; nothing is asked yet.

    Args:
        secret: of the channel, where it has one.
        base: where relative paths begin.
        site_files: names that the folder of a digest may hold.
    Raises:
        SettingsError: a setting or the secret of it is wrong, or what it needs is not installed.
    """
    match settings:
        case FolderChannel():
            return Folder(settings, base, site_files)
        case MailChannel():
            return Mail(settings, secret)
        case ChatChannel():
            return Chat(settings, secret)
        case WarehouseChannel():
            return Warehouse(settings, secret, base)
        case IssuesChannel():
            return Issues(settings, secret)
