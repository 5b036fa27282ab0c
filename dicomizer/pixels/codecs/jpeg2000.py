# SPDX-License-Identifier: Apache-2.0
"""JPEG 2000 and HTJ2K codestreams: main headers read, one bit of them set, and images coded.

References
----------
ITU-T T.800 Annex A (codestream) and Annex I (JP2 boxes), T.814 Annex A (CAP and COD of HTJ2K)
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.pixels.codecs.frame_shape import FrameShape, Pixels

_SOC = b"\xff\x4f"
_CAP, _SIZ, _COD, _COC, _SOT, _SOD = 0x50, 0x51, 0x52, 0x53, 0x90, 0x93
_HT_CAPABILITY = 1 << 17  # bit 15 of Pcap, counted from the most significant (T.814 A.3)
_HT_BLOCKS = 0x40  # bit 6 of the code-block style (T.814 A.4)
_IRREVERSIBLE, _REVERSIBLE = 0, 1
_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_LARGEST_COMPONENTS = 16384
_MANY_TILES = 1024
_SMALL_TILE_PIXELS = 64 * 64


class Progression(Enum):
    """In which order the packets come (T.800 Table A.16)."""

    LRCP = 0
    RLCP = 1
    RPCL = 2
    PCRL = 3
    CPRL = 4


@dataclass(frozen=True, slots=True)
class Component:
    """A component as SIZ describes it.

    Parameters
    ----------
    step_x, step_y
        Columns and rows of the image for one sample; 1 is not subsampled.
    """

    bits: int
    signed: bool
    step_x: int
    step_y: int


@dataclass(frozen=True, slots=True)
class CodestreamHeader:
    """What a main header says.

    Parameters
    ----------
    tiles
        Number of tiles within the codestream.
    component_transform
        Whether the first three components are YBR_RCT or YBR_ICT, to be undone by a decoder.
    reversible
        Whether all components have the reversible 5/3 wavelet, without which nothing is
        lossless; with it, bit planes may still have been left out.
    high_throughput
        Whether the block coder is that of HTJ2K.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    tiles: int
    components: tuple[Component, ...]
    component_transform: bool
    reversible: bool
    high_throughput: bool
    progression: Progression
    layers: int
    resolutions: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker segment; ``position`` is that of its payload in the codestream."""

    marker: int
    payload: bytes
    position: int


def codestream(data: bytes | memoryview) -> bytes | memoryview:
    """Return the codestream itself: of a JP2 file the content of its first jp2c box.

    Raises
    ------
    CodecError
        Neither a codestream nor a JP2 file that holds one.
    """
    if data[:2] == _SOC:
        return data
    if data[:12] != _JP2_SIGNATURE:
        raise CodecError(f"found {bytes(data[:4]).hex() or 'nothing'}, expected SOC (ff4f)")
    for kind, content in _boxes(data):
        if kind == b"jp2c" and content[:2] == _SOC:
            return content
    raise CodecError("the JP2 file holds no codestream")


def encode(pixels: Pixels, error: float | None) -> bytes:
    """Code an image as one tile with one layer, with a component transform if there are three.

    Parameters
    ----------
    pixels
        ``(rows, columns)`` or ``(rows, columns, 3)``, uint8 or uint16, contiguous.
    error
        Mean square in levels squared; 0 for the least that the lossy transform permits, ``None``
        for lossless.
    """
    import imagecodecs

    bits = 8 * pixels.itemsize
    level = 0.0 if not error else 10 * math.log10(((1 << bits) - 1) ** 2 / error)
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels,
            level=level,  # type: ignore[arg-type]  # a ratio in dB, and need not be whole
            codecformat="j2k",
            reversible=error is None,
            mct=True,
            bitspersample=bits,
            numthreads=1,
        )
    )


def _boxes(data: bytes | memoryview) -> Iterator[tuple[bytes, bytes | memoryview]]:
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1 and position + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = position + length if length else len(data)
        if end < start:
            raise CodecError(f"the box at byte {position} has no valid length")
        yield kind, data[start:end]
        position = end


def read_codestream_header(data: bytes | memoryview) -> CodestreamHeader:
    """Read the main header of a codestream, or of the one in a JP2 file.

    Raises
    ------
    CodecError
        A marker segment is missing, too short, or has values out of range.
    """
    segments = _main_header(codestream(data))
    siz = _first(segments, _SIZ, "SIZ").payload
    cod = _first(segments, _COD, "COD").payload
    if len(cod) < 10:
        raise CodecError("the coding style (COD) is too short")
    order, layers, transform, decompositions = struct.unpack_from(">BHBB", cod, 1)
    if order > Progression.CPRL.value:
        raise CodecError(f"found progression {order}, expected 0 to 4")
    components = _components(siz)
    return CodestreamHeader(
        *_sizes(siz),
        components=components,
        component_transform=transform & 1 == 1 and len(components) >= 3,
        reversible=all(wavelet == _REVERSIBLE for wavelet in _wavelets(segments, len(components))),
        high_throughput=_has_ht_capability(segments) or bool(cod[8] & _HT_BLOCKS),
        progression=Progression(order),
        layers=layers,
        resolutions=decompositions + 1,
    )


def _main_header(stream: bytes | memoryview) -> list[_Segment]:
    """Return the segments up to the first tile-part, or to where the stream breaks off."""
    segments, position = [], len(_SOC)
    while position + 4 <= len(stream):
        start, marker, length = struct.unpack_from(">BBH", stream, position)
        end = position + 2 + length
        if marker == _SOT or start != 0xFF or length < 2 or end > len(stream):
            break
        segments.append(_Segment(marker, bytes(stream[position + 4 : end]), position + 4))
        position = end
    return segments


def _first(segments: list[_Segment], marker: int, name: str) -> _Segment:
    for segment in segments:
        if segment.marker == marker:
            return segment
    raise CodecError(f"the codestream has no {name} marker segment")


def _sizes(siz: bytes) -> tuple[int, int, int, int, int]:
    """Return width and height of image and tile, and the number of tiles (T.800 A.5.1, B.3)."""
    if len(siz) < 36:
        raise CodecError("the image size (SIZ) is too short")
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top = struct.unpack_from(
        ">8I", siz, 2
    )
    if not (tile_left <= left < right and tile_top <= top < bottom and tile_width and tile_height):
        raise CodecError("the image size (SIZ) has values out of range")
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    return right - left, bottom - top, tile_width, tile_height, tiles


def _components(siz: bytes) -> tuple[Component, ...]:
    count = int.from_bytes(siz[34:36], "big")
    if not 1 <= count <= _LARGEST_COMPONENTS or len(siz) < 36 + 3 * count:
        raise CodecError(f"the image size (SIZ) is too short for {count} components")
    components = tuple(
        Component((depth & 0x7F) + 1, depth >= 0x80, step_x, step_y)
        for depth, step_x, step_y in struct.iter_unpack(">BBB", siz[36 : 36 + 3 * count])
    )
    if not all(component.step_x and component.step_y for component in components):
        raise CodecError("the image size (SIZ) has components without samples")
    return components


def _wavelets(segments: list[_Segment], components: int) -> Iterator[int]:
    """Yield the transformation of COD and of each COC, at its end but for precincts."""
    index_bytes = 1 if components < 257 else 2
    for segment in segments:
        offset = {_COD: 9, _COC: index_bytes + 5}.get(segment.marker)
        if offset is not None:
            yield segment.payload[offset] if offset < len(segment.payload) else -1


def _has_ht_capability(segments: list[_Segment]) -> bool:
    """Tell whether the first CAP names part 15 (T.814 A.3)."""
    for segment in segments:
        if segment.marker == _CAP and len(segment.payload) >= 4:
            return bool(int.from_bytes(segment.payload[:4], "big") & _HT_CAPABILITY)
    return False


def check_shape(header: CodestreamHeader, shape: FrameShape) -> None:
    """Compare with what a frame must be, before the codestream is decoded.

    Raises
    ------
    CodecError
        They differ, a component is signed or subsampled, or the frame is cut into tiles so small
        that a decoder, which reserves memory for each, would need many times that of the pixels.
    """
    first = header.components[0]
    shape.check(header.height, header.width, len(header.components), first.bits)
    expected = Component(first.bits, shape.pixel_format.is_signed, 1, 1)
    if header.components.count(expected) != len(header.components):
        kind = "unsigned" if expected.signed else "signed"
        raise CodecError(f"the codestream has components that are {kind} or differ")
    most = max(_MANY_TILES, header.width * header.height // _SMALL_TILE_PIXELS)
    if header.tiles > most:
        raise CodecError(f"found {header.tiles} tiles in a frame, expected {most} at most")


def with_component_transform(data: bytes | memoryview) -> bytes:
    """Return the codestream with its three components declared as YBR_ICT.

    Aperio writes Y, Cb and Cr as components of their own (TIFF compression 33003). Where they
    have the 9/7 wavelet and no subsampling, they are to the bit what the irreversible component
    transform of the same RGB would have given: its matrix is that of JFIF, and the level shift of
    128 stands for the offset of Cb and Cr (T.800 G.1 and G.3). So one bit of the header makes a
    codestream that every decoder shows in the right colours, and no packet changes.

    Raises
    ------
    CodecError
        The components are not three of one depth and full size, unsigned, coded with the 9/7
        wavelet, or a tile has a coding style of its own.
    """
    stream = codestream(data)
    header = read_codestream_header(stream)
    segments = _main_header(stream)
    is_like_ict = (
        len(header.components) == 3
        and len(set(header.components)) == 1
        and header.components[0] == Component(header.components[0].bits, False, 1, 1)  # noqa: FBT003
        and all(wavelet == _IRREVERSIBLE for wavelet in _wavelets(segments, 3))
    )
    if not is_like_ict:
        raise CodecError("the components are not what an irreversible component transform gives")
    if any(marker in {_COD, _COC} for marker in _tile_markers(stream, segments)):
        raise CodecError("a tile has a coding style (COD) of its own")
    transform = _first(segments, _COD, "COD").position + 4
    return b"".join([stream[:transform], b"\x01", stream[transform + 1 :]])


def _tile_markers(stream: bytes | memoryview, segments: list[_Segment]) -> Iterator[int]:
    """Yield the markers in the headers of all tile-parts."""
    position = segments[-1].position + len(segments[-1].payload)
    while position + 12 <= len(stream) and stream[position + 1] == _SOT:
        (length,) = struct.unpack_from(">I", stream, position + 6)
        end = position + length if length else len(stream)
        inner = position + 12
        while inner + 4 <= min(end, len(stream)) and stream[inner + 1] != _SOD:
            yield stream[inner + 1]
            inner += 2 + int.from_bytes(stream[inner + 2 : inner + 4], "big")
        position = max(end, inner)
