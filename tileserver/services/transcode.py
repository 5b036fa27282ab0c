# SPDX-License-Identifier: Apache-2.0
"""Frames and instances in another transfer syntax than the stored one, for who asks for it.

Uncompressed pixels are those that the stored stream stands for; colours are RGB. JPEG baseline is
made of pixels of 8 bits. Frames are made one at a time as they are sent; the first one before the
answer begins, so that what cannot be had is told.

References
----------
PS3.18 8.7.3 (transfer syntaxes of answers), PS3.5 A.2 and A.4 (encodings), PS3.3 C.7.6.1.1.5
(lossy image compression: another instance)
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.errors import DicomizerError
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import PixelFormat
from tileserver.errors import NotAcceptableError
from tileserver.services.pixel_description import read_description
from tileserver.services.transcoded_header import (
    LONGEST_VALUE,
    pixel_header,
    transcoded_header,
)
from tileserver.services.transfer_syntaxes import JPEG_BASELINE, UNCOMPRESSED, is_encapsulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dicomizer.pixels.stored_frames import PixelDescription, Samples
    from tileserver.decoding import Decode
    from tileserver.index import StoredInstance
    from tileserver.services.retrieve import Retrieve
    from tileserver.store import BlobStore

JPEG_QUALITY = 90
_SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
_EMPTY_OFFSET_TABLE = b"\xfe\xff\x00\xe0\0\0\0\0"


class Transcode:
    """Gives what is stored in another transfer syntax."""

    def __init__(self, store: BlobStore, retrieve: Retrieve, decode: Decode) -> None:
        self._store = store
        self._retrieve = retrieve
        self._decode = decode

    def frame_length(self, found: StoredInstance, transfer_syntax_uid: str) -> int | None:
        """Return the bytes of each frame, ``None`` where that is not known beforehand.

        Raises
        ------
        NotAcceptableError
            Its pixels cannot be had so.
        """
        description = self._description(found)
        _check(description, transfer_syntax_uid)
        return _native_length(description) if transfer_syntax_uid == UNCOMPRESSED else None

    def frames(
        self, found: StoredInstance, numbers: Sequence[int], transfer_syntax_uid: str
    ) -> Iterator[bytes]:
        """Return an iterator over frames; the first is made at once.

        Raises
        ------
        NotAcceptableError
            Pixels of that kind cannot be had so, or the first frame is damaged.
        """
        made = self._frames(found, numbers, transfer_syntax_uid)
        return _begun(made)

    def instance(self, found: StoredInstance, transfer_syntax_uid: str) -> Iterator[bytes]:
        """Return an iterator over the pieces of a Part 10 file; the first is made at once.

        Raises
        ------
        NotAcceptableError
            The instance cannot be had so.
        """
        is_jpeg = transfer_syntax_uid == JPEG_BASELINE
        pieces = self._jpeg_instance(found) if is_jpeg else self._native_instance(found)
        try:
            return _begun(pieces)
        except DicomizerError as error:
            raise _refusal(found, str(error)) from error

    def check(self, found: StoredInstance, transfer_syntax_uid: str) -> None:
        """Make sure that an instance can be had so, as far as that shows without its frames.

        Raises
        ------
        NotAcceptableError
            It cannot.
        """
        count = self._retrieve.number_of_frames(found)
        if transfer_syntax_uid == JPEG_BASELINE and not count:
            raise _refusal(found, "it has no frames")
        is_coded = is_encapsulated(found.transfer_syntax_uid) and count > 0
        if is_coded or transfer_syntax_uid == JPEG_BASELINE:
            _check(self._description(found), transfer_syntax_uid)

    def _description(self, found: StoredInstance) -> PixelDescription:
        try:
            with self._store.open(found.key) as blob:
                description = read_description(blob, found.transfer_syntax_uid)
            description.check()
        except DicomizerError as error:
            raise _refusal(found, str(error)) from error
        return description

    def _frames(
        self, found: StoredInstance, numbers: Sequence[int], transfer_syntax_uid: str
    ) -> Iterator[bytes]:
        description = self._description(found)
        _check(description, transfer_syntax_uid)
        encode = _jpeg(description) if transfer_syntax_uid == JPEG_BASELINE else native
        for stream in self._retrieve.frames(found, numbers):
            try:
                yield encode(self._decode(stream, description), description)
            except CodecError as error:
                raise _refusal(found, str(error)) from error

    def _native_instance(self, found: StoredInstance) -> Iterator[bytes]:
        """Yield a file in Explicit VR Little Endian."""
        count = self._retrieve.number_of_frames(found)
        is_coded = is_encapsulated(found.transfer_syntax_uid) and count > 0
        description = self._description(found) if is_coded else None
        with self._store.open(found.key) as blob:
            head, pixels = transcoded_header(blob.file(), UNCOMPRESSED, description)
        if pixels is None:
            yield head
            return
        if description is None:
            value = self._retrieve.bulk_value(found, pixels.tag)
            length, pieces = value.length, value.pieces()
        else:
            length = count * _native_length(description)
            pieces = self.frames(found, range(1, count + 1), UNCOMPRESSED)
        if length > LONGEST_VALUE:
            raise _refusal(found, "its pixels are more than 4 GB, which is more than fits")
        yield head + pixel_header(pixels, length + length % 2)
        yield from pieces
        yield b"\0" * (length % 2)

    def _jpeg_instance(self, found: StoredInstance) -> Iterator[bytes]:
        count = self._retrieve.number_of_frames(found)
        if not count:
            raise _refusal(found, "it has no frames")
        description = self._description(found)
        frames = self._frames(found, range(1, count + 1), JPEG_BASELINE)
        first = next(frames)
        ratio = _native_length(description) / len(first)
        with self._store.open(found.key) as blob:
            head, pixels = transcoded_header(
                blob.file(), JPEG_BASELINE, description, jpeg=(JPEG_QUALITY, ratio)
            )
        assert pixels is not None
        yield head
        yield pixel_header(pixels, None) + _EMPTY_OFFSET_TABLE
        for frame in chain([first], frames):
            padded = frame + b"\0" * (len(frame) % 2)
            yield b"\xfe\xff\x00\xe0" + len(padded).to_bytes(4, "little") + padded
        yield _SEQUENCE_END


def native(pixels: Samples, description: PixelDescription) -> bytes:
    """Return decoded pixels as uncompressed bytes, as their attributes describe them."""
    kind = "i" if description.is_signed else "u"
    width = max(description.bits_allocated // 8, 1)
    if description.is_planar:
        pixels = pixels.transpose(2, 0, 1)
    return pixels.astype(f"<{kind}{width}", copy=False).tobytes()


def _native_length(description: PixelDescription) -> int:
    pixels = description.rows * description.columns * description.samples
    return pixels * max(description.bits_allocated // 8, 1)


def _check(description: PixelDescription, transfer_syntax_uid: str) -> None:
    if description.bits_allocated < 8:
        raise NotAcceptableError("frames of single bits can be had as they are stored only")
    if transfer_syntax_uid != JPEG_BASELINE:
        return
    if description.bits_stored > 8 or description.is_signed:
        raise NotAcceptableError(f"JPEG baseline has 8 bits, the pixels {description.bits_stored}")
    if description.photometric_interpretation == "PALETTE COLOR":
        raise NotAcceptableError("colours of a palette do not survive JPEG")


def _jpeg(description: PixelDescription) -> Callable[[Samples, PixelDescription], bytes]:
    from dicomizer.pixels.codecs.encode import encoder

    made = encoder(Codec.JPEG, PixelFormat(description.samples, 8), JPEG_QUALITY)

    def encode(pixels: Samples, _: PixelDescription) -> bytes:
        return made.encode(pixels.astype(np.uint8, copy=False))

    return encode


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first piece now, so that what is wrong comes before the answer."""
    return chain([next(pieces)], pieces)


def _refusal(found: StoredInstance, problem: str) -> NotAcceptableError:
    return NotAcceptableError(
        f"cannot be transcoded: {problem}; stored as transfer-syntax={found.transfer_syntax_uid}"
    )
