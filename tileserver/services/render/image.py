# SPDX-License-Identifier: Apache-2.0
"""What the stored attributes of an instance say of its picture: size, frames, paths, planes.

References
----------
PS3.3 C.7.6.3 (Image Pixel), C.7.6.17 (Multi-frame Dimension), C.8.12.4 and C.8.12.5 (slides),
C.8.12.14 (Microscope Slide Layer Tile Organization)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import PixelDescription
from tileserver.errors import NoPixelsError, UnrenderableError
from tileserver.services.render import attributes as read
from tileserver.services.render.grey import GreyScale, grey_scales
from tileserver.services.render.layout import FrameGrid, Layout, lay_out
from tileserver.services.render.optics import absent_color, optical_paths

if TYPE_CHECKING:
    from tileserver.index import StoredInstance
    from tileserver.services.render.attributes import Attributes, Binary
    from tileserver.services.render.look import Rgb
    from tileserver.services.render.optics import OpticalPath
    from tileserver.services.render.positions import FramePositions

_FRAME_LIMIT = 100_000_000
_SAMPLE_LIMIT = 1 << 27
"""Samples of a frame, which is decoded as a whole."""
_MATRIX_LIMIT = 1 << 26
"""Columns or rows of a total pixel matrix: 16 m of glass."""
_UM_PER_MM = 1000
_SEGMENTATIONS = frozenset(("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"))
"""Segmentation and Label Map Segmentation Storage."""
_PALETTE = ("Red", "Green", "Blue")


@dataclass(frozen=True, slots=True)
class SpacingUm:
    """Micrometres from the centre of a pixel to that of the next."""

    between_columns: float
    between_rows: float


@dataclass(frozen=True, slots=True)
class Palette:
    """Palette Color Lookup Tables: descriptor and data of red, green and blue."""

    descriptors: tuple[tuple[int, int, int], ...]
    data: tuple[Binary, ...]


@dataclass(frozen=True, slots=True)
class Concatenation:
    """That an instance is a part, and of what."""

    uid: str
    frame_offset: int


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """An instance as a picture.

    Parameters
    ----------
    columns, rows
        Of the total pixel matrix; of a frame where the instance is not tiled.
    is_tiled
        Whether frames are parts of one matrix.
    paths
        Optical paths in their order; at least one.
    layout
        Where the frames of each path and plane are.
    image_type
        All values of Image Type.
    is_segmentation
        Whether values tell segments, of which 0 is none.
    absent
        Recommended colour of absent pixels.
    grey_scales
        Modality and VOI transformations: one for all frames, or one for each.
    """

    found: StoredInstance
    pixels: PixelDescription
    number_of_frames: int
    columns: int
    rows: int
    is_tiled: bool
    spacing: SpacingUm | None
    paths: tuple[OpticalPath, ...]
    layout: Layout = field(repr=False)
    image_type: tuple[str, ...]
    pyramid_uid: str | None
    frame_of_reference_uid: str | None
    concatenation: Concatenation | None
    is_segmentation: bool
    absent: Rgb | None
    palette: Palette | None = field(repr=False)
    grey_scales: tuple[GreyScale, ...] = field(repr=False)
    icc_profile: Binary | None = field(repr=False)

    @property
    def is_color(self) -> bool:
        """Whether frames hold colours, directly or by a palette."""
        return self.pixels.samples == 3 or self.palette is not None

    @property
    def flavor(self) -> str:
        """What an image of a slide shows: VOLUME, LABEL, OVERVIEW, THUMBNAIL."""
        return self.image_type[2] if len(self.image_type) > 2 else ""

    def grey_scale(self, frame_index: int) -> GreyScale:
        """Return the transformations of a frame."""
        return self.grey_scales[frame_index if len(self.grey_scales) > 1 else 0]


def read_image(
    found: StoredInstance, attributes: Attributes, positions: FramePositions | None
) -> StoredImage:
    """Describe an instance as a picture.

    Parameters
    ----------
    attributes
        Of the instance, as DICOM JSON.
    positions
        Of the frames, where each says its own.

    Raises
    ------
    UnrenderableError
        There are no pixels, or the attributes contradict themselves.
    """
    pixels = _pixels(found, attributes)
    number_of_frames = read.whole(attributes, "NumberOfFrames")
    number_of_frames = 1 if number_of_frames is None else number_of_frames
    if not 1 <= number_of_frames <= _FRAME_LIMIT:
        raise UnrenderableError(f"the instance says that it has {number_of_frames} frames")
    columns, rows, is_tiled = _matrix(attributes, pixels)
    paths = optical_paths(attributes)
    concatenation = _concatenation(attributes)
    layout = lay_out(
        attributes,
        positions if is_tiled else None,
        [path.identifier for path in paths],
        FrameGrid(columns, rows, pixels.columns, pixels.rows),
        range(
            concatenation.frame_offset if concatenation else 0,
            number_of_frames + (concatenation.frame_offset if concatenation else 0),
        ),
    )
    return StoredImage(
        found=found,
        pixels=pixels,
        number_of_frames=number_of_frames,
        columns=columns,
        rows=rows,
        is_tiled=is_tiled,
        spacing=_spacing(attributes, columns, rows),
        paths=paths,
        layout=layout,
        image_type=tuple(read.texts(attributes, "ImageType")),
        pyramid_uid=read.text(attributes, "PyramidUID"),
        frame_of_reference_uid=read.text(attributes, "FrameOfReferenceUID"),
        concatenation=concatenation,
        is_segmentation=read.text(attributes, "SOPClassUID") in _SEGMENTATIONS,
        absent=absent_color(attributes),
        palette=_palette(attributes, pixels),
        grey_scales=grey_scales(attributes, pixels, number_of_frames),
        icc_profile=read.binary(attributes, "ICCProfile"),
    )


def _pixels(found: StoredInstance, attributes: Attributes) -> PixelDescription:
    allocated = read.whole(attributes, "BitsAllocated") or 0
    stored = read.whole(attributes, "BitsStored") or allocated
    high_bit = read.whole(attributes, "HighBit")
    samples = read.whole(attributes, "SamplesPerPixel") or 1
    if not read.values(attributes, "Rows"):
        raise NoPixelsError("the instance has no pixels to show")
    pixels = PixelDescription(
        transfer_syntax_uid=found.transfer_syntax_uid,
        rows=read.whole(attributes, "Rows") or 0,
        columns=read.whole(attributes, "Columns") or 0,
        samples=samples,
        photometric_interpretation=read.text(attributes, "PhotometricInterpretation") or "",
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high_bit is None else high_bit,
        is_signed=read.whole(attributes, "PixelRepresentation") == 1,
        is_planar=read.whole(attributes, "PlanarConfiguration") == 1,
    )
    if pixels.rows * pixels.columns * pixels.samples > _SAMPLE_LIMIT:
        raise UnrenderableError(f"frames of {pixels.columns} x {pixels.rows} pixels are too large")
    try:
        pixels.check()
    except CodecError as error:
        raise UnrenderableError(f"the pixels cannot be shown: {error}") from error
    return pixels


def _matrix(attributes: Attributes, pixels: PixelDescription) -> tuple[int, int, bool]:
    """Return columns and rows of the total pixel matrix, and whether there is one."""
    columns = read.whole(attributes, "TotalPixelMatrixColumns")
    rows = read.whole(attributes, "TotalPixelMatrixRows")
    if columns is None or rows is None:
        return pixels.columns, pixels.rows, False
    if not (1 <= columns <= _MATRIX_LIMIT and 1 <= rows <= _MATRIX_LIMIT):
        raise UnrenderableError(f"the total pixel matrix has {columns} columns and {rows} rows")
    return columns, rows, True


def _concatenation(attributes: Attributes) -> Concatenation | None:
    uid = read.text(attributes, "ConcatenationUID")
    offset = read.whole(attributes, "ConcatenationFrameOffsetNumber")
    if uid is None or offset is None or not 0 <= offset < _FRAME_LIMIT:
        return None
    return Concatenation(uid, offset)


def _spacing(attributes: Attributes, columns: int, rows: int) -> SpacingUm | None:
    """Return the spacing: as told for slides, as told for others, or by what is imaged."""
    measures = read.group_or_first(attributes, "PixelMeasuresSequence")
    for holder in (measures, attributes):
        told = read.numbers(holder, "PixelSpacing")
        if len(told) == 2 and min(told) > 0:
            return SpacingUm(told[1] * _UM_PER_MM, told[0] * _UM_PER_MM)
    width = read.number(attributes, "ImagedVolumeWidth")
    height = read.number(attributes, "ImagedVolumeHeight")
    if not width or not height or min(width, height) <= 0:
        return None
    return SpacingUm(width * _UM_PER_MM / columns, height * _UM_PER_MM / rows)


def _palette(attributes: Attributes, pixels: PixelDescription) -> Palette | None:
    if pixels.photometric_interpretation != "PALETTE COLOR":
        return None
    names = [f"{color}PaletteColorLookupTable" for color in _PALETTE]
    data = [read.binary(attributes, f"{name}Data") for name in names]
    told = [read.numbers(attributes, f"{name}Descriptor") for name in names]
    if None in data or any(len(descriptor) != 3 for descriptor in told):
        raise UnrenderableError("the instance has palette colours without lookup tables")
    descriptors = tuple((int(a), int(b), int(c)) for a, b, c in told)
    return Palette(descriptors, tuple(one for one in data if one is not None))
