# SPDX-License-Identifier: Apache-2.0
"""wsidicom opens the folder and sees all levels, label and overview, in the right colours."""

from __future__ import annotations

import numpy as np
import openslide
import pytest
from wsidicom import WsiDicom


# wsidicom hands pydicom a frame of odd length, cut from a file that is padded as it must be.
@pytest.mark.filterwarnings("ignore:The odd length pixel data is missing a trailing padding byte")
def test_levels_images_and_colours(converted):
    with (
        openslide.OpenSlide(converted.source) as source,
        WsiDicom.open(converted.folder) as dicom,
    ):
        assert [(level.size.width, level.size.height) for level in dicom.levels] == list(
            source.level_dimensions
        )
        images = source.associated_images
        if "label" in images:
            assert np.array_equal(
                np.asarray(dicom.read_label().convert("RGB")),
                np.asarray(images["label"].convert("RGB")),
            )
        if "macro" in images:
            assert dicom.read_overview().size == images["macro"].size
        size = (min(400, source.dimensions[0]), min(400, source.dimensions[1]))
        expected = np.asarray(source.read_region((0, 0), 0, size).convert("RGB")).astype(int)
        found = np.asarray(dicom.read_region((0, 0), 0, size).convert("RGB")).astype(int)

        assert np.abs(found - expected).max() <= 2
