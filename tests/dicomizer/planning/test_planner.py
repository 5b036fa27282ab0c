# SPDX-License-Identifier: Apache-2.0
"""Plans: what will be written, decided without a pixel."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import MissingSpacingError
from dicomizer.options import ConvertOptions
from dicomizer.pixels.color import srgb_profile
from dicomizer.planning import Route, plan
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    LossyStep,
    Scan,
    SizePx,
    Slide,
    SlideImage,
    SpacingMm,
)

YCBCR = Coding(Compression.JPEG, ColorSpace.YCBCR, lossy=True, coded_bytes=1000)
RGB = Coding(Compression.JPEG, ColorSpace.RGB, lossy=True, coded_bytes=1000)
PLAIN = Coding(Compression.NONE, ColorSpace.RGB, lossy=False, coded_bytes=1000)


def level(key: str, width: int, height: int, **changes) -> SlideImage:
    values = {"coding": YCBCR, "tile_size": SizePx(256, 256), **changes}
    return SlideImage(key, Flavor.VOLUME, SizePx(width, height), **values)


def slide(*levels: SlideImage, associated: tuple[SlideImage, ...] = ()) -> Slide:
    return Slide(Path("case/slide.svs"), "test", (Scan(levels),), associated, SlideMetadata())


def test_an_instance_for_each_level_and_image():
    base = level("0", 1000, 700, spacing=SpacingMm(0.0005, 0.0005), coding=RGB)
    label = SlideImage("9", Flavor.LABEL, SizePx(30, 20), SizePx(30, 20), PLAIN)

    found = plan(slide(base, level("2", 250, 175), associated=(label,)), ConvertOptions())

    rows = [
        (
            item.file_name,
            item.instance_number,
            item.route,
            item.transfer_syntax,
            item.photometric_interpretation,
            item.image_type,
            item.number_of_frames,
        )
        for item in found.instances
    ]
    assert rows == [
        (
            "level-0.dcm",
            1,
            Route.PASSTHROUGH,
            TransferSyntax.JPEG_BASELINE,
            "RGB",
            ("ORIGINAL", "PRIMARY", "VOLUME", "NONE"),
            12,
        ),
        (
            "level-1.dcm",
            2,
            Route.PASSTHROUGH,
            TransferSyntax.JPEG_BASELINE,
            "YBR_FULL_422",
            ("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"),
            1,
        ),
        (
            "label.dcm",
            3,
            Route.PASSTHROUGH,
            TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
            "RGB",
            ("ORIGINAL", "PRIMARY", "LABEL", "NONE"),
            1,
        ),
    ]
    assert found.instances[0].lossy == (LossyStep("ISO_10918_1", 3 * 256 * 256 * 12 / 1000),)
    assert found.instances[2].lossy == ()


def test_spacing_comes_from_the_file_unless_it_is_given():
    levels = (level("0", 1000, 700, spacing=SpacingMm(0.0005, 0.0004)), level("1", 500, 350))

    of_file = plan(slide(*levels), ConvertOptions())
    given = plan(slide(*levels), ConvertOptions(spacing=SpacingMm(0.001, 0.001)))

    assert [item.image.spacing for item in of_file.instances] == [
        SpacingMm(0.0005, 0.0004),
        SpacingMm(0.001, 0.0008),
    ]
    assert [item.image.spacing for item in given.instances] == [
        SpacingMm(0.001, 0.001),
        SpacingMm(0.002, 0.002),
    ]


def test_rounded_sizes_are_taken_as_reduced_by_a_whole_factor():
    base = level("0", 2220, 2967)

    assert level("1", 555, 741).reduction_of(base) == (4, 4)
    assert level("1", 555, 742).reduction_of(base) == (4, 4)
    assert level("1", 800, 1000).reduction_of(base) == (2.775, 2.967)


def test_missing_spacing_is_an_error_that_names_the_option():
    with pytest.raises(MissingSpacingError, match=r"slide.svs: level 0: .*--mpp 0.25"):
        plan(slide(level("0", 1000, 700)), ConvertOptions())


def test_what_may_show_the_label_can_be_left_out():
    shown = tuple(
        SlideImage(flavor.value, flavor, SizePx(30, 20), SizePx(30, 20), PLAIN)
        for flavor in (Flavor.LABEL, Flavor.OVERVIEW)
    )
    base = level("0", 1000, 700, spacing=SpacingMm(0.0005, 0.0005))

    found = plan(slide(base, associated=shown), ConvertOptions(label=False))

    assert [item.file_name for item in found.instances] == ["level-0.dcm"]


def test_profile_of_the_file_is_kept_and_srgb_is_said_where_there_is_none():
    spacing = SpacingMm(0.0005, 0.0005)
    with_profile = level("0", 1000, 700, spacing=spacing, icc_profile=b"profile")
    reduced = level("1", 500, 350)

    kept = plan(slide(with_profile, reduced), ConvertOptions())
    assumed = plan(slide(level("0", 1000, 700, spacing=spacing)), ConvertOptions())

    assert [item.icc_profile for item in kept.instances] == [b"profile", b"profile"]
    assert assumed.instances[0].icc_profile == srgb_profile()
    assert "no ICC profile in the file: sRGB assumed" in assumed.notes
    assert not any("ICC" in note for note in kept.notes)


def spacings(found) -> list[SpacingMm]:
    return [item.image.spacing for item in found.instances]


def test_spacing_that_a_level_tells_is_kept_where_the_sizes_allow_it():
    base = level("0", 383, 300, spacing=SpacingMm(0.0005, 0.0005))
    told = level("1", 1, 1, spacing=SpacingMm(0.128, 0.128))
    thumbnail = SlideImage(
        "2", Flavor.THUMBNAIL, SizePx(38, 30), SizePx(38, 30), PLAIN, SpacingMm(0.00503, 0.00501)
    )

    found = plan(slide(base, told, associated=(thumbnail,)), ConvertOptions())

    # The mean of 383 / 1 and 300 / 1 is nearer to 512 than to 256.
    assert spacings(found) == [base.spacing, told.spacing, thumbnail.spacing]


@pytest.mark.parametrize("told", [SpacingMm(0.001, 0.001), SpacingMm(0.002, 0.00201)])
def test_spacing_that_contradicts_the_sizes_is_not_kept(told):
    base = level("0", 4000, 3000, spacing=SpacingMm(0.0005, 0.0005))

    found = plan(slide(base, level("1", 1000, 750, spacing=told)), ConvertOptions())

    assert spacings(found) == [base.spacing, SpacingMm(0.002, 0.002)]


def test_spacing_that_the_user_gives_corrects_what_levels_tell():
    base = level("0", 383, 300, spacing=SpacingMm(0.0005, 0.0005))
    told = level("1", 1, 1, spacing=SpacingMm(0.128, 0.128))

    found = plan(slide(base, told), ConvertOptions(spacing=SpacingMm(0.001, 0.00025)))

    assert spacings(found) == [SpacingMm(0.001, 0.00025), SpacingMm(0.256, 0.064)]


def test_ratio_that_is_not_known_is_told():
    history = Coding(Compression.NONE, ColorSpace.RGB, True, 99, earlier=(LossyStep(None, None),))
    label = SlideImage("9", Flavor.LABEL, SizePx(30, 20), SizePx(30, 20), history)
    base = level("0", 1000, 700, spacing=SpacingMm(0.0005, 0.0005))

    found = plan(slide(base, associated=(label,)), ConvertOptions())

    assert found.instances[1].lossy == (LossyStep(None, None),)
    assert "lossy compression ratio not known, written as 1: label.dcm" in found.notes
