# SPDX-License-Identifier: Apache-2.0
"""Pixel Data as bytes: what stands before the frames, around each, and after the last.

Native frames stand one after the other, padded once at the end; encapsulated ones are an item
each, behind an offset table of 32 bits, or of 64 where Pixel Data may pass 4 GiB.

References
----------
PS3.5 A.4 (encapsulated Pixel Data), PS3.5 8.1 (native), PS3.3 C.7.6.3.1.8 (offset tables)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dicomizer.dicom import encapsulation
from dicomizer.errors import TargetError
from dicomizer.planning import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dicomizer.planning import InstancePlan
    from dicomizer.writers.frames import Frame

LARGEST_NATIVE = 0xFFFFFFFE
"""Pixel Data that is not encapsulated has a length of 32 bits, and even (PS3.5 7.1.1)."""
_EXTENDED_TABLE_THRESHOLD = encapsulation.BASIC_OFFSET_LIMIT - (1 << 24)
"""Estimated size of Pixel Data from which the 64-bit table is used; the margin covers what is
not known beforehand, such as padding."""
_HEADER_ALLOWANCE = 1024
"""Bytes that a frame may grow by its completed header."""
_LEAST_RATIO = 2
"""Of lossy compression, at the best quality anyone asks for."""


class Layout(Protocol):
    """How frames of given lengths are laid out as the element Pixel Data."""

    lead: int
    """Bytes of the layout before each frame's own."""
    largest_tail: int
    """Bytes after the last frame's, at most."""

    def fits(self, lengths: NDArray[np.uint64]) -> bool:
        """Tell whether frames of such lengths can be laid out so."""
        ...

    def head(self, lengths: NDArray[np.uint64]) -> bytes:
        """Return all bytes before the first frame's; as many for any lengths.

        Parameters
        ----------
        lengths
            ``(frames,)``, of each frame's value without padding.
        """
        ...

    def parts(self, frames: Sequence[Frame]) -> list[bytes | memoryview]:
        """Return frames with what surrounds each, to be joined."""
        ...

    def sizes(self, lengths: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return how many bytes `parts` gives for frames of the given lengths."""
        ...

    def tail(self, lengths: NDArray[np.uint64]) -> bytes:
        """Return all bytes after the last frame's."""
        ...


class NativeLayout:
    """Frames one after the other.

    Parameters
    ----------
    vr
        Of Pixel Data: ``OW`` where a sample takes two bytes, else ``OB`` (PS3.5 A.2).
    """

    lead = 0
    largest_tail = 1

    def __init__(self, vr: bytes) -> None:
        self._vr = vr

    def fits(self, lengths: NDArray[np.uint64]) -> bool:
        """Tell whether 32 bits can tell the length."""
        return int(lengths.sum()) <= LARGEST_NATIVE

    def head(self, lengths: NDArray[np.uint64]) -> bytes:
        """Return tag, VR and length.

        Raises
        ------
        TargetError
            There are more bytes than a length of 32 bits can tell.
        """
        length = int(lengths.sum())
        if not self.fits(lengths):
            raise TargetError(
                f"{length:,} bytes of uncompressed pixels, an instance may have {LARGEST_NATIVE:,}",
                remedy="choose a codec, such as --codec jpeg2000, or --max-instance-size 4GB",
            )
        return b"\xe0\x7f\x10\x00" + struct.pack("<2sHI", self._vr, 0, length + length % 2)

    def parts(self, frames: Sequence[Frame]) -> list[bytes | memoryview]:
        """Return the frames' own parts."""
        return [part for frame in frames for part in frame]

    def sizes(self, lengths: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the lengths themselves."""
        return lengths

    def tail(self, lengths: NDArray[np.uint64]) -> bytes:
        """Return what makes the length even."""
        return bytes(int(lengths.sum()) % 2)


class EncapsulatedLayout:
    """A fragment for each frame, and an offset table.

    Parameters
    ----------
    is_extended
        Whether the table has 64 bits.
    """

    lead = 8
    largest_tail = len(encapsulation.SEQUENCE_DELIMITER)

    def __init__(self, *, is_extended: bool) -> None:
        self.is_extended = is_extended

    def fits(self, lengths: NDArray[np.uint64]) -> bool:
        """Tell whether the table can tell the offset of the last frame."""
        before_last = int(self.sizes(lengths[:-1]).sum())
        return self.is_extended or before_last <= encapsulation.BASIC_OFFSET_LIMIT

    def head(self, lengths: NDArray[np.uint64]) -> bytes:
        """Return the offset tables and the beginning of Pixel Data."""
        items = _even(lengths)
        if not self.is_extended:
            return encapsulation.PIXEL_DATA_HEADER + encapsulation.basic_offset_table(items)
        offsets, values = encapsulation.extended_offset_table(items)
        return b"".join(
            (
                _very_long_element(0x0001, offsets),
                _very_long_element(0x0002, values),
                encapsulation.PIXEL_DATA_HEADER,
                encapsulation.item_header(0),
            )
        )

    def parts(self, frames: Sequence[Frame]) -> list[bytes | memoryview]:
        """Return an item for each frame, padded to even length."""
        parts: list[bytes | memoryview] = []
        for frame in frames:
            length = sum(map(len, frame))
            parts.append(encapsulation.item_header(length + length % 2))
            parts += frame
            if length % 2:
                parts.append(b"\0")
        return parts

    def sizes(self, lengths: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the sizes of the items, headers included."""
        return _even(lengths) + np.uint64(8)

    def tail(self, lengths: NDArray[np.uint64]) -> bytes:  # noqa: ARG002 - that of the protocol
        """Return the end of the sequence of items."""
        return encapsulation.SEQUENCE_DELIMITER


def layout_of(instance: InstancePlan) -> Layout:
    """Return the layout for an instance whose frames are yet to come."""
    if not instance.transfer_syntax.is_encapsulated:
        return NativeLayout(b"OW" if instance.image.pixel_format.bytes_per_sample == 2 else b"OB")
    return EncapsulatedLayout(is_extended=_estimate(instance) > _EXTENDED_TABLE_THRESHOLD)


def _estimate(instance: InstancePlan) -> int:
    """Return how large Pixel Data will hardly ever be; the writer can mend it where it is."""
    frames = instance.number_of_frames
    if instance.route is Route.PASSTHROUGH:
        return instance.image.coding.coded_bytes + frames * _HEADER_ALLOWANCE
    pixels = frames * instance.frame_bytes
    return pixels if instance.lossy_method is None else pixels // _LEAST_RATIO


def _even(lengths: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return lengths + lengths % np.uint64(2)


def _very_long_element(element: int, value: bytes) -> bytes:
    """Return an element of group 7FE0 and VR OV in explicit VR little endian."""
    return struct.pack("<HH2sHI", 0x7FE0, element, b"OV", 0, len(value)) + value
