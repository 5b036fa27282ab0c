# SPDX-License-Identifier: Apache-2.0
"""Image file directories of a TIFF, read with tifffile and held as values.

tifffile is lenient with broken files and raises whatever its parsing meets; both are settled
here, in the only place that calls its parser: the chain of directories is walked beforehand, so
that a cut file is not taken for one with fewer levels, and every exception becomes ours.

References
----------
TIFF 6.0, section 2 (structure), section 15 (tiles), section 22 (JPEG)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import SizePx
from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffPage

JPEG = 7
"""Compression tag: JPEG by the rules of TIFF Technical Note 2."""
RGB, YCBCR = 2, 6
"""Photometric interpretation tag."""

_MOST_DIRECTORIES = 4096
_TYPE_BYTES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    16: 8, 17: 8, 18: 8,
}  # fmt: skip
"""Size of a value of each field type (TIFF 6.0 section 2, BigTIFF)."""
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}
_PLAUSIBLE_MPP = (0.02, 100.0)
"""No slide is scanned finer or coarser: such tags are defaults (72 dpi) or mistakes of a unit."""


@dataclass(frozen=True, slots=True)
class TiffDirectory:
    """One image of a TIFF file.

    Parameters
    ----------
    tile_size
        Of a tile; of a strip for an image in strips.
    offsets, byte_counts
        Of each tile or strip, in row-major order.
    photometric, compression
        Values of the tags.
    mpp
        Micrometres per pixel, horizontal and vertical, from the resolution tags; ``None`` where
        they are absent, without a unit, or of no possible slide.
    """

    index: int
    size: SizePx
    tile_size: SizePx
    is_tiled: bool
    offsets: tuple[int, ...] = field(repr=False)
    byte_counts: tuple[int, ...] = field(repr=False)
    compression: int
    compression_name: str
    photometric: int
    samples_per_pixel: int
    bits_per_sample: int
    planar_configuration: int
    subfile_type: int
    description: str
    software: str
    make: str
    model: str
    date_time: str
    mpp: tuple[float, float] | None
    jpeg_tables: bytes | None = field(repr=False)
    icc_profile: bytes | None = field(repr=False)

    @property
    def place(self) -> str:
        """How an error message names this directory."""
        return f"directory {self.index}"

    @property
    def is_rgb8(self) -> bool:
        """Whether a pixel has three interleaved samples of 8 bits, RGB or YCbCr."""
        return (
            (self.samples_per_pixel, self.bits_per_sample) == (3, 8)
            and self.planar_configuration == 1
            and self.photometric in (RGB, YCBCR)
        )


def read_directories(path: Path) -> tuple[TiffDirectory, ...]:
    """Read all directories of the main chain.

    Raises
    ------
    Refusal
        The file is no TIFF.
    CorruptSourceError
        The chain of directories leaves the file or runs in a circle, a directory cannot be
        parsed, or its tiles lie outside the file.
    """
    with path.open("rb") as file:
        count = _count_directories(file, path)
    directories = _parse(path)
    if len(directories) != count:
        raise CorruptSourceError(
            f"found {len(directories)} readable directories, expected {count}",
            file=path,
            remedy="the file is damaged; copy it again",
        )
    size = path.stat().st_size
    for directory in directories:
        _check_extents(directory, size, path)
    return directories


def _count_directories(file: BinaryIO, path: Path) -> int:
    """Walk the chain and return its length."""
    order, is_big, offset = _read_signature(file)
    entry_count, entry_size, link = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    seen: set[int] = set()
    while offset:
        if offset in seen or len(seen) >= _MOST_DIRECTORIES:
            raise CorruptSourceError("the directories form a circle", file=path)
        seen.add(offset)
        place = f"directory {len(seen) - 1} at byte {offset}"
        (entries,) = _read(file, offset, order + entry_count, path, place)
        first = offset + struct.calcsize(order + entry_count)
        behind = first + entries * entry_size
        _check_values(file, first, entries, order, path, place, is_big=is_big)
        (offset,) = _read(file, behind, order + link, path, place)
    if not seen:
        raise CorruptSourceError(
            "the file has no image directory", file=path, remedy="copy it again"
        )
    return len(seen)


def _check_values(  # noqa: PLR0913 - where in which file, for the error
    file: BinaryIO, first: int, entries: int, order: str, path: Path, place: str, *, is_big: bool
) -> None:
    """Check that the values of a directory lie in the file; the parser drops those that do not."""
    layout = f"{order}HHQQ" if is_big else f"{order}HHII"
    size, inline = struct.calcsize(layout), 8 if is_big else 4
    end = file.seek(0, 2)
    file.seek(first)
    data = file.read(min(entries * size, end))
    for _, kind, count, where in struct.iter_unpack(layout, data[: len(data) // size * size]):
        length = _TYPE_BYTES.get(kind, 1) * count
        if length > inline and where + length > end:
            raise CorruptSourceError(
                f"a value ends at byte {where + length}, the file at byte {end}",
                file=path,
                place=place,
                remedy="the file is cut short; copy it again",
            )


def _read_signature(file: BinaryIO) -> tuple[str, bool, int]:
    """Return the byte order, whether it is BigTIFF, and the first directory's offset."""
    header = file.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    version = struct.unpack_from(f"{order}H", header, 2)[0] if order else None
    if order and version == 42:
        return order, False, struct.unpack_from(f"{order}I", header, 4)[0]
    if order and version == 43:
        return order, True, struct.unpack_from(f"{order}Q", header, 8)[0]
    raise Refusal("no TIFF signature")


def _read(file: BinaryIO, offset: int, layout: str, path: Path, place: str) -> tuple[int, ...]:
    size = struct.calcsize(layout)
    try:
        file.seek(offset)
        data = file.read(size)
    except (OSError, ValueError, OverflowError):
        data = b""
    if len(data) < size:
        raise CorruptSourceError(
            "found the end of the file, expected an image directory",
            file=path,
            place=place,
            remedy="the file is cut short or damaged; copy it again",
        )
    return struct.unpack(layout, data)


def _parse(path: Path) -> tuple[TiffDirectory, ...]:
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            pages = [tiff.pages.get(number).aspage() for number in range(len(tiff.pages))]
            return tuple(_directory(number, page) for number, page in enumerate(pages))
    except MemoryError as error:
        raise CorruptSourceError("a directory asks for more memory than there is", file=path) from (
            error
        )
    except Exception as error:  # the parser raises whatever a broken file provokes
        raise CorruptSourceError(
            f"a directory cannot be parsed: {error}",
            file=path,
            remedy="the file is damaged; copy it again",
        ) from error


def _directory(index: int, page: TiffPage) -> TiffDirectory:
    if _whole(page.imagedepth) > 1:
        raise ValueError(f"found {page.imagedepth} planes in one directory, expected one")
    size = SizePx(_whole(page.imagewidth), _whole(page.imagelength))
    tile = (page.tilewidth, page.tilelength) if page.is_tiled else (size.width, page.rowsperstrip)
    tile = (_whole(tile[0]), _whole(tile[1]))
    return TiffDirectory(
        index=index,
        size=size,
        tile_size=SizePx(tile[0], min(tile[1], size.height) if not page.is_tiled else tile[1]),
        is_tiled=page.is_tiled,
        offsets=tuple(map(_whole, page.dataoffsets)),
        byte_counts=tuple(map(_whole, page.databytecounts)),
        compression=int(page.compression),
        compression_name=getattr(page.compression, "name", str(page.compression)),
        photometric=int(page.photometric),
        samples_per_pixel=_whole(page.samplesperpixel),
        bits_per_sample=_whole(page.bitspersample),
        planar_configuration=int(page.planarconfig or 1),
        subfile_type=_whole(page.subfiletype),
        description=_text(page, "ImageDescription"),
        software=_text(page, "Software"),
        make=_text(page, "Make"),
        model=_text(page, "Model"),
        date_time=_text(page, "DateTime"),
        mpp=_mpp(page),
        jpeg_tables=page.jpegtables,
        icc_profile=page.iccprofile,
    )


def _whole(value: object) -> int:
    """Return a number of a broken file only if it is one; the parser may give tuples."""
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"found {str(value)[:64]}, expected a whole number")
    return value


def _text(page: TiffPage, tag: str) -> str:
    value = page.tags.valueof(tag, "")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 \r\n\t") if isinstance(value, str) else ""


def _mpp(page: TiffPage) -> tuple[float, float] | None:
    per_unit = _UM_PER_UNIT.get(int(page.tags.valueof("ResolutionUnit", 2)))
    resolutions = [page.tags.valueof(tag) for tag in ("XResolution", "YResolution")]
    if per_unit is None or not all(
        isinstance(item, tuple) and item[0] > 0 and item[1] > 0 for item in resolutions
    ):
        return None
    x, y = (per_unit * denominator / numerator for numerator, denominator in resolutions)
    least, most = _PLAUSIBLE_MPP
    return (x, y) if least <= min(x, y) and max(x, y) <= most else None


def _check_extents(directory: TiffDirectory, file_size: int, path: Path) -> None:
    if directory.size.width < 1 or directory.size.height < 1:
        raise CorruptSourceError(
            f"the image is {directory.size} pixels", file=path, place=directory.place
        )
    tile = directory.tile_size
    expected = -(-directory.size.width // max(tile.width, 1)) * -(
        -directory.size.height // max(tile.height, 1)
    )
    if directory.planar_configuration == 2:
        expected *= directory.samples_per_pixel
    found = len(directory.offsets)
    if found != len(directory.byte_counts) or found < expected:
        raise CorruptSourceError(
            f"found {found} tiles, expected {expected}", file=path, place=directory.place
        )
    for number, (offset, count) in enumerate(
        zip(directory.offsets, directory.byte_counts, strict=True)
    ):
        if offset + count > file_size:
            raise CorruptSourceError(
                f"tile {number} ends at byte {offset + count}, the file at byte {file_size}",
                file=path,
                place=directory.place,
                remedy="the file is cut short; copy it again",
            )
