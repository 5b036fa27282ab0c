# SPDX-License-Identifier: Apache-2.0
"""Real TIFF slides: every reader sees what OpenSlide and tifffile see, pixel for pixel."""

from __future__ import annotations

import numpy as np
import openslide
import pytest
import slides
import tifffile

from dicomizer.errors import UnsupportedSourceError
from dicomizer.sources.registry import open_source

APERIO = (
    "aperio/CMU-1-Small-Region.svs",
    "aperio/small.svs",
    "aperio/tcga-cr-7395-01a-01-ts1.svs",
)
GENERIC = (
    "generic-tiff/boxes.tiff",
    "generic-tiff/wsic-CMU-1-Small-Region.jp2.tiff",
    "generic-tiff/wsic-CMU-1-Small-Region.jpeg.tiff",
    "generic-tiff/wsic-CMU-1-Small-Region.webp.tiff",
    "generic-tiff/wsic-XYC-half-mpp.tiff",
)
OME = (
    "ome-tiff/OS-1-detail.ome.tif",
    "ome-tiff/OS-2-ndpi.ome.tif",
    "ome-tiff/OS-2-vsi.ome.tif",
    "ome-tiff/wsic-bfconvert-JPEG-2000-pyramid.ome.tiff",
    "ome-tiff/wsic-bfconvert-JPEG-pyramid.ome.tiff",
    "ome-tiff/wsic-bfconvert-LZW-pyramid.ome.tiff",
    "ome-tiff/wsic-bfconvert-zlib-pyramid.ome.tiff",
)


@pytest.mark.parametrize("name", APERIO)
def test_levels_are_those_of_openslide(real_slide, name):
    with open_source(real_slide(name)) as source, openslide.OpenSlide(real_slide(name)) as peer:
        levels = source.slide.levels

        assert [(item.size.width, item.size.height) for item in levels] == list(
            peer.level_dimensions
        )
        for level, image in enumerate(levels):
            found = slides.assembled(source, image)[0, 0]
            region = peer.read_region((0, 0), level, (image.size.width, image.size.height))
            expected = np.asarray(region)[..., :3]

            assert np.array_equal(found, expected), f"level {level}"


@pytest.mark.parametrize("name", APERIO + GENERIC + OME)
def test_levels_are_those_of_tifffile(real_slide, name):
    path = real_slide(name)
    with open_source(path) as source, tifffile.TiffFile(path) as peer:
        for image in source.slide.levels:
            found = slides.assembled(source, image)[0, 0]

            assert np.array_equal(found, peer.pages[int(image.key)].asarray()), image.key


@pytest.mark.parametrize(
    ("name", "mpp"),
    [
        ("aperio/CMU-1-Small-Region.svs", (0.499, 0.499)),
        ("aperio/tcga-cr-7395-01a-01-ts1.svs", None),
        # 72 pixels per inch, which no scanner has: a program's default, not a scale.
        ("generic-tiff/boxes.tiff", None),
        # Written as 2004008 pixels per centimetre: a mistake of a unit.
        ("generic-tiff/wsic-CMU-1-Small-Region.jpeg.tiff", None),
        ("generic-tiff/wsic-XYC-half-mpp.tiff", (0.5, 0.5)),
        ("ome-tiff/OS-1-detail.ome.tif", (0.227097, 0.227102)),
        ("ome-tiff/OS-2-vsi.ome.tif", (0.346053, 0.346056)),
        ("ome-tiff/wsic-bfconvert-LZW-pyramid.ome.tiff", None),
    ],
)
def test_scale_is_what_the_file_tells_and_never_invented(real_slide, name, mpp):
    with open_source(real_slide(name)) as source:
        spacing = source.slide.levels[0].spacing

    assert (spacing and spacing.mpp) == mpp


def test_two_codings_of_one_picture_have_the_same_colours(real_slide):
    found = []
    for coding in ("LZW", "zlib", "JPEG-2000", "JPEG"):
        path = real_slide(f"ome-tiff/wsic-bfconvert-{coding}-pyramid.ome.tiff")
        with open_source(path) as source:
            found.append(slides.assembled(source, source.slide.levels[0])[0, 0].astype(int))

    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    # JPEG of noise at quality 75: far off in single pixels, and right on the whole.
    assert np.abs(found[0].mean((0, 1)) - found[3].mean((0, 1))).max() < 2


def test_stack_of_signed_samples_is_refused_with_the_reason(real_slide):
    with pytest.raises(UnsupportedSourceError, match="signed, expected unsigned"):
        open_source(real_slide("ome-tiff/multi-channel-z-series.ome.tif"))
