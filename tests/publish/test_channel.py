"""What takes too long is given up, and what fails says so."""

from __future__ import annotations

import threading
import time

import pytest

from feedbackminer.errors import DeliveryError
from feedbackminer.publish.channel import within


def test_what_hangs_is_given_up_and_may_be_done_all_the_same() -> None:
    gate = threading.Event()
    began = time.monotonic()
    with pytest.raises(DeliveryError, match=r"no answer within 0\.1 seconds") as caught:
        within(0.1, lambda: gate.wait(30))
    gate.set()
    assert time.monotonic() - began < 5
    assert caught.value.may_be_out


def test_what_is_done_in_time_returns_or_fails_as_it_does() -> None:
    assert within(5, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
