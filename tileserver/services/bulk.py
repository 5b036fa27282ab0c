# SPDX-License-Identifier: Apache-2.0
"""Binary values of stored instances, where their Bulk Data URIs say, read from where they lie.

References
----------
PS3.18 8.7.3.3 (uncompressed bulk data is little endian), PS3.18 F.2.6 (Bulk Data URI)
"""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN, INFLATED_LIMIT
from dicomizer.dicom.value_place import (
    BULK_VRS,
    WORD_BYTES,
    ElementWalker,
    ValuePlace,
    dataset_offset,
    little_endian,
)
from dicomizer.errors import DicomError
from tileserver.errors import NotFoundError
from tileserver.services.stored_bytes import StoredBytes, blob_bytes, memory_bytes

if TYPE_CHECKING:
    from tileserver.index import StoredInstance
    from tileserver.store import Blob, BlobStore

PIXEL_DATA = frozenset({"7FE00008", "7FE00009", "7FE00010"})
_DEFLATED = frozenset({"1.2.840.10008.1.2.1.99"})
_CACHED_PLACES = 1024


class BulkData:
    """Binary values of the instances in a store."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        # The digest of the file is part of the key, so that what is cached never gets old.
        self._place = functools.lru_cache(_CACHED_PLACES)(self._find)

    def value(self, found: StoredInstance, path: str) -> StoredBytes:
        """Return a binary value by the path in its Bulk Data URI, in little endian.

        Raises
        ------
        NotFoundError
            There is no such value, or it has no length, as encapsulated Pixel Data.
        """
        with self._store.open(found.key) as blob:
            modified = blob.modified
            if found.transfer_syntax_uid in _DEFLATED:
                return memory_bytes(_inflated_value(blob, path), modified)
            place = self._place(found.key, found.sha256, found.transfer_syntax_uid, path)
            assert place.length is not None
            length = place.length
            whole = blob_bytes(self._store, found.key, blob, begin=place.offset, length=length)
        if found.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN and place.vr in WORD_BYTES:
            return memory_bytes(little_endian(b"".join(whole.pieces()), place.vr), modified)
        return whole

    def _find(self, key: str, _: bytes, transfer_syntax_uid: str, path: str) -> ValuePlace:
        with self._store.open(key) as blob:
            walker = ElementWalker(blob, transfer_syntax_uid)
            place = _checked(walker, dataset_offset(blob), path)
            if place.offset + (place.length or 0) > blob.size:
                raise NotFoundError("there is no such binary value")
            return place


def _checked(walker: ElementWalker, begin: int, path: str) -> ValuePlace:
    """Return the place of a value that is binary and has a length."""
    try:
        place = walker.find(begin, path)
    except DicomError as error:
        raise NotFoundError("there is no such binary value") from error
    vr = place.vr or _dictionary_vr(path[-8:])
    if place.length is None or vr not in BULK_VRS:
        raise NotFoundError("there is no such binary value")
    return place


def _dictionary_vr(tag: str) -> str:
    """Return the VR of an element whose encoding does not tell it; of several, the binary one."""
    try:
        names = dictionary_VR(int(tag, 16)).split(" or ")
    except KeyError:
        return "UN"
    return next((name for name in names if name in BULK_VRS), names[0])


def _inflated_value(blob: Blob, path: str) -> bytes:
    """Return a value of a deflated dataset; its size was checked when it came in."""
    begin = dataset_offset(blob)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    source = _Memory(inflater.decompress(blob.pread(blob.size - begin, begin), INFLATED_LIMIT))
    place = _checked(ElementWalker(source, ""), 0, path)
    return source.pread(place.length or 0, place.offset)


class _Memory:
    """Random access to bytes at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        return self._data[offset : offset + length]
