# SPDX-License-Identifier: Apache-2.0
"""A file recompressed: written anew frame by frame, then read back and compared.

Frames are worked on by several threads, a few at a time, so that memory depends on the size of a
frame and not on their number.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from dicomizer.dicom.encapsulation import BASIC_OFFSET_LIMIT
from dicomizer.dicom.part10 import IMPLICIT_VR_LITTLE_ENDIAN, read_header
from dicomizer.errors import CorruptDicomError
from dicomizer.pipeline import default_threads
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import decode_stored
from dicomizer.transcode.choice import check_syntax, choose
from dicomizer.transcode.header import new_head, unchanged
from dicomizer.transcode.opened import open_frames
from dicomizer.writers.pixel_data import EncapsulatedLayout
from dicomizer.writers.room import make_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from typing import TypeVar

    from dicomizer.transcode.choice import Target, Way
    from dicomizer.transcode.opened import Opened

    Found = TypeVar("Found")
    Report = Callable[[str, int, int], None]

_LARGE_FRAME = 64 << 20
"""Bytes of decoded pixels from which on one frame is worked on at a time."""


@dataclass(frozen=True, slots=True)
class Transcoded:
    """What a file has become.

    Parameters
    ----------
    size
        Of the new file, in bytes.
    """

    transfer_syntax_uid: str
    number_of_frames: int
    size: int


def transcode(
    file: BinaryIO,
    out: BinaryIO,
    target: Target,
    report: Report = lambda _, __, ___: None,
    threads: int | None = None,
) -> Transcoded:
    """Write the same instance with its pixels recompressed without loss, and prove it.

    Parameters
    ----------
    file
        A Part 10 file, with a descriptor.
    out
        An empty file, to be written, read and positioned.
    report
        Told what is being done ("recompressing" or "comparing"), and how many steps of how many
        are done.

    Raises
    ------
    UnfitError
        It cannot be recompressed without loss, or need not be; it says why.
    DicomizerError
        The file is damaged, or what was written does not give back what was read; with the place.
    """
    header = read_header(file)
    check_syntax(header.transfer_syntax_uid, target)
    source = open_frames(file, header)
    way = choose(source.description, target)
    count = len(source)
    threads = _threads(source, threads or default_threads())
    _write(out, source, way, threads, lambda done: report("recompressing", done, 2 * count))
    out.flush()
    _compare(out, source, way, threads, lambda done: report("comparing", count + done, 2 * count))
    return Transcoded(way.transfer_syntax.value, count, out.seek(0, 2))


def _threads(source: Opened, most: int) -> int:
    description = source.description
    samples = description.rows * description.columns * description.samples
    return 1 if samples * description.bits_allocated // 8 > _LARGE_FRAME else most


def _write(
    out: BinaryIO, source: Opened, way: Way, threads: int, report: Callable[[int], None]
) -> None:
    lengths = np.zeros(len(source), dtype=np.uint64)
    layout = EncapsulatedLayout(is_extended=_is_long(source))
    out.write(new_head(source, way))
    begin = out.tell()
    out.write(layout.head(lengths))
    frames = out.tell()

    def recoded(number: int) -> bytes:
        frame = source.frame(number)
        return way.recode(frame) if frame else b""

    for number, frame in enumerate(_worked(recoded, len(source), threads)):
        lengths[number] = len(frame)
        out.writelines(layout.parts([(frame,)]))
        report(number + 1)
    if not layout.fits(lengths):
        layout = EncapsulatedLayout(is_extended=True)
        make_room(out, frames, begin + len(layout.head(lengths)) - frames)
    out.write(layout.tail(lengths))
    out.seek(begin)
    out.write(layout.head(lengths))


def _is_long(source: Opened) -> bool:
    """Tell whether the frames may need an offset table of 64 bits."""
    description = source.description
    samples = description.rows * description.columns * description.samples
    native = len(source) * samples * description.bits_allocated // 8
    return max(native, int(source.index.lengths.sum())) > BASIC_OFFSET_LIMIT


def _compare(
    out: BinaryIO, source: Opened, way: Way, threads: int, report: Callable[[int], None]
) -> None:
    """Make sure that what was written is what was read."""
    made = open_frames(out, read_header(out))
    expected = replace(
        source.description,
        transfer_syntax_uid=way.transfer_syntax.value,
        photometric_interpretation=way.photometric_interpretation,
        is_planar=False,
    )
    if made.description != expected or len(made) != len(source):
        raise CorruptDicomError("the pixels written are described otherwise than those read")
    if unchanged(made) != unchanged(source) or not _has_same_values(made, source):
        raise CorruptDicomError("the attributes written are others than those read")

    def compare(number: int) -> None:
        before, after = source.frame(number), made.frame(number)
        if not _is_same(before, after, source, made, way):
            raise CodecError("the new frame does not give back what was stored")

    for number, _ in enumerate(_worked(compare, len(source), threads)):
        report(number + 1)


def _is_same(before: bytes, after: bytes, source: Opened, made: Opened, way: Way) -> bool:
    if not before:
        return not after
    if way.restore is not None and way.restore(after) != before:
        return False
    pixels = decode_stored(before, source.description)
    again = decode_stored(after, made.description)
    return pixels.shape == again.shape and bool(np.array_equal(pixels, again))


def _has_same_values(made: Opened, source: Opened) -> bool:
    """Tell whether a dataset that was written in another VR reads the same."""
    if source.header.transfer_syntax_uid != IMPLICIT_VR_LITTLE_ENDIAN:
        return True  # it was compared byte for byte
    kept = [
        {
            element.tag: element
            for element in opened.header.dataset
            if element.keyword not in ("PhotometricInterpretation", "PlanarConfiguration")
            and element.tag.group != 0x7FE0
        }
        for opened in (made, source)
    ]
    return kept[0] == kept[1]


def _worked(work: Callable[[int], Found], count: int, threads: int) -> Iterator[Found]:
    """Yield what becomes of each frame, in order; a few are worked on ahead."""

    def placed(number: int) -> Found:
        try:
            return work(number)
        except CodecError as error:
            error.place = error.place or f"frame {number + 1}"
            raise

    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(threads, "frames") as pool:
        try:
            for number in range(count):
                waiting.append(pool.submit(placed, number))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
