# SPDX-License-Identifier: Apache-2.0
"""One at a time of those who are at the same thing; all others go on."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Turn:
    """The lock of a key, and how many have or want it."""

    __slots__ = ("count", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


class Turns:
    """Locks by key, which are there for as long as anybody wants them."""

    def __init__(self) -> None:
        self._turns: dict[bytes, _Turn] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._turns)

    @contextlib.contextmanager
    def of(self, keys: Iterable[bytes]) -> Iterator[None]:
        """Wait until nobody else is at any of the keys, and keep others from them."""
        with contextlib.ExitStack() as held:
            # In order, so that of two who want the same keys neither waits for the other for ever.
            for key in sorted(set(keys)):
                held.enter_context(self._of_one(key))
            yield

    @contextlib.contextmanager
    def _of_one(self, key: bytes) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.count += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.count -= 1
                if not turn.count:
                    del self._turns[key]
