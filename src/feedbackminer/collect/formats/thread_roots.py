"""Which thread a message belongs to, where an export only says what it replies to."""

from __future__ import annotations

from collections.abc import Mapping


def root_of(start: str, parents: Mapping[str, str], roots: dict[str, str]) -> str:
    """Return the end of the chain of parents; of a ring the member that is met first.

    Args:
        roots: what was found before; what is found on the way is put in.
    """
    path: set[str] = set()
    at = start
    while at in parents and at not in roots and at not in path:
        path.add(at)
        at = parents[at]
    root = roots.get(at, at)
    roots.update(dict.fromkeys(path, root))
    return root
