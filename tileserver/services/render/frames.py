# SPDX-License-Identifier: Apache-2.0
"""Frames and binary values of stored instances, read and decoded."""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING

from dicomizer.errors import DicomError
from dicomizer.pixels.codecs.errors import CodecError
from tileserver.errors import LostBlobError, NotFoundError, UnrenderableError
from tileserver.services.abandon import check_wanted
from tileserver.services.bulk import BulkData
from tileserver.services.render.decoded import DecodedFrames
from tileserver.services.render.grey import palette_table
from tileserver.services.render.shown import looked_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.dicom.encapsulation import FrameIndex
    from dicomizer.pixels.stored_frames import Samples
    from tileserver.decoding import Decode
    from tileserver.index import Index, StoredInstance
    from tileserver.services.render.attributes import Binary
    from tileserver.services.render.decoded import Place
    from tileserver.services.render.image import StoredImage
    from tileserver.store import BlobStore

_CACHED_FRAME_INDEXES = 256
_CACHED_VALUES = 256
_CACHED_TABLES = 64
_FRAME_BYTES = 1 << 28
_FEW = 6
"""Frames for which starting threads takes longer than they save."""
_FEW_ENOUGH_TO_KEEP = 32
"""A picture of more is none of those that are asked for side by side."""
_THREADS = os.cpu_count() or 1


class Frames:
    """Reads and decodes frames."""

    def __init__(self, store: BlobStore, index: Index, decode: Decode) -> None:
        self._store = store
        self._index = index
        self._decode = decode
        self._bulk = BulkData(store)
        self._kept = DecodedFrames()
        self._threads = ThreadPoolExecutor(_THREADS, "decode")
        # The digest of the file is part of the keys, so that what is cached never gets old.
        self._frame_index = functools.lru_cache(_CACHED_FRAME_INDEXES)(self._load_frame_index)
        self._binary = functools.lru_cache(_CACHED_VALUES)(self._load_binary)
        self._palette = functools.lru_cache(_CACHED_TABLES)(self._load_palette)

    def close(self) -> None:
        """End the threads that decode."""
        self._threads.shutdown(cancel_futures=True)

    def decoded(self, image: StoredImage, frame_indices: Sequence[int]) -> Iterator[Samples]:
        """Yield frames of an instance, grey or RGB, in the order asked for.

        Raises
        ------
        NotFoundError
            There is no such frame.
        UnrenderableError
            A frame is damaged.
        """
        if len(frame_indices) <= _FEW_ENOUGH_TO_KEEP:
            kept = {one: self._kept.get(_place(image, one)) for one in frame_indices}
            missing = [one for one, known in kept.items() if known is None]
            for one, frame in zip(missing, self._all_decoded(image, missing), strict=True):
                self._kept.keep(_place(image, one), frame)
                kept[one] = frame
            yield from (known for one in frame_indices if (known := kept[one]) is not None)
        else:
            yield from self._all_decoded(image, frame_indices)

    def _all_decoded(self, image: StoredImage, frame_indices: Sequence[int]) -> Iterator[Samples]:
        if len(frame_indices) <= _FEW:
            yield from self._decoded(image, frame_indices)
            return
        size = max(1, min(_FEW, len(frame_indices) // (2 * _THREADS)))
        chunks = [
            frame_indices[start : start + size] for start in range(0, len(frame_indices), size)
        ]
        ahead = 2 * _THREADS
        waiting = [self._begin(image, chunk) for chunk in chunks[:ahead]]
        try:
            for number in range(len(chunks)):
                yield from waiting.pop(0).result()
                if number + ahead < len(chunks):
                    waiting.append(self._begin(image, chunks[number + ahead]))
        finally:
            for one in waiting:
                one.cancel()

    def _begin(self, image: StoredImage, frame_indices: Sequence[int]) -> Future[list[Samples]]:
        # With the context, by which the thread knows whether somebody still waits for the frames.
        return self._threads.submit(copy_context().run, self._some, image, frame_indices)

    def _some(self, image: StoredImage, frame_indices: Sequence[int]) -> list[Samples]:
        return list(self._decoded(image, frame_indices))

    def _decoded(self, image: StoredImage, frame_indices: Sequence[int]) -> Iterator[Samples]:
        for frame_index, stream in zip(
            frame_indices, self._stored(image, frame_indices), strict=True
        ):
            check_wanted()
            try:
                pixels = self._decode(stream, image.pixels)
            except CodecError as error:
                raise UnrenderableError(
                    f"frame {frame_index + 1} cannot be shown: {error}"
                ) from error
            yield pixels if image.palette is None else looked_up(pixels, self._palette(image))

    def _stored(self, image: StoredImage, frame_indices: Sequence[int]) -> Iterator[bytes]:
        index = self._frame_index(image.found.sop_instance_uid, image.found.sha256)
        if index is None:
            raise UnrenderableError("the instance has no frames that can be had one by one")
        with self._store.open(image.found.key) as blob:
            for frame_index in frame_indices:
                if not 0 <= frame_index < len(index):
                    raise NotFoundError(
                        f"there is no frame {frame_index + 1}, the instance has {len(index)}"
                    )
                runs = index.fragments(frame_index)
                if sum(length for _, length in runs) > _FRAME_BYTES:
                    raise UnrenderableError(f"frame {frame_index + 1} is too long to be shown")
                parts = [blob.pread(length, offset) for offset, length in runs]
                stored = parts[0] if len(parts) == 1 else b"".join(parts)
                yield index.value(frame_index, stored)

    def binary(self, found: StoredInstance, value: Binary) -> bytes:
        """Return a binary value of an instance.

        Raises
        ------
        UnrenderableError
            It cannot be read.
        """
        if value.value is not None:
            return value.value
        return self._binary(found, value.path or "")

    def _load_binary(self, found: StoredInstance, path: str) -> bytes:
        try:
            return b"".join(self._bulk.value(found, path).pieces())
        except (DicomError, NotFoundError) as error:
            raise UnrenderableError(f"a binary value cannot be read: {error}") from error

    def _load_palette(self, image: StoredImage) -> NDArray[np.uint8]:
        assert image.palette is not None
        data = tuple(self.binary(image.found, one) for one in image.palette.data)
        return palette_table(image.palette.descriptors, data)

    def _load_frame_index(self, sop_instance_uid: str, sha256: bytes) -> FrameIndex | None:
        stored = self._index.frames(sop_instance_uid)
        # Deleted or replaced meanwhile, what was found is not of these bytes: never to be kept.
        found = self._index.find(sop_instance_uid)
        if found is None or found.sha256 != sha256:
            raise LostBlobError("an instance is not in the index any more")
        return stored.unpack() if stored else None


def _place(image: StoredImage, frame_index: int) -> Place:
    return image.found.key, image.found.sha256, frame_index
