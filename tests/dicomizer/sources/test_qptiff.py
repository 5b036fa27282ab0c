# SPDX-License-Identifier: Apache-2.0
"""QPTIFF, as public descriptions have it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import build_qptiff
import numpy as np
import pytest
import slides
import tifffile

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.format import GREY_8, GREY_16
from dicomizer.slide import (
    ColorSpace,
    Compression,
    Flavor,
    Illumination,
    OpticalPath,
    SizePx,
    SpacingMm,
)
from dicomizer.sources.base import Refusal
from dicomizer.sources.qptiff import QptiffSource
from dicomizer.sources.qptiff.description import read_description

FILE = Path("a.qptiff")


def joined(source: QptiffSource, image, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def read(channel: str = "", **options: str):
    text = build_qptiff.description("FullResolution", channel, **options)
    found = read_description(text, FILE, "directory 0", is_color=False)
    assert found is not None
    return found


@pytest.mark.parametrize(("dtype", "expected"), [(np.uint8, GREY_8), (np.uint16, GREY_16)])
def test_directories_of_one_size_are_channels_of_a_level(tmp_path, dtype, expected):
    channels = build_qptiff.write_fluorescence(tmp_path / "a.qptiff", dtype=dtype)

    with QptiffSource(tmp_path / "a.qptiff") as source:
        levels = source.slide.levels
        first, second, third = joined(source, levels[0], [0, 20, 40])

    assert [(item.size, item.paths, item.spacing) for item in levels] == [
        (SizePx(300, 200), 3, SpacingMm(0.0005, 0.0005)),
        (SizePx(150, 100), 3, SpacingMm(0.001, 0.001)),
        (SizePx(75, 50), 3, SpacingMm(0.002, 0.002)),
    ]
    assert (levels[0].pixel_format, levels[0].coding.compression, levels[0].coding.color_space) == (
        expected,
        Compression.NONE,
        ColorSpace.MONOCHROME,
    )
    assert [first, second, third] == [channel[:64, :64].tobytes() for channel in channels]
    assert source.slide.notes == ()


def test_channels_have_names_colours_bands_and_exposures(tmp_path):
    build_qptiff.write_fluorescence(tmp_path / "a.qptiff")

    with QptiffSource(tmp_path / "a.qptiff") as source:
        assert source.slide.scans[0].optical_paths == (
            OpticalPath("DAPI", Illumination.FLUORESCENCE, 370.0, 440.0, (0, 0, 255), 12.5),
            OpticalPath(
                "CD8 (Opal 540)",
                Illumination.FLUORESCENCE,
                color=(255, 128, 0),
                exposure_ms=50.0,
            ),
            OpticalPath("PD1 (Opal 650)", Illumination.FLUORESCENCE),
        )


def test_named_images_are_found(tmp_path):
    build_qptiff.write_fluorescence(tmp_path / "a.qptiff")

    with QptiffSource(tmp_path / "a.qptiff") as source:
        found = source.slide.associated
        label = joined(source, found[1])

    assert [(item.flavor, item.size) for item in found] == [
        (Flavor.THUMBNAIL, SizePx(75, 50)),
        (Flavor.LABEL, SizePx(30, 30)),
        (Flavor.OVERVIEW, SizePx(80, 30)),
    ]
    assert label == [slides.picture(30, 30).tobytes()]


def test_tiles_by_transmitted_light_are_passed_through(tmp_path):
    streams = build_qptiff.write_brightfield(tmp_path / "a.qptiff")

    with QptiffSource(tmp_path / "a.qptiff") as source:
        (scan,) = source.slide.scans
        frames = [joined(source, level) for level in scan.levels]

    assert scan.optical_paths == (OpticalPath(),)
    assert scan.levels[0].coding.color_space is ColorSpace.RGB
    assert [[slides.scan(item) for item in level] for level in frames] == [
        [slides.scan(item) for item in level] for level in streams
    ]


def test_spacing_is_that_of_the_profile_where_the_tags_have_none(tmp_path):
    build_qptiff.write_fluorescence(tmp_path / "a.qptiff", mpp=0)

    with QptiffSource(tmp_path / "a.qptiff") as source:
        assert source.slide.levels[0].spacing == SpacingMm.from_mpp(0.4964, 0.4964)
        assert source.slide.notes == (
            "the spacing is that of the scan profile, as the tags have none",
        )


@pytest.mark.parametrize(
    "profile",
    [
        "<a><ScanResolution><PixelSizeMicrons>0.25</PixelSizeMicrons></ScanResolution></a>",
        "<root><PixelSizeMicrons>0.25</PixelSizeMicrons></root>",
    ],
)
def test_profile_has_the_spacing_where_its_version_puts_it(profile):
    text = build_qptiff.description("FullResolution").replace(
        build_qptiff.PROFILE, f"<ScanProfile>{profile}</ScanProfile>"
    )
    found = read_description(text, FILE, "directory 0", is_color=True)

    assert found is not None
    assert found.mpp == 0.25


def test_level_that_lacks_a_channel_is_left_out_and_said(tmp_path):
    path = tmp_path / "a.qptiff"
    channels = build_qptiff.grey_channels()
    with tifffile.TiffWriter(path) as tiff:
        for channel in channels:
            build_qptiff.write_grey(tiff, channel, 1, build_qptiff.description("FullResolution"))
        for channel in channels[:2]:
            build_qptiff.write_grey(tiff, channel, 2, build_qptiff.description("ReducedResolution"))

    with QptiffSource(path) as source:
        assert [level.size for level in source.slide.levels] == [SizePx(300, 200)]
        assert source.slide.notes == ("level of 150 x 100 left out: 2 of 3 channels are stored",)


def test_directories_without_a_description_are_left_out_and_said(tmp_path):
    path = tmp_path / "a.qptiff"
    (channel,) = build_qptiff.grey_channels(count=1)
    with tifffile.TiffWriter(path) as tiff:
        build_qptiff.write_grey(tiff, channel, 1, build_qptiff.description("FullResolution"))
        build_qptiff.write_grey(tiff, channel, 2, "something")

    with QptiffSource(path) as source:
        assert source.slide.notes == ("directory 1 (150 x 100) has no description: left out",)


def test_metadata_of_the_scan_is_read(tmp_path):
    build_qptiff.write_fluorescence(tmp_path / "a.qptiff")

    with QptiffSource(tmp_path / "a.qptiff") as source:
        metadata = source.slide.metadata

    assert metadata.equipment.manufacturer is None
    assert metadata.equipment.model_name == "Vectra Polaris"
    assert metadata.equipment.software_versions == ("VectraScan 1.0.12",)
    assert metadata.container.identifier == "LuCa-7"
    assert metadata.container.barcode == "S-24-0042"
    assert metadata.optics.objective_power == 20.0
    assert metadata.acquisition_datetime == dt.datetime(2017, 10, 5, 11, 12, 13)


@pytest.mark.parametrize(
    ("objective", "power"), [("40x", 40.0), ("10X/0.75", 10.0), ("Plan", 20.0), ("", 20.0)]
)
def test_objective_is_the_number_in_its_name_or_that_of_the_profile(objective, power):
    assert read(objective=objective).metadata.optics.objective_power == power


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("", OpticalPath(illumination=Illumination.FLUORESCENCE)),
        ("<Color>1,2</Color>", OpticalPath(illumination=Illumination.FLUORESCENCE)),
        ("<Color>1,2,256</Color>", OpticalPath(illumination=Illumination.FLUORESCENCE)),
        ("<ExposureTime>0</ExposureTime>", OpticalPath(illumination=Illumination.FLUORESCENCE)),
        ("<Biomarker>CD8</Biomarker>", OpticalPath("CD8", Illumination.FLUORESCENCE)),
        (
            "<EmissionFilter><Bands><Band><Cuton>1</Cuton></Band></Bands></EmissionFilter>",
            OpticalPath(illumination=Illumination.FLUORESCENCE),
        ),
    ],
)
def test_what_a_channel_does_not_tell_is_not_known(channel, expected):
    assert read(channel).path == expected


def test_xml_that_is_cut_is_an_error():
    text = build_qptiff.description("FullResolution")[:-10]

    with pytest.raises(CorruptSourceError, match="directory 3: the XML cannot be read"):
        read_description(text, FILE, "directory 3", is_color=False)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("Aperio", "none of PerkinElmer-QPI"),
        ("<a><!-- PerkinElmer-QPI-ImageDescription --></a>", "none of PerkinElmer-QPI"),
        (build_qptiff.description("Label"), "no directory is of full resolution"),
    ],
)
def test_tiff_of_others_is_refused(tmp_path, description, reason):
    path = tmp_path / "a.tif"
    pixels = np.zeros((64, 64, 3), np.uint8)
    tifffile.imwrite(
        path, pixels, tile=(64, 64), photometric="rgb", description=description, metadata=None
    )

    with pytest.raises(Refusal, match=reason):
        QptiffSource(path)
