"""Ctrl-C and a request to end stop a command wherever it is, in a finaliser too.

Python drops an exception that is raised while an object is finalised; importing the encoder, a
second of nothing else, takes many. So an interrupt comes again until somebody has taken it.
"""

from __future__ import annotations

import signal
from typing import Any, NoReturn

ONCE_MORE = 2.0  # seconds
_HAS_TIMER = hasattr(signal, "setitimer")  # not on Windows


def expect() -> None:
    """From now on raise ``KeyboardInterrupt`` for either."""
    for name in ("SIGINT", "SIGTERM", "SIGALRM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _raise)


def taken() -> bool:
    """Say that an interrupt has arrived; returns whether one had been on its way."""
    return _HAS_TIMER and signal.setitimer(signal.ITIMER_REAL, 0)[0] > 0


def _raise(*_: Any) -> NoReturn:
    if _HAS_TIMER:
        signal.setitimer(signal.ITIMER_REAL, ONCE_MORE)
    raise KeyboardInterrupt
