# SPDX-License-Identifier: Apache-2.0
"""Real DICOM of other converters as a source: what is told, and every pixel as peers read it."""

from __future__ import annotations

import numpy as np
import openslide
import pydicom
import pytest
from wsidicom import WsiDicom

from dicomizer.convert import convert
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import SourceError
from dicomizer.pixels.codecs.decode import decode
from dicomizer.slide import Compression
from dicomizer.sources.base import Refusal
from dicomizer.sources.dicom_wsi import DicomWsiSource
from dicomizer.validation import validate

SERIES = {
    "variants/jpeg_full_pyramid": "JPEG YCbCr 1500x1100 750x550 375x275",
    "variants/jpeg_eot": "JPEG YCbCr 1500x1100 750x550 375x275",
    "variants/j2k_lossless": "JPEG 2000 YBR_RCT 1500x1100 750x550 375x275",
    "variants/htj2k_lossless": "HTJ2K YBR_RCT 1500x1100 750x550 375x275",
    "variants/jpegls_lossless": "JPEG-LS RGB 1500x1100 750x550 375x275",
    "variants/jpeg_concat": "JPEG YCbCr 1500x1100",
    "variants/jpeg_sparse": "JPEG YCbCr 1500x1100, 1 missing",
    "variants/jpeg_zstack": "JPEG YCbCr 1500x1100, 3 planes",
    "variants/fluo_2path_u16_jls": "JPEG-LS grey 1500x1100, 2 paths",
    "napari-wsi-CMU-1-Small-Region": "JPEG YCbCr 2220x2967",
    "wsic-CMU-1-Small-Region": "JPEG RGB 2220x2967",
    "wsi2dcm/raw.dcm": "none RGB 957x715",
    "wsi2dcm/jpeg.dcm": "JPEG YCbCr 957x715",
    "wsi2dcm/jpeg2000.dcm": "JPEG 2000 RGB 957x715",
    "ez-wsi/multiframe_camelyon_challenge_image.dcm": "JPEG YCbCr 1152x700",
    "idc-sm/sm_image.dcm": "none RGB 50x50",
    "idc-sm/sm_image_control.dcm": "none RGB 50x50",
    "idc-sm/sm_image_dots.dcm": "none RGB 50x50",
    "idc-sm/sm_image_numbers.dcm": "none RGB 50x50",
    "idc-sm/sm_image_jpegls.dcm": "JPEG-LS RGB 50x50",
    "idc-sm/sm_image_jpegls_nobot.dcm": "JPEG-LS RGB 50x50",
    "idc-sm/sm_image_grayscale.dcm": "none grey 50x50",
    "idc-sm/sm_image_grayscale_reversed.dcm": "none grey 50x50",
}
REFUSED = {
    "ez-wsi/test.dcm": "no VOLUME image, only LABEL",
    "ez-wsi/test_wsi.dcm": "no VOLUME image, only LABEL",
    "dicom-ann/sm_annotations.dcm": "Microscopy Bulk Simple Annotations Storage",
    "dicom-seg/seg_image_sm_control.dcm": "Segmentation Storage",
    "dicom-sr/sr_document.dcm": "Comprehensive 3D SR Storage",
}
_SYNTAXES = {
    Compression.NONE: TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
    Compression.JPEG: TransferSyntax.JPEG_BASELINE,
    Compression.JPEG_2000: TransferSyntax.JPEG_2000,
    Compression.HTJ2K: TransferSyntax.HTJ2K,
    Compression.JPEG_LS: TransferSyntax.JPEG_LS_LOSSLESS,
}


def told(image) -> str:
    parts = (
        f", {count} {word}"
        for count, word in ((image.planes, "planes"), (image.paths, "paths"))
        if count > 1
    )
    missing = f", {len(image.missing)} missing" if image.missing else ""
    return f"{''.join(parts)}{missing}"


def layer_pixels(source, image, layer: int) -> np.ndarray:
    """Return a plane of a path, decoded and put together; missing tiles are white."""
    grid, tile = image.grid, image.tile_size
    samples = image.pixel_format.samples
    canvas = np.full(
        (grid.height * tile.height, grid.width * tile.width, samples),
        (1 << image.pixel_format.bits) - 1,
        image.pixel_format.dtype,
    )
    start = layer * image.number_of_tiles
    indices = range(start, start + image.number_of_tiles)
    frames = [frame for batch in source.frames(image, indices) for frame in batch]
    for index, frame in enumerate(frames):
        if frame:
            row, column = divmod(index, grid.width)
            y, x = row * tile.height, column * tile.width
            canvas[y : y + tile.height, x : x + tile.width] = decode(
                b"".join(frame),
                _SYNTAXES[image.coding.compression],
                image.pixel_format,
                rows=tile.height,
                columns=tile.width,
            )
    return canvas[: image.size.height, : image.size.width]


@pytest.mark.parametrize("name", SERIES)
def test_series_is_opened_and_told_as_it_is(real_slide, name):
    with DicomWsiSource(real_slide(f"dicom/{name}")) as source:
        levels = source.slide.levels

    coding = levels[0].coding
    sizes = " ".join(f"{image.size.width}x{image.size.height}" for image in levels)
    found = f"{coding.compression.value} {coding.color_space.value} {sizes}{told(levels[0])}"
    assert found == SERIES[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_slide_is_refused_by_name(real_slide, name):
    with pytest.raises((Refusal, SourceError), match=REFUSED[name]):
        DicomWsiSource(real_slide(f"dicom/{name}"))


# pydicom has no decoder for HTJ2K here, and converts the colours of the wsic slide twice.
@pytest.mark.parametrize(
    "name", [name for name in SERIES if "htj2k" not in name and "wsic" not in name]
)
def test_every_pixel_is_what_pydicom_reads(real_slide, name):
    with DicomWsiSource(real_slide(f"dicom/{name}")) as source:
        for image in source.slide.images:
            found = [
                layer_pixels(source, image, layer) for layer in range(image.planes * image.paths)
            ]
            path = real_slide(f"dicom/{name}")
            stored = pydicom.dcmread(path / image.key if path.is_dir() else path)
            if "ConcatenationUID" in stored or image.missing:
                continue
            pixels = stored.pixel_array.reshape(
                -1, stored.Rows, stored.Columns, image.pixel_format.samples
            )
            for layer, plane in enumerate(found):
                frames = pixels[layer * image.number_of_tiles :][: image.number_of_tiles]
                _compare(plane, frames, image)


def _compare(plane: np.ndarray, frames: np.ndarray, image) -> None:
    grid, tile = image.grid, image.tile_size
    shape = (grid.height, grid.width, tile.height, tile.width, image.pixel_format.samples)
    expected = (
        frames.reshape(shape)
        .swapaxes(1, 2)
        .reshape(grid.height * tile.height, grid.width * tile.width, -1)[
            : image.size.height, : image.size.width
        ]
    )
    most = 1 if image.coding.compression is Compression.JPEG else 0
    assert np.abs(plane.astype(int) - expected).max() <= most, image.key


@pytest.mark.parametrize(
    "name",
    ["variants/jpeg_concat", "variants/jpeg_sparse", "variants/jpeg_zstack", "variants/jpeg_eot"],
)
def test_pixels_are_placed_as_wsidicom_places_them(real_slide, name):
    path = real_slide(f"dicom/{name}")

    with DicomWsiSource(path) as source, WsiDicom.open(path) as peer:
        image = source.slide.levels[0]
        size = (image.size.width, image.size.height)
        for plane, z_um in enumerate(sorted(peer.levels[0].focal_planes)):
            expected = np.asarray(peer.read_region((0, 0), 0, size, z=z_um).convert("RGB"))
            found = layer_pixels(source, image, plane)
            present = found.min(axis=2) < 255 if image.missing else np.ones(found.shape[:2], bool)

            assert np.abs(found.astype(int) - expected)[present].max() <= 1


@pytest.mark.parametrize(
    "name",
    [
        "jcupitt-cmu-1-small-region",
        "napari-wsi-CMU-1-Small-Region",
        "wsic-CMU-1-Small-Region",
    ],
)
def test_colours_of_the_cmu_slide_are_those_of_its_origin(real_slide, name):
    """Also where Photometric Interpretation says otherwise than the markers in the streams."""
    with (
        openslide.OpenSlide(real_slide("aperio/CMU-1-Small-Region.svs")) as origin,
        DicomWsiSource(real_slide(f"dicom/{name}")) as source,
    ):
        expected = np.asarray(origin.read_region((0, 0), 0, (2220, 2967)).convert("RGB"))
        found = layer_pixels(source, source.slide.levels[0], 0)

    difference = found.astype(int) - expected
    assert np.abs(difference).mean() < 5  # two of the three were coded as JPEG a second time
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.5


def findings(folder) -> list[str]:
    """Return what validators find but the date of scanning, which the slides do not tell."""
    report = validate(sorted(folder.iterdir()))
    return [str(item) for item in report.findings if "to build DICOMDIR" not in str(item)]


def spacings(folder) -> dict[tuple[int, int], list[float]]:
    """Return the spacing of each level by its size."""
    found = {}
    for path in folder.iterdir():
        read = pydicom.dcmread(path, stop_before_pixels=True)
        (measures,) = read.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
        size = (read.TotalPixelMatrixColumns, read.TotalPixelMatrixRows)
        found[size] = list(map(float, measures.PixelSpacing))
    return found


def test_levels_down_to_one_pixel_keep_their_spacing_and_a_ratio(tmp_path, real_slide):
    source = real_slide("dicom/jcupitt-cmu-1-small-region")

    convert(source, tmp_path / "out")

    assert findings(tmp_path / "out") == []
    assert len(spacings(source)) == 12
    assert spacings(tmp_path / "out") == spacings(source)


def test_turned_slide_stays_where_it_lies(tmp_path, real_slide):
    turned = tmp_path / "turned"
    turned.mkdir()
    for path in real_slide("dicom/variants/jpeg_full_pyramid").iterdir():
        read = pydicom.dcmread(path)
        read.ImageOrientationSlide = [0, 1, 0, 1, 0, 0]
        (origin,) = read.TotalPixelMatrixOriginSequence
        origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = 5, 12
        read.save_as(turned / path.name)

    convert(turned, tmp_path / "out")

    assert findings(tmp_path / "out") == []
    for name in ("level-0.dcm", "level-2.dcm", "thumbnail.dcm"):
        found = pydicom.dcmread(tmp_path / "out" / name, stop_before_pixels=True)
        (origin,) = found.TotalPixelMatrixOriginSequence
        assert found.ImageOrientationSlide == [0, 1, 0, 1, 0, 0]
        assert origin.XOffsetInSlideCoordinateSystem == 5
        assert origin.YOffsetInSlideCoordinateSystem == 12
