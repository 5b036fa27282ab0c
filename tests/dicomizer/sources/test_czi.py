# SPDX-License-Identifier: Apache-2.0
"""Zeiss CZI: files that pylibCZIrw wrote, read as scenes, channels and planes."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8
from dicomizer.slide import Compression, Illumination, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.czi import CziSource
from dicomizer.sources.czi.metadata import (
    read_metadata,
    read_optical_paths,
    read_plane_spacing_um,
    read_spacing,
)
from dicomizer.sources.czi.scenes import Opened, scene_levels

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("pylibCZIrw") is None,
    reason='pylibCZIrw is not installed: pip install "coverslip[czi]"',
)

METADATA = """<ImageDocument><Metadata>
<Information>
 <Application><Name>ZEN slidescan</Name><Version>3.1</Version></Application>
 <Image>
  <AcquisitionDateAndTime>2024-03-17T10:20:30.1234567Z</AcquisitionDateAndTime>
  <Dimensions><Channels>
   <Channel Id="Channel:0" Name="DAPI">
    <ContrastMethod>Fluorescence</ContrastMethod>
    <ExcitationWavelength>353</ExcitationWavelength>
    <EmissionWavelength>465</EmissionWavelength>
    <ExposureTime>12000000</ExposureTime>
    <Color>#FF0000FF</Color>
   </Channel>
   <Channel Id="Channel:1" Name="TL"><ContrastMethod>Brightfield</ContrastMethod></Channel>
  </Channels></Dimensions>
 </Image>
 <Instrument>
  <Microscopes><Microscope Id="M" Name="Axioscan 7"/></Microscopes>
  <Objectives><Objective><NominalMagnification>20</NominalMagnification></Objective></Objectives>
 </Instrument>
</Information>
<Scaling><Items>
 <Distance Id="X"><Value>2.5e-07</Value></Distance>
 <Distance Id="Y"><Value>5e-07</Value></Distance>
 <Distance Id="Z"><Value>1.5e-06</Value></Distance>
</Items></Scaling>
<DisplaySetting><Channels>
 <Channel Id="Channel:0"><Color>#FF00A0FF</Color></Channel>
</Channels></DisplaySetting>
</Metadata></ImageDocument>"""

OPENED = Opened(
    sizes={"T": 1, "Z": 1, "C": 1},
    scenes=[(0, (100, 200, 4000, 3000))],
    pixel_types=["Bgr24"],
    compressions=["JpgXr"],
    scales=[0.25, 0.5, 1.0],
    metadata="",
)


def frames_of(source, image, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


@pytest.fixture
def build():
    return pytest.importorskip(
        "build_czi", reason='pylibCZIrw is not installed: pip install "coverslip[czi]"'
    )


def test_each_scene_is_a_scan(tmp_path, build):
    path = tmp_path / "a.czi"
    pictures = build.brightfield(path, scenes=2)

    with CziSource(path) as source:
        scans = source.slide.scans
        frames = [frames_of(source, scan.levels[0]) for scan in scans]

    assert [level.size for scan in scans for level in scan.levels] == [SizePx(700, 600)] * 2
    assert scans[0].levels[0].spacing == SpacingMm(0.00022, 0.00022)
    assert scans[0].levels[0].pixel_format == RGB_8
    for found, picture in zip(frames, pictures, strict=True):
        tiles = [np.frombuffer(frame, np.uint8).reshape(512, 512, 3) for frame in found]
        np.testing.assert_array_equal(tiles[0], picture[:512, :512])
        np.testing.assert_array_equal(tiles[3][:88, :188], picture[512:, 512:])
        assert (tiles[3][:, 188:] == tiles[3][:, 187:188]).all()
        assert (tiles[3][88:] == tiles[3][87:88]).all()


def test_channels_and_planes_come_in_order(tmp_path, build):
    path = tmp_path / "a.czi"
    build.fluorescence(path)

    with CziSource(path) as source:
        (scan,) = source.slide.scans
        (level,) = scan.levels
        frames = frames_of(source, level)

    assert (level.paths, level.planes, level.pixel_format) == (2, 3, GREY_16)
    assert level.spacing == SpacingMm(between_rows=0.00025, between_columns=0.0005)
    assert scan.plane_spacing_um == 2.0
    assert [(path.name, path.color) for path in scan.optical_paths] == [
        ("DAPI", (0, 0, 255)),
        ("FITC", (0, 255, 0)),
    ]
    for channel in range(2):
        for plane in range(3):
            found = np.frombuffer(frames[channel * 3 + plane], "<u2").reshape(512, 512)
            expected = build.plane_pixels(channel, plane)[..., 0]
            np.testing.assert_array_equal(found[:300, :400], expected)


def test_grey_of_8_bits_is_kept(tmp_path, build):
    path = tmp_path / "a.czi"
    build.fluorescence(path, bits=8)

    with CziSource(path) as source:
        level = source.slide.levels[0]
        (frame,) = frames_of(source, level, [5])

    assert level.pixel_format == GREY_8
    found = np.frombuffer(frame, np.uint8).reshape(512, 512)
    np.testing.assert_array_equal(found[:300, :400], build.plane_pixels(1, 2, 8)[..., 0])


def test_frames_without_stored_pixels_are_missing(tmp_path, build):
    path = tmp_path / "a.czi"
    build.sparse(path)

    with CziSource(path) as source:
        level = source.slide.levels[0]
        frames = frames_of(source, level)

    assert level.missing == {1, 2, 3, 4, 5, 6, 7}
    assert [bool(frame) for frame in frames] == [True, *[False] * 7, True]
    # Between stored tiles a slide is white.
    assert (np.frombuffer(frames[0], np.uint8).reshape(512, 512, 3)[200:, 200:] == 255).all()


@pytest.mark.parametrize(
    ("compression", "lossy"), [("uncompressed:", False), ("zstd1:ExplicitLevel=3", False)]
)
def test_coding_is_told_as_stored(tmp_path, build, compression, lossy):
    path = tmp_path / "a.czi"
    build.brightfield(path, compression=compression)

    with CziSource(path) as source:
        coding = source.slide.levels[0].coding

    assert (coding.compression, coding.lossy, coding.method) == (Compression.NONE, lossy, None)
    assert coding.coded_bytes == path.stat().st_size


@needs_library
def test_damaged_file_is_an_error(tmp_path):
    path = tmp_path / "a.czi"
    path.write_bytes(b"ZISRAWFILE" + bytes(600))

    with pytest.raises(CorruptSourceError, match=r"a\.czi: cannot be read"):
        CziSource(path)


def test_missing_library_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.czi"
    path.write_bytes(b"ZISRAWFILE" + bytes(600))
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "pylibCZIrw", raising=False)

    with pytest.raises(SourceError, match="found Zeiss CZI, which needs the library") as caught:
        CziSource(path)

    assert str(caught.value).endswith('install it: pip install "coverslip[czi]"')


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.czi"
    path.write_bytes(b"no CZI at all")

    with pytest.raises(Refusal, match="no CZI signature"):
        CziSource(path)


def test_metadata_of_the_microscope_is_read():
    metadata = read_metadata(ET.fromstring(METADATA))

    assert metadata.equipment.manufacturer == "Zeiss"
    assert metadata.equipment.model_name == "Axioscan 7"
    assert metadata.equipment.software_versions == ("ZEN slidescan 3.1",)
    assert metadata.optics.objective_power == 20.0
    assert metadata.acquisition_datetime == dt.datetime(
        2024, 3, 17, 10, 20, 30, 123456, tzinfo=dt.UTC
    )


def test_scale_is_read_from_metres():
    root = ET.fromstring(METADATA)

    assert read_spacing(root) == SpacingMm(between_rows=0.0005, between_columns=0.00025)
    assert read_plane_spacing_um(root) == 1.5


@pytest.mark.parametrize("value", ["", "x", "0", "-1", "nan"])
def test_scale_that_is_no_positive_number_is_not_known(value):
    assert read_spacing(ET.fromstring(METADATA.replace("2.5e-07", value))) is None


def test_channels_are_read():
    first, second, third = read_optical_paths(ET.fromstring(METADATA), 3)

    assert (first.name, first.illumination) == ("DAPI", Illumination.FLUORESCENCE)
    assert (first.excitation_nm, first.emission_nm, first.exposure_ms) == (353.0, 465.0, 12.0)
    assert first.color == (0, 160, 255)
    assert (second.name, second.illumination) == ("TL", Illumination.BRIGHTFIELD)
    assert third.name == ""


def test_stored_pyramid_is_shown_and_no_other(tmp_path):
    path = tmp_path / "a.czi"
    path.write_bytes(bytes(2100))
    tiles = np.array([[100, 200, 4000, 3000]], np.int32)

    levels = scene_levels(path, OPENED, 0, tiles, SpacingMm(0.001, 0.001))

    assert [image.size for _, image in levels] == [
        SizePx(4000, 3000),
        SizePx(2000, 1500),
        SizePx(1000, 750),
    ]
    assert [image.spacing for _, image in levels] == [
        SpacingMm(0.001, 0.001),
        SpacingMm(0.002, 0.002),
        SpacingMm(0.004, 0.004),
    ]
    assert [image.coding.coded_bytes for _, image in levels] == [1600, 400, 100]
    assert levels[0][1].coding.lossy
    assert levels[1][0].region(levels[1][1], 9) == (0, 0, 1124, 2248, 512, 512, 476)


@pytest.mark.parametrize(
    "kinds", [["Bgr48"], ["Gray32Float"], ["Gray8", "Gray16"], [], ["Invalid"]]
)
def test_other_pixels_are_refused(tmp_path, kinds):
    path = tmp_path / "a.czi"
    path.write_bytes(b"x")
    opened = Opened({**OPENED, "pixel_types": kinds})

    with pytest.raises(Refusal, match="its channels have the pixel types"):
        scene_levels(path, opened, 0, np.empty((0, 4), np.int32), None)


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (1 << 30, 10), (1 << 23, 1 << 23)])
def test_scene_that_no_scanner_makes_is_an_error(tmp_path, size):
    path = tmp_path / "a.czi"
    opened = Opened({**OPENED, "scenes": [(0, (0, 0, *size))]})

    with pytest.raises(CorruptSourceError, match="a scene"):
        scene_levels(path, opened, 0, np.empty((0, 4), np.int32), None)
