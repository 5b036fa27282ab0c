# SPDX-License-Identifier: Apache-2.0
"""What the stored file says of its pixels, read from a few elements of it.

Of a slide with 100,000 frames, its attributes as a whole take seconds to parse; these take none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN
from dicomizer.dicom.value_place import ElementWalker, dataset_offset
from dicomizer.errors import DicomError
from dicomizer.pixels.stored_frames import PixelDescription

if TYPE_CHECKING:
    from tileserver.store import Blob

_LONGEST = 64


def read_description(blob: Blob, transfer_syntax_uid: str) -> PixelDescription:
    """Return how the pixels of a stored instance are described.

    Raises
    ------
    DicomError
        Its dataset is damaged, or has no rows and columns.
    """
    reader = _Reader(blob, transfer_syntax_uid)
    allocated = reader.whole("00280100", 8)
    stored = reader.whole("00280101", allocated)
    return PixelDescription(
        transfer_syntax_uid=transfer_syntax_uid,
        rows=reader.whole("00280010", None),
        columns=reader.whole("00280011", None),
        samples=reader.whole("00280002", 1),
        photometric_interpretation=reader.text("00280004"),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=reader.whole("00280102", stored - 1),
        is_signed=reader.whole("00280103", 0) == 1,
        is_planar=reader.whole("00280006", 0) == 1,
    )


class _Reader:
    """Reads short values from a stored file."""

    def __init__(self, blob: Blob, transfer_syntax_uid: str) -> None:
        self._blob = blob
        self._walker = ElementWalker(blob, transfer_syntax_uid)
        self._begin = dataset_offset(blob)
        self._is_big = transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN

    def whole(self, tag: str, default: int | None) -> int:
        """Return a value of VR US."""
        value = self._value(tag)
        if value:
            return int.from_bytes(value[:2], "big" if self._is_big else "little")
        if default is None:
            raise DicomError("no such value", place=tag)
        return default

    def text(self, tag: str) -> str:
        """Return a text."""
        return self._value(tag).decode("ascii", "replace").strip(" \0")

    def _value(self, tag: str) -> bytes:
        try:
            place = self._walker.find(self._begin, tag)
        except DicomError:
            return b""
        return self._blob.pread(min(place.length or 0, _LONGEST), place.offset)
