"""Types of parameters say what the rest of the code says."""

from typing import get_args

from feedbackminer.vocabulary.tags import HEADS
from pipelines.parameters import Head


def test_a_flow_takes_each_head_there_is_and_no_other() -> None:
    assert get_args(Head) == HEADS
