# SPDX-License-Identifier: Apache-2.0
"""The role that every reader of slide files plays."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dicomizer.slide import Slide, SlideImage

Frame = tuple[bytes | memoryview, ...]
"""The value of one frame in parts, to be joined; none for a frame that the file does not hold.
Views are valid until the next batch."""


class SlideSource(Protocol):
    """An open slide file.

    A constructor takes the path only, opens the file and reads its structure; pixels wait for
    `frames`. Every failure is a `SourceError`.
    """

    @property
    def slide(self) -> Slide:
        """What the file holds."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the slide consists of."""
        ...

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says.

        An uncompressed frame has the full tile, row by row, samples interleaved, little endian.
        What lies beyond the edge of the image repeats its last pixel, or is as the file has it.

        Parameters
        ----------
        indices
            Which frames, in the order in which they shall come; ``None`` stands for all, in
            theirs.

        Raises
        ------
        CorruptSourceError
            A tile cannot be read or is not what the file's directory says.
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class FileSource(abc.ABC):
    """What readers have in common: they tell what they found, and close their files.

    A constructor sets ``_slide``.
    """

    _slide: Slide

    @property
    def slide(self) -> Slide:
        """What the file holds."""
        return self._slide

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the slide consists of; but one for most formats."""
        return (self.slide.path,)

    @abc.abstractmethod
    def close(self) -> None:
        """Close the file; once more does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Refusal(Exception):  # noqa: N818 - says why a reader leaves a file to others; no error yet
    """Why a reader does not take a file: "no TIFF", "compressed with JPEG 2000"."""


class AnotherFormat(Refusal):
    """The file is of another format: what a reader says before it has found its own signs."""
