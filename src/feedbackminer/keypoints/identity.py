"""Key points keep their ids as long as the same is said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set

SAME = 0.3  # Jaccard similarity of the posts behind two points from which they are one


def key_point_ids(
    points: Mapping[tuple[str, str, int], Set[str]], earlier: Mapping[str, Set[str]]
) -> dict[tuple[str, str, int], str]:
    """Return the id of each point: that of the earlier point which is most alike, else a new one.

    Args:
        points: what each says, and the post and number of its sentence -> ids of posts behind it.
        earlier: id of an earlier point -> ids of the posts that were behind it.
    """
    likeness = sorted(
        (
            (-len(posts & others) / len(posts | others), key, key_point_id)
            for key, posts in points.items()
            for key_point_id, others in earlier.items()
            if key_point_id.startswith(f"{key[0]}-") and posts & others
        ),
    )
    ids: dict[tuple[str, str, int], str] = {}
    for distance, key, key_point_id in likeness:
        if -distance >= SAME and key not in ids and key_point_id not in ids.values():
            ids[key] = key_point_id
    taken = {*earlier}
    for key in sorted(points.keys() - ids.keys()):
        ids[key] = _new_id(key, taken)
        taken.add(ids[key])
    return ids


def _new_id(key: tuple[str, str, int], taken: Set[str]) -> str:
    """Return an id that was never used: one that died is not given to another."""
    attempt = 0
    while True:
        text = "|".join(map(str, (*key, attempt)))
        key_point_id = f"{key[0]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        if key_point_id not in taken:
            return key_point_id
        attempt += 1
