"""Names for the accounts of an export that shows names which several may have."""

from __future__ import annotations

from feedbackminer.privacy.names import normal_name
from feedbackminer.privacy.nobody import is_anonymous


class Accounts:
    """Gives each account one name: the first that it shows, with its id where that is taken.

    Names are what texts mention, so they are kept where they tell accounts apart.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def name(self, native: str, shown: str) -> str:
        """Return the name of an account; one that stands for nobody stays as it is."""
        if not native or (shown and is_anonymous(shown)):
            return shown
        if native not in self._names:
            is_free = normal_name(shown) not in self._taken
            self._names[native] = (shown if is_free else f"{shown} ({native})") if shown else native
            self._taken.add(normal_name(self._names[native]))
        return self._names[native]

    def known(self, native: str) -> str:
        """Return the name of an account that was named before, else its id."""
        return self._names.get(native, native)
