"""Who wrote a post: a member, staff, a bot, or nobody in particular."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Self

from feedbackminer.privacy.names import normal_name
from feedbackminer.privacy.nobody import is_anonymous
from feedbackminer.settings.sections import CollectSettings

# A word "bot" of its own, or a camel-case ending; "Talbot", "abbot" and "Le Bot" are people.
_BOT_NAME: Final = re.compile(
    r"(?i:(?<![^\W_])(?<!\ble[-_. ])bot\d*(?![^\W_]))|[a-z]Bot\d*$|^no-?reply\b"
)
_SIGNS: Final = re.compile(r"#\d{4}$|[\W_]+")


def _key(name: str) -> str:
    return _SIGNS.sub("", normal_name(name))


_BOTS: Final = tomllib.loads(files(__package__).joinpath("bots.toml").read_text("utf-8"))
_KNOWN_BOTS: Final = frozenset(_key(name) for names in _BOTS.values() for name in names)


@dataclass(frozen=True)
class People:
    """Accounts that settings name, by their normal names."""

    staff: frozenset[str]
    bots: frozenset[str]
    nobody: frozenset[str]

    @classmethod
    def of(cls, settings: CollectSettings) -> Self:
        """Return those of some settings."""
        named = (settings.staff, settings.bots, settings.nobody)
        return cls(*(frozenset(map(normal_name, names)) for names in named))

    def author(self, name: str) -> str:
        """Return the name of an account; empty where it stands for nobody in particular."""
        is_nobody = is_anonymous(name) or normal_name(name) in self.nobody
        return "" if is_nobody else name.strip()

    def role(self, author: str, role: str) -> str:
        """Return bot, staff, member or unknown.

        Args:
            author: the account; empty: nobody knows who.
            role: that the export says.
        """
        name = normal_name(author)
        if name in self.staff:
            return "staff"
        if name in self.bots or _is_bot(author):
            return "bot"
        return "member" if role == "unknown" and author else role


def _is_bot(author: str) -> bool:
    return _BOT_NAME.search(author) is not None or _key(author) in _KNOWN_BOTS
