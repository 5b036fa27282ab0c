# SPDX-License-Identifier: Apache-2.0
"""What the canvas holds at known places is what the source holds, for each way of coding.

The source is read by tifffile, neither by the browser's decoders nor by ours; the places are its
most saturated ones and its greyest, where a mistaken colour model or a swapped channel shows most.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import build_ome
import httpx
import numpy as np
import pytest
import slides
import tifffile
from browser.harness import READY, SCREEN, canvas_pixels, run
from numpy.typing import NDArray
from PIL import Image

PLACES = 3
PATCH = 32
"""Side of a patch around a place that is compared."""


@dataclass(frozen=True)
class Tolerance:
    """Of a patch: of its mean colour, of its pixels on average, of any pixel (of 255)."""

    colour: float
    average: float
    any: int


# The same JPEG by two decoders: inverse cosine transforms differ by 1 or 2.
RGB_JPEG = Tolerance(0.5, 0.5, 3)
# Beside that, decoders blend subsampled colours in their own ways, which shows at edges.
YBR_JPEG = Tolerance(1, 1, 8)
# Lossless to the server, which draws it for the browser as JPEG of quality 92.
JPEG_2000 = Tolerance(2, 3, 40)


def places_of(pixels: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return columns and rows of the places of a source that tell most."""
    step = 2 * PATCH
    inner = pixels[step:-step:step, step:-step:step].astype(int)
    saturation = np.ptp(inner, axis=2)
    order = np.argsort(saturation, axis=None)
    chosen = [*order[-PLACES:], *order[:1]]
    found = [np.unravel_index(each, saturation.shape) for each in chosen]
    return [(int(column) * step + step, int(row) * step + step) for row, column in found]


def assert_colours(page, path, view, source, tolerance):
    """Compare the canvas at 1:1 with the source around each place."""
    for column, row in places_of(source):
        page.goto(f"{path}?x={column}&y={row}&{view}&r=0&pic=noprofile")
        page.wait_for_selector(f"{READY}[data-picture=stored]")
        left, top = SCREEN["width"] // 2 - PATCH // 2, SCREEN["height"] // 2 - PATCH // 2

        drawn = canvas_pixels(page)[top : top + PATCH, left : left + PATCH].astype(int)

        begin = (row - PATCH // 2, column - PATCH // 2)
        expected = source[begin[0] : begin[0] + PATCH, begin[1] : begin[1] + PATCH].astype(int)
        error = abs(drawn - expected)
        colour = abs(drawn.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max()
        found = (round(colour, 2), round(error.mean(), 2), int(error.max()))
        assert colour <= tolerance.colour, (column, row, found)
        assert error.mean() <= tolerance.average, (column, row, found)
        assert error.max() <= tolerance.any, (column, row, found)


@pytest.mark.parametrize(
    ("color", "photometric", "tolerance"),
    [
        ("rgb", "RGB", RGB_JPEG),
        ("ycbcr444", "YBR_FULL_422", YBR_JPEG),
        ("ycbcr422", "YBR_FULL_422", YBR_JPEG),
        ("ycbcr420", "YBR_FULL_422", YBR_JPEG),
    ],
)
def test_jpeg(archive, page, color, photometric, tolerance):
    made = slides.write_svs(archive.work / f"{color}.svs", size=(900, 700), tile=256, color=color)
    served = archive.add(color, made.path, {})

    assert_colours(page, served.path, "mpp=0.5", tifffile.imread(made.path, key=0), tolerance)

    page.keyboard.press("i")
    page.get_by_text(f"{photometric}, 8-bit").wait_for()


def test_rgb_jpeg_of_a_scanner(archive, page, real_slide):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    served = archive.slides.get("cmu") or archive.add("cmu", source, {})

    assert_colours(page, served.path, "mpp=0.499", tifffile.imread(source, key=0), RGB_JPEG)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("aperio", "aperio/tcga-cr-7395-01a-01-ts1.svs"),
        ("generic", "generic-tiff/wsic-CMU-1-Small-Region.jp2.tiff"),
    ],
)
def test_jpeg_2000(archive, page, real_slide, kind, name):
    source = real_slide(name)
    folder = archive.work / f"jpeg2000-{kind}"
    run("dicomizer", "convert", str(source), str(folder), "--mpp", "0.5")
    served = archive.ingest(f"jpeg2000-{kind}", source, folder)

    assert_colours(page, served.path, "mpp=0.5", tifffile.imread(source, key=0), JPEG_2000)

    page.keyboard.press("i")
    page.get_by_text("YBR_ICT, 8-bit").wait_for()


def test_fluorescence_of_16_bits(archive, page):
    rows, columns = np.mgrid[0:700, 0:900]
    first = (columns * 60 + rows * 7).astype(np.uint16)
    second = (65535 - rows * 90 - (columns % 64) * 11).astype(np.uint16)
    channels = "".join(
        f'<Channel ID="Channel:0:{number}" SamplesPerPixel="1" EmissionWavelength="{nm}"/>'
        for number, nm in enumerate((460, 520))
    )
    sizes = {"SizeX": 900, "SizeY": 700, "SizeC": 2, "Type": "uint16"}
    spacing = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    path = build_ome.write_ome(
        archive.work / "light.ome.tif",
        build_ome.image_xml(build_ome.pixels_xml(channels, **sizes, **spacing)),
        {"data": first, "tile": (256, 256)},
        {"data": second, "tile": (256, 256)},
    )
    served = archive.add("light", path, {})

    page.goto(
        f"{served.path}?x=450&y=350&mpp=0.5&r=0&ch=1_0000ff_1000-50000_1+2_ff8000_2000-65000_1"
    )
    page.wait_for_selector(f"{READY}[data-sheet*='65000']")
    drawn = canvas_pixels(page)[50:750, 150:1050].astype(float)

    blue = np.clip((tifffile.imread(path, key=0) - 1000.0) / 49000, 0, 1)
    orange = np.clip((tifffile.imread(path, key=1) - 2000.0) / 63000, 0, 1)
    expected = 255 * np.stack([orange, orange * 128 / 255, blue], axis=2)
    assert np.ptp(expected, axis=(0, 1)).min() > 100
    # One rounding of the sum to whole numbers, and one of the window.
    assert abs(drawn - expected).max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_fluorescence_is_first_seen_as_its_thumbnail_shows_it(archive, page, dtype):
    rows, columns = np.mgrid[0:700, 0:900]
    most = np.iinfo(dtype).max // 8
    nuclei = (np.hypot(columns % 150 - 75, rows % 140 - 70) < 40) * most
    gradient = columns * most // 900
    channels = "".join(
        f'<Channel ID="Channel:0:{number}" SamplesPerPixel="1" EmissionWavelength="{nm}"/>'
        for number, nm in enumerate((460, 600))
    )
    sizes = {"SizeX": 900, "SizeY": 700, "SizeC": 2, "Type": dtype}
    path = build_ome.write_ome(
        archive.work / f"dim-{dtype}.ome.tif",
        build_ome.image_xml(
            build_ome.pixels_xml(channels, **sizes, PhysicalSizeX=0.5, PhysicalSizeY=0.5)
        ),
        {"data": nuclei.astype(dtype), "tile": (256, 256)},
        {"data": gradient.astype(dtype), "tile": (256, 256)},
    )
    served = archive.add(f"dim-{dtype}", path, {})
    thumbnail = f"/dicomweb{served.path}/thumbnail?viewport=90,70"
    answer = httpx.get(archive.address + thumbnail, headers={"Accept": "image/png"})
    answer.raise_for_status()
    small = Image.open(io.BytesIO(answer.content)).convert("RGB").resize((90, 70))

    page.goto(f"{served.path}?x=450&y=350&mpp=0.5&r=0")
    page.wait_for_selector(f"{READY}[data-sheet*='colour']")
    drawn = Image.fromarray(canvas_pixels(page)[50:750, 150:1050]).resize(
        (90, 70), Image.Resampling.BOX
    )

    seen, expected = (np.asarray(one).astype(float) for one in (drawn, small))
    # Nuclei are blue, and what rises to the right is red: none of that is a little dim grey.
    assert expected[..., 2].max() > 200
    assert expected[:, -2:, 0].mean() > 200
    assert abs(seen - expected).mean() < 6
