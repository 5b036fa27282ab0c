# SPDX-License-Identifier: Apache-2.0
"""Rules that one whole-slide dataset must keep, and those that a study of them must.

They say what validators of attributes leave open: whether numbers agree with each other. Each
broken rule is a sentence.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from itertools import pairwise
from typing import TYPE_CHECKING

from dicomizer.dicom import uids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

_FLAVORS = ("VOLUME", "LABEL", "OVERVIEW", "THUMBNAIL", "LOCALIZER")
_RELATIVE_TOLERANCE = 1e-3
_SAME_IN_STUDY = ("StudyInstanceUID", "PatientID")
_SAME_IN_SERIES = ("FrameOfReferenceUID", "ContainerIdentifier")


def check_dataset(dataset: Dataset) -> Iterator[str]:
    """Yield what is wrong with one dataset; only whole-slide images have rules."""
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        value = dataset.get(keyword)
        if not value or not uids.is_uid(str(value)):
            yield f"{keyword} is {str(value)!r}, expected a UID"
    if dataset.get("SOPClassUID") == uids.VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE:
        yield from _check_image_type(dataset)
        yield from _check_frame_count(dataset)
        yield from _check_imaged_volume(dataset)


def is_volume(dataset: Dataset) -> bool:
    """Tell whether an instance is a level of a pyramid."""
    return _image_type(dataset)[2:3] == ["VOLUME"]


def whole_number(dataset: Dataset, keyword: str) -> int | None:
    """Return a value that is a whole number from 1 on, else ``None``."""
    value = dataset.get(keyword)
    return int(value) if isinstance(value, int) and value > 0 else None


def _image_type(dataset: Dataset) -> list[str]:
    value = dataset.get("ImageType")
    return [str(item) for item in (value if isinstance(value, MutableSequence) else [value])]


def _check_image_type(dataset: Dataset) -> Iterator[str]:
    values = _image_type(dataset)
    if len(values) != 4 or values[2] not in _FLAVORS:
        yield f"ImageType is {values}, expected four values, the third one of {_FLAVORS}"


def _check_frame_count(dataset: Dataset) -> Iterator[str]:
    """Compare the frames of a TILED_FULL image with its grid (PS3.3 C.7.6.17.3)."""
    if dataset.get("DimensionOrganizationType") != "TILED_FULL" or "ConcatenationUID" in dataset:
        return
    columns = _tiles_along(dataset, "TotalPixelMatrixColumns", "Columns")
    rows = _tiles_along(dataset, "TotalPixelMatrixRows", "Rows")
    if columns is None or rows is None:
        yield "the sizes of the total pixel matrix and of its tiles are not told"
        return
    paths = whole_number(dataset, "NumberOfOpticalPaths") or 1
    planes = whole_number(dataset, "TotalPixelMatrixFocalPlanes") or 1
    expected = columns * rows * paths * planes
    found = whole_number(dataset, "NumberOfFrames") or 1
    if found != expected:
        yield f"NumberOfFrames is {found}, the grid has {expected}"


def _tiles_along(dataset: Dataset, extent: str, tile: str) -> int | None:
    pixels, tile_pixels = whole_number(dataset, extent), whole_number(dataset, tile)
    return -(-pixels // tile_pixels) if pixels and tile_pixels else None


def spacing_of(dataset: Dataset) -> tuple[float, float] | None:
    """Return Pixel Spacing of the shared functional groups, between rows first."""
    try:
        (group,) = dataset.SharedFunctionalGroupsSequence
        (measures,) = group.PixelMeasuresSequence
        between_rows, between_columns = map(float, measures.PixelSpacing)
    except (AttributeError, ValueError, TypeError):
        return None
    return between_rows, between_columns


def _check_imaged_volume(dataset: Dataset) -> Iterator[str]:
    spacing = spacing_of(dataset)
    if spacing is None:
        if is_volume(dataset):
            yield "a VOLUME image has no Pixel Spacing"
        return
    for keyword, count, step in (
        ("ImagedVolumeWidth", "TotalPixelMatrixColumns", spacing[1]),
        ("ImagedVolumeHeight", "TotalPixelMatrixRows", spacing[0]),
    ):
        stated, pixels = dataset.get(keyword), whole_number(dataset, count)
        if not isinstance(stated, float) or pixels is None:
            continue
        expected = pixels * step
        if not math.isclose(stated, expected, rel_tol=_RELATIVE_TOLERANCE):
            yield f"{keyword} is {stated:g} mm, {pixels} pixels of {step:g} mm are {expected:g} mm"


def check_study(datasets: Sequence[Dataset]) -> Iterator[str]:
    """Yield what is wrong with whole-slide datasets taken together."""
    seen: set[str] = set()
    for dataset in datasets:
        uid = str(dataset.get("SOPInstanceUID"))
        if uid in seen:
            yield f"SOPInstanceUID {uid} is given twice"
        seen.add(uid)
    for keyword in _SAME_IN_STUDY:
        values = {str(dataset.get(keyword)) for dataset in datasets}
        if len(values) > 1:
            yield f"the files have {len(values)} values of {keyword}, expected those of one study"
    series: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        if dataset.get("SOPClassUID") == uids.VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE:
            series.setdefault(str(dataset.get("SeriesInstanceUID")), []).append(dataset)
    for uid, members in series.items():
        yield from _check_series(uid, members)


def _check_series(uid: str, members: Sequence[Dataset]) -> Iterator[str]:
    for keyword in _SAME_IN_SERIES:
        values = {str(item.get(keyword)) for item in members}
        if len(values) > 1:
            yield f"series {uid} has {len(values)} values of {keyword}, expected one"
    levels = sorted(
        (item for item in members if is_volume(item) and "ConcatenationUID" not in item),
        key=lambda item: -(whole_number(item, "TotalPixelMatrixColumns") or 0),
    )
    if levels and len({str(item.get("PyramidUID")) for item in levels}) > 1:
        yield f"series {uid} has levels of different PyramidUID"
    for finer, coarser in pairwise(levels):
        yield from _check_reduction(finer, coarser)


def _check_reduction(finer: Dataset, coarser: Dataset) -> Iterator[str]:
    """Spacing must grow as the matrix shrinks, within the rounding of sizes to whole pixels."""
    spacings = spacing_of(finer), spacing_of(coarser)
    columns = [whole_number(item, "TotalPixelMatrixColumns") for item in (finer, coarser)]
    if not (spacings[0] and spacings[1] and columns[0] and columns[1] and spacings[0][1]):
        return
    ratio = columns[0] / columns[1]
    tolerance = 0.01 + 2 / columns[1]
    found = spacings[1][1] / spacings[0][1]
    if not math.isclose(found, ratio, rel_tol=tolerance):
        yield (
            f"a level of {columns[1]} columns has {found:.4g} times the "
            f"spacing of the next finer, its size says {ratio:.4g}"
        )
