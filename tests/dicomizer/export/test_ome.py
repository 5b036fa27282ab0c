# SPDX-License-Identifier: Apache-2.0
"""OME-TIFF: all paths and planes, levels as SubIFDs, XML that OME's own model accepts."""

from __future__ import annotations

import struct

import build_dicom
import numpy as np
import pytest
import slides
import tifffile

from dicomizer.convert import convert
from dicomizer.export import Box, ExportOptions, export
from dicomizer.options import ConvertOptions
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.sources.registry import open_source


@pytest.fixture
def fluorescence(tmp_path):
    """Give a converted OME-TIFF of two channels, three planes and two levels, and its pixels."""
    stack = np.stack(
        [
            np.stack(
                [np.roll(slides.grey(300, 200, "uint16"), 7 * z + 31 * c, 1) for z in range(3)]
            )
            for c in range(2)
        ]
    )
    metadata = {
        "axes": "CZYX",
        "PhysicalSizeX": 0.325,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.325,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 1.5,
        "PhysicalSizeZUnit": "µm",
        "Channel": {
            "Name": ["DAPI", "Cy3"],
            "EmissionWavelength": [461, 570],
            "ExcitationWavelength": [358, 550],
        },
    }
    path = tmp_path / "source.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        options = {"tile": (64, 64), "photometric": "minisblack"}
        tiff.write(stack, subifds=1, metadata=metadata, **options)
        tiff.write(stack[:, :, ::2, ::2], subfiletype=1, **options)
    convert(path, tmp_path / "dicom", ConvertOptions(codec=Codec.JPEG_2000))
    return tmp_path / "dicom", stack


def test_paths_and_planes_become_channels_and_planes(tmp_path, fluorescence):
    dicom, stack = fluorescence

    export(dicom, tmp_path / "out.ome.tif")

    with tifffile.TiffFile(tmp_path / "out.ome.tif") as tiff:
        assert tiff.is_ome
        series = tiff.series[0]
        assert series.axes == "CZYX"
        assert [level.shape for level in series.levels] == [(2, 3, 200, 300), (2, 3, 100, 150)]
        assert np.array_equal(series.asarray(), stack)
        assert np.array_equal(series.levels[1].asarray(), stack[:, :, ::2, ::2])
        assert tiff.pages[0].compression == 34712
        assert len(tiff.pages) == 6
        assert len(tiff.pages[0].pages) == 1


def test_xml_has_sizes_channels_and_planes(tmp_path, fluorescence):
    ome_types = pytest.importorskip("ome_types")
    export(fluorescence[0], tmp_path / "out.ome.tif")

    found = ome_types.from_tiff(tmp_path / "out.ome.tif")

    pixels = found.images[0].pixels
    sizes = (pixels.physical_size_x, pixels.physical_size_y, pixels.physical_size_z)
    assert sizes == (0.325, 0.325, 1.5)
    assert pixels.physical_size_x_unit.value == "µm"
    assert (pixels.size_c, pixels.size_z, pixels.size_t) == (2, 3, 1)
    assert pixels.type.value == "uint16"
    assert pixels.significant_bits == 16
    assert [channel.name for channel in pixels.channels] == ["DAPI", "Cy3"]
    assert [channel.emission_wavelength for channel in pixels.channels] == [461, 570]
    assert [channel.excitation_wavelength for channel in pixels.channels] == [358, 550]
    places = [(block.ifd, block.first_c, block.first_z) for block in pixels.tiff_data_blocks]
    assert places == [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 1, 0), (4, 1, 1), (5, 1, 2)]


def test_one_path_and_plane_can_be_chosen(tmp_path, fluorescence):
    dicom, stack = fluorescence

    export(dicom, tmp_path / "a.ome.tif", ExportOptions(optical_path=2))
    export(dicom, tmp_path / "b.tif", ExportOptions(optical_path=2, plane=3))

    assert np.array_equal(tifffile.imread(tmp_path / "a.ome.tif"), stack[1])
    assert np.array_equal(tifffile.imread(tmp_path / "b.tif"), stack[1, 2])


def test_slide_with_label_converts_back_to_the_same_frames(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", factors=(1, 2))
    convert(built.path, tmp_path / "dicom")

    export(tmp_path / "dicom", tmp_path / "out.ome.tif")

    with tifffile.TiffFile(tmp_path / "out.ome.tif") as tiff:
        assert [series.name for series in tiff.series] == ["scan 1", "thumbnail", "label", "macro"]
        assert [level.shape for level in tiff.series[0].levels] == [(200, 300, 3), (100, 150, 3)]
    with open_source(tmp_path / "out.ome.tif") as source:
        assert source.slide.format_name == "OME-TIFF"
        assert source.slide.levels[0].spacing.mpp == (0.5, 0.5)
        assert {image.flavor.value for image in source.slide.associated} >= {"LABEL", "OVERVIEW"}
        for level, streams in zip(source.slide.levels, built.streams, strict=True):
            frames = [b"".join(frame) for batch in source.frames(level) for frame in batch]
            assert [slides.scan(item) for item in frames] == [slides.scan(item) for item in streams]


def test_file_beyond_4_gib_is_a_bigtiff_with_subifds(tmp_path):
    from dicomizer.export.coding import TiffCoding
    from dicomizer.export.tiff_file import Page, TiffFile
    from dicomizer.pixels.format import GREY_8
    from dicomizer.slide import SizePx

    pages = [
        Page(SizePx(side, side), SizePx(16, 16), TiffCoding(1, 1), GREY_8) for side in (32, 16)
    ]
    pages[0].children = [pages[1]]
    with (tmp_path / "a.tif").open("wb") as opened:
        file = TiffFile(opened)
        for tile in range(4):
            file.add(pages[0], tile, bytes([tile]) * 256)
        file._end = 5 << 30  # the file is sparse there
        opened.seek(file._end)
        file.add(pages[1], 0, b"\7" * 256)
        file.finish(pages[:1])

    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.is_bigtiff
        assert tiff.pages[0].asarray()[::16, ::16].tolist() == [[0, 1], [2, 3]]
        assert (tiff.pages[0].pages[0].asarray() == 7).all()
    with (tmp_path / "a.tif").open("rb") as opened:
        assert struct.unpack("<2sHHH", opened.read(8)) == (b"II", 43, 8, 0)


def test_region_of_a_stack(tmp_path, fluorescence):
    dicom, stack = fluorescence

    export(dicom, tmp_path / "out.ome.tif", ExportOptions(region=Box(10, 20, 100, 60)))

    with tifffile.TiffFile(tmp_path / "out.ome.tif") as tiff:
        assert np.array_equal(tiff.series[0].asarray(), stack[:, :, 20:80, 10:110])
        half = stack[:, :, ::2, ::2][:, :, 10:40, 5:55]
        assert np.array_equal(tiff.series[0].levels[1].asarray(), half)


def test_colour_stack_of_two_planes(tmp_path):
    planes = [slides.picture(96, 64), slides.picture(96, 64)[::-1].copy()]
    found = build_dicom.dataset((96, 64), 32, planes[0], build_dicom.CODED["native"])
    found.TotalPixelMatrixFocalPlanes = 2
    found.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 0.002
    frames = [plane.tobytes() for one in planes for plane in build_dicom.tiles_of(one, 32)]
    build_dicom.write(tmp_path / "dicom" / "a.dcm", found, frames)

    export(tmp_path / "dicom", tmp_path / "out.ome.tif")

    with tifffile.TiffFile(tmp_path / "out.ome.tif") as tiff:
        assert tiff.series[0].axes == "ZYXS"
        assert np.array_equal(tiff.series[0].asarray(), np.stack(planes))
        assert 'PhysicalSizeZ="2"' in tiff.ome_metadata
