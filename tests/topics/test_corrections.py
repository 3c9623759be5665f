"""A correction that makes no sense is refused before it is stored."""

import numpy as np
import pytest

from feedbackminer.errors import InputError
from feedbackminer.topics.corrections import check, divide
from tests.support.builders import topics

KNOWN = topics(t001="Battery", t002="Export")


@pytest.mark.parametrize(
    ("action", "topic_id", "to", "message"),
    [
        ("rename", "t009", "New", "no topic 't009'"),
        ("merge", "t001", "t009", "no topic 't009'"),
        ("merge", "t001", "t001", "cannot be merged with itself"),
        ("rename", "t001", "  ", "the name is empty"),
        ("rename", "t001", "eXPORT ", "another topic is called"),
    ],
)
def test_nonsense_is_refused(action: str, topic_id: str, to: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(KNOWN, action, topic_id, to)


@pytest.mark.parametrize(
    ("action", "to"), [("rename", "battery"), ("merge", "t002"), ("pin", ""), ("ignore", "")]
)
def test_sense_is_not(action: str, to: str) -> None:
    check(KNOWN, action, "t001", to)


def test_equal_posts_cannot_be_told_apart() -> None:
    with pytest.raises(InputError, match="too few unlike posts"):
        divide(np.ones((5, 3), dtype=np.float32), 2, seed=0)
