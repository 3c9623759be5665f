"""Key points keep their ids as long as the same is said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass

SAME = 1 / 3  # Jaccard similarity of the posts behind two points from which they are one
Key = tuple[str, str, int]  # what a point says, and the post and number of its sentence


@dataclass(frozen=True)
class Behind:
    """What stands behind a point: ids of posts, and the sentences that say it."""

    post_ids: Set[str]
    sentences: Set[str]


def key_point_ids(points: Mapping[Key, Behind], earlier: Mapping[str, Set[str]]) -> dict[Key, str]:
    """Return the id of each point: that of the earlier point which is most alike, else a new one.

    Args:
        earlier: id of an earlier point -> ids of the posts that were behind it.
    """
    likeness = sorted(
        (
            (-len(behind.post_ids & others) / len(behind.post_ids | others), key, key_point_id)
            for key, behind in points.items()
            for key_point_id, others in earlier.items()
            if key_point_id.startswith(f"{key[0]}-") and behind.post_ids & others
        ),
    )
    ids: dict[Key, str] = {}
    for distance, key, key_point_id in likeness:
        if -distance >= SAME and key not in ids and key_point_id not in ids.values():
            ids[key] = key_point_id
    taken = {*earlier}
    for key in sorted(points.keys() - ids.keys()):
        ids[key] = _new_id(key[0], points[key].sentences, taken)
        taken.add(ids[key])
    return ids


def _new_id(says: str, sentences: Set[str], taken: Set[str]) -> str:
    """Return an id that no other point has.

    It is made of all sentences and of no post's id: who has erased a post shall not be found again
    by trying out ids.
    """
    attempt = 0
    while True:
        text = "\n".join([*sorted(sentences), str(attempt)])
        key_point_id = f"{says}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        if key_point_id not in taken:
            return key_point_id
        attempt += 1
