# SPDX-License-Identifier: Apache-2.0
"""Some processes that decode, started when they are first needed, replaced when one ends."""

from __future__ import annotations

import logging
import os
import queue
from typing import TYPE_CHECKING, Protocol

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import decode_stored, is_simple
from tileserver.decoding.limits import MOST_BYTES, MOST_SAMPLES, seconds_for
from tileserver.decoding.pictures import read_head
from tileserver.decoding.process import DecoderProcess, EndedError
from tileserver.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pixels.codecs.frame_shape import Stream
    from dicomizer.pixels.stored_frames import PixelDescription, Samples
    from tileserver.decoding.pictures import Picture

_logger = logging.getLogger(__name__)


class Decode(Protocol):
    """Decodes a stored frame; parameters, result and errors are those of `decode_stored`."""

    def __call__(self, stream: Stream, description: PixelDescription, /) -> Samples:
        """Return the samples of a frame."""
        ...


class Decoders:
    """Decodes frames, in processes of their own where native codecs have to do with them.

    Safe to use from several threads, of which more than there are processes wait.

    Parameters
    ----------
    count
        Of processes; as many as there are cores, unless told.
    seconds_for
        Gives how long a frame may take.
    """

    def __init__(
        self,
        count: int | None = None,
        seconds_for: Callable[[PixelDescription | Picture], float] = seconds_for,
    ) -> None:
        self._seconds_for = seconds_for
        self._is_closed = False
        # What is put back last is taken first, so that no more are started than work at once.
        self._free: queue.LifoQueue[DecoderProcess | None] = queue.LifoQueue()
        for _ in range(count or os.cpu_count() or 1):
            self._free.put(None)

    def __call__(self, stream: Stream, description: PixelDescription) -> Samples:
        """Decode a frame.

        Raises
        ------
        CodecError
            It is damaged, too large, or more than its decoder could bear.
        BusyError
            No process can be started.
        """
        if is_simple(stream, description):
            return decode_stored(stream, description)
        description.check()
        _check_size(stream, description)
        return self._decoded_elsewhere(stream, description)

    def picture(self, media_type: str, stream: Stream) -> Samples:
        """Decode a PNG or GIF.

        Returns
        -------
        samples
            Of all frames: frames, rows, columns, and 1 or 3 samples.

        Raises
        ------
        CodecError
            It is damaged, too large, or more than its decoder could bear.
        BusyError
            No process can be started.
        """
        picture = read_head(media_type, stream)
        frames = self._decoded_elsewhere(stream, picture)
        return frames.reshape(-1, picture.rows, picture.columns, frames.shape[2])

    def close(self) -> None:
        """End all processes; those that are at a frame end after it."""
        self._is_closed = True
        while True:
            try:
                process = self._free.get_nowait()
            except queue.Empty:
                return
            if process is not None:
                process.end()

    def _decoded_elsewhere(
        self, stream: Stream, description: PixelDescription | Picture
    ) -> Samples:
        process = self._free.get()
        try:
            process = _running(process)
            return process.decode(stream, description, self._seconds_for(description))
        except EndedError as error:
            _logger.warning("a frame was given up: %s", error)
            raise CodecError(f"it cannot be decoded: {error}") from error
        except OSError as error:
            raise BusyError(f"no decoder can be started: {error.strerror}") from error
        finally:
            self._put_back(process)

    def _put_back(self, process: DecoderProcess | None) -> None:
        if self._is_closed and process is not None:
            process.end()
            process = None
        self._free.put(process)


def _running(process: DecoderProcess | None) -> DecoderProcess:
    """Return a process that runs: this one, or a new one in its place."""
    if process is not None:
        if process.is_alive():
            return process
        process.end()
    return DecoderProcess()


def _check_size(stream: Stream, description: PixelDescription) -> None:
    samples = description.rows * description.columns * description.samples
    if samples > MOST_SAMPLES or len(stream) > MOST_BYTES:
        raise CodecError(
            f"found {samples:,} samples in {len(stream):,} bytes, expected at most "
            f"{MOST_SAMPLES:,} in {MOST_BYTES:,}"
        )
