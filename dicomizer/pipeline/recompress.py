# SPDX-License-Identifier: Apache-2.0
"""Frames coded anew without decoding their pixels: JPEG as JPEG XL, and back."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import jpegxl
from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicomizer.planning import InstancePlan
    from dicomizer.sources.base import Frame

_AT_ONCE = 32
"""Frames of a task: enough to make the hand-over cheap, few enough to hold several."""


def recompressed(
    batches: Iterable[list[Frame]], instance: InstancePlan, threads: int
) -> Iterator[list[Frame]]:
    """Yield the frames of an instance coded as its transfer syntax says, in order.

    Raises
    ------
    CodecError
        A stream cannot be recompressed, with the file to be written and the number of the frame.
    """
    is_forth = instance.transfer_syntax is TransferSyntax.JPEG_XL_RECOMPRESSION
    recode = jpegxl.recompress if is_forth else jpegxl.restore

    def work(start: int, frames: list[bytes]) -> list[Frame]:
        return [recoded(number, frame) for number, frame in enumerate(frames, start)]

    def recoded(number: int, frame: bytes) -> Frame:
        try:
            return (recode(frame),) if frame else ()
        except CodecError as error:
            error.place = f"{instance.file_name}, frame {number}"
            raise

    waiting: deque[Future[list[Frame]]] = deque()
    with ThreadPoolExecutor(threads, "frames") as pool:
        try:
            for index, task in enumerate(_tasks(batches)):
                waiting.append(pool.submit(work, index * _AT_ONCE + 1, task))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _tasks(batches: Iterable[list[Frame]]) -> Iterator[list[bytes]]:
    frames = (b"".join(frame) for batch in batches for frame in batch)
    while task := list(islice(frames, _AT_ONCE)):
        yield task
