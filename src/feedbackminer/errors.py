"""Every exception of feedbackminer, and the exit code each one ends a command with.

FeedbackminerError           4  internal error: a bug of ours
├── InputError               2  a file that cannot be read as posts
├── SettingsError            2  a setting, option or key file that is wrong
├── ModelError               2  a trained head that cannot be used as it is
│   └── OtherEncoderError    2  it was trained on another encoder
├── SourceError              3  a source cannot be read now; a rerun continues
├── EngineError              3  a cluster that fails; a rerun continues
├── DeliveryError            3  a channel refuses or fails; what went out is noted
├── DriftError               1  a run looks so unusual that its digest was stopped
├── StoreError               3  the store could not be read or written; a rerun continues
└── TableError               4  a table breaks its contract
    ├── ConservationError    4  rows in != rows out + rows dropped with a reason
    └── UndeclaredTableError 4  a stage uses a table that it does not declare

A message says what is wrong, where, what was found, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FeedbackminerError(Exception):
    """Root of the tree; ``exit_code`` is what a command returns."""

    exit_code = 4


class InputError(FeedbackminerError):
    """A file that cannot be read as posts."""

    exit_code = 2


class SettingsError(FeedbackminerError):
    """A setting, option or key file that is wrong."""

    exit_code = 2


class ModelError(FeedbackminerError):
    """A trained head that is damaged, or not what a command needs."""

    exit_code = 2


class OtherEncoderError(ModelError):
    """A head that was trained on another encoder."""


class SourceError(FeedbackminerError):
    """A source that refuses, fails or answers with something else; what is stored stays."""

    exit_code = 3


class EngineError(FeedbackminerError):
    """A cluster that cannot be reached or used, or whose workers die; what is stored stays."""

    exit_code = 3


class DeliveryError(FeedbackminerError):
    """A channel that refuses, fails or does not answer; nothing went out by it.

    The message holds no secret, no address of a reader and no word of a member.

    Attributes:
        may_pass: the same may work in a moment.
        may_be_out: nobody knows whether it went out after all.
        is_whole: the channel as such cannot be reached, whoever is to be reached by it.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        may_pass: bool = False,
        may_be_out: bool = False,
        is_whole: bool = False,
    ) -> None:
        super().__init__(message)
        self.may_pass, self.may_be_out, self.is_whole = may_pass, may_be_out, is_whole


class DriftError(FeedbackminerError):
    """A run looks so unlike those before it that the settings stop its digest."""

    exit_code = 1


class StoreError(FeedbackminerError):
    """The store could not be read or written; what is stored stays intact."""

    exit_code = 3


class TableError(FeedbackminerError):
    """A table breaks the contract declared in ``tables.py``."""


class ConservationError(TableError):
    """A stage lost or invented rows."""


class UndeclaredTableError(TableError):
    """A stage reads or writes a table that its declaration does not name."""


def suggest(name: str, names: Iterable[str], otherwise: str, *, cutoff: float = 0.6) -> str:
    """Return for a message which of ``names`` somebody may have meant by ``name``.

    Args:
        otherwise: what is said where none is like it.
        cutoff: similarity, 0 to 1, from which a name counts.
    """
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return f"did you mean {near[0]!r}?" if near else otherwise
