# SPDX-License-Identifier: Apache-2.0
"""Instances with known pixels for tests of what is drawn of them, and a server that has them.

- Series `PYRAMID`: three levels of JPEG tiles, 128 pixels square, an overview with the label in
  it, and a label; level 0 is `BASE`, as its JPEG frames decode.
- Series `EXACT`: one level of uncompressed tiles, 64 pixels square; its matrix is `PLAIN`.
- Series `CT`: a single frame of 16 bits with a window.
- Series `FILM`: five frames that are no parts of one.
- Series `REPORT`: nothing to draw.
- Series `SPARSE`: JPEG tiles of `LEVEL_FRAMES[1]`, the second of which is missing.
- Series `STAINS`: two optical paths of fluorescence, 16 bits, whose values rise along x and y.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import httpx
import instances
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset
from servers import Server

Pixels = NDArray[np.uint8]

STUDY = "1.2.9.1"
PYRAMID, EXACT, CT, FILM, REPORT = (f"{STUDY}.{number}" for number in range(1, 6))
ODD_STUDY = "1.2.9.2"
SPARSE, STAINS = (f"{ODD_STUDY}.{number}" for number in (1, 2))
PYRAMID_UID = f"{STUDY}.1.99"
LEVELS = tuple(f"{PYRAMID}.{number}" for number in range(1, 4))
OVERVIEW, LABEL = f"{PYRAMID}.4", f"{PYRAMID}.5"
JPEG_TILE, PLAIN_TILE = 128, 64
MPP = 0.5


def scene(width: int, height: int) -> Pixels:
    """Return (height, width, 3) uint8: colours that tell every place from every other."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    waves = 40 * np.sin(x / 23) * np.cos(y / 31)
    planes = (40 + 170 * x / width, 40 + 170 * y / height, 128 + waves)
    return np.stack(planes, axis=2).round().astype(np.uint8)


def _frames(pixels: Pixels, tile: int) -> list[Pixels]:
    rows, columns = pixels.shape[:2]
    padded = np.full((-(-rows // tile) * tile, -(-columns // tile) * tile, 3), 255, np.uint8)
    padded[:rows, :columns] = pixels
    return [
        padded[top : top + tile, left : left + tile]
        for top in range(0, padded.shape[0], tile)
        for left in range(0, padded.shape[1], tile)
    ]


def _joined(frames: list[Pixels], width: int, height: int) -> Pixels:
    tile = frames[0].shape[0]
    across = -(-width // tile)
    rows = [np.hstack(frames[start : start + across]) for start in range(0, len(frames), across)]
    return np.vstack(rows)[:height, :width]


PLAIN = scene(300, 200)
_SOURCE = scene(700, 500)
_LEVEL_PIXELS = tuple(
    cv2.resize(_SOURCE, (700 // factor, 500 // factor), interpolation=cv2.INTER_AREA)
    for factor in (1, 2, 4)
)
LEVEL_FRAMES = tuple(
    [
        simplejpeg.encode_jpeg(np.ascontiguousarray(frame), quality=95, colorsubsampling="422")
        for frame in _frames(level, JPEG_TILE)
    ]
    for level in _LEVEL_PIXELS
)
"""Streams of the frames of each level, row by row."""
BASE = _joined([simplejpeg.decode_jpeg(frame) for frame in LEVEL_FRAMES[0]], 700, 500)
"""Level 0 as a decoder sees it."""


def _tiled(
    found: FileDataset, series: str, number: int, size: tuple[int, int], tile: int, mpp: float
) -> FileDataset:
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, series
    found.SOPInstanceUID, found.InstanceNumber = f"{series}.{number}", number
    found.FrameOfReferenceUID = f"{series}.98"
    found.Rows = found.Columns = tile
    found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows = size
    found.DimensionOrganizationType = "TILED_FULL"
    found.NumberOfOpticalPaths = found.TotalPixelMatrixFocalPlanes = 1
    found.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    found.TotalPixelMatrixOriginSequence = [
        instances.item(XOffsetInSlideCoordinateSystem=20, YOffsetInSlideCoordinateSystem=40)
    ]
    measures = instances.item(PixelSpacing=[mpp / 1000, mpp / 1000], SliceThickness=0.001)
    found.SharedFunctionalGroupsSequence = [instances.item(PixelMeasuresSequence=[measures])]
    path = instances.item(OpticalPathIdentifier="1", ObjectiveLensPower="20")
    found.OpticalPathSequence = [path]
    return found


def _level(number: int) -> FileDataset:
    pixels, frames = _LEVEL_PIXELS[number], LEVEL_FRAMES[number]
    found = instances.slide(frames, ImageType=["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"])
    size = (pixels.shape[1], pixels.shape[0])
    found = _tiled(found, PYRAMID, number + 1, size, JPEG_TILE, MPP * (1 << number))
    found.PyramidUID = PYRAMID_UID
    return found


def _single(number: int, flavor: str, color: tuple[int, int, int]) -> FileDataset:
    pixels = np.full((60, 90, 3), color, np.uint8)
    found = instances.native(pixels.tobytes(), 1, ImageType=["ORIGINAL", "PRIMARY", flavor, "NONE"])
    found = _tiled(found, PYRAMID, number, (90, 60), 90, 50)
    found.Rows = 60
    found.PhotometricInterpretation = "RGB"
    found.SpecimenLabelInImage = "YES"
    return found


def _exact() -> FileDataset:
    frames = _frames(PLAIN, PLAIN_TILE)
    found = instances.native(
        b"".join(frame.tobytes() for frame in frames),
        len(frames),
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        PhotometricInterpretation="RGB",
        SpecimenLabelInImage="NO",
    )
    return _tiled(found, EXACT, 1, (300, 200), PLAIN_TILE, MPP)


CT_VALUES = np.arange(-1000, 1000, dtype=np.int16).reshape(40, 50)


def _other(series: str, sop_class: str, modality: str) -> FileDataset:
    found = instances.dataset(SOPClassUID=sop_class, Modality=modality)
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, series
    found.SOPInstanceUID = f"{series}.1"
    found.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    return found


def _ct() -> FileDataset:
    found = _other(CT, "1.2.840.10008.5.1.4.1.1.2", "CT")
    found.Rows, found.Columns = CT_VALUES.shape
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = 16
    found.HighBit, found.PixelRepresentation = 15, 1
    found.RescaleSlope, found.RescaleIntercept = 1, 0
    found.WindowCenter, found.WindowWidth = 0, 400
    found.PixelData = CT_VALUES.tobytes()
    return found


FILM_COLORS = tuple((50 * number, 255 - 50 * number, 80) for number in range(5))


def _film() -> FileDataset:
    found = _other(FILM, "1.2.840.10008.5.1.4.1.1.3.1", "US")
    found.Rows, found.Columns = 24, 32
    found.SamplesPerPixel, found.PhotometricInterpretation = 3, "RGB"
    found.PlanarConfiguration = 0
    found.BitsAllocated = found.BitsStored = 8
    found.HighBit, found.PixelRepresentation = 7, 0
    found.NumberOfFrames = len(FILM_COLORS)
    frames = [np.full((24, 32, 3), color, np.uint8) for color in FILM_COLORS]
    found.PixelData = np.stack(frames).tobytes()
    return found


def _sparse() -> FileDataset:
    kept = [number for number in range(6) if number != 1]
    found = instances.slide(
        [LEVEL_FRAMES[1][number] for number in kept],
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
    )
    found = _tiled(found, SPARSE, 1, (350, 250), JPEG_TILE, MPP)
    found.StudyInstanceUID = ODD_STUDY
    found.DimensionOrganizationType = "TILED_SPARSE"
    found.PerFrameFunctionalGroupsSequence = [
        instances.item(
            PlanePositionSlideSequence=[
                instances.item(
                    ColumnPositionInTotalImagePixelMatrix=number % 3 * JPEG_TILE + 1,
                    RowPositionInTotalImagePixelMatrix=number // 3 * JPEG_TILE + 1,
                    XOffsetInSlideCoordinateSystem=0,
                    YOffsetInSlideCoordinateSystem=0,
                    ZOffsetInSlideCoordinateSystem=0,
                )
            ]
        )
        for number in kept
    ]
    return found


STAIN_VALUES = tuple(
    np.broadcast_to(ramp, (64, 64)).astype(np.uint16)
    for ramp in (np.arange(64) * 16, np.arange(64)[:, np.newaxis] * 16)
)
"""Of both optical paths, from 0 to 1008."""


def _stains() -> FileDataset:
    found = instances.native(
        b"".join(np.ascontiguousarray(values).tobytes() for values in STAIN_VALUES),
        2,
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
    )
    found = _tiled(found, STAINS, 1, (64, 64), 64, MPP)
    found.StudyInstanceUID = ODD_STUDY
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    del found.PlanarConfiguration
    found.BitsAllocated, found.BitsStored, found.HighBit = 16, 16, 15
    found.NumberOfOpticalPaths = 2
    found.OpticalPathSequence = [
        instances.item(OpticalPathIdentifier=name) for name in ("DAPI", "FITC")
    ]
    return found


def build() -> list[bytes]:
    """Return all files."""
    datasets = [
        *map(_level, range(3)),
        _single(4, "OVERVIEW", (200, 150, 160)),
        _single(5, "LABEL", (250, 250, 240)),
        _exact(),
        _ct(),
        _film(),
        _other(REPORT, "1.2.840.10008.5.1.4.1.1.88.34", "SR"),
        _sparse(),
        _stains(),
    ]
    return [instances.written(found) for found in datasets]


@dataclass(frozen=True)
class Pictures:
    """A server with all of it."""

    server: Server

    def wado(self, series: str, instance: str | None = None, rest: str = "") -> str:
        """Return a path below the DICOMweb root."""
        below = f"/instances/{instance}" if instance else ""
        return f"/studies/{STUDY}/series/{series}{below}{rest}"

    def get(self, path: str, accept: str | None = None, **headers: str) -> httpx.Response:
        """Ask below the root of the server."""
        wanted = {"Accept": accept} if accept else {}
        return self.server.http.get(path, headers=wanted | headers)

    def tiles(self, series: str, rest: str, accept: str | None = None) -> httpx.Response:
        """Ask for something of a series beside DICOMweb."""
        return self.get(f"/tiles/{STUDY}/{series}{rest}", accept)


def pixels_of(answer: httpx.Response) -> NDArray[np.int64]:
    """Return (rows, columns, 3) of the picture in an answer."""
    assert answer.status_code == 200, answer.text
    return picture(answer.content)


def picture(stream: bytes) -> NDArray[np.int64]:
    """Return (rows, columns, 3) of a picture."""
    return np.asarray(Image.open(io.BytesIO(stream)).convert("RGB")).astype(np.int64)


def mean_difference(found: NDArray[np.int64], expected: Pixels) -> float:
    """Return by how much the samples of two pictures differ in the mean."""
    assert found.shape == expected.shape, f"found {found.shape}, expected {expected.shape}"
    return float(np.abs(found - expected.astype(np.int64)).mean())


def reduced(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return a smaller picture: the mean of what each pixel covers."""
    found = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(found)
