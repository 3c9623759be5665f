"""Account names that stand for nobody in particular: guests, deleted accounts, customers of a shop.

One such name covers many people: as one member they would be the loudest voice.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

_SIGNS: Final = re.compile(r"[\W_]+")
_NUMBER: Final = re.compile(r"\d{1,12}$")


def _key(name: str) -> str:
    return _SIGNS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _keys(lists: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset(_key(name) for names in lists.values() for name in names)


_NAMES: Final = tomllib.loads(files(__package__).joinpath("nobody.toml").read_text("utf-8"))
_ALONE, _NUMBERED = _keys(_NAMES["alone"]), _keys(_NAMES["numbered"])


def is_anonymous(name: str) -> bool:
    """Tell whether an account name stands for nobody, in whatever case, brackets and signs."""
    key = _key(name)
    if not key:
        return not name.strip()
    return key in _ALONE or key in _NUMBERED or _NUMBER.sub("", key) in _NUMBERED
