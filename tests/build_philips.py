# SPDX-License-Identifier: Apache-2.0
"""Small Philips TIFF: directories of whole tiles, tiles left out, label and macro in the XML."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import slides
import tifffile

TILE = 64
SIZE = (320, 256)
"""Of level 0; the levels below are 160 x 128 and 80 x 64, in directories of 192 x 128 and
128 x 64."""


@dataclass(frozen=True)
class BuiltPhilips:
    """A slide file and what went into it: of each level the true pixels and the tiles."""

    path: Path
    levels: tuple[slides.Pixels, ...]
    streams: tuple[tuple[bytes, ...], ...]


def attribute(name: str, value: str, kind: str = "IString") -> str:
    return f'<Attribute Name="{name}" PMSVR="{kind}">{escape(value)}</Attribute>'


def array(name: str, objects: list[str]) -> str:
    return (
        f'<Attribute Name="{name}" PMSVR="IDataObjectArray"><Array>'
        + "".join(objects)
        + "</Array></Attribute>"
    )


def image(kind: str, *attributes: str) -> str:
    return (
        '<DataObject ObjectType="DPScannedImage">'
        + attribute("PIM_DP_IMAGE_TYPE", kind)
        + "".join(attributes)
        + "</DataObject>"
    )


def embedded(kind: str, stream: bytes) -> str:
    return image(kind, attribute("PIM_DP_IMAGE_DATA", base64.b64encode(stream).decode()))


def spacings(*millimetres: str) -> str:
    """Return the representations of levels of the given spacings, such as "0.00025"."""
    return array(
        "PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE",
        [
            '<DataObject ObjectType="PixelDataRepresentation">'
            + attribute("DICOM_PIXEL_SPACING", f'"{item}" "{item}"', "IDoubleArray")
            + "</DataObject>"
            for item in millimetres
        ],
    )


def profile(data: bytes) -> str:
    return array(
        "DP_COLOR_MANAGEMENT",
        [
            '<DataObject ObjectType="DPColorManagement">'
            + attribute("DICOM_ICCPROFILE", base64.b64encode(data).decode())
            + "</DataObject>"
        ],
    )


def description(*attributes: str, images: list[str] | None = None) -> str:
    """Return the XML of a slide with the given attributes and images."""
    scans = [image("WSI", spacings("0.000227273"))] if images is None else images
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        + "".join(attributes)
        + array("PIM_DP_SCANNED_IMAGES", scans)
        + "</DataObject>"
    )


SCANNER = (
    attribute("DICOM_ACQUISITION_DATETIME", "20240317102030.500000"),
    attribute("DICOM_MANUFACTURER", "PHILIPS"),
    attribute("DICOM_MANUFACTURERS_MODEL_NAME", "UFS Scanner"),
    attribute("DICOM_DEVICE_SERIAL_NUMBER", "FMT1234"),
    attribute("DICOM_SOFTWARE_VERSIONS", '"1.8.6824" "20180906_R51"', "IStringArray"),
    attribute("PIM_DP_UFS_BARCODE", base64.b64encode("S-24-0042·A".encode()).decode()),
)
HISTORY = (
    attribute("DICOM_LOSSY_IMAGE_COMPRESSION_METHOD", '"PHILIPS_DP_1_0" "PHILIPS_TIFF_1_0"'),
    attribute("DICOM_LOSSY_IMAGE_COMPRESSION_RATIO", '"5" "3"'),
)


def write_philips(
    path: Path,
    *,
    missing: frozenset[int] = frozenset(),
    label: bytes | None = None,
    macro: bytes | None = None,
    icc_profile: bytes | None = None,
    millimetres: tuple[str, ...] = ("0.000227273", "0.000454545", "0.000909091"),
    label_directory: bool = False,
) -> BuiltPhilips:
    """Write a slide of three levels, of which level 0 lacks the tiles ``missing``.

    ``label`` and ``macro`` are JPEG streams within the XML; ``label_directory`` adds a label as
    a directory.
    """
    base = slides.picture(*SIZE)
    levels = tuple(slides.reduced(base, factor) for factor in (1, 2, 4))
    streams = [tuple(map(_encoded, slides.tiles_of(pixels, TILE))) for pixels in levels]
    streams[0] = tuple(
        b"" if index in missing else stream for index, stream in enumerate(streams[0])
    )
    images = [image("WSI", spacings(*millimetres), *HISTORY)]
    if icc_profile is not None:
        images = [image("WSI", spacings(*millimetres), *HISTORY, profile(icc_profile))]
    images += [embedded("MACROIMAGE", macro)] if macro else []
    images += [embedded("LABELIMAGE", label)] if label else []
    with tifffile.TiffWriter(path) as tiff:
        for number, (pixels, tiles) in enumerate(zip(levels, streams, strict=True)):
            _write_level(tiff, number, pixels, tiles, description(*SCANNER, images=images))
        if label_directory:
            tiff.write(
                slides.picture(50, 40),
                photometric="rgb",
                compression="lzw",
                description="Label",
                metadata=None,
            )
    return BuiltPhilips(path, levels, tuple(streams))


def _encoded(pixels: slides.Pixels) -> bytes:
    return slides.encoded(pixels, "ycbcr420")


def _write_level(
    tiff: tifffile.TiffWriter,
    number: int,
    pixels: slides.Pixels,
    tiles: tuple[bytes, ...],
    text: str,
) -> None:
    height, width, samples = pixels.shape
    tiff.write(
        iter(tiles),
        shape=(height + -height % TILE, width + -width % TILE, samples),
        dtype=np.uint8,
        photometric="ycbcr",
        subsampling=(2, 2),
        tile=(TILE, TILE),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        software=False if number else "Philips DP v1.0",
        description=None if number else text,
        subfiletype=int(number > 0),
        metadata=None,
    )
