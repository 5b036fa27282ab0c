# SPDX-License-Identifier: Apache-2.0
"""The overview of a Trestle slide: a JPEG file of the same name that ends in ``.Full``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, SizePx, SlideImage

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_FILE = 64 << 20
_LARGEST_SIDE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Companion:
    """The overview and its stream, complete with a header that every decoder reads alike."""

    image: SlideImage
    stream: bytes = field(repr=False)


def read_companion(path: Path) -> Companion | None:
    """Read the overview beside a slide; ``None`` where there is none.

    Raises
    ------
    JpegError
        It is no baseline JPEG of three components, or too large.
    OSError
        It cannot be read.
    """
    beside = path.with_suffix(".Full")
    if not beside.is_file():
        return None
    if beside.stat().st_size > _LARGEST_FILE:
        raise jpeg.JpegError(f"{beside.stat().st_size} bytes")
    stored = beside.read_bytes()
    header = jpeg.read_header(stored)
    frame = header.frame
    if not frame.is_baseline or len(frame.sampling) != 3:
        raise jpeg.JpegError(f"JPEG process {frame.process - 0xC0}, expected baseline in colour")
    if not 0 < min(frame.width, frame.height) <= max(frame.width, frame.height) <= _LARGEST_SIDE:
        raise jpeg.JpegError(f"{frame.width} x {frame.height} pixels")
    # Without a marker, decoders take three components for YCbCr.
    ycbcr = jpeg.decoder_takes_for_ycbcr(header.segments, frame) is not False
    size = SizePx(frame.width, frame.height)
    image = SlideImage(
        key="Full",
        flavor=Flavor.OVERVIEW,
        size=size,
        tile_size=size,
        coding=Coding(
            Compression.JPEG,
            ColorSpace.YCBCR if ycbcr else ColorSpace.RGB,
            lossy=True,
            coded_bytes=len(stored),
            method="ISO_10918_1",
        ),
    )
    return Companion(image, jpeg.join_strips([stored], (), ycbcr=ycbcr))
