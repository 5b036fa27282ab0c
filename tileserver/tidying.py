# SPDX-License-Identifier: Apache-2.0
"""Files of instances that were deleted are closed, by each process that has them open.

What is asked for is kept open, and who deletes may be another process. As long as a deleted file
is open anywhere its room on the disk is not free, and of a slide that is gigabytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tileserver.services.frame_files import FrameFiles

_LOOK_SECONDS = 2.0
"""Looking takes a microsecond for each open file."""


@contextlib.asynccontextmanager
async def tidying(files: FrameFiles) -> AsyncIterator[None]:
    """Close again and again what was deleted."""
    task = asyncio.create_task(_tidy(files))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _tidy(files: FrameFiles) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        with contextlib.suppress(OSError):  # of a file system that is gone; told to who reads
            await run_in_threadpool(files.forget_removed)
