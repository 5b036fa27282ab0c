# SPDX-License-Identifier: Apache-2.0
"""The parts of uploads, put together: the verbs that routes call, and what goes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from tileserver.errors import ConflictingStateError, TileserverError
from tileserver.job_queue import FINAL, State
from tileserver.job_queue import Asked as AskedJob
from tileserver.uploads.store import Upload, UploadStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tileserver.job_queue import Job, JobQueue
    from tileserver.settings import Settings
    from tileserver.uploads.model import Asked

_logger = logging.getLogger(__name__)
_TIDY_SECONDS = 60.0
_GRACE_SECONDS = 3600.0
"""For which an upload stays once the jobs that needed it are done: rules may want one more."""
_DAY = 86_400.0
_MOST_OPEN = 10_000


class Uploads:
    """The uploads of a server.

    Parameters
    ----------
    ask
        Puts a job on the queue.
    check_options
        Returns what is asked of a conversion, or raises `BadRequestError`.
    """

    def __init__(
        self,
        settings: Settings,
        queue: JobQueue,
        ask: Callable[[AskedJob], Job],
        check_options: Callable[[Mapping[str, object]], Mapping[str, object]],
    ) -> None:
        self.store = UploadStore(settings.data)
        self._settings = settings
        self._queue = queue
        self._ask = ask
        self._check_options = check_options

    def create(self, asked: Asked) -> Upload:
        """Begin an upload.

        Raises
        ------
        BadRequestError
            What is asked of the conversion makes no sense.
        ConflictingStateError
            There are too many.
        StorageError
            There is no room for it.
        """
        self._check_options(asked.options)
        if sum(1 for _ in self.store.folders()) >= _MOST_OPEN:
            raise ConflictingStateError(f"there are {_MOST_OPEN:,} uploads; finish or remove some")
        upload = self.store.create(asked)
        if not asked.length:
            self.finish(upload)
        return upload

    def finish(self, upload: Upload) -> Job | None:
        """Have a slide converted whose last byte has come; ``None`` where files are missing.

        It may be called any number of times, and again after a crash: there is one job.
        """
        if not self.store.is_received(upload) or not self.store.deliver(upload):
            return None
        options = dict(upload.asked.options)
        is_verified = options.pop("verify", False)
        name, cause = upload.delivery, f"upload {upload.delivery}"
        told = {} if upload.asked.group else {"name": upload.asked.name}
        parameters = {"upload": name, **told, **options}
        converting = self._ask(AskedJob("convert", parameters, key=cause, cause=cause))
        if is_verified:
            about = {"convert": converting.id}
            self._ask(AskedJob("verify", about, key=f"{cause} verify", cause=cause))
        return converting

    def job_of(self, upload: Upload) -> Job | None:
        """Return the conversion of an upload."""
        found = self._queue.using("upload", upload.delivery)
        return next((job for job in found if job.kind == "convert"), None)

    def remove(self, upload: Upload) -> None:
        """Remove an upload.

        Raises
        ------
        ConflictingStateError
            A job needs it.
        """
        if any(not job.is_final for job in self._queue.using("upload", upload.delivery)):
            raise ConflictingStateError("a job needs the upload; cancel that first")
        self.store.remove(upload)

    @contextlib.asynccontextmanager
    async def tidying(self) -> AsyncIterator[None]:
        """Finish what a crash has broken off, and remove what nobody needs, again and again."""
        task = asyncio.create_task(self._tidy_again())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _tidy_again(self) -> None:
        while True:
            try:
                await run_in_threadpool(self.tidy)
            except (TileserverError, OSError) as error:
                _logger.error("uploads: %s", error)
            await asyncio.sleep(_TIDY_SECONDS)

    def tidy(self) -> None:
        """Finish what a crash has broken off, and remove what nobody needs."""
        self.store.clear()
        for upload in self.store.list():
            if self.store.is_received(upload) and self.job_of(upload) is None:
                self.finish(upload)
        for name, changed in self.store.folders():
            if self._is_done_with(name, time.time() - changed):
                self.store.remove_folder(name)

    def _is_done_with(self, name: str, age: float) -> bool:
        jobs = self._queue.using("upload", name)
        if any(job.state not in FINAL for job in jobs):
            return False
        if jobs and all(job.state is State.DONE for job in jobs):
            ended = max(job.ended or 0 for job in jobs) / 1000
            return time.time() - ended > _GRACE_SECONDS
        return age > self._settings.keep_uploads_days * _DAY
