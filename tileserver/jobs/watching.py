# SPDX-License-Identifier: Apache-2.0
"""Jobs as they change, as server-sent events.

Each event is a job as it is by now, with the version of its change as its number: who comes again
with the last number that it had misses no end of any job, though steps in between.

References
----------
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from tileserver.jobs.documents import document_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tileserver.job_queue import Job, JobQueue

_LOOK_SECONDS = 0.25
_BATCH = 100
_SILENCE_SECONDS = 15.0
"""After which a comment is sent, so that nobody takes the connection for dead."""


async def watched(
    queue: JobQueue, job: int | None, since: int | None, is_over: Callable[[], bool]
) -> AsyncIterator[str]:
    """Yield events; of one job until it has ended, else until the server comes to its end.

    Parameters
    ----------
    since
        The version that was had last. Without it: of one job, how it is now; of all, what comes.
    """
    version = since if since is not None else await _begin(queue, job)
    seen, told = -1, time.monotonic()
    yield ": jobs\n\n"
    while not is_over():
        changes = await run_in_threadpool(queue.changes)
        found = (
            await run_in_threadpool(queue.changed, version, _BATCH, job) if changes != seen else []
        )
        for each in found:
            version = each.version
            told = time.monotonic()
            yield _event(each)
        if job is not None and found and found[-1].is_final:
            return
        if len(found) < _BATCH:
            seen = changes
            await asyncio.sleep(_LOOK_SECONDS)
        if time.monotonic() > told + _SILENCE_SECONDS:
            told = time.monotonic()
            yield ": still here\n\n"


async def _begin(queue: JobQueue, job: int | None) -> int:
    return 0 if job is not None else await run_in_threadpool(queue.version)


def _event(job: Job) -> str:
    text = json.dumps(document_of(job), separators=(",", ":"))
    return f"id: {job.version}\nevent: job\ndata: {text}\n\n"
