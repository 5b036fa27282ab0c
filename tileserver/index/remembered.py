# SPDX-License-Identifier: Apache-2.0
"""What was looked up in the index, kept for as long as nobody has written to it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_Key = TypeVar("_Key", bound="Hashable")
_Value = TypeVar("_Value")


class Remembered(Generic[_Key, _Value]):
    """Looks up by key, and remembers; safe to use from several threads.

    Parameters
    ----------
    version
        Gives another number after each change, whoever made it.
    find
        Looks up. What it raises is not remembered.
    most
        Bound of what is kept; what was not asked for the longest goes first.
    """

    def __init__(
        self, version: Callable[[], int], find: Callable[[_Key], _Value], most: int
    ) -> None:
        self._version = version
        self._find = find
        self._most = most
        self._known: OrderedDict[_Key, tuple[int, _Value]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, key: _Key) -> _Value | None:
        """Return what is known to hold now, ``None`` where it has to be looked up."""
        version = self._version()
        with self._lock:
            found = self._known.get(key)
            if found is None or found[0] != version:
                return None
            self._known.move_to_end(key)
            return found[1]

    def get(self, key: _Key) -> _Value:
        """Return what holds now; looked up where it is not known."""
        known = self.known(key)
        if known is not None:
            return known
        # The number comes first: what is written while we look makes what we found old.
        version = self._version()
        value = self._find(key)
        with self._lock:
            self._known[key] = version, value
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return value
