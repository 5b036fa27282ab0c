# SPDX-License-Identifier: Apache-2.0
"""Pixel Data that came as pictures: what the streams tell of themselves, and what PNG and GIF hold.

A sender of pictures need not know how DICOM describes pixels. What it leaves out is read from the
head of the first stream; PNG and GIF, which DICOM has no transfer syntax for, become native frames.

References
----------
PS3.18 10.5.2 and table 10.5.2-1 (media types of pictures), PS3.3 C.7.6.3 (image pixels)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.pixels.codecs import jpeg, jpeg2000, jpegls
from dicomizer.pixels.codecs.errors import CodecError
from tileserver.decoding import GIF, LARGEST_PICTURE, PNG
from tileserver.errors import InvalidInstanceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pydicom.dataset import Dataset

    from dicomizer.pixels.stored_frames import Samples
    from tileserver.decoding import Decoders

    Description = dict[str, str | int]

PICTURES = frozenset({PNG, GIF})
"""Media types that are decoded, without loss."""
JP2_BEGIN = b"\x00\x00\x00\x0cjP  "
"""Of a JP2 file, in which a codestream lies in a box."""
_PIXEL_DATA = 0x7FE00010


def describe(dataset: Dataset, transfer_syntax_uid: str, stream: bytes) -> None:
    """Put into a dataset what it lacks of the description of its pixels.

    Parameters
    ----------
    stream
        Of the first frame, or enough of it for its header.
    """
    read = _READERS.get(transfer_syntax_uid)
    if read is None:
        return
    try:
        found = read(stream)
    except (jpeg.JpegError, CodecError):
        return  # it is stored as it came, and told to lack what nobody knows
    for keyword, value in found.items():
        if dataset.get(keyword) in (None, ""):
            setattr(dataset, keyword, value)


def _described(
    rows: int, columns: int, samples: int, bits: int, color: str, *, is_signed: bool = False
) -> Description:
    found: Description = {
        "SamplesPerPixel": samples,
        "PhotometricInterpretation": "MONOCHROME2" if samples == 1 else color,
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": 8 if bits <= 8 else 16,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(is_signed),
    }
    return found if samples == 1 else found | {"PlanarConfiguration": 0}


def _of_jpeg(stream: bytes) -> Description:
    header = jpeg.read_header(stream)
    frame = header.frame
    is_ycbcr = jpeg.decoder_takes_for_ycbcr(header.segments, frame)
    if frame.is_lossless:
        color = "YBR_FULL" if is_ycbcr else "RGB"
    else:
        color = "RGB" if is_ycbcr is False else "YBR_FULL_422"
    return _described(frame.height, frame.width, len(frame.sampling), frame.precision, color)


def _of_jpeg_2000(stream: bytes) -> Description:
    header = jpeg2000.read_codestream_header(jpeg2000.codestream(stream))
    first = header.components[0]
    transformed = "YBR_RCT" if header.reversible else "YBR_ICT"
    color = transformed if header.component_transform else "RGB"
    samples = len(header.components)
    return _described(
        header.height, header.width, samples, first.bits, color, is_signed=first.signed
    )


def _of_jpeg_ls(stream: bytes) -> Description:
    header = jpegls.read_header(stream)
    return _described(header.rows, header.columns, header.samples, header.bits, "RGB")


_READERS: dict[str, Callable[[bytes], Description]] = {
    **{f"1.2.840.10008.1.2.4.{number}": _of_jpeg for number in (50, 51, 57, 70)},
    **{f"1.2.840.10008.1.2.4.{number}": _of_jpeg_ls for number in (80, 81)},
    **{f"1.2.840.10008.1.2.4.{number}": _of_jpeg_2000 for number in (90, 91, 92, 93)},
    **{f"1.2.840.10008.1.2.4.{number}": _of_jpeg_2000 for number in (201, 202, 203)},
}


def jpeg_2000_syntax(stream: bytes) -> str:
    """Return the transfer syntax of a JPEG 2000 stream that nobody told: without loss, or with.

    Raises
    ------
    InvalidInstanceError
        It is none.
    """
    try:
        header = jpeg2000.read_codestream_header(jpeg2000.codestream(stream))
    except CodecError as error:
        raise InvalidInstanceError(f"the JPEG 2000 cannot be read: {error}") from error
    return f"1.2.840.10008.1.2.4.{90 if header.reversible else 91}"


@dataclass(frozen=True, slots=True)
class Codestream:
    """The codestream of a JP2 file, which is all that DICOM has of it (PS3.5 A.4.4)."""

    data: bytes

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.data)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes."""
        yield self.data


def codestream_of(stream: bytes) -> Codestream:
    """Return the codestream of a JP2 file.

    Raises
    ------
    InvalidInstanceError
        It has none.
    """
    try:
        return Codestream(bytes(jpeg2000.codestream(stream)))
    except CodecError as error:
        raise InvalidInstanceError(f"the JP2 file cannot be read: {error}") from error


def put_pictures(
    dataset: Dataset, media_type: str, streams: Sequence[bytes], decoders: Decoders
) -> None:
    """Make Pixel Data of pictures, and describe them.

    Raises
    ------
    InvalidInstanceError
        They cannot be decoded, are too large, differ in size, or are not what the metadata say.
    """
    pictures: list[Samples] = []
    left = LARGEST_PICTURE
    for stream in streams:
        pictures.append(_decoded(media_type, stream, decoders))
        left -= pictures[-1].size
        if left < 0:
            raise InvalidInstanceError(f"pictures have more than {LARGEST_PICTURE:,} samples")
    if len({(frames.shape[1:], frames.dtype) for frames in pictures}) != 1:
        raise InvalidInstanceError("pictures of an instance differ in size")
    _put(dataset, _as_described(dataset, np.concatenate(pictures)))


def _decoded(media_type: str, stream: bytes, decoders: Decoders) -> Samples:
    try:
        return decoders.picture(media_type, stream)
    except CodecError as error:
        raise InvalidInstanceError(f"the {media_type} cannot be decoded: {error}") from error


def _as_described(dataset: Dataset, pixels: Samples) -> Samples:
    """Return the pixels, grey ones as such where the metadata say so."""
    is_grey = pixels.shape[3] == 3 and bool((pixels == pixels[..., :1]).all())
    return pixels[..., :1] if dataset.get("SamplesPerPixel") == 1 and is_grey else pixels


def _put(dataset: Dataset, pixels: Samples) -> None:
    frames, rows, columns, samples = pixels.shape
    for keyword, value in _described(rows, columns, samples, 8 * pixels.itemsize, "RGB").items():
        if dataset.get(keyword) not in (None, "", value):
            raise InvalidInstanceError(f"{keyword} is not what the picture has")
        setattr(dataset, keyword, value)
    if frames > 1:
        if int(dataset.get("NumberOfFrames") or frames) != frames:
            raise InvalidInstanceError("NumberOfFrames is not what the picture has")
        dataset.NumberOfFrames = frames
    native = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    native += b"\0" * (len(native) % 2)
    dataset.add_new(_PIXEL_DATA, "OB" if pixels.itemsize == 1 else "OW", native)
