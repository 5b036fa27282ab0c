# SPDX-License-Identifier: Apache-2.0
"""OpenSlide reads the DICOM as it reads the slide: levels, spacing, images, every pixel."""

from __future__ import annotations

import numpy as np
import openslide
import pytest

_WINDOW = 1500


@pytest.fixture
def pair(converted):
    with (
        openslide.OpenSlide(converted.source) as source,
        openslide.OpenSlide(converted.folder / "level-0.dcm") as dicom,
    ):
        yield source, dicom


def test_levels_and_spacing_are_those_of_the_source(pair):
    source, dicom = pair

    assert dicom.properties[openslide.PROPERTY_NAME_VENDOR] == "dicom"
    assert dicom.level_dimensions == source.level_dimensions
    assert dicom.level_downsamples == pytest.approx(source.level_downsamples, rel=0.01)
    if (mpp := source.properties.get(openslide.PROPERTY_NAME_MPP_X)) and float(mpp) > 0.02:
        assert float(dicom.properties[openslide.PROPERTY_NAME_MPP_X]) == pytest.approx(float(mpp))


def test_every_level_has_the_pixels_of_the_source(pair):
    source, dicom = pair

    for level, size in enumerate(source.level_dimensions):
        corners = [(0, 0), *((max(size[0] - _WINDOW, 0), max(size[1] - _WINDOW, 0)),)]
        for x, y in corners:
            place = tuple(round(v * source.level_downsamples[level]) for v in (x, y))
            window = (min(_WINDOW, size[0]), min(_WINDOW, size[1]))
            expected = np.asarray(source.read_region(place, level, window).convert("RGB"))
            found = np.asarray(dicom.read_region(place, level, window).convert("RGB"))

            assert np.array_equal(found, expected), f"level {level} at {place}"


def test_associated_images_are_those_of_the_source(pair):
    source, dicom = pair

    assert set(dicom.associated_images) == set(source.associated_images)
    for name, image in source.associated_images.items():
        expected = np.asarray(image.convert("RGB"))
        found = np.asarray(dicom.associated_images[name].convert("RGB"))

        assert found.shape == expected.shape
        # Joined strips of 16 rows hold the identical coefficients, but a decoder interpolates
        # subsampled chroma over their borders, where one that reads strip by strip cannot.
        inner = [row for row in range(len(found)) if name == "label" or row % 16 not in (0, 15)]
        assert np.array_equal(found[inner], expected[inner])
