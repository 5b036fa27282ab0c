# SPDX-License-Identifier: Apache-2.0
"""All of a file but its pixels, byte for byte, with what the new coding makes untrue replaced.

A dataset in implicit VR is written in explicit VR, as all encapsulated pixels ask for. The file
meta information has who wrote the file, which are we.

References
----------
PS3.10 7.1 (preamble and file meta information), PS3.5 7.1.2 (explicit VR), A.4 (encapsulation)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import IMPLICIT_VR_LITTLE_ENDIAN, PREFIX_OFFSET
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.dicom.value_place import ElementWalker
from dicomizer.transcode.choice import UnfitError
from dicomizer.writers.part10 import file_meta

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydicom.dataset import FileDataset

    from dicomizer.transcode.choice import Way
    from dicomizer.transcode.opened import Opened

_EXPLICIT = TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN.value
_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
_GONE = (0x00280000, 0x7FE00000, 0x7FE00001, 0x7FE00002)
"""Lengths of groups, which are retired and would be untrue, and the offset tables."""
_CHANGED = (_PHOTOMETRIC, _PLANAR, *_GONE)
"""Elements that the coding of the frames is told by."""
_PIXEL_HEADER_BYTES = 12


class _Memory:
    """Bytes that are read as a file is."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        return self._data[offset : offset + length]


def new_head(source: Opened, way: Way) -> bytes:
    """Return the new file up to its offset tables.

    Raises
    ------
    UnfitError
        The dataset cannot be written in explicit VR.
    """
    replaced: dict[int, bytes] = dict.fromkeys(_GONE, b"")
    if way.photometric_interpretation != source.description.photometric_interpretation:
        value = way.photometric_interpretation.encode()
        value += b" " * (len(value) % 2)
        replaced[_PHOTOMETRIC] = _short_element(_PHOTOMETRIC, b"CS", value)
    if source.description.is_planar:
        replaced[_PLANAR] = _short_element(_PLANAR, b"US", b"\0\0")
    preamble = source.reader.pread(PREFIX_OFFSET, 0)
    dataset = source.header.dataset
    meta = file_meta(dataset, dataset.file_meta, way.transfer_syntax)
    return preamble + meta + b"".join(_spliced(explicit_dataset(source), replaced))


def unchanged(source: Opened) -> bytes:
    """Return the elements that stay as they are, as bytes of a dataset in explicit VR."""
    return b"".join(_spliced(explicit_dataset(source), dict.fromkeys(_CHANGED, b"")))


def explicit_dataset(source: Opened) -> bytes:
    """Return the dataset before Pixel Data in explicit VR, as it stands where it is that."""
    is_implicit = source.header.transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN
    if is_implicit:
        return _in_explicit_vr(source.header.dataset)
    end = source.pixels.offset - _PIXEL_HEADER_BYTES
    return source.reader.pread(end - source.begin, source.begin)


def _in_explicit_vr(dataset: FileDataset) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    try:
        write_dataset(buffer, dataset)
    except Exception as error:  # the library raises whatever a value that breaks its VR provokes
        raise UnfitError(
            f"its attributes cannot be written in explicit VR: {type(error).__name__}"
        ) from error
    return buffer.getvalue()


def _spliced(data: bytes, replaced: Mapping[int, bytes]) -> Iterator[bytes]:
    """Yield a dataset in explicit VR with elements of its first level replaced."""
    walker = ElementWalker(_Memory(data), _EXPLICIT)
    position = kept = 0
    while position < len(data) and (element := walker.element(position)) is not None:
        after = walker.after(element.place)
        if element.tag in replaced:
            yield data[kept:position]
            yield replaced[element.tag]
            kept = after
        position = after
    yield data[kept:]


def _short_element(tag: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value
