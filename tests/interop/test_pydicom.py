# SPDX-License-Identifier: Apache-2.0
"""pydicom and highdicom read every instance without a warning; pydicom decodes its frames."""

from __future__ import annotations

import highdicom
import numpy as np
import openslide
import pydicom
from pydicom.pixels import pixel_array


def test_every_frame_size_is_rows_by_columns(converted):
    for path in converted.instances:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        first = pixel_array(path, index=0)
        last = pixel_array(path, index=dataset.NumberOfFrames - 1)

        assert first.shape == last.shape == (dataset.Rows, dataset.Columns, 3)


def test_first_frame_has_the_colours_of_the_source(converted):
    found = pixel_array(converted.folder / "level-0.dcm", index=0)
    height, width, _ = found.shape

    with openslide.OpenSlide(converted.source) as source:
        size = (min(width, source.dimensions[0]), min(height, source.dimensions[1]))
        expected = np.asarray(source.read_region((0, 0), 0, size).convert("RGB"))

    difference = found[: size[1], : size[0]].astype(int) - expected
    assert np.abs(difference).max() <= 2


def test_highdicom_takes_it_for_a_tiled_total_pixel_matrix(converted):
    image = highdicom.imread(converted.folder / "level-0.dcm", lazy_frame_retrieval=True)

    rows, columns = image.TotalPixelMatrixRows, image.TotalPixelMatrixColumns
    assert image.is_tiled
    part = image.get_total_pixel_matrix(
        row_start=1, row_end=min(rows, 300), column_start=1, column_end=min(columns, 300)
    )
    with openslide.OpenSlide(converted.source) as source:
        size = (part.shape[1], part.shape[0])
        expected = np.asarray(source.read_region((0, 0), 0, size).convert("RGB"))
    assert np.abs(part.astype(int) - expected).max() <= 2
