# SPDX-License-Identifier: Apache-2.0
"""The server comes to an end: what is being answered is, what is still being sent to it is not.

An upload may go on for hours, and so cannot be waited for; who sends it is told at once, and sends
it to the server that comes next.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tileserver.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stopping:
    """Whether the server is coming to its end; of use within one event loop."""

    def __init__(self) -> None:
        self._has_begun = False
        self._receiving: set[asyncio.Task[object]] = set()

    def has_begun(self) -> bool:
        """Tell whether the server is coming to its end."""
        return self._has_begun

    def begin(self) -> None:
        """Break off all that is being received."""
        self._has_begun = True
        for task in self._receiving:
            task.cancel()

    @contextlib.contextmanager
    def receiving(self) -> Iterator[None]:
        """Receive something for as long as the server is not coming to its end.

        Raises
        ------
        BusyError
            It is.
        """
        task = asyncio.current_task()
        assert task is not None
        if self.has_begun():
            raise BusyError("the server is stopping")
        self._receiving.add(task)
        try:
            yield
        except asyncio.CancelledError:
            # As asyncio.timeout has it: others may want the task to end, too.
            if self.has_begun() and task.uncancel() == 0:
                raise BusyError("the server is stopping") from None
            raise
        finally:
            self._receiving.discard(task)
