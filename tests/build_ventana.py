# SPDX-License-Identifier: Apache-2.0
"""Small Ventana BIF and TIFF: areas of tiles that overlap, of one scene that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import slides
import tifffile

TILE = 64
ADVANCE = (56, 60)
"""Pixels from tile to tile: they overlap by 8 and 4."""
ISCAN = (
    '<iScan Magnification="40" ScanRes="0.25" UnitNumber="BI10N0306" UserName="Operator" '
    'BuildVersion="3.3.1.1" ScannerModel="{model}" Z-layers="{planes}" ScanWhitePoint="235" '
    'ScanDate="3/17/2024 10:20:30 AM"/>'
)
HT, DP = "VENTANA iScan HT", "VENTANA DP 200"


@dataclass(frozen=True)
class Area:
    """An area of interest: its first tile among the stored ones, and its place in the scene."""

    column: int = 0
    row: int = 0
    columns: int = 5
    rows: int = 4
    x: int = 0
    y: int = 0
    is_scanned: bool = True

    @property
    def width(self) -> int:
        return (self.columns - 1) * ADVANCE[0] + TILE

    @property
    def height(self) -> int:
        return (self.rows - 1) * ADVANCE[1] + TILE

    def number(self, column: int, row: int) -> int:
        """Return the number of a tile: from 1 at the bottom left, to and fro, upwards."""
        up = self.rows - 1 - row
        return up * self.columns + (self.columns - 1 - column if up % 2 else column) + 1

    def joints(self, overlap: tuple[float, float], directions: tuple[str, str]) -> Iterator[str]:
        for row in range(self.rows):
            for column in range(self.columns):
                tile = self.number(column, row)
                if column + 1 < self.columns:
                    beside = self.number(column + 1, row)
                    yield joint(directions[0], tile, beside, x=overlap[0])
                if row:
                    yield joint(directions[1], tile, self.number(column, row - 1), y=overlap[1])

    def info(self, number: int, joints: Iterable[str], scene_height: int) -> str:
        bottom = scene_height - self.y - self.height
        return (
            f'<ImageInfo AOIScanned="{int(self.is_scanned)}" AOIIndex="{number}" '
            f'NumRows="{self.rows}" NumCols="{self.columns}" Width="{TILE}" Height="{TILE}" '
            f'Pos-X="{self.x}.000" Pos-Y="{bottom}">{"".join(joints)}</ImageInfo>'
        )


@dataclass(frozen=True)
class BuiltBif:
    """A slide file and what it shows."""

    path: Path
    scene: slides.Pixels = field(repr=False)
    """All of the plane; white where no area lies."""


def joint(
    direction: str,
    tile: int,
    other: int,
    *,
    x: float = 0,
    y: float = 0,
    confidence: int = 99,
    joined: int = 1,
) -> str:
    return (
        f'<TileJointInfo FlagJoined="{joined}" Confidence="{confidence}" Direction="{direction}" '
        f'Tile1="{tile}" Tile2="{other}" OverlapX="{x}" OverlapY="{y}"/>'
    )


def encode_info(infos: str, areas: tuple[Area, ...], model: str = HT) -> str:
    origins = "".join(
        f'<AOI{number} OriginX="{area.column * TILE}" OriginY="{area.row * TILE}"/>'
        for number, area in enumerate(areas)
    )
    return (
        f'<?xml version="1.0"?><EncodeInfo Ver="2"><SlideInfo>{iscan(model)}</SlideInfo>'
        f"<SlideStitchInfo>{infos}</SlideStitchInfo><AoiOrigin>{origins}</AoiOrigin></EncodeInfo>"
    )


def iscan(model: str = HT, planes: int = 1) -> str:
    return ISCAN.format(model=model, planes=planes)


def write_bif(
    path: Path,
    areas: tuple[Area, ...] = (Area(),),
    *,
    factors: tuple[int, ...] = (1, 2, 4),
    missing: frozenset[int] = frozenset(),
    model: str = HT,
    xml: str | None = None,
) -> BuiltBif:
    """Write a BIF; ``missing`` are stored tiles of level 0 that the file does not hold."""
    scene, stored = _scene(areas)
    overlap = TILE - ADVANCE[0], TILE - ADVANCE[1]
    infos = "".join(
        area.info(number, area.joints(overlap, ("RIGHT", "UP")), scene.shape[0])
        for number, area in enumerate(areas)
    )
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        _write_small(
            tiff, "Label_Image", slides.picture(120, 50), f"<Metadata>{iscan(model)}</Metadata>"
        )
        _write_small(tiff, "Probability_Image", slides.picture(60, 25))
        _write_small(tiff, "Thumbnail", slides.picture(40, 30))
        for number, factor in enumerate(factors):
            text = encode_info(infos, areas, model) if xml is None else xml
            _write_level(
                tiff,
                stored,
                number,
                factor,
                missing if number == 0 else frozenset(),
                None if number else text,
            )
    return BuiltBif(path, scene)


def write_dp(
    path: Path,
    *,
    across: tuple[int, ...] = (0, 8, 0, 0, 12, 0),
    down: tuple[int, ...] = (0, 0),
    told: tuple[int, ...] | None = None,
    is_mirrored: bool = False,
    factors: tuple[int, ...] = (1, 2, 4),
    blank: bool = False,
) -> BuiltBif:
    """Write a BIF as the DP series does: each pair of columns, or rows, shares its own pixels.

    ``told`` is what the XML says of columns, where that is not true.
    """
    area = Area(columns=len(across) + 1, rows=len(down) + 1)
    lefts, tops = _starts(across), _starts(down)
    scene = slides.picture(lefts[-1] + TILE, tops[-1] + TILE)
    if blank:
        scene[:] = 235
    rows = np.concatenate([scene[top : top + TILE] for top in tops])
    stored = np.concatenate([rows[:, left : left + TILE] for left in lefts], axis=1)
    info = _dp_info(area, told or across, down, is_mirrored=is_mirrored)
    xml = encode_info(info, (area,), DP)
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        _write_small(
            tiff, "Label_Image", slides.picture(120, 50), f"<Metadata>{iscan(DP)}</Metadata>"
        )
        for number, factor in enumerate(factors):
            _write_level(tiff, stored, number, factor, frozenset(), None if number else xml)
    return BuiltBif(path, scene)


def _starts(shared: tuple[int, ...]) -> list[int]:
    return [number * TILE - sum(shared[:number]) for number in range(len(shared) + 1)]


def _dp_info(
    area: Area, across: tuple[int, ...], down: tuple[int, ...], *, is_mirrored: bool
) -> str:
    def number(column: int, row: int) -> int:
        return area.number(area.columns - 1 - column if is_mirrored else column, row)

    joints = []
    for row in range(area.rows):
        for column, overlap in enumerate(across):
            pair = number(column, row), number(column + 1, row)
            pair = pair[::-1] if is_mirrored else pair
            joints.append(joint("LEFT", *pair, x=overlap, confidence=100))
            # A wrong measurement, of which the scanner is not sure.
            joints.append(joint("LEFT", *pair, x=30, confidence=40))
    for row, overlap in enumerate(down):
        for column in range(area.columns):
            pair = number(column, row + 1), number(column, row)
            joints.append(joint("UP", *pair, y=overlap, confidence=100))
    return area.info(0, joints, area.height).replace('Pos-Y="', 'Pos-Y="7')


def write_tif(path: Path, *, factors: tuple[int, ...] = (1, 2, 4), planes: int = 1) -> BuiltBif:
    """Write the TIFF that the scanner's viewer exports: no overlaps."""
    scene = slides.picture(300, 200)
    with tifffile.TiffWriter(path) as tiff:
        _write_small(tiff, "Label Image", slides.picture(120, 50), iscan(planes=planes))
        _write_small(tiff, "Thumbnail", slides.picture(40, 30))
        for number, factor in enumerate(factors):
            _write_level(tiff, scene, number, factor, frozenset(), None)
    return BuiltBif(path, scene)


def _scene(areas: tuple[Area, ...]) -> tuple[slides.Pixels, slides.Pixels]:
    """Return the plane, and the tiles as the camera saw them, side by side."""
    shape = (max(a.y + a.height for a in areas), max(a.x + a.width for a in areas), 3)
    everything = slides.picture(shape[1], shape[0])
    scene = np.full(shape, 235, np.uint8)
    columns, rows = max(a.column + a.columns for a in areas), max(a.row + a.rows for a in areas)
    stored = np.full((rows * TILE, columns * TILE, 3), 235, np.uint8)
    for area in areas:
        if not area.is_scanned:
            continue
        inside = np.s_[area.y : area.y + area.height, area.x : area.x + area.width]
        scene[inside] = everything[inside]
        for row in range(area.rows):
            for column in range(area.columns):
                x, y = area.x + column * ADVANCE[0], area.y + row * ADVANCE[1]
                left, top = (area.column + column) * TILE, (area.row + row) * TILE
                stored[top : top + TILE, left : left + TILE] = everything[
                    y : y + TILE, x : x + TILE
                ]
    return scene, stored


def _write_level(
    tiff: tifffile.TiffWriter,
    stored: slides.Pixels,
    number: int,
    factor: int,
    missing: frozenset[int],
    xml: str | None,
) -> None:
    pixels = slides.reduced(stored, factor)
    tiles = (
        b"" if index in missing else slides.encoded(tile, "ycbcr444")
        for index, tile in enumerate(slides.tiles_of(pixels, TILE))
    )
    tiff.write(
        tiles,
        shape=pixels.shape,
        dtype=np.uint8,
        photometric="ycbcr",
        tile=(TILE, TILE),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        subsampling=(1, 1),
        metadata=None,
        software=False,
        description=f"level={number} mag={40 / factor:g} quality=85",
        extratags=_xmp(xml),
    )


def _write_small(
    tiff: tifffile.TiffWriter, description: str, pixels: slides.Pixels, xml: str | None = None
) -> None:
    tiff.write(
        pixels,
        photometric="rgb",
        compression="jpeg",
        compressionargs={"level": 85},
        rowsperstrip=pixels.shape[0],
        metadata=None,
        software=False,
        description=description,
        extratags=_xmp(xml),
    )


def _xmp(xml: str | None) -> list[tuple[int, int, int, bytes, bool]]:
    data = (xml or "").encode() + b"\0"
    return [(700, 1, len(data), data, True)] if xml else []
