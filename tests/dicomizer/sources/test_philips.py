# SPDX-License-Identifier: Apache-2.0
"""Philips TIFF."""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import replace
from pathlib import Path

import build_philips
import imagecodecs
import numpy as np
import pytest
import slides
import tifffile
from PIL import Image

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import ColorSpace, Compression, Flavor, LossyStep, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.philips import PhilipsSource
from dicomizer.sources.philips.description import read_description
from dicomizer.sources.philips.levels import with_true_sizes
from dicomizer.sources.tiff.pyramid import with_level_spacing

FILE = Path("a.tiff")


def joined(source: PhilipsSource, image, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def progressive(pixels: slides.Pixels) -> bytes:
    """Return a progressive JPEG, which DICOM has no transfer syntax for."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", progressive=True, quality=90)
    return target.getvalue()


def test_levels_have_the_sizes_that_their_spacings_tell(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff")

    with PhilipsSource(built.path) as source:
        levels = source.slide.levels

    assert [item.size for item in levels] == [SizePx(320, 256), SizePx(160, 128), SizePx(80, 64)]
    assert source.slide.notes == ()


def test_spacings_of_coarser_levels_are_whole_multiples_of_the_first(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff")

    with PhilipsSource(built.path) as source:
        levels = source.slide.levels

    assert [item.spacing for item in levels] == [
        SpacingMm(0.000227273, 0.000227273),
        SpacingMm(0.000454546, 0.000454546),
        SpacingMm(0.000909092, 0.000909092),
    ]


def test_level_of_a_pixel_has_the_spacing_that_its_own_tells(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff")
    with PhilipsSource(built.path) as source:
        base = replace(source.slide.levels[0], size=SizePx(383, 256), tile_size=SizePx(512, 512))

    levels, _ = with_true_sizes(
        [base, base], [SpacingMm(0.00025, 0.00025), SpacingMm(0.064, 0.064)]
    )
    sized = with_level_spacing(levels, SpacingMm(0.00025, 0.00025))

    # By its size, 1 x 1, it could be a 512th as well.
    assert (sized[1].size, sized[1].spacing) == (SizePx(1, 1), SpacingMm(0.064, 0.064))


def test_rows_come_first_in_a_spacing():
    text = build_philips.description(
        images=[
            build_philips.image(
                "WSI", build_philips.attribute("DICOM_PIXEL_SPACING", '"0.0005" "0.00025"')
            )
        ]
    )

    assert read_description(text, FILE).spacings == (
        SpacingMm(between_rows=0.0005, between_columns=0.00025),
    )


def test_frames_hold_the_stored_scans(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff")

    with PhilipsSource(built.path) as source:
        for image, streams in zip(source.slide.levels, built.streams, strict=True):
            frames = joined(source, image)

            assert [slides.scan(item) for item in frames] == [slides.scan(s) for s in streams]


def test_tiles_without_bytes_are_missing(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff", missing=frozenset({0, 7, 19}))

    with PhilipsSource(built.path) as source:
        level = source.slide.levels[0]
        frames = joined(source, level)

    assert level.missing == {0, 7, 19}
    assert [index for index, frame in enumerate(frames) if not frame] == [0, 7, 19]


def test_without_the_spacing_of_each_level_only_the_first_is_certain(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff", millimetres=("0.00025", "0.0005"))

    with PhilipsSource(built.path) as source:
        assert [item.size for item in source.slide.levels] == [SizePx(320, 256)]
        assert source.slide.levels[0].spacing == SpacingMm(0.00025, 0.00025)
        assert source.slide.notes == (
            "the XML has the spacing of 2 levels and the file 3: all but the first left out",
        )


def test_directory_that_cannot_be_the_level_of_its_spacing_is_left_out(tmp_path):
    spacings = ("0.00025", "0.0005", "0.008")
    built = build_philips.write_philips(tmp_path / "a.tiff", millimetres=spacings)

    with PhilipsSource(built.path) as source:
        assert [item.size for item in source.slide.levels] == [SizePx(320, 256), SizePx(160, 128)]
        assert source.slide.notes == (
            "directory 2 (128 x 64) is not the level of 10 x 8 that the XML tells: left out",
        )


def test_history_names_the_compression_before_the_last(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff")

    with PhilipsSource(built.path) as source:
        coding = source.slide.levels[0].coding

    assert coding.earlier == (LossyStep("PHILIPS_DP_1_0", 5.0),)
    assert (coding.lossy, coding.method) == (True, "ISO_10918_1")


def test_profile_in_the_xml_is_that_of_the_levels(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff", icc_profile=srgb_profile())

    with PhilipsSource(built.path) as source:
        assert {item.icc_profile for item in source.slide.levels} == {srgb_profile()}


@pytest.mark.parametrize(
    ("color", "space"), [("ycbcr420", ColorSpace.YCBCR), ("ycbcr444", ColorSpace.YCBCR)]
)
def test_baseline_streams_in_the_xml_are_kept(tmp_path, color, space):
    label, macro = (slides.encoded(slides.picture(*size), color) for size in ((50, 40), (90, 30)))
    built = build_philips.write_philips(tmp_path / "a.tiff", label=label, macro=macro)

    with PhilipsSource(built.path) as source:
        found = source.slide.associated
        frames = [joined(source, image) for image in found]

    assert [(item.flavor, item.size, item.coding.compression) for item in found] == [
        (Flavor.LABEL, SizePx(50, 40), Compression.JPEG),
        (Flavor.OVERVIEW, SizePx(90, 30), Compression.JPEG),
    ]
    assert found[0].coding.color_space is space
    assert [slides.scan(frame) for (frame,) in frames] == [slides.scan(label), slides.scan(macro)]


def test_grey_stream_in_the_xml_is_grey(tmp_path):
    grey = np.ascontiguousarray(slides.picture(50, 40)[:, :, 0])
    stream = imagecodecs.jpeg8_encode(grey, 90)
    built = build_philips.write_philips(tmp_path / "a.tiff", label=stream)

    with PhilipsSource(built.path) as source:
        (label,) = source.slide.associated
        (frame,) = joined(source, label)

    assert (label.pixel_format.samples, label.coding.color_space) == (1, ColorSpace.MONOCHROME)
    assert np.array_equal(imagecodecs.jpeg8_decode(frame), imagecodecs.jpeg8_decode(stream))


def test_progressive_stream_in_the_xml_is_decoded(tmp_path):
    stream = progressive(slides.picture(50, 40))
    built = build_philips.write_philips(tmp_path / "a.tiff", macro=stream)

    with PhilipsSource(built.path) as source:
        (macro,) = source.slide.associated
        (frame,) = joined(source, macro, [0])

    assert (macro.coding.compression, macro.coding.lossy) == (Compression.NONE, True)
    assert macro.coding.method == "ISO_10918_1"
    assert frame == imagecodecs.jpeg8_decode(stream).tobytes()


def test_label_of_a_directory_goes_over_that_in_the_xml(tmp_path):
    stream = slides.encoded(slides.picture(30, 20), "ycbcr420")
    built = build_philips.write_philips(tmp_path / "a.tiff", label=stream, label_directory=True)

    with PhilipsSource(built.path) as source:
        (label,) = source.slide.associated
        (frame,) = joined(source, label)

    assert (label.size, label.coding.lossy) == (SizePx(50, 40), False)
    assert frame == slides.picture(50, 40).tobytes()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda stream: stream[:40], "segment ffdb at byte 2 has no valid length"),
        (lambda stream: b"\0" + stream, "found 00ff, expected SOI"),
        (lambda stream: stream[:-2], r"strip 0 has no end \(EOI\)"),
        (lambda stream: stream.replace(b"\xff\xc0", b"\xff\xc9", 1), "JPEG process 9 of 8 bits"),
        (lambda stream: stream.replace(b"\0\x28\0\x32", b"\0\x28\0\0", 1), "0 x 40 pixels"),
    ],
)
def test_damaged_stream_in_the_xml_is_left_out_and_said(tmp_path, damage, problem):
    stream = damage(slides.encoded(slides.picture(50, 40), "ycbcr420"))
    built = build_philips.write_philips(tmp_path / "a.tiff", label=stream)

    with PhilipsSource(built.path) as source:
        (note,) = source.slide.notes

    assert source.slide.associated == ()
    assert re.match(f"label in the XML left out: {problem}", note)


def test_metadata_of_the_scan_is_read():
    metadata = read_description(build_philips.description(*build_philips.SCANNER), FILE).metadata

    assert metadata.equipment.manufacturer == "PHILIPS"
    assert metadata.equipment.model_name == "UFS Scanner"
    assert metadata.equipment.device_serial_number == "FMT1234"
    assert metadata.equipment.software_versions == ("1.8.6824", "20180906_R51")
    assert metadata.container.barcode == "S-24-0042·A"
    assert metadata.acquisition_datetime == dt.datetime(2024, 3, 17, 10, 20, 30, 500_000)


def test_barcode_that_is_no_base64_is_read_as_it_is():
    text = build_philips.description(build_philips.attribute("PIM_DP_UFS_BARCODE", "S-24 0042"))

    assert read_description(text, FILE).metadata.container.barcode == "S-24 0042"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240317102030", dt.datetime(2024, 3, 17, 10, 20, 30)),
        ('"20240317102030.25"', dt.datetime(2024, 3, 17, 10, 20, 30, 250_000)),
        (
            "20240317102030+0130",
            dt.datetime(
                2024, 3, 17, 10, 20, 30, tzinfo=dt.timezone(dt.timedelta(hours=1, minutes=30))
            ),
        ),
        ("20240317102030+9900", None),
        ("20241317102030", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_date_of_scanning_is_read_or_not_known(text, expected):
    attribute = build_philips.attribute("DICOM_ACQUISITION_DATETIME", text)

    found = read_description(build_philips.description(attribute), FILE)

    assert found.metadata.acquisition_datetime == expected


@pytest.mark.parametrize(
    ("derivation", "power"),
    [
        ("tiff-useBigTIFF=1-levels=40,10002,10000,10001-processing=0-q80", 40.0),
        ("tiff-useBigTIFF=1-levels=10003,10002,10000,10001-processing=0", None),
        ("tiff-useBigTIFF=1-levels=0,10002-processing=0", None),
        ('tiff-processing=0-sourceFilename="x-levels=20,1.isyntax"', None),
        ("", None),
    ],
)
def test_objective_is_the_first_level_where_that_can_be_a_power(derivation, power):
    attribute = build_philips.attribute("DICOM_DERIVATION_DESCRIPTION", derivation)
    images = [build_philips.image("WSI", attribute)]

    found = read_description(build_philips.description(images=images), FILE)

    assert found.metadata.optics.objective_power == power


@pytest.mark.parametrize("value", ['"0" "0"', '"x" "0.1"', '"0.1"', '"nan" "0.1"', '"-1" "1"', ""])
def test_spacing_that_is_no_pair_of_positive_numbers_is_not_known(value):
    images = [build_philips.image("WSI", build_philips.attribute("DICOM_PIXEL_SPACING", value))]

    assert read_description(build_philips.description(images=images), FILE).spacings == ()


@pytest.mark.parametrize("count", [0, 2])
def test_xml_of_no_scan_or_several_is_an_error(count):
    text = build_philips.description(images=[build_philips.image("WSI")] * count)

    with pytest.raises(CorruptSourceError, match=f"describes {count} whole slide images"):
        read_description(text, FILE)


def test_xml_that_is_cut_is_an_error(tmp_path):
    built = build_philips.write_philips(tmp_path / "a.tiff")
    built.path.write_bytes(built.path.read_bytes().replace(b"</DataObject>", b"</DataObjekt>"))

    with pytest.raises(CorruptSourceError, match="ImageDescription: the XML cannot be read"):
        PhilipsSource(built.path)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("Aperio", "the first description has no DPUfsImport"),
        ("<a><!-- DPUfsImport --></a>", "no DPUfsImport"),
    ],
)
def test_tiff_of_others_is_refused(tmp_path, description, reason):
    path = tmp_path / "a.tiff"
    tifffile.imwrite(
        path,
        slides.picture(64, 64),
        tile=(64, 64),
        photometric="rgb",
        description=description,
        metadata=None,
    )

    with pytest.raises(Refusal, match=reason):
        PhilipsSource(path)
