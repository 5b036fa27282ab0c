# SPDX-License-Identifier: Apache-2.0
"""The header: pixels, optical paths, focal planes, and what is told of each frame."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import build_instance as build
import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut

from dicomizer.dicom.derivation import quality_of
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.format import GREY_8, GREY_16, PixelFormat
from dicomizer.planning import Tiling
from dicomizer.slide import (
    LABEL_LEFT,
    Flavor,
    Illumination,
    LossyStep,
    OpticalPath,
    PointMm,
    Scan,
    SizePx,
)
from dicomizer.writers.header import Header, Part, instance_dataset
from dicomizer.writers.header.per_frame import PerFrameGroups

NATIVE = TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN
DAPI = OpticalPath("DAPI", Illumination.FLUORESCENCE, 358.0, 461.4, (0, 0, 255), 20.0)
CY3 = OpticalPath("Cy3", Illumination.FLUORESCENCE)


def dataset(of=None, **changes) -> Dataset:
    of = of or build.image()
    plan = build.instance(of, NATIVE, **changes)
    return instance_dataset(build.conversion(plan), plan)


@pytest.mark.parametrize(
    ("pixel_format", "bits"), [(GREY_8, 8), (GREY_16, 16), (PixelFormat(samples=1, bits=12), 16)]
)
def test_grey_pixels_have_no_planes_and_are_shown_as_they_are(pixel_format, bits):
    found = dataset(build.image(pixel_format=pixel_format))

    assert found.PhotometricInterpretation == "MONOCHROME2"
    assert found.SamplesPerPixel == 1
    assert "PlanarConfiguration" not in found
    assert (found.BitsAllocated, found.BitsStored, found.HighBit) == (bits, bits, bits - 1)
    assert (found.RescaleIntercept, found.RescaleSlope) == (0, 1)
    assert found.PresentationLUTShape == "IDENTITY"


def test_colour_pixels_have_no_rescaling():
    found = dataset()

    assert (found.SamplesPerPixel, found.PlanarConfiguration) == (3, 0)
    assert "RescaleSlope" not in found
    assert "PresentationLUTShape" not in found


def test_each_optical_path_tells_its_light_and_colour():
    of = build.image(pixel_format=GREY_16, paths=2)

    found = dataset(of, scan=Scan((of,), (DAPI, CY3)))

    assert found.NumberOfOpticalPaths == 2
    dapi, cy3 = found.OpticalPathSequence
    assert (dapi.OpticalPathIdentifier, dapi.OpticalPathDescription) == ("1", "DAPI")
    assert dapi.IlluminationTypeCodeSequence[0].CodeValue == "111743"
    assert dapi.IlluminationWaveLength == 358.0
    assert dapi.ImagePathFilterPassThroughWavelength == 461
    assert "IlluminationColorCodeSequence" not in dapi
    assert dapi.ICCProfile == build.srgb_profile()
    assert (cy3.OpticalPathIdentifier, cy3.OpticalPathDescription) == ("2", "Cy3")
    assert cy3.IlluminationColorCodeSequence[0].CodeValue == "414298005"
    assert "IlluminationWaveLength" not in cy3
    assert "PaletteColorLookupTableSequence" not in cy3
    assert "ICCProfile" not in cy3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0, 1e9])
def test_numbers_that_cannot_be_are_taken_for_unknown(value):
    of = build.image(pixel_format=GREY_8, planes=2)
    path = replace(DAPI, excitation_nm=value, emission_nm=value)

    found = dataset(of, scan=Scan((of,), (path,), plane_spacing_um=value))

    (item,) = found.OpticalPathSequence
    assert "IlluminationWaveLength" not in item
    assert "ImagePathFilterPassThroughWavelength" not in item
    assert found.ImagedVolumeDepth == 2.0


def test_a_place_that_is_no_number_is_taken_for_unknown():
    of = build.image()

    (origin,) = dataset(of, scan=Scan((of,), origin=PointMm(1.0, float("nan"))))[
        "TotalPixelMatrixOriginSequence"
    ]

    assert (origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem) == (
        25,
        50,
    )


def test_the_name_of_a_path_is_one_line_of_text():
    of = build.image()

    found = dataset(of, scan=Scan((of,), (OpticalPath("a\nb\\c" + "d" * 2000),)))

    description = found.OpticalPathSequence[0].OpticalPathDescription
    assert description == "a b c" + "d" * 1019


@pytest.mark.parametrize(("pixel_format", "white"), [(GREY_8, 255), (GREY_16, 65535)])
def test_the_colour_of_a_path_is_a_palette_from_black(pixel_format, white):
    of = build.image(pixel_format=pixel_format)
    path = replace(DAPI, color=(255, 128, 0))

    found = read(build.instance(of, NATIVE, scan=Scan((of,), (path,))))

    (palette,) = found.OpticalPathSequence[0].PaletteColorLookupTableSequence
    grey = np.array([[0, white]], dtype=pixel_format.dtype)
    shown = apply_color_lut(grey, palette)
    assert shown.tolist() == [[[0, 0, 0], [65535, 32896, 0]]]


def test_brightfield_is_of_all_colours_and_has_the_power_of_the_lens():
    (path,) = dataset().OpticalPathSequence

    assert path.IlluminationTypeCodeSequence[0].CodeValue == "111744"
    assert path.IlluminationColorCodeSequence[0].CodeValue == "414298005"
    assert path.ObjectiveLensPower == 40
    assert "OpticalPathDescription" not in path


def test_a_label_was_not_taken_through_the_lens():
    of = build.image(SizePx(30, 20), tile_size=SizePx(30, 20), flavor=Flavor.LABEL)

    found = dataset(of, scan=Scan((build.image(),), (DAPI,)))

    (path,) = found.OpticalPathSequence
    assert path.IlluminationTypeCodeSequence[0].CodeValue == "111744"
    assert "ObjectiveLensPower" not in path
    assert "PyramidUID" not in found
    assert found.SpecimenLabelInImage == "YES"
    assert "LabelText" in found


def test_focal_planes_have_a_distance_and_a_depth():
    of = build.image(planes=4)

    found = dataset(of, scan=Scan((of,), plane_spacing_um=1.5))

    assert found.TotalPixelMatrixFocalPlanes == 4
    assert found.ImagedVolumeDepth == 5.5
    (measures,) = found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert measures.SpacingBetweenSlices == 0.0015
    assert measures.SliceThickness == 0.001
    assert found.TotalPixelMatrixOriginSequence[0].ZOffsetInSlideCoordinateSystem == 0


def test_a_single_plane_has_no_distance():
    found = dataset()

    assert found.TotalPixelMatrixFocalPlanes == 1
    assert found.ImagedVolumeDepth == 1.0
    (measures,) = found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert "SpacingBetweenSlices" not in measures


def test_the_place_on_the_glass_is_that_of_the_file_or_the_corner():
    of = build.image()

    (known,) = dataset(of, scan=Scan((of,), origin=PointMm(20.5, 31.25)))[
        "TotalPixelMatrixOriginSequence"
    ]
    (unknown,) = dataset(of).TotalPixelMatrixOriginSequence

    assert (known.XOffsetInSlideCoordinateSystem, known.YOffsetInSlideCoordinateSystem) == (
        20.5,
        31.25,
    )
    assert (unknown.XOffsetInSlideCoordinateSystem, unknown.YOffsetInSlideCoordinateSystem) == (
        25,
        50,
    )


def test_spacing_and_volume_agree():
    found = dataset()

    (measures,) = found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert measures.PixelSpacing == [0.0005, 0.00025]
    assert (found.ImagedVolumeWidth, found.ImagedVolumeHeight) == (300 * 0.00025, 200 * 0.0005)


def test_each_scan_is_a_series_of_its_own():
    found = dataset(series_uid="1.2.3", pyramid_uid="1.2.4")

    assert (found.SeriesInstanceUID, found.PyramidUID) == ("1.2.3", "1.2.4")


def sparse(**options):
    of = build.image(**options)
    scan = Scan((of,), plane_spacing_um=1.5, origin=PointMm(20.0, 40.0))
    return build.instance(of, NATIVE, tiling=Tiling.SPARSE, scan=scan)


def read(plan):
    header = Header(build.conversion(plan), plan)
    data = header.elements() + b"".join(header.frame_groups(0, plan.number_of_frames))
    return pydicom.dcmread(io.BytesIO(data))


def frame_group(column, row, plane, path, x, y, z) -> Dataset:
    content, optical, place = Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = [row + 1, column + 1, plane + 1, path + 1]
    optical.OpticalPathIdentifier = str(path + 1)
    place.XOffsetInSlideCoordinateSystem = x
    place.YOffsetInSlideCoordinateSystem = y
    place.ZOffsetInSlideCoordinateSystem = z
    place.ColumnPositionInTotalImagePixelMatrix = column * 64 + 1
    place.RowPositionInTotalImagePixelMatrix = row * 64 + 1
    group = Dataset()
    group.FrameContentSequence = [content]
    group.OpticalPathIdentificationSequence = [optical]
    group.PlanePositionSlideSequence = [place]
    return group


def test_each_frame_of_a_sparse_instance_tells_its_place():
    plan = sparse(pixel_format=GREY_8, planes=2, paths=2, missing=(0, 1, 2))

    groups = list(read(plan).PerFrameFunctionalGroupsSequence)

    assert len(groups) == 77
    # The label lies left: rows go along -X by 64 x 0.0005 mm, columns along -Y by 64 x 0.00025.
    # Z is in micrometres.
    assert groups[0] == frame_group(3, 0, 0, 0, 20.0, 39.952, 0.0)
    assert groups[2] == frame_group(0, 1, 0, 0, 19.968, 40.0, 0.0)
    assert groups[17] == frame_group(0, 0, 1, 0, 20.0, 40.0, 1.5)
    assert groups[76] == frame_group(4, 3, 1, 1, 19.904, 39.936, 1.5)


TURNED = (0.6, 0.8, 0.0, 0.8, -0.6, 0.0)


def test_frames_of_a_turned_picture_are_placed_along_its_rows_and_columns():
    of = build.image(missing=(0,))
    scan = Scan((of,), origin=PointMm(10.0, 20.0), image_orientation_slide=TURNED)

    found = read(build.instance(of, NATIVE, scan=scan))

    assert found.ImageOrientationSlide == list(TURNED)
    (origin,) = found.TotalPixelMatrixOriginSequence
    to_glass = highdicom.spatial.PixelToReferenceTransformer(
        [origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem, 0.0],
        found.ImageOrientationSlide,
        found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing,
    )
    for group in found.PerFrameFunctionalGroupsSequence:
        (place,) = group.PlanePositionSlideSequence
        pixel = [
            place.ColumnPositionInTotalImagePixelMatrix - 1,
            place.RowPositionInTotalImagePixelMatrix - 1,
        ]
        expected = to_glass(np.array([pixel]))[0]
        offset = [getattr(place, f"{axis}OffsetInSlideCoordinateSystem") for axis in "XYZ"]
        np.testing.assert_allclose(np.array(offset, float), expected, atol=1e-9)
    last = found.PerFrameFunctionalGroupsSequence[-1].PlanePositionSlideSequence[0]
    # 4 tiles of 64 x 0.00025 mm to the right, 3 of 64 x 0.0005 down.
    assert last.XOffsetInSlideCoordinateSystem == 10 + 0.6 * 0.064 + 0.8 * 0.096
    assert last.YOffsetInSlideCoordinateSystem == 20 + 0.8 * 0.064 - 0.6 * 0.096


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        ((0.0, -1.0, 0.0, -1.0, 0.0, 0.0), (25, 50)),
        ((0.0, 1.0, 0.0, 1.0, 0.0, 0.0), (0, 0)),
        ((1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (0, 50)),
        ((-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (25, 0)),
    ],
)
def test_a_picture_of_unknown_place_lies_on_the_glass(orientation, corner):
    of = build.image()

    found = dataset(of, scan=Scan((of,), image_orientation_slide=orientation))

    (origin,) = found.TotalPixelMatrixOriginSequence
    place = (origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem)
    assert place == corner


def test_a_label_lies_as_its_place_is_written():
    of = build.image(SizePx(30, 20), tile_size=SizePx(30, 20), flavor=Flavor.LABEL)

    found = dataset(of, scan=Scan((build.image(),), image_orientation_slide=TURNED))

    assert found.ImageOrientationSlide == [0, -1, 0, -1, 0, 0]


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (22.736, "22.74"),
        (0.38, "0.38"),
        (0.0047468354, "0.00474684"),
        (3.7e-7, "3.7e-07"),
        (12345678.9, "12345678.90"),
        (1.23456789e11, "1.23457e+11"),
        (None, "1"),
    ],
)
def test_ratio_is_a_decimal_string_above_zero(ratio, told):
    found = dataset(lossy=(LossyStep("ISO_10918_1", ratio),))

    assert found.LossyImageCompressionRatio.original_string == told


def test_ratio_that_is_not_known_is_said_to_be_so():
    unknown = dataset(lossy=(LossyStep("ISO_10918_1", None), LossyStep("ISO_10918_1", 8.0)))
    known = dataset(lossy=(LossyStep("ISO_10918_1", 8.0),))

    assert unknown.LossyImageCompressionRatio == [1, 8]
    assert unknown.DerivationDescription == (
        "Lossy Image Compression Ratio 1 stands for a ratio that is not known"
    )
    assert "DerivationDescription" not in known


def test_quality_of_a_lossy_coding_is_told():
    lossy = dataset(lossy_method="ISO_15444_1", quality=35)
    both = dataset(lossy=(LossyStep("ISO_10918_1", None),), lossy_method="ISO_15444_1", quality=35)
    lossless = dataset(quality=35)

    assert lossy.DerivationDescription == "coded with quality 35 of 100"
    assert quality_of(lossy) == quality_of(both) == 35
    assert quality_of(lossless) is None


def test_identifiers_of_many_paths_are_those_of_the_paths():
    found = read(sparse(size=SizePx(64, 64), pixel_format=GREY_8, paths=101))

    assert [
        group.OpticalPathIdentificationSequence[0].OpticalPathIdentifier
        for group in found.PerFrameFunctionalGroupsSequence
    ] == [path.OpticalPathIdentifier for path in found.OpticalPathSequence]


def test_the_dimensions_of_a_sparse_instance_are_named():
    found = read(sparse(missing=(1,)))

    assert found.DimensionOrganizationType == "TILED_SPARSE"
    assert [
        (pydicom.datadict.keyword_for_tag(item.DimensionIndexPointer), item.FunctionalGroupPointer)
        for item in found.DimensionIndexSequence
    ] == [
        ("RowPositionInTotalImagePixelMatrix", 0x0048021A),
        ("ColumnPositionInTotalImagePixelMatrix", 0x0048021A),
        ("ZOffsetInSlideCoordinateSystem", 0x0048021A),
        ("OpticalPathIdentifier", 0x00480207),
    ]
    assert "OpticalPathIdentificationSequence" not in found.SharedFunctionalGroupsSequence[0]


def test_a_full_instance_tells_nothing_of_each_frame():
    plan = build.instance(build.image())

    found = read(plan)

    assert found.DimensionOrganizationType == "TILED_FULL"
    assert "PerFrameFunctionalGroupsSequence" not in found
    assert "DimensionIndexSequence" not in found


def test_frames_are_told_in_pieces_of_the_same_bytes():
    plan = sparse(size=SizePx(64 * 300, 64 * 200), missing=(7,))
    groups = PerFrameGroups(plan)

    pieces = list(groups.encoded(0, plan.number_of_frames))

    assert len(pieces) == 3
    assert sum(map(len, pieces)) == groups.size(plan.number_of_frames)


@pytest.mark.parametrize("orientation", [LABEL_LEFT, TURNED])
def test_a_hundred_thousand_frames_take_no_time(orientation):
    plan = sparse(size=SizePx(64 * 400, 64 * 251), missing=(7,))
    plan = replace(plan, scan=replace(plan.scan, image_orientation_slide=orientation))
    start = time.process_time()

    size = sum(map(len, PerFrameGroups(plan).encoded(0, plan.number_of_frames)))

    assert size == 12 + 100_399 * 198
    assert time.process_time() - start < 2  # it takes 0.1 s; datasets take twenty


@pytest.mark.parametrize("ratio", [1e-6, 0.001, 1.0, 12.3456789, 123456.789, 1e12])
def test_a_header_is_as_long_for_any_ratio(ratio):
    plan = build.instance(build.image(), lossy_method="ISO_10918_1")
    header = Header(build.conversion(plan), plan)

    found = header.elements(ratio)

    assert len(found) == len(header.elements())
    last = pydicom.dcmread(io.BytesIO(found)).LossyImageCompressionRatio[-1]
    assert float(last) == pytest.approx(min(ratio, 9_999_999), abs=1e-6, rel=1e-5)


def test_a_part_tells_what_it_is_part_of():
    plan = build.instance(build.image())
    header = Header(build.conversion(plan), plan)

    part = pydicom.dcmread(io.BytesIO(header.elements(part=Part("1.2", "1.3", 2, 3, 5, 9))))
    whole = pydicom.dcmread(io.BytesIO(header.elements()))

    assert part.ConcatenationUID == "1.2"
    assert part.SOPInstanceUID == part.file_meta.MediaStorageSOPInstanceUID == "1.3"
    assert part.SOPInstanceUIDOfConcatenationSource == whole.SOPInstanceUID
    assert (part.InConcatenationNumber, part.InConcatenationTotalNumber) == (2, 3)
    assert (part.ConcatenationFrameOffsetNumber, part.NumberOfFrames) == (5, 4)
    assert part.InstanceNumber == whole.InstanceNumber
    assert "ConcatenationUID" not in whole
    assert whole.NumberOfFrames == 20
