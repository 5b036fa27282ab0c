# SPDX-License-Identifier: Apache-2.0
"""Small work of many requests, done for several of them in one visit to a thread.

Threads of Python take turns, and each turn that changes between cores costs as much as storing a
part of a small instance: sixteen requests in as many threads took twice the processor's time.
While some is under way, what comes gathers; nobody waits longer than for that and their own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Together(Generic[_Item, _Result]):
    """Does what is asked for by many; of one event loop.

    Parameters
    ----------
    work
        Called in a thread with what has gathered, in order; gives a result or an error for each.
    most
        How many are done at once.
    """

    def __init__(
        self, work: Callable[[Sequence[_Item]], Sequence[_Result | Exception]], most: int
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[_Item, asyncio.Future[_Result]]] = []
        self._doing: asyncio.Task[None] | None = None

    async def do(self, item: _Item) -> _Result:
        """Return what comes of an item; it is done also if nobody waits for it any more.

        Raises
        ------
        Exception
            What the work gives as its error.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[_Result] = loop.create_future()
        self._waiting.append((item, result))
        if self._doing is None or self._doing.done():
            self._doing = loop.create_task(self._do_all())
        return await result

    async def _do_all(self) -> None:
        while self._waiting:
            several, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            items = [item for item, _ in several]
            try:
                found = await run_in_threadpool(self._work, items)
            except Exception as error:  # noqa: BLE001 - handed to those who wait
                found = [error] * len(items)
            for (_, result), outcome in zip(several, found, strict=True):
                _settle(result, outcome)


def _settle(result: asyncio.Future[_Result], outcome: _Result | Exception) -> None:
    if result.done():  # whoever waited went away
        return
    if isinstance(outcome, Exception):
        result.set_exception(outcome)
    else:
        result.set_result(outcome)
