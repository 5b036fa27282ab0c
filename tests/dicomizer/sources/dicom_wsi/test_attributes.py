# SPDX-License-Identifier: Apache-2.0
"""What the attributes tell beside the pixels."""

from __future__ import annotations

import build_dicom
import numpy as np
import pydicom
import pytest
import slides
from build_dicom import (
    item,
    write_level,
    write_series,
)

from dicomizer.slide import (
    LABEL_LEFT,
    Illumination,
    LossyStep,
    OpticalPath,
    PointMm,
    SpacingMm,
)
from dicomizer.sources.dicom_wsi import DicomWsiSource


def test_metadata_is_that_of_the_base_with_the_texts_of_the_label(tmp_path):
    path = write_series(tmp_path, Manufacturer="Acme", AcquisitionDateTime="20240317102030+0100")

    metadata = DicomWsiSource(path).slide.metadata

    assert metadata.patient.name == "Doe^Jane"
    assert metadata.study.uid == build_dicom.STUDY
    assert metadata.series.uid is None
    assert metadata.equipment.manufacturer == "Acme"
    assert metadata.optics.objective_power == 20.0
    assert (metadata.container.label_text, metadata.container.barcode) == ("S24-1", "0815")
    assert str(metadata.acquisition_datetime) == "2024-03-17 10:20:30+01:00"


def _ramp(name: str, top: int) -> dict[str, bytes]:
    ramp = np.linspace(0, 1, 256) * top * 257
    return {f"{name}PaletteColorLookupTableData": ramp.astype("<u2").tobytes()}


def _line(name: str, top: int) -> dict[str, bytes]:
    line = np.array([0, 1, 0, 1, 255, top * 257], "<u2")
    return {f"Segmented{name}PaletteColorLookupTableData": line.tobytes()}


@pytest.mark.parametrize("table", [_ramp, _line])
def test_optics_and_origin_are_read(tmp_path, table):
    tops = {"Red": 0, "Green": 255, "Blue": 16}
    palette = item(
        **{f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16] for name in tops},
        **{key: value for name, top in tops.items() for key, value in table(name, top).items()},
    )
    path = item(
        OpticalPathIdentifier="1",
        OpticalPathDescription="FITC",
        IlluminationTypeCodeSequence=build_dicom.code("111743", "DCM", "Epifluorescence"),
        IlluminationWaveLength=495.0,
        ImagePathFilterPassThroughWavelength=519,
        PaletteColorLookupTableSequence=[palette],
    )
    origin = item(XOffsetInSlideCoordinateSystem="12.5", YOffsetInSlideCoordinateSystem="30")
    write_level(
        tmp_path / "a.dcm",
        np.zeros((32, 32, 1), np.uint16),
        OpticalPathSequence=[path],
        TotalPixelMatrixOriginSequence=[origin],
    )

    (scan,) = DicomWsiSource(tmp_path / "a.dcm").slide.scans

    assert scan.origin == PointMm(12.5, 30.0)
    assert scan.optical_paths == (
        OpticalPath("FITC", Illumination.FLUORESCENCE, 495.0, 519.0, (0, 255, 16)),
    )


@pytest.mark.parametrize(
    ("attributes", "lossy", "method", "earlier"),
    [
        ({}, False, None, ()),
        ({"LossyImageCompression": "00"}, False, None, ()),
        ({"LossyImageCompression": "01"}, True, None, (LossyStep(None, None),)),
        (
            {"LossyImageCompression": "01", "LossyImageCompressionMethod": ["A"]},
            True,
            None,
            (LossyStep("A", None),),
        ),
        (
            {
                "LossyImageCompressionRatio": ["1", "12"],
                "LossyImageCompressionMethod": ["A", "B"],
                "DerivationDescription": (
                    "Lossy Image Compression Ratio 1 stands for a ratio that is not known"
                ),
            },
            True,
            None,
            (LossyStep("A", None), LossyStep("B", 12.0)),
        ),
        (
            {"LossyImageCompressionRatio": ["7", "12"], "LossyImageCompressionMethod": ["A", "B"]},
            True,
            None,
            (LossyStep("A", 7.0), LossyStep("B", 12.0)),
        ),
    ],
)
def test_lossy_history_of_lossless_frames_is_kept(tmp_path, attributes, lossy, method, earlier):
    write_level(tmp_path / "a.dcm", slides.picture(64, 64), "jpeg-ls", **attributes)

    coding = DicomWsiSource(tmp_path / "a.dcm").slide.levels[0].coding

    assert (coding.lossy, coding.method, coding.earlier) == (lossy, method, earlier)


@pytest.mark.parametrize(
    ("ratios", "methods", "earlier"),
    [
        (["12"], ["ISO_10918_1"], ()),
        (["12"], [], ()),
        (["7", "12"], ["ISO_15444_1", "ISO_10918_1"], (LossyStep("ISO_15444_1", 7.0),)),
        (["7"], ["ISO_15444_1"], (LossyStep("ISO_15444_1", 7.0),)),
    ],
)
def test_stored_lossy_coding_is_not_told_twice(tmp_path, ratios, methods, earlier):
    write_level(
        tmp_path / "a.dcm",
        slides.picture(64, 64),
        "jpeg",
        LossyImageCompression="01",
        LossyImageCompressionRatio=ratios,
        LossyImageCompressionMethod=methods,
    )

    coding = DicomWsiSource(tmp_path / "a.dcm").slide.levels[0].coding

    assert (coding.lossy, coding.method, coding.earlier) == (True, "ISO_10918_1", earlier)


@pytest.mark.parametrize(
    ("groups", "volume", "expected"),
    [
        (
            [item(PixelMeasuresSequence=[item(PixelSpacing=["1e-3", "5e-4"])])],
            None,
            (0.001, 0.0005),
        ),
        ([], (0.032, 0.064), (0.001, 0.001)),
        ([item(PixelMeasuresSequence=[item(PixelSpacing=[0, 0])])], None, None),
        ([], (0.0, 0.064), None),
        ([], None, None),
    ],
)
def test_spacing_is_told_or_follows_from_the_imaged_volume_or_is_not_known(
    tmp_path, groups, volume, expected
):
    height, width = volume or (None, None)
    write_level(
        tmp_path / "a.dcm",
        slides.picture(64, 32),
        SharedFunctionalGroupsSequence=groups,
        ImagedVolumeHeight=height,
        ImagedVolumeWidth=width,
    )

    spacing = DicomWsiSource(tmp_path / "a.dcm").slide.levels[0].spacing

    found = spacing and (spacing.between_rows, spacing.between_columns)
    assert found == (expected and pytest.approx(expected))


def test_level_that_tells_the_spacing_of_the_base_gets_its_own(tmp_path):
    write_series(tmp_path)
    found = pydicom.dcmread(tmp_path / "level-1.dcm")
    found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.0005, 0.0005]
    found.save_as(tmp_path / "level-1.dcm")

    slide = DicomWsiSource(tmp_path / "level-0.dcm").slide

    assert slide.levels[1].spacing == SpacingMm(0.001, 0.001)
    assert slide.notes == ("level-1.dcm tells 0.5 um per pixel, taken for 1 by its size",)


def test_spacing_of_the_finest_level_follows_from_a_coarser_one(tmp_path):
    base = slides.picture(128, 64)
    write_level(tmp_path / "a.dcm", base, SharedFunctionalGroupsSequence=[])
    write_level(tmp_path / "b.dcm", slides.reduced(base, 4))

    levels = DicomWsiSource(tmp_path / "a.dcm").slide.levels

    assert [image.spacing for image in levels] == [
        SpacingMm(0.000125, 0.000125),
        SpacingMm(0.0005, 0.0005),
    ]


TOLD = ["0.6", "0.8", "0", "0.8", "-0.6", "0"]


def write_turned(path, orientation, **attributes):
    origin = item(XOffsetInSlideCoordinateSystem="12.5", YOffsetInSlideCoordinateSystem="30")
    attributes["TotalPixelMatrixOriginSequence"] = [origin]
    write_level(path, slides.picture(64, 64), ImageOrientationSlide=orientation, **attributes)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (TOLD, (0.6, 0.8, 0.0, 0.8, -0.6, 0.0)),
        (["0", "1", "0", "1", "0", "0"], (0.0, 1.0, 0.0, 1.0, 0.0, 0.0)),
        (None, LABEL_LEFT),
    ],
)
def test_orientation_is_that_of_the_finest_level(tmp_path, told, expected):
    write_turned(tmp_path / "a.dcm", told)

    slide = DicomWsiSource(tmp_path / "a.dcm").slide

    assert slide.scans[0].image_orientation_slide == expected
    assert slide.scans[0].origin == PointMm(12.5, 30.0)
    assert slide.notes == ()


@pytest.mark.parametrize(
    "told",
    [
        ["0.6", "0.8"],
        ["0", "0", "0", "0", "0", "0"],
        ["0.6", "0.6", "0", "0.6", "-0.6", "0"],
        ["0", "-1", "0", "0", "-1", "0"],
        ["0", "-1", "0", "0", "0", "1"],
    ],
)
def test_orientation_that_cannot_be_is_left_with_the_origin(tmp_path, told):
    write_turned(tmp_path / "a.dcm", told)

    slide = DicomWsiSource(tmp_path / "a.dcm").slide

    assert slide.scans[0].image_orientation_slide == LABEL_LEFT
    assert slide.scans[0].origin is None
    assert slide.notes == (
        "Image Orientation (Slide) is no two directions along the glass at right angles: not kept, "
        "nor the place of the top left pixel that it belongs to",
    )


def test_image_that_lies_otherwise_than_it_is_written_is_told(tmp_path):
    write_turned(tmp_path / "a.dcm", TOLD)
    for name in ("THUMBNAIL", "LABEL"):
        image_type = ["ORIGINAL", "PRIMARY", name, "NONE"]
        write_turned(tmp_path / f"{name}.dcm", TOLD, ImageType=image_type)

    slide = DicomWsiSource(tmp_path / "a.dcm").slide

    assert slide.notes == (
        "LABEL.dcm lies otherwise on the glass (Image Orientation (Slide)): not kept",
    )


def test_spacing_that_a_small_level_tells_is_kept(tmp_path):
    base = slides.picture(300, 260)
    write_level(tmp_path / "a.dcm", base)
    told = [item(PixelMeasuresSequence=[item(PixelSpacing=["0.064", "0.064"])])]
    write_level(tmp_path / "b.dcm", base[:2, :2], SharedFunctionalGroupsSequence=told)

    slide = DicomWsiSource(tmp_path / "a.dcm").slide

    # By the sizes, 300 / 2 and 260 / 2, it could be 0.08 or 0.07 as well.
    assert slide.levels[1].spacing == SpacingMm(0.064, 0.064)
    assert slide.notes == ()
