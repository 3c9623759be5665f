"""Who wrote a mail: people by their addresses, called by their names.

A name is what others use in texts, so it stands for the author wherever it is one person's.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedbackminer.text.words import on_one_line

_NAMED = re.compile(r"\s*(?P<name>[^<>]{0,300}?)\s*<\s*(?P<address>[^<>]{1,300})>")
_COMMENTED = re.compile(r"\s*(?P<address>[^()<>]{1,300}?)\s*\((?P<name>[^()]{0,300})\)\s*$")
_AT = re.compile(r"(?<=\S) (?:at|\(at\)|\[at\]) (?=\S+\.\S)", re.IGNORECASE)  # so archives hide it
_ESCAPED = re.compile(r"\\(.)")
_VIA = re.compile(r"\s+via\s+\S.*$")  # what a list adds that sends in its members' names
_WORD = re.compile(r"\w{3,}")
# Beyond this a program makes up the addresses of one name, or sends for many names.
MOST_ADDRESSES, MOST_NAMES = 3, 3


@dataclass(frozen=True)
class Sender:
    """A person as the header of a mail has them; either may be empty."""

    name: str
    address: str  # in small letters

    @property
    def shown(self) -> str:
        return self.name or self.address


def read_sender(written: str) -> Sender:
    """Read "Ann Lee <ann@example.org>", "ann at example.org (Ann Lee)" or either alone."""
    match = _NAMED.match(written) or _COMMENTED.match(written)
    name, address = (match["name"], match["address"]) if match else ("", written)
    address = _AT.sub("@", on_one_line(address))
    name = _ESCAPED.sub(r"\1", name).strip(" '\"")
    if " " in address or "@" not in address:
        return Sender(name or address, "")
    return Sender("" if name.lower() == address.lower() else name, address.lower())


def author_of_list(sender: Sender, originals: Iterable[Sender]) -> Sender:
    """Return who wrote a mail that a list sent: "Ann Lee via Users <users@example.org>" is Ann's.

    Args:
        originals: whom other headers name.
    """
    name = _VIA.sub("", sender.name).strip(" '\"")
    if name == sender.name:
        return sender
    people = (o for o in originals if o.address and o.address != sender.address)
    original = next(people, Sender("", ""))
    own = read_sender(name)
    return Sender(own.name or original.name, own.address or original.address)


def authors(senders: Iterable[Sender]) -> Mapping[Sender, str]:
    """Return what to call each sender: one name for one person, two for two.

    Spellings of a name that come from one address are one person, called by the usual one. Of
    several addresses with one name, the usual one has the name, the others theirs beside it.
    """
    times = Counter(senders)
    usual = _usual_names(times)
    addresses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sender, n in times.items():
        if sender.address:
            addresses[usual[sender]][sender.address] += n
    return {sender: _called(usual[sender], sender, addresses[usual[sender]]) for sender in times}


def _called(name: str, sender: Sender, addresses: Counter[str]) -> str:
    is_others = sender.address and sender.address != _most(addresses)
    return f"{name} <{sender.address}>" if is_others and len(addresses) <= MOST_ADDRESSES else name


def _usual_names(times: Counter[Sender]) -> dict[Sender, str]:
    by_address: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sender, n in times.items():
        if sender.name:
            by_address[sender.address][sender.name] += n
    return {sender: _usual_name(sender, by_address[sender.address]) for sender in times}


def _usual_name(sender: Sender, names: Counter[str]) -> str:
    if not (sender.address and names) or len(names) > MOST_NAMES:
        return sender.shown
    usual = _most(names)
    return usual if not sender.name or _are_alike(usual, sender.name) else sender.name


def _most(times: Counter[str]) -> str:
    """Return the most frequent text, of several the longest: the same for any order of mails."""
    return max(times, key=lambda text: (times[text], len(text), text), default="")


def _are_alike(one: str, other: str) -> bool:
    """Tell whether two names may be spellings of one: "Lee, Ann" and "alee" of "Ann Lee"."""
    words = [set(_WORD.findall(name.casefold())) for name in (one, other)]
    glued = [re.sub(r"\W", "", name.casefold()) for name in (one, other)]
    return any(word in glued[1] for word in words[0]) or any(word in glued[0] for word in words[1])
