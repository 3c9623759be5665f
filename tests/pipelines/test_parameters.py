"""Types of parameters say what the rest of the code says."""

from typing import get_args

from feedbackminer.vocabulary.tags import FITTED
from pipelines.parameters import Head


def test_a_flow_takes_each_head_that_can_be_fitted_and_no_other() -> None:
    assert get_args(Head) == FITTED
