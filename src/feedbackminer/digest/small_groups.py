"""Small groups: how many people of a sort there are is told where it points at nobody."""

from __future__ import annotations

from collections.abc import Mapping

from feedbackminer.vocabulary.claims import LEAST_GROUP


def without_small(
    counts: Mapping[str, int], parts: Mapping[str, int] | None = None
) -> dict[str, int | None]:
    """Return how many people are in each group; None where that is not told.

    A group of fewer than ``LEAST_GROUP`` is not told, nor are as many of the next smallest as it
    takes that nothing can be worked out from what is told and the total. Groups are hidden by
    their size alone and not all alike, so their numbers could as well stand in each other's places.
    A group of nobody is told, unless all are hidden.

    Args:
        counts: of groups that make up a whole, whose number anybody may know.
        parts: of each group so many are told of too, such as those who said something.
    """

    def is_safe(hidden: list[str]) -> bool:
        sizes = [counts[name] for name in hidden]
        differ = all(len({of[name] for name in hidden}) > 1 for of in (counts, parts or counts))
        return differ and sum(sizes) >= LEAST_GROUP

    larger = sorted(n for n in counts.values() if n >= LEAST_GROUP)
    for limit in (LEAST_GROUP - 1, *larger):
        hidden = [name for name, n in counts.items() if 0 < n <= limit]
        if not hidden or is_safe(hidden):
            return {name: None if name in hidden else n for name, n in counts.items()}
    return dict.fromkeys(counts)
