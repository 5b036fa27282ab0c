# SPDX-License-Identifier: Apache-2.0
"""Frames into the files of one instance, as they come.

Several instances may be written at the same time. An instance with a limit to the size of its
files goes through a spool, since only the frames themselves tell where to divide; any other is a
stream into its file (`single`).
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from typing import TYPE_CHECKING, Protocol

from dicomizer.writers.concatenation import DividedFiles
from dicomizer.writers.frames import FrameCount
from dicomizer.writers.single import SingleFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.state import State
    from dicomizer.writers.file import Create, Spool, WrittenFile
    from dicomizer.writers.frames import Frame


class _Files(Protocol):
    """Where the frames of an instance go."""

    @property
    def count(self) -> int:
        """How many frames there were from an interrupted conversion."""
        ...

    @property
    def is_movable(self) -> bool:
        """Whether `finish` makes earlier states untrue."""
        ...

    def state(self) -> State | None:
        """Return how far it is; ``None`` where it cannot be continued."""
        ...

    def write(self, frames: Sequence[Frame]) -> None:
        """Take the next frames."""
        ...

    def finish(self) -> tuple[WrittenFile, ...]:
        """Complete the files."""
        ...


class _Abandoned(Exception):  # noqa: N818 - it tells the files, nobody sees it
    """The files are given up: nobody need flush them."""


class InstanceWriter:
    """Writes the frames of one instance, and all that surrounds them.

    After an error the writer is closed, and its files are worth nothing.

    Parameters
    ----------
    create
        Opens a new file of the given name, to be written, read and positioned; what it raises
        for an `OSError` that happens within is what the methods here raise.
    spool
        Opens a file without a name, for an instance that may have to be divided.
    state
        How far the instance was when a conversion was interrupted, as `state` told it.

    Raises
    ------
    TargetError
        The files cannot be written, or no file may be as large as this one.
    """

    def __init__(
        self,
        create: Create,
        plan: ConversionPlan,
        instance: InstancePlan,
        *,
        spool: Spool = tempfile.TemporaryFile,
        state: State | None = None,
    ) -> None:
        self._files_open = contextlib.ExitStack()
        self._files: _Files
        with self._closed_on_failure():
            if instance.max_bytes is None:
                self._files = SingleFile(self._files_open, create, plan, instance, state)
            else:
                self._files = DividedFiles(self._files_open, create, spool, plan, instance)
        self.resumed = self._files.count
        """How many frames there were from an interrupted conversion."""
        self._count = FrameCount(instance, self.resumed)

    @property
    def is_movable(self) -> bool:
        """Whether `finish` will move frames, after which no earlier state is true."""
        return self._files.is_movable

    def state(self) -> State | None:
        """Return how far the instance is; ``None`` where it cannot be continued."""
        with self._closed_on_failure():
            return self._files.state()

    def write(self, frames: Sequence[Frame]) -> None:
        """Write the next frames, in the order of ``instance.frame_indices``.

        Raises
        ------
        ValueError
            There are more frames than planned, or one is not as large as uncompressed ones are.
        TargetError
            The files cannot be written.
        """
        with self._closed_on_failure():
            self._count.check(frames)
            self._files.write(frames)

    def finish(self) -> tuple[WrittenFile, ...]:
        """Complete the files and close them; on return they are on disk.

        Raises
        ------
        ValueError
            There are fewer frames than planned.
        TargetError
            The files cannot be written.
        """
        with self._closed_on_failure():
            self._count.check_complete()
            written = self._files.finish()
        self._files_open.close()
        return written

    def close(self) -> None:
        """Close the files as they are, after a failure elsewhere."""
        with contextlib.suppress(_Abandoned), self._closed_on_failure():
            raise _Abandoned

    @contextlib.contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Let the open files see what went wrong, which may raise another error for it."""
        try:
            yield
        except BaseException:
            if not self._files_open.__exit__(*sys.exc_info()):
                raise
