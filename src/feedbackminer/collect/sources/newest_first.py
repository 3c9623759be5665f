"""Read a list that gives the newest first, so that a reading which is cut off can go on.

A reading walks down from the top to what an earlier one has reached, and some items further. How
far up a list was read counts only once the walk has arrived; one that was cut off is finished
before the next begins at the top.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from feedbackminer.collect.dates import CLOCK_SKEW
from feedbackminer.collect.http.answers import MissingError
from feedbackminer.collect.sources.protocol import Position, Whole
from feedbackminer.errors import SourceError

ASKED_ANEW = 4  # where an answer does not go on from the one before: a cache may repeat one
LATER = 1e11  # a moment after all others
Item = Mapping[str, Any]
Listed = tuple[Sequence[Item], Any]  # items, and the place of those that follow (None: no more)


@dataclass(frozen=True)
class Stretch:
    """A piece of a list; moments are seconds since 1970.

    Args:
        items: the newest first.
        position: where to go on with the list, once the items are stored.
        down_to: from the top down to here all was read just now; LATER: not from the top.
        missed: after the first and before the second moment the list gives nothing any more.
    """

    items: Sequence[Item]
    position: Position
    down_to: float = LATER
    missed: tuple[float, float] | None = None


@dataclass(frozen=True)
class Walk:
    """How far down a reading has come, and where it goes on."""

    top: float  # the newest that it has seen
    until: float = LATER  # the oldest
    place: Any = None


@dataclass(frozen=True)
class Newest:
    """A list that gives the newest first.

    Args:
        ask: place (None: the top) -> what is listed there.
        when: item -> its moment; None: it has none, or stands out of order.
        overlap: items to read again below what was reached before.
        since: items before this are not wanted.
        longest: items that the list gives at most; it has all that there are if it ends long
            before that.
    """

    ask: Callable[[Any], Listed]
    when: Callable[[Item], float | None]
    overlap: int
    since: datetime | None = None
    longest: int = sys.maxsize

    def read(self, position: Position, start: Any = None) -> Iterator[Stretch]:
        """Yield what is new since ``position``, beginning at a place."""
        newest = position.get("newest", 0.0)
        if "walk" in position:
            try:
                for stretch in self._walk(Walk(**position["walk"]), newest):
                    yield Stretch(stretch.items, stretch.position)
                    newest = stretch.position["newest"]
            except MissingError:  # the place is gone: from the top, then
                pass
        yield from self._walk(Walk(newest, place=start), newest)

    def _walk(self, walk: Walk, newest: float) -> Iterator[Stretch]:
        n_old = read = 0
        while True:
            items, onward = self._listed(walk)
            if onward is not None and onward == walk.place:
                raise SourceError("the list leads back to itself and ends nowhere; try later")
            moments, read = self._moments(items), read + len(items)
            n_old += sum(moment <= newest for moment in moments)
            walk = Walk(max([walk.top, *moments]), min([walk.until, *moments]), onward)
            has_arrived = walk.until < newest and n_old >= self.overlap
            is_last = has_arrived or onward is None or self._is_before(walk.until)
            position = {"newest": walk.top} if is_last else {"newest": newest, "walk": asdict(walk)}
            is_whole = onward is None and read < self.longest / 2
            is_cut = onward is None and not is_whole and 0 < newest < walk.until
            missed = (newest, walk.until) if is_cut else None
            yield Stretch(items, position, 0.0 if is_whole else walk.until, missed)
            if is_last:
                return

    def _listed(self, walk: Walk) -> Listed:
        """Ask for what follows; where newer items come first, that is asked again."""
        listed: Listed = ((), None)
        for _ in range(ASKED_ANEW):
            listed = self.ask(walk.place)
            if max(self._moments(listed[0]), default=0.0) <= walk.until:
                break
        return listed

    def _is_before(self, moment: float) -> bool:
        return self.since is not None and moment < self.since.timestamp()

    def _moments(self, items: Sequence[Item]) -> list[float]:
        """Return the moments of items; one of the future is a wrong clock, and no mark."""
        latest = time.time() + CLOCK_SKEW.total_seconds()
        moments = (self.when(item) for item in items)
        return [moment for moment in moments if moment is not None and moment <= latest]


def whole_of(channel: str | None, *down_to: float) -> Whole:
    """Say that lists which make up a channel were read down to these moments."""
    return Whole(None, channel, datetime.fromtimestamp(max(down_to), UTC))
