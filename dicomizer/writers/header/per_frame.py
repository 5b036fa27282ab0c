# SPDX-License-Identifier: Apache-2.0
"""What is told of each frame of a sparse instance: its place, its optical path, its indices.

All items have the same size, so they are a table: one is laid out as bytes, repeated, and its
fields are filled in column by column. (A hundred thousand datasets would take twenty seconds.)

References
----------
PS3.3 C.8.12.6.1 (Plane Position (Slide)), C.8.12.6.2 (Optical Path Identification),
C.7.6.16.2.2 (Frame Content), PS3.5 7.1.2, 7.5 (explicit VR elements and sequences)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.valuerep import DSfloat

from dicomizer.slide import SpacingMm
from dicomizer.writers.header.tiling import orientation_of, origin_of, plane_spacing_um

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dicomizer.planning import InstancePlan

_NUMBER_BYTES = 16
"""The longest Decimal String; shorter ones are padded to it (PS3.5 6.2)."""
_ITEMS_AT_ONCE = 1 << 15


class PerFrameGroups:
    """The Per-Frame Functional Groups Sequence of a sparse instance.

    Parameters
    ----------
    instance
        With frames in the order of its ``frame_indices``.
    """

    def __init__(self, instance: InstancePlan) -> None:
        self._frames = np.asarray(instance.frame_indices, dtype=np.int64)
        self._places = _Places(instance)
        self._item = _item_template(_identifier_bytes(instance.image.paths))

    def size(self, frames: int) -> int:
        """Return the bytes of the sequence for a number of frames."""
        return len(_sequence_header("PerFrameFunctionalGroupsSequence", 0)) + frames * len(
            self._item.data
        )

    def encoded(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the sequence for the frames from ``start`` to ``stop`` in pieces."""
        length = (stop - start) * len(self._item.data)
        yield _sequence_header("PerFrameFunctionalGroupsSequence", length)
        for first in range(start, stop, _ITEMS_AT_ONCE):
            yield self._items(self._frames[first : min(first + _ITEMS_AT_ONCE, stop)])

    def _items(self, frames: NDArray[np.int64]) -> bytes:
        item = np.frombuffer(self._item.data, dtype=np.uint8)
        items = np.tile(item, (len(frames), 1)).view(self._item.dtype)[:, 0]
        for name, values in self._places.columns(frames).items():
            items[name] = values
        return items.tobytes()


class _Places:
    """The values that differ from frame to frame, by name."""

    def __init__(self, instance: InstancePlan) -> None:
        image = instance.image
        spacing = image.spacing or SpacingMm(0.0, 0.0)
        self._grid, self._tile, self._planes = image.grid, image.tile_size, image.planes
        self._origin, self._orientation = origin_of(instance), orientation_of(instance)
        self._right = spacing.between_columns * self._tile.width
        self._down = spacing.between_rows * self._tile.height
        # Z is in micrometres, X and Y are in millimetres (C.8.12.2).
        between = plane_spacing_um(instance)
        self._z = _numbers(plane * between for plane in range(image.planes))
        self._path = np.array(
            [
                str(number).ljust(_identifier_bytes(image.paths)).encode()
                for number in range(1, image.paths + 1)
            ]
        )

    def columns(self, frames: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        """Return the values of frames, which are counted as `SlideImage` says."""
        rest, column = np.divmod(frames, self._grid.width)
        rest, row = np.divmod(rest, self._grid.height)
        path, plane = np.divmod(rest, self._planes)
        return {
            "DimensionIndexValues": np.stack((row, column, plane, path), axis=1) + 1,
            "OpticalPathIdentifier": self._path[path],
            "XOffsetInSlideCoordinateSystem": self._offsets(self._origin.x, 0, column, row),
            "YOffsetInSlideCoordinateSystem": self._offsets(self._origin.y, 1, column, row),
            "ZOffsetInSlideCoordinateSystem": self._z[plane],
            "ColumnPositionInTotalImagePixelMatrix": column * self._tile.width + 1,
            "RowPositionInTotalImagePixelMatrix": row * self._tile.height + 1,
        }

    def _offsets(
        self, origin: float, axis: int, column: NDArray[np.int64], row: NDArray[np.int64]
    ) -> NDArray[np.bytes_]:
        """Return where on an axis of the glass tiles begin: as far as rows and columns lead."""
        right = self._orientation[axis] * self._right
        down = self._orientation[3 + axis] * self._down
        # Pictures mostly lie along the axes, so that a few numbers stand for all frames.
        offsets, number = np.unique(origin + (column * right + row * down), return_inverse=True)
        return _numbers(offsets.tolist())[number]


@dataclass(frozen=True, slots=True)
class _Template:
    """Bytes with fields in them.

    Parameters
    ----------
    fields
        Name, numpy format and offset of each.
    """

    data: bytes
    fields: tuple[tuple[str, str, int], ...]

    def behind(self, header: bytes) -> _Template:
        """Return the template with bytes before it."""
        shifted = tuple((name, form, offset + len(header)) for name, form, offset in self.fields)
        return _Template(header + self.data, shifted)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The numpy type of one such item."""
        names, formats, offsets = zip(*self.fields, strict=True)
        return np.dtype(
            {
                "names": names,
                "formats": formats,
                "offsets": offsets,
                "itemsize": len(self.data),
            }
        )


def _item_template(identifier_bytes: int) -> _Template:
    """Return one item of the sequence, in order of tags."""
    number = f"S{_NUMBER_BYTES}"
    return _item(
        _sequence("FrameContentSequence", _element("DimensionIndexValues", b"UL", "(4,)<u4")),
        _sequence(
            "OpticalPathIdentificationSequence",
            _element("OpticalPathIdentifier", b"SH", f"S{identifier_bytes}"),
        ),
        _sequence(
            "PlanePositionSlideSequence",
            _element("XOffsetInSlideCoordinateSystem", b"DS", number),
            _element("YOffsetInSlideCoordinateSystem", b"DS", number),
            _element("ZOffsetInSlideCoordinateSystem", b"DS", number),
            _element("ColumnPositionInTotalImagePixelMatrix", b"SL", "<i4"),
            _element("RowPositionInTotalImagePixelMatrix", b"SL", "<i4"),
        ),
    )


def _element(keyword: str, vr: bytes, form: str) -> _Template:
    length = np.dtype(form).itemsize
    field = _Template(bytes(length), ((keyword, form, 0),))
    return field.behind(_tag(keyword) + vr + struct.pack("<H", length))


def _sequence(keyword: str, *elements: _Template) -> _Template:
    """Return a sequence of one item."""
    item = _item(*elements)
    return item.behind(_sequence_header(keyword, len(item.data)))


def _item(*elements: _Template) -> _Template:
    joined = _Template(b"", ())
    for element in elements:
        follows = element.behind(joined.data)
        joined = _Template(follows.data, joined.fields + follows.fields)
    return joined.behind(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(joined.data)))


def _sequence_header(keyword: str, length: int) -> bytes:
    return _tag(keyword) + b"SQ" + struct.pack("<HI", 0, length)


def _tag(keyword: str) -> bytes:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)


def _identifier_bytes(paths: int) -> int:
    """Return the even number of bytes that takes the number of any path."""
    digits = len(str(paths))
    return digits + digits % 2


def _numbers(values: Iterable[float]) -> NDArray[np.bytes_]:
    """Return Decimal Strings, padded to one length."""
    texts = [str(DSfloat(value, auto_format=True)) for value in values]
    return np.array([text.ljust(_NUMBER_BYTES).encode() for text in texts])
