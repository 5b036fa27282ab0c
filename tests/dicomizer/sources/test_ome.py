# SPDX-License-Identifier: Apache-2.0
"""OME-TIFF."""

from __future__ import annotations

import datetime as dt

import build_ome
import numpy as np
import pytest
import slides

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.format import GREY_16
from dicomizer.slide import Flavor, Illumination, OpticalPath, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.ome import OmeSource

COLOR = {"data": slides.picture(150, 100), "photometric": "rgb", "compression": "zlib"}
THREE_SAMPLES = '<Channel SamplesPerPixel="3"/>'


def grey_pages(number):
    base = slides.grey(150, 100, "uint16")
    return [{"data": base + n, "photometric": "minisblack"} for n in range(number)]


def test_brightfield_has_one_path_and_the_scale_of_the_xml(tmp_path):
    pixels = build_ome.pixels_xml(
        THREE_SAMPLES, SizeC=3, PhysicalSizeX=250, PhysicalSizeXUnit="nm", PhysicalSizeY=0.5
    )
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), COLOR)

    with OmeSource(path) as source:
        scan = source.slide.scans[0]
        assert scan.levels[0].spacing == SpacingMm(between_rows=0.0005, between_columns=0.00025)
        assert scan.optical_paths == (OpticalPath(),)
        assert source.slide.notes == ()
        assert np.array_equal(slides.assembled(source, scan.levels[0])[0, 0], COLOR["data"])


def test_channels_become_optical_paths(tmp_path):
    channels = (
        '<Channel Name="DAPI" ExcitationWavelength="358" EmissionWavelength="0.461" '
        'EmissionWavelengthUnit="µm" Color="65535"/>'
        '<Channel Fluor="FITC" Color="16711935"/>'
    )
    planes = '<TiffData/><Plane TheC="1" TheZ="0" TheT="0" ExposureTime="0.02"/>'
    pixels = build_ome.pixels_xml(channels, planes, SizeC=2, Type="uint16")
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), *grey_pages(2))

    with OmeSource(path) as source:
        scan = source.slide.scans[0]

    fluorescence = Illumination.FLUORESCENCE
    assert scan.levels[0].pixel_format == GREY_16
    assert scan.optical_paths == (
        OpticalPath("DAPI", fluorescence, 358.0, 461.0, color=(0, 0, 255)),
        OpticalPath("FITC", fluorescence, color=(0, 255, 0), exposure_ms=20.0),
    )


@pytest.mark.parametrize(
    ("order", "tiff_data", "first_of_each"),
    [
        ("XYZCT", "<TiffData/>", [[0, 1, 2], [3, 4, 5]]),
        ("XYCZT", "<TiffData/>", [[0, 2, 4], [1, 3, 5]]),
        ("XYCZT", '<TiffData IFD="0" PlaneCount="6"/>', [[0, 2, 4], [1, 3, 5]]),
        (
            "XYZCT",
            '<TiffData FirstC="1" IFD="0" PlaneCount="3"/><TiffData IFD="3" PlaneCount="3"/>',
            [[3, 4, 5], [0, 1, 2]],
        ),
        (
            "XYZCT",
            "".join(
                f'<TiffData FirstZ="{n % 3}" FirstC="{n // 3}" IFD="{5 - n}"/>' for n in range(6)
            ),
            [[5, 4, 3], [2, 1, 0]],
        ),
    ],
)
def test_planes_are_found_by_tiff_data(tmp_path, order, tiff_data, first_of_each):
    pixels = build_ome.pixels_xml(
        '<Channel Name="a"/><Channel Name="b"/>',
        tiff_data,
        SizeZ=3,
        SizeC=2,
        DimensionOrder=order,
        PhysicalSizeZ=1.5,
    )
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), *grey_pages(6))

    with OmeSource(path) as source:
        scan = source.slide.scans[0]
        found = slides.assembled(source, scan.levels[0])

    assert (scan.levels[0].planes, scan.levels[0].paths) == (3, 2)
    assert scan.plane_spacing_um == 1.5
    base = int(slides.grey(150, 100, "uint16")[0, 0])
    assert (found[:, :, 0, 0, 0].astype(int) - base).tolist() == first_of_each


def test_subdirectories_are_levels_of_all_channels(tmp_path):
    channels = '<Channel Name="a"/><Channel Name="b"/>'
    pixels = build_ome.pixels_xml(channels, SizeC=2, PhysicalSizeX=1, PhysicalSizeY=1)
    pages = grey_pages(2)
    for page in pages:
        page["reduced"] = [{"data": page["data"][::2, ::2], "tile": (64, 64)}]
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), *pages)

    with OmeSource(path) as source:
        levels = source.slide.levels
        reduced = slides.assembled(source, levels[1])

    assert [(item.size, item.paths) for item in levels] == [
        (SizePx(150, 100), 2),
        (SizePx(75, 50), 2),
    ]
    assert levels[1].spacing == SpacingMm(0.002, 0.002)
    assert np.array_equal(reduced[1, 0, ..., 0], pages[1]["data"][::2, ::2])


def test_reduced_directories_that_the_xml_does_not_name_are_levels(tmp_path):
    pixels = build_ome.pixels_xml(THREE_SAMPLES, '<TiffData IFD="0"/>', SizeC=3)
    reduced = {**COLOR, "data": slides.reduced(COLOR["data"], 2), "subfiletype": 1}
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), COLOR, reduced)

    with OmeSource(path) as source:
        assert [item.size for item in source.slide.levels] == [SizePx(150, 100), SizePx(75, 50)]


def test_images_named_label_and_macro_are_no_scans(tmp_path):
    small = slides.picture(60, 40)
    xml = "".join(
        build_ome.image_xml(
            build_ome.pixels_xml(
                THREE_SAMPLES, f'<TiffData IFD="{n}"/>', SizeC=3, SizeX=width, SizeY=height
            ),
            name=name,
        )
        for n, (name, width, height) in enumerate(
            (("scan", 150, 100), ("label image", 60, 40), ("macro image", 60, 40))
        )
    )
    flat = {"data": small, "photometric": "rgb", "tile": None}
    path = build_ome.write_ome(tmp_path / "a.ome.tif", xml, COLOR, flat, flat | {})

    with OmeSource(path) as source:
        slide = source.slide

        assert len(slide.scans) == 1
        assert [item.flavor for item in slide.associated] == [Flavor.LABEL, Flavor.OVERVIEW]
        assert np.array_equal(slides.assembled(source, slide.associated[0])[0, 0], small)


def test_instrument_and_date_are_read(tmp_path):
    inner = (
        "<AcquisitionDate>2024-03-17T10:20:30</AcquisitionDate>"
        '<InstrumentRef ID="Instrument:0"/><ObjectiveSettings ID="Objective:1"/>'
    )
    instrument = (
        '<Instrument ID="Instrument:0">'
        '<Microscope Manufacturer="Zeiss" Model="Axioscan" SerialNumber="12"/>'
        '<Objective ID="Objective:0" NominalMagnification="10"/>'
        '<Objective ID="Objective:1" NominalMagnification="40"/></Instrument>'
    )
    pixels = build_ome.pixels_xml(THREE_SAMPLES, SizeC=3)
    xml = instrument + build_ome.image_xml(pixels, inner)
    path = build_ome.write_ome(tmp_path / "a.ome.tif", xml, COLOR)

    with OmeSource(path) as source:
        metadata = source.slide.metadata

    assert metadata.equipment.manufacturer == "Zeiss"
    assert metadata.equipment.model_name == "Axioscan"
    assert metadata.equipment.device_serial_number == "12"
    assert metadata.optics.objective_power == 40.0
    assert metadata.acquisition_datetime == dt.datetime(2024, 3, 17, 10, 20, 30)


def test_of_several_times_the_first_is_converted_and_said(tmp_path):
    pixels = build_ome.pixels_xml('<Channel Name="a"/>', SizeT=2, Type="uint16")
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), *grey_pages(2))

    with OmeSource(path) as source:
        assert source.slide.levels[0].number_of_frames == 6
        assert source.slide.notes == ("of 2 times the first is converted",)


def test_lighting_that_is_not_told_is_said(tmp_path):
    pixels = build_ome.pixels_xml("<Channel/>", Type="uint16")
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), *grey_pages(1))

    with OmeSource(path) as source:
        assert source.slide.notes == ("lighting not told by the OME-XML: taken for brightfield",)


def test_planes_in_other_files_are_refused(tmp_path):
    elsewhere = '<TiffData IFD="0"><UUID FileName="b.ome.tif">urn:uuid:2</UUID></TiffData>'
    pixels = build_ome.pixels_xml(THREE_SAMPLES, elsewhere, SizeC=3)
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), COLOR)

    with pytest.raises(Refusal, match=r"planes are in other files, such as b\.ome\.tif"):
        OmeSource(path)


def test_renamed_file_is_known_by_its_uuid(tmp_path):
    own = '<TiffData IFD="0"><UUID FileName="old.ome.tif">urn:uuid:1</UUID></TiffData>'
    pixels = build_ome.pixels_xml(THREE_SAMPLES, own, SizeC=3)
    path = build_ome.write_ome(tmp_path / "new.ome.tif", build_ome.image_xml(pixels), COLOR)

    with OmeSource(path) as source:
        assert len(source.slide.levels) == 1


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"SizeZ": 0}, "found SizeZ = 0"),
        ({"SizeZ": 3}, "found no directory for plane"),
        ({"SizeX": 151}, "found 150 x 100 pixels in directory 0, 151 x 100 in the XML"),
        ({"SizeX": "wide"}, "the OME-XML cannot be used"),
        ({"SizeZ": 99999999}, "planes in an image"),
        ({"DimensionOrder": "ABC"}, "found DimensionOrder = ABC"),
    ],
)
def test_xml_that_contradicts_the_file_is_corrupt(tmp_path, attributes, message):
    pixels = build_ome.pixels_xml(THREE_SAMPLES, **{"SizeC": 3, **attributes})
    path = build_ome.write_ome(tmp_path / "a.ome.tif", build_ome.image_xml(pixels), COLOR)

    with pytest.raises(CorruptSourceError, match=message):
        OmeSource(path)


def test_tiff_without_ome_xml_is_left_to_others(tmp_path):
    path = slides.write_tiled_tiff(tmp_path / "a.tif").path

    with pytest.raises(Refusal, match="no OME-XML"):
        OmeSource(path)
