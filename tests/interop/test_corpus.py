# SPDX-License-Identifier: Apache-2.0
"""Every real and lookalike slide: converted with all halvings, validated, compared; or refused."""

from __future__ import annotations

import numpy as np
import openslide
import pytest

from dicomizer.convert import convert
from dicomizer.errors import UnsupportedSourceError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.slide import SpacingMm
from dicomizer.validation import validate

WITHOUT_SPACING = (
    "aperio/tcga-cr-7395-01a-01-ts1.svs",
    "generic-tiff/boxes.tiff",
    "generic-tiff/wsic-CMU-1-Small-Region.jp2.tiff",
    "generic-tiff/wsic-CMU-1-Small-Region.webp.tiff",
    "ome-tiff/wsic-bfconvert-JPEG-2000-pyramid.ome.tiff",
    "ome-tiff/wsic-bfconvert-JPEG-pyramid.ome.tiff",
    "ome-tiff/wsic-bfconvert-LZW-pyramid.ome.tiff",
    "ome-tiff/wsic-bfconvert-zlib-pyramid.ome.tiff",
)
CONVERTED = (
    *WITHOUT_SPACING,
    "generic-tiff/wsic-XYC-half-mpp.tiff",
    "hamamatsu/test3-TRITC-2-560.ndpi",
    "ome-tiff/OS-1-detail.ome.tif",
    "ome-tiff/OS-2-ndpi.ome.tif",
    "ome-tiff/OS-2-vsi.ome.tif",
    "olympus/vsi-ets-test-jpg2k.vsi",
    "lookalike/leica.scn",
    "lookalike/mirax.mrxs",
    "lookalike/philips.tiff",
    "lookalike/philips_sparse.tiff",
    "lookalike/trestle.tif",
    "lookalike/ventana.bif",
    "lookalike/ventana.tif",
    "lookalike/vms/mimic.vms",
    "dicom/variants/jpeg_full_pyramid",
    "dicom/variants/j2k_lossless",
    "dicom/variants/htj2k_lossless",
    "dicom/variants/jpegls_lossless",
    "dicom/variants/jpeg_eot",
    "dicom/variants/jpeg_concat",
    "dicom/variants/fluo_2path_u16_jls",
    "dicom/idc-sm/sm_image_grayscale.dcm",
    "dicom/napari-wsi-CMU-1-Small-Region",
    "dicom/wsi2dcm/raw.dcm",
)
"""What the validators have to say of jpeg_zstack and jpeg_sparse is tested elsewhere."""
REFUSED = {
    "ome-tiff/multi-channel-z-series.ome.tif": "the samples of directory 0 are signed",
    "dicom/dicom-ann/sm_annotations.dcm": "Microscopy Bulk Simple Annotations",
    "dicom/dicom-seg/seg_image_sm_dots.dcm": "Segmentation Storage",
    "dicom/dicom-sr/sr_document.dcm": "SR Storage",
    "annotations/imagescope-CMU-1-JP2K-33005.xml": "its format is none that is known",
}
COMPARED = {
    "lookalike/leica.scn": None,
    "lookalike/philips.tiff": None,
    "lookalike/philips_sparse.tiff": None,
    "lookalike/trestle.tif": None,
    "lookalike/ventana.tif": None,
    "lookalike/ventana.bif": 50.0,
    "lookalike/mirax.mrxs": 50.0,
    "lookalike/vms/mimic.vms": 40.0,
}
"""Least signal-to-noise ratio in decibels to OpenSlide's reading of the slide, where its tiles
cannot be passed through; ``None`` where no pixel may differ."""
MIRAX_MARGIN = 768
"""Columns without a tile at the left of the canvas, which its bounds leave out only in part."""


@pytest.mark.parametrize("name", CONVERTED)
def test_slide_is_converted_and_validators_find_nothing(tmp_path, real_slide, name):
    spacing = SpacingMm.from_mpp(0.5, 0.5) if name in WITHOUT_SPACING else None

    convert(
        real_slide(name),
        tmp_path / "out",
        ConvertOptions(spacing=spacing, levels=Levels.DYADIC),
    )

    report = validate(sorted((tmp_path / "out").iterdir()))
    # CONFORMANCE.md: no date of scanning, and lossy codings that DICOM has no term for (WebP).
    known = ("to build DICOMDIR", "attribute <Lossy Image Compression Method>")
    told = [str(item) for item in report.findings if not any(text in str(item) for text in known)]
    assert told == []


@pytest.mark.parametrize("name", REFUSED)
def test_slide_is_refused_with_the_reason(tmp_path, real_slide, name):
    with pytest.raises(UnsupportedSourceError, match=REFUSED[name]):
        convert(real_slide(name), tmp_path / "out")

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", COMPARED)
def test_pixels_are_those_that_openslide_reads_of_the_slide(tmp_path, real_slide, name):
    path = real_slide(name)
    convert(path, tmp_path / "out")

    with (
        openslide.OpenSlide(path) as peer,
        openslide.OpenSlide(tmp_path / "out" / "level-0.dcm") as found,
    ):
        left, top = (int(peer.properties.get(f"openslide.bounds-{axis}", 0)) for axis in "xy")
        left = MIRAX_MARGIN if name.endswith(".mrxs") else left
        errors = list(_errors(peer, found, left, top))

    mean = np.mean([(error.astype(float) ** 2).mean() for error in errors])
    least = COMPARED[name]
    if least is None:
        assert mean == 0
    else:
        assert 10 * np.log10(255**2 / mean) > least


def _errors(peer, found, left: int, top: int):
    """Yield the differences of windows over the whole of level 0, where something was scanned."""
    width, height = found.dimensions
    for y in range(0, height, 1024):
        for x in range(0, width, 1024):
            size = (min(1024, width - x), min(1024, height - y))
            expected = np.asarray(peer.read_region((left + x, top + y), 0, size)).astype(int)
            pixels = np.asarray(found.read_region((x, y), 0, size)).astype(int)
            scanned = (expected[..., 3] == 255) & (pixels[..., 3] == 255)
            if scanned.any():
                yield (expected - pixels)[scanned][:, :3]
