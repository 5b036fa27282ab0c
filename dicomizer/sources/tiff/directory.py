# SPDX-License-Identifier: Apache-2.0
"""Image file directories of a TIFF, read with tifffile and held as values.

tifffile is lenient with broken files and raises whatever its parsing meets; both are settled
here, in the only place that calls its parser: directories are found beforehand (`chain`), the
places of their tiles are checked afterwards, and every exception becomes ours.

References
----------
TIFF 6.0, section 2 (structure), section 15 (tiles), section 22 (JPEG); TIFF Technical Notes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import SizePx
from dicomizer.sources.tiff.chain import Link, read_chain
from dicomizer.sources.tiff.extents import check_extents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tifffile import TiffFile, TiffPage

JPEG = 7
"""Compression tag: JPEG by the rules of TIFF Technical Note 2."""
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
"""Photometric interpretation tag."""

_TAGS_OF_TILES = frozenset({273, 279, 288, 289, 324, 325, 330, 347})
"""Offsets, byte counts, JPEG tables: long, and told by fields of the directory."""
_TAGS_OF_PIXELS = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339}
)
"""Without one of these, the same bytes would be other pixels."""
_XMP = 700
_LARGEST_TAG = 1 << 16
"""Values in a tag that is kept in ``tags``; but Ventana's XMP has megabytes."""
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}
_PLAUSIBLE_MPP = (0.02, 100.0)
"""No slide is scanned finer or coarser: such tags are defaults (72 dpi) or mistakes of a unit."""


@dataclass(frozen=True, slots=True)
class TiffDirectory:
    """One image of a TIFF file.

    Parameters
    ----------
    index
        Unique within the file: the number in the main chain; SubIFDs count on behind it.
    tile_size
        Of a tile; of a strip for an image in strips.
    offsets, byte_counts
        Of each tile or strip, in row-major order, plane after plane where samples are apart. A
        tile that the file does not hold has 0 for either.
    photometric, compression, sample_format, predictor, fill_order
        Values of the tags.
    extra_samples
        Kind of each sample beyond those of the photometric interpretation.
    chroma_subsampling
        Horizontal and vertical; of uncompressed YCbCr only, a codec's stream tells its own.
    mpp
        Micrometres per pixel, horizontal and vertical, from the resolution tags; ``None`` where
        they are absent, without a unit, or of no possible slide.
    byte_order
        Of samples larger than a byte: "<" or ">".
    tags
        All tags by number, those of vendors too, but for those of tiles and very long ones.
    subdirectories
        SubIFDs: usually the same image at lower resolution.
    parent
        Index of the directory that a SubIFD belongs to.
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
    sample_format: int = 1
    predictor: int = 1
    fill_order: int = 1
    extra_samples: tuple[int, ...] = ()
    chroma_subsampling: tuple[int, int] = (2, 2)
    color_map: tuple[int, ...] | None = field(default=None, repr=False)
    byte_order: str = "<"
    tags: Mapping[int, object] = field(default_factory=dict, repr=False, compare=False)
    subdirectories: tuple[TiffDirectory, ...] = field(default=(), repr=False)
    parent: int | None = None

    @property
    def place(self) -> str:
        """How an error message names this directory."""
        if self.parent is None:
            return f"directory {self.index}"
        return f"SubIFD of directory {self.parent} (image {self.index})"

    @property
    def is_rgb8(self) -> bool:
        """Whether a pixel has three interleaved samples of 8 bits, RGB or YCbCr."""
        return (
            (self.samples_per_pixel, self.bits_per_sample) == (3, 8)
            and self.planar_configuration == 1
            and self.photometric in (RGB, YCBCR)
        )

    @property
    def grid(self) -> SizePx:
        """Columns and rows of tiles or strips."""
        return SizePx(
            -(-self.size.width // max(self.tile_size.width, 1)),
            -(-self.size.height // max(self.tile_size.height, 1)),
        )


def read_directories(path: Path) -> tuple[TiffDirectory, ...]:
    """Read all directories of the main chain, their SubIFDs within them.

    Raises
    ------
    Refusal
        The file is no TIFF.
    CorruptSourceError
        The chain of directories leaves the file or runs in a circle, a directory cannot be
        parsed, or its tiles lie outside the file.
    """
    status = path.stat()
    return _read_directories(path, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=1)
def _read_directories(path: Path, _state: tuple[int, ...]) -> tuple[TiffDirectory, ...]:
    """Read once for all readers that are asked about a file in turn."""
    with path.open("rb") as file:
        links = read_chain(file, path)
    directories = _parse(path, links)
    size = path.stat().st_size
    for directory in flattened(directories):
        check_extents(directory, size, path)
    return directories


def flattened(directories: tuple[TiffDirectory, ...]) -> Iterator[TiffDirectory]:
    """Yield each directory and, behind it, its SubIFDs."""
    for directory in directories:
        yield directory
        yield from directory.subdirectories


def _parse(path: Path, links: tuple[Link, ...]) -> tuple[TiffDirectory, ...]:
    import tifffile

    further = count(len(links))
    try:
        with tifffile.TiffFile(path) as tiff:
            return tuple(_linked(tiff, number, link, further) for number, link in enumerate(links))
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


def _linked(tiff: TiffFile, number: int, link: Link, further: Iterator[int]) -> TiffDirectory:
    subdirectories = tuple(
        _directory(_page(tiff, sub), next(further), parent=number) for sub in link.subdirectories
    )
    return _directory(_page(tiff, link), number, subdirectories=subdirectories)


def _page(tiff: TiffFile, link: Link) -> TiffPage:
    """Parse a directory; the parser only logs which tags it cannot read."""
    import tifffile

    tiff.filehandle.seek(link.offset)
    page = tifffile.TiffPage(tiff, 0)
    lost = sorted(tag for tag in link.tags & _TAGS_OF_PIXELS if tag not in page.tags)
    if lost:
        raise ValueError(f"tag {lost[0]} cannot be read")
    return page


def _directory(
    page: TiffPage,
    index: int,
    *,
    subdirectories: tuple[TiffDirectory, ...] = (),
    parent: int | None = None,
) -> TiffDirectory:
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
        sample_format=int(page.sampleformat),
        predictor=int(page.predictor),
        fill_order=int(page.fillorder),
        extra_samples=tuple(map(int, page.extrasamples)),
        chroma_subsampling=_subsampling(page),
        color_map=_color_map(page),
        byte_order=page.parent.byteorder,
        tags=_tags(page),
        subdirectories=subdirectories,
        parent=parent,
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


def _tags(page: TiffPage) -> Mapping[int, object]:
    return MappingProxyType(
        {
            tag.code: tag.value
            for tag in page.tags
            if tag.code not in _TAGS_OF_TILES and (tag.count <= _LARGEST_TAG or tag.code == _XMP)
        }
    )


def _subsampling(page: TiffPage) -> tuple[int, int]:
    value = page.tags.valueof(530)
    if isinstance(value, tuple) and len(value) == 2:
        return _whole(value[0]), _whole(value[1])
    return 2, 2


def _color_map(page: TiffPage) -> tuple[int, ...] | None:
    colors = page.colormap
    return None if colors is None else tuple(colors.ravel().tolist())


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
