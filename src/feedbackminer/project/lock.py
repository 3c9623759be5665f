"""One writer at a time in a project, whoever it is: the command line, a flow, another worker.

The lock belongs to a process. When that is killed the system gives it back at once, so nothing
has to be cleaned up. It holds on one machine: writers on several machines that share an
object store are kept apart by Delta's commits, which lets both work but doubles no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from feedbackminer.errors import StoreError

NAME = ".lock"
FOREVER = -1.0


@contextmanager
def hold(
    folder: Path, *, wait: float = 0, tell: Callable[[str], object] = lambda _: None
) -> Iterator[None]:
    """Keep other writers out of a project; what holds it already may hold it again.

    Args:
        folder: of the project, which exists.
        wait: seconds to wait for whoever is at work there; ``FOREVER``: until they are done.
        tell: is told when there is something to wait for.
    Raises:
        StoreError: somebody is still at work, or the folder cannot be written.
    """
    lock = FileLock(folder.resolve() / NAME, is_singleton=True)
    try:
        if not _is_free(lock):
            tell(f"{folder}: another run is at work in this project; waiting for its end")
            lock.acquire(timeout=wait, poll_interval=0.25)
    except Timeout:
        raise StoreError(
            f"{folder}: another run is at work in this project; run the same command again when "
            f"it is done (`fuser {folder / NAME}` shows its process)"
        ) from None
    except OSError as error:
        raise StoreError(f"{folder / NAME}: cannot be locked: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def _is_free(lock: BaseFileLock) -> bool:
    """Take the lock if nobody has it."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
