# SPDX-License-Identifier: Apache-2.0
"""Each rule of a whole-slide dataset, and of several as one study, and the sentence it gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset

from dicomizer.dicom.rules import check_dataset, check_study, is_volume, spacing_of, whole_number

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"


def level(columns: int = 1000, rows: int = 700, spacing: float = 0.0005, **values) -> Dataset:
    """Return a level of tiles of 256 x 256, which keeps all rules."""
    measures = Dataset()
    measures.PixelSpacing = [spacing, spacing]
    group = Dataset()
    group.PixelMeasuresSequence = [measures]
    found = Dataset()
    found.SOPClassUID = WHOLE_SLIDE
    found.SOPInstanceUID = f"1.2.{columns}"
    found.StudyInstanceUID = "1.3"
    found.SeriesInstanceUID = "1.4"
    found.FrameOfReferenceUID = "1.5"
    found.PyramidUID = "1.6"
    found.ContainerIdentifier = "S-1"
    found.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    found.DimensionOrganizationType = "TILED_FULL"
    found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows = columns, rows
    found.Columns = found.Rows = 256
    found.NumberOfFrames = -(-columns // 256) * -(-rows // 256)
    found.ImagedVolumeWidth, found.ImagedVolumeHeight = columns * spacing, rows * spacing
    found.SharedFunctionalGroupsSequence = [group]
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def faults(dataset: Dataset) -> list[str]:
    return list(check_dataset(dataset))


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.floats(1e-5, 1e-2))
def test_a_level_of_any_size_keeps_the_rules(columns, rows, spacing):
    # Decimal strings have 16 characters.
    assert faults(level(columns, rows, round(spacing, 9))) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"StudyInstanceUID": ""}, "StudyInstanceUID is '', expected a UID"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "SLIDE", "NONE"]},
            "ImageType is ['ORIGINAL', 'PRIMARY', 'SLIDE', 'NONE'], expected four values, the "
            "third one of ('VOLUME', 'LABEL', 'OVERVIEW', 'THUMBNAIL', 'LOCALIZER')",
        ),
        ({"NumberOfFrames": 11}, "NumberOfFrames is 11, the grid has 12"),
        ({"NumberOfOpticalPaths": 2}, "NumberOfFrames is 12, the grid has 24"),
        ({"TotalPixelMatrixFocalPlanes": 3}, "NumberOfFrames is 12, the grid has 36"),
        ({"TotalPixelMatrixRows": 769}, "NumberOfFrames is 12, the grid has 16"),
        (
            {"ImagedVolumeWidth": 0.51},
            "ImagedVolumeWidth is 0.51 mm, 1000 pixels of 0.0005 mm are 0.5 mm",
        ),
        (
            {"ImagedVolumeHeight": 0.25},
            "ImagedVolumeHeight is 0.25 mm, 700 pixels of 0.0005 mm are 0.35 mm",
        ),
        ({"SharedFunctionalGroupsSequence": []}, "a VOLUME image has no Pixel Spacing"),
    ],
)
def test_a_broken_rule_is_one_sentence(values, expected):
    found = faults(level(**values))

    assert expected in found
    # A changed size of the matrix also changes the size of the volume.
    assert len(found) == 1 + ("TotalPixelMatrixRows" in values)


@pytest.mark.parametrize("value", ["1.2.x", "01.2", "1..2", "1.2.03", "1" * 65, "../1.2"])
def test_uids_are_checked(value):
    with disable_value_validation():
        dataset = level(SeriesInstanceUID=value)

    assert faults(dataset) == [f"SeriesInstanceUID is {value!r}, expected a UID"]


def test_rounding_of_the_volume_to_single_precision_is_none():
    assert faults(level(ImagedVolumeWidth=0.500001)) == []


def test_label_and_overview_need_no_spacing():
    values = {"ImageType": ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]}

    assert faults(level(SharedFunctionalGroupsSequence=[], **values)) == []


def test_sparse_tiling_and_concatenations_have_other_numbers_of_frames():
    assert faults(level(DimensionOrganizationType="TILED_SPARSE", NumberOfFrames=3)) == []
    assert faults(level(ConcatenationUID="1.7", NumberOfFrames=3)) == []


def test_other_objects_have_no_rules_but_their_uids():
    report = Dataset()
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.34"
    report.SOPInstanceUID, report.StudyInstanceUID, report.SeriesInstanceUID = "1.1", "1.2", "1.3"

    assert faults(report) == []


def test_a_pyramid_keeps_the_rules_in_any_order():
    levels = [level(), level(500, 350, 0.001), level(250, 175, 0.002)]

    assert list(check_study(levels)) == []
    assert list(check_study(levels[::-1])) == []


def test_spacing_of_odd_reductions_is_given_the_rounding_to_pixels():
    assert list(check_study([level(1001, 701), level(250, 175, 0.0005 * 1001 / 250)])) == []
    assert list(check_study([level(1001, 701), level(250, 175, 0.002)])) == []


def change(keyword: str, value: str) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(dataset, keyword, value)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (change("SOPInstanceUID", "1.2.1000"), "SOPInstanceUID 1.2.1000 is given twice"),
        (
            change("FrameOfReferenceUID", "1.9"),
            "series 1.4 has 2 values of FrameOfReferenceUID, expected one",
        ),
        (
            change("ContainerIdentifier", "S-2"),
            "series 1.4 has 2 values of ContainerIdentifier, expected one",
        ),
        (change("PyramidUID", "1.9"), "series 1.4 has levels of different PyramidUID"),
        (
            lambda dataset: setattr(
                dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0],
                "PixelSpacing",
                [0.0015, 0.0015],
            ),
            "a level of 500 columns has 3 times the spacing of the next finer, its size says 2",
        ),
    ],
)
def test_what_does_not_fit_together_is_one_sentence(spoil, expected):
    second = level(500, 350, 0.001)
    spoil(second)

    assert list(check_study([level(), second])) == [expected]


def test_two_series_are_two_slides():
    other = level(500, 350, 0.007, SeriesInstanceUID="1.8", ContainerIdentifier="S-2")

    assert list(check_study([level(), other])) == []


def test_what_a_dataset_says_is_read_with_tolerance():
    assert is_volume(level())
    assert not is_volume(Dataset())
    assert not is_volume(level(ImageType="VOLUME"))
    assert spacing_of(level()) == (0.0005, 0.0005)
    assert spacing_of(Dataset()) is None
    assert spacing_of(level(SharedFunctionalGroupsSequence=[Dataset(), Dataset()])) is None
    assert whole_number(level(), "Rows") == 256
    assert whole_number(level(), "NumberOfFrames") == 12
    assert whole_number(level(), "NumberOfOpticalPaths") is None
    assert whole_number(level(Rows=0), "Rows") is None
    assert whole_number(level(ImagedVolumeWidth=1.5), "ImagedVolumeWidth") is None
