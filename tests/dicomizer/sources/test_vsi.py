# SPDX-License-Identifier: Apache-2.0
"""Olympus VSI."""

from __future__ import annotations

import datetime as dt
import shutil

import build_vsi
import imagecodecs
import numpy as np
import pytest
import slides

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8
from dicomizer.slide import ColorSpace, Compression, Flavor, Illumination, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.vsi import VsiSource


def frames_of(source, image, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


@pytest.fixture
def written(tmp_path):
    """Write images as a slide and return its path."""

    def write(*images, **more):
        path = tmp_path / "a.vsi"
        build_vsi.write_vsi(path, images, **more)
        return path

    return write


def test_levels_and_spacing_are_found(written):
    with VsiSource(written(build_vsi.brightfield())) as source:
        slide = source.slide

    assert slide.format_name == "Olympus VSI"
    assert [(level.size, level.tile_size, level.spacing) for level in slide.levels] == [
        (SizePx(300, 200), SizePx(128, 128), SpacingMm(0.00025, 0.0005)),
        (SizePx(150, 100), SizePx(128, 128), SpacingMm(0.0005, 0.001)),
    ]
    assert slide.scans[0].name == "20x_01"
    assert slide.notes == ()


@pytest.mark.parametrize(
    ("color", "space"), [("ycbcr420", ColorSpace.YCBCR), ("rgb", ColorSpace.RGB)]
)
def test_jpeg_tiles_are_passed_through(written, color, space):
    image = build_vsi.brightfield(lambda tile: _marked(tile, color))

    with VsiSource(written(image)) as source:
        level = source.slide.levels[0]
        frames = frames_of(source, level)

    assert (level.coding.compression, level.coding.color_space) == (Compression.JPEG, space)
    assert (level.coding.lossy, level.coding.method) == (True, "ISO_10918_1")
    assert level.coding.coded_bytes == sum(
        len(tile) for place, tile in image.tiles.items() if place[-1] == 0
    )
    stored = [image.tiles[column, row, 0] for row in range(2) for column in range(3)]
    assert [slides.scan(frame) for frame in frames] == [slides.scan(tile) for tile in stored]


def _marked(tile, color) -> bytes:
    """Return JPEG whose component identifiers tell RGB, as no table of TIFF does here."""
    if color == "rgb":
        return imagecodecs.jpeg8_encode(tile, 85, colorspace="rgb", outcolorspace="rgb")
    return slides.encoded(tile, color)


def test_planes_and_paths_come_in_order(written):
    with VsiSource(written(build_vsi.fluorescence())) as source:
        (scan,) = source.slide.scans
        (level,) = scan.levels
        frames = frames_of(source, level)

    assert (level.planes, level.paths, level.pixel_format) == (3, 2, GREY_16)
    assert scan.plane_spacing_um == 1.5
    for path in range(2):
        for plane in range(3):
            pixels = imagecodecs.jpeg2k_decode(frames[path * 3 + plane])
            np.testing.assert_array_equal(pixels, build_vsi.plane_pixels(plane, path))


@pytest.mark.parametrize(("reversible", "method"), [(True, None), (False, "ISO_15444_1")])
def test_jpeg_2000_is_lossless_only_with_the_reversible_wavelet(written, reversible, method):
    image = build_vsi.fluorescence(reversible=reversible)

    with VsiSource(written(image)) as source:
        coding = source.slide.levels[0].coding

    assert (coding.compression, coding.color_space) == (
        Compression.JPEG_2000,
        ColorSpace.MONOCHROME,
    )
    assert (coding.lossy, coding.method) == (not reversible, method)


def test_channels_are_optical_paths(written):
    with VsiSource(written(build_vsi.fluorescence())) as source:
        first, second = source.slide.scans[0].optical_paths

    assert (first.name, first.illumination) == ("channel 0", Illumination.FLUORESCENCE)
    assert (first.emission_nm, second.emission_nm) == (455.0, 505.0)
    assert first.exposure_ms == 20.0
    # The table is in the order blue, green, red.
    assert (first.color, second.color) == ((0, 0, 255), (0, 255, 0))


def test_metadata_is_read(written):
    with VsiSource(written(build_vsi.brightfield(), barcode="S26-1234")) as source:
        metadata = source.slide.metadata

    assert metadata.equipment.manufacturer == "Olympus"
    assert metadata.equipment.software_versions == ("OLYMPUS cellSens 4.1",)
    assert metadata.optics.objective_power == 20.0
    assert metadata.container.barcode == "S26-1234"
    assert metadata.acquisition_datetime == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)


def test_spacing_in_another_unit_is_not_known(written):
    with VsiSource(written(build_vsi.brightfield(unit="pixel"))) as source:
        assert source.slide.levels[0].spacing is None


def test_tile_that_is_not_stored_is_missing(written):
    image = build_vsi.brightfield()
    del image.tiles[1, 1, 0]

    with VsiSource(written(image)) as source:
        level = source.slide.levels[0]
        frames = frames_of(source, level, [3, 4, 5])

    assert level.missing == {4}
    assert [bool(frame) for frame in frames] == [True, False, True]


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        (build_vsi.PNG, imagecodecs.png_encode),
        (build_vsi.BMP, imagecodecs.bmp_encode),
    ],
)
def test_other_codings_are_decoded(written, coding, encode):
    image = build_vsi.brightfield(lambda tile: bytes(encode(tile)), coding=coding)

    with VsiSource(written(image)) as source:
        level = source.slide.levels[0]
        frames = frames_of(source, level)

    assert (level.coding.compression, level.coding.lossy) == (Compression.NONE, False)
    tiles = slides.tiles_of(slides.picture(300, 200), 128)
    assert frames == [tile.tobytes() for tile in tiles]


def test_plain_grey_tiles_are_kept(written):
    image = build_vsi.BuiltImage(coding=build_vsi.PLAIN, samples=1, bits=16, size=(96, 96), tile=96)
    image.tiles[0, 0, 0] = build_vsi.plane_pixels(0, 0).tobytes()

    with VsiSource(written(image)) as source:
        level = source.slide.levels[0]

        assert frames_of(source, level) == [build_vsi.plane_pixels(0, 0).tobytes()]
    assert level.coding.compression is Compression.NONE
    assert level.pixel_format == GREY_16


def test_grey_jpeg_is_decoded(written):
    pixels = slides.picture(128, 128)[..., 0]
    image = build_vsi.BuiltImage(samples=1, size=(128, 128))
    image.tiles[0, 0, 0] = imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels), 90)

    with VsiSource(written(image)) as source:
        level = source.slide.levels[0]
        (frame,) = frames_of(source, level)

    assert (level.pixel_format, level.coding.method) == (GREY_8, "ISO_10918_1")
    error = np.frombuffer(frame, np.uint8).reshape(128, 128).astype(int) - pixels
    assert abs(error).mean() < 3


def test_label_and_overview_are_whole_pictures(written):
    encode = imagecodecs.png_encode
    images = [
        build_vsi.brightfield(number=3),
        build_vsi.brightfield(
            encode, number=1, name="Label", coding=build_vsi.PNG, size=(150, 140)
        ),
        build_vsi.brightfield(number=2, name="Overview", kind=1, size=(200, 70)),
    ]

    with VsiSource(written(*images)) as source:
        found = {item.flavor: item for item in source.slide.associated}
        (label,) = frames_of(source, found[Flavor.LABEL])
        (overview,) = frames_of(source, found[Flavor.OVERVIEW])

    assert label == slides.picture(150, 140).tobytes()
    assert found[Flavor.LABEL].tile_size == SizePx(150, 140)
    assert found[Flavor.OVERVIEW].pixel_format == RGB_8
    error = np.frombuffer(overview, np.uint8).astype(int) - slides.picture(200, 70).ravel()
    assert abs(error).mean() < 5
    assert [scan.name for scan in source.slide.scans] == ["20x_01"]


def test_preview_is_the_thumbnail(written):
    with VsiSource(written(build_vsi.brightfield())) as source:
        (thumbnail,) = source.slide.associated
        (frame,) = frames_of(source, thumbnail)

    assert (thumbnail.flavor, thumbnail.size) == (Flavor.THUMBNAIL, SizePx(300, 200))
    assert frame


def test_preview_of_another_shape_is_no_thumbnail(written):
    images = [build_vsi.brightfield(), build_vsi.brightfield(number=2)]
    path = written(*images)
    first = path.parent / "_a_" / "stack1" / "frame_t_0.ets"
    first.write_bytes(build_vsi.ets(build_vsi.brightfield(size=(200, 300))))

    with VsiSource(path) as source:
        assert source.slide.associated == ()
        assert source.slide.notes == (
            "preview (300 x 200) left out: it does not have the shape of the scan",
        )


def test_several_images_are_several_scans(written):
    images = [build_vsi.brightfield(), build_vsi.brightfield(number=10000, name="20x_02")]

    with VsiSource(written(*images)) as source:
        names = [scan.name for scan in source.slide.scans]
        frames = [frames_of(source, scan.levels[1]) for scan in source.slide.scans]

    assert names == ["20x_01", "20x_02"]
    assert frames[0] == frames[1]


def test_masks_are_left_out_with_a_note(written):
    images = [build_vsi.brightfield(), build_vsi.brightfield(number=2, name="mask", kind=2)]

    with VsiSource(written(*images)) as source:
        assert len(source.slide.scans) == 1
        assert source.slide.notes == ("image 2 (mask) left out: it is no picture",)


def test_part_of_the_grid_before_the_origin_is_kept(written):
    image = build_vsi.brightfield(origin=(-40, -8))

    with VsiSource(written(image)) as source:
        assert source.slide.levels[0].size == SizePx(300, 200)


def test_of_several_points_in_time_the_first_is_taken(written):
    image = build_vsi.BuiltImage(
        coding=build_vsi.PLAIN, samples=1, size=(16, 16), tile=16, dimensions=((build_vsi.TIME, 2),)
    )
    image.tiles = {(0, 0, 0, 0): bytes(256), (0, 0, 1, 0): b"\1" * 256}

    with VsiSource(written(image)) as source:
        assert frames_of(source, source.slide.levels[0]) == [bytes(256)]
        assert source.slide.notes == ("image 1 has several points in time: the first is taken",)


def test_missing_folder_says_so(written):
    path = written(build_vsi.brightfield())
    shutil.rmtree(path.parent / "_a_")

    with pytest.raises(CorruptSourceError, match=r"a\.vsi: found no folder _a_ beside it"):
        VsiSource(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no TIFF signature"),
        (b"II*\0" + bytes(60), "no volume of tags behind the TIFF header"),
        (b"MM\0*" + bytes(60), "no TIFF signature"),
    ],
)
def test_other_files_are_refused(tmp_path, content, reason):
    path = tmp_path / "a.vsi"
    path.write_bytes(content)

    with pytest.raises(Refusal, match=reason):
        VsiSource(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": 2}, "frame_t_0.ets has 2 samples of pixel type 2"),
        ({"coding": 5}, "frame_t_0.ets is coded in the unknown way 5"),
        ({"coding": 0}, "plain colour samples, in an order that nobody tells"),
        ({"dimensions": ((7, 2),), "tiles": {(0, 0, 1, 0): b""}}, "what coordinate 2 of a tile"),
    ],
)
def test_pixels_that_cannot_be_read_are_told(written, change, message):
    image = build_vsi.brightfield()
    for name, value in change.items():
        setattr(image, name, value)

    with pytest.raises(CorruptSourceError, match=message):
        VsiSource(written(image))


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (0, b"SIX\0", "expected SIS"),
        (12, b"\2\0\0\0", "found 2 coordinates of a tile"),
        (40, b"\xff\xff\xff\x7f", "found 2147483647 tiles"),
        (32, b"\xff\xff\xff\x7f", "the table of tiles ends behind the file"),
        (20, b"\xff\xff\xff\xff", "the second header begins behind the file"),
        (64, b"ETX\0", "expected ETS"),
        (92, b"\xff\xff\xff\xff", "a tile is 4294967295 x 128 pixels"),
        (100, b"\2\0\0\0", "a tile has 2 planes"),
        (248, b"\3\0\0\0", "found 3 extents, expected 2"),
        (252, b"\0\0\0\0", "the image is 0 x 200 pixels"),
        (252, b"\4\0\0\0", "a tile is at 2, expected less than 1"),
    ],
)
def test_damaged_headers_are_told(written, offset, value, message):
    path = written(build_vsi.brightfield())
    file = path.parent / "_a_" / "stack1" / "frame_t_0.ets"
    data = bytearray(file.read_bytes())
    data[offset : offset + 4] = value
    file.write_bytes(data)

    with pytest.raises(CorruptSourceError, match=message):
        VsiSource(path)


def test_damaged_tile_is_named(written):
    image = build_vsi.fluorescence()
    place = (0, 0, 0, 2, 1, 0)
    image.tiles[place] = b"\xff\x4f" + bytes(40)

    with (
        VsiSource(written(image)) as source,
        pytest.raises(CorruptSourceError, match=r"frame_t_0\.ets: tile 5: .*no SIZ"),
    ):
        frames_of(source, source.slide.levels[0])


def test_tags_that_run_in_a_circle_are_an_error(written):
    path = written(build_vsi.brightfield())
    data = bytearray(path.read_bytes())
    data[8 + 24 + 8 : 8 + 24 + 12] = b"\x18\0\0\0"
    path.write_bytes(data)

    with pytest.raises(CorruptSourceError, match="is followed by one before it"):
        VsiSource(path)


def test_tiles_beyond_our_limit_are_told_as_such_and_not_as_damage(written):
    image = build_vsi.BuiltImage(size=(20_000, 9_000), tile=9_000)
    image.tiles[0, 0, 0] = slides.encoded(slides.picture(16, 16), "ycbcr420")

    with pytest.raises(SourceError) as caught:
        VsiSource(written(image))

    assert not isinstance(caught.value, CorruptSourceError)
    assert str(caught.value).endswith(
        "frame_t_0.ets: its tiles are 9000 x 9000 pixels, expected at most 67,108,864 pixels; "
        "save it with smaller tiles; if it never had such, copy it again"
    )


def test_tiles_of_no_pixel_are_damage(written):
    path = written(build_vsi.brightfield())
    ets = next(path.parent.rglob("*.ets"))
    data = bytearray(ets.read_bytes())
    width = data.index(b"ETS\0") + 28
    data[width : width + 4] = bytes(4)
    ets.write_bytes(data)

    with pytest.raises(CorruptSourceError, match="a tile is 0 x 128 pixels"):
        VsiSource(path)
