# SPDX-License-Identifier: Apache-2.0
"""Small QPTIFF, written after public descriptions of the format: nobody had a scanner's file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import slides
import tifffile
from numpy.typing import NDArray

TILE = 64
MPP = 0.5
CHANNELS = (
    "<Name>DAPI</Name><Biomarker>DAPI</Biomarker><Color>0,0,255</Color>"
    "<ExposureTime>12500</ExposureTime><ExcitationFilter><Bands>"
    "<Band><Cuton>350</Cuton><Cutoff>390</Cutoff><Active>true</Active></Band>"
    "<Band><Cuton>540</Cuton><Cutoff>560</Cutoff><Active>false</Active></Band>"
    "</Bands></ExcitationFilter><EmissionFilter><Bands>"
    "<Band><Cuton>420</Cuton><Cutoff>460</Cutoff></Band></Bands></EmissionFilter>",
    "<Name>Opal 540</Name><Biomarker>CD8</Biomarker><Color>255,128,0</Color>"
    "<ExposureTime>50000</ExposureTime>",
    "<Name>PD1 (Opal 650)</Name><Biomarker>None</Biomarker>",
)
PROFILE = (
    "<ScanProfile><root><ScanResolution><Magnification>20</Magnification>"
    "<PixelSizeMicrons>0.4964</PixelSizeMicrons></ScanResolution></root></ScanProfile>"
)


def description(image_type: str, channel: str = "", *, objective: str = "20x") -> str:
    return (
        '<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription>'
        "<DescriptionVersion>2</DescriptionVersion>"
        "<AcquisitionSoftware>VectraScan 1.0.12</AcquisitionSoftware>"
        f"<ImageType>{image_type}</ImageType><InstrumentType>Vectra Polaris</InstrumentType>"
        "<SlideID>LuCa-7</SlideID><Barcode>S-24-0042</Barcode>"
        f"<Objective>{objective}</Objective>{channel}{PROFILE}"
        "</PerkinElmer-QPI-ImageDescription>"
    )


def grey_channels(dtype: type = np.uint8, count: int = 3) -> list[NDArray[np.generic]]:
    """Return channels of 300 x 200 pixels, different from one another."""
    base = slides.picture(300, 200)[:, :, 0].astype(dtype)
    scale = 1 if dtype is np.uint8 else 200
    return [((base // 2 + 20 * number) * scale).astype(dtype) for number in range(count)]


def write_fluorescence(
    path: Path, *, dtype: type = np.uint8, factors: tuple[int, ...] = (1, 2, 4), mpp: float = MPP
) -> list[NDArray[np.generic]]:
    """Write a slide of three channels, with thumbnail, overview and label; return level 0."""
    channels = grey_channels(dtype)
    with tifffile.TiffWriter(path) as tiff:
        for number, factor in enumerate(factors):
            kind = "ReducedResolution" if number else "FullResolution"
            for channel, text in zip(channels, CHANNELS, strict=True):
                write_grey(tiff, channel, factor, description(kind, text), mpp=mpp)
            if number == 0:
                write_color(tiff, slides.picture(75, 50), "Thumbnail")
        write_color(tiff, slides.picture(80, 30), "Overview")
        write_color(tiff, slides.picture(30, 30), "Label")
    return channels


def write_grey(
    tiff: tifffile.TiffWriter,
    pixels: NDArray[np.generic],
    factor: int,
    text: str,
    *,
    mpp: float = MPP,
) -> None:
    tiff.write(
        np.ascontiguousarray(pixels[::factor, ::factor]),
        photometric="minisblack",
        tile=(TILE, TILE),
        compression="lzw",
        description=text,
        software="PerkinElmer-QPI",
        datetime="2017:10:05 11:12:13",
        subfiletype=int(factor > 1),
        metadata=None,
        **resolution(mpp * factor),
    )


def resolution(mpp: float) -> dict[str, object]:
    if not mpp:
        return {}
    return {"resolution": (10_000 / mpp, 10_000 / mpp), "resolutionunit": "CENTIMETER"}


def write_color(tiff: tifffile.TiffWriter, pixels: slides.Pixels, image_type: str) -> None:
    tiff.write(
        pixels,
        photometric="rgb",
        compression="lzw",
        description=description(image_type),
        metadata=None,
    )


def write_brightfield(path: Path) -> Sequence[tuple[bytes, ...]]:
    """Write a slide by transmitted light; return the JPEG tiles of each level."""
    base = slides.picture(300, 200)
    streams = []
    with tifffile.TiffWriter(path) as tiff:
        for factor in (1, 2):
            pixels = slides.reduced(base, factor)
            tiles = tuple(slides.encoded(item, "rgb") for item in slides.tiles_of(pixels, TILE))
            tiff.write(
                iter(tiles),
                shape=pixels.shape,
                dtype=np.uint8,
                photometric="rgb",
                tile=(TILE, TILE),
                compression="jpeg",
                compressionargs={"outcolorspace": "rgb"},
                description=description("FullResolution" if factor == 1 else "ReducedResolution"),
                software="PerkinElmer-QPI",
                metadata=None,
                **resolution(MPP * factor),
            )
            streams.append(tiles)
            if factor == 1:
                write_color(tiff, slides.reduced(base, 4), "Thumbnail")
    return streams
