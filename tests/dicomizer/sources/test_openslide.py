# SPDX-License-Identifier: Apache-2.0
"""Slides that OpenSlide reads in a child process."""

from __future__ import annotations

import datetime as dt
import shutil

import build_mirax
import build_sakura
import build_vms
import numpy as np
import pytest
import slides

from dicomizer.errors import CorruptSourceError
from dicomizer.pipeline.blank import background
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import Compression, Flavor, LossyStep, PointMm, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.openslide import OpenSlideSource
from dicomizer.sources.openslide.canvas import CanvasLevel, scanned_levels
from dicomizer.sources.openslide.describe import Description
from dicomizer.sources.openslide.origin import hamamatsu_origin
from dicomizer.sources.openslide.storage import Stored
from dicomizer.sources.openslide.unscanned import coverage_level, unscanned_tiles
from dicomizer.sources.openslide.vendors import read_metadata

LEFT_THIRD = frozenset({(column, row) for column in range(4) for row in range(10)})
BLOCK = frozenset({(column, row) for column in range(8, 12) for row in range(4, 8)})


def frames_of(source, image, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def pixels_of(frame: bytes) -> np.ndarray:
    return np.frombuffer(frame, np.uint8).reshape(512, 512, 3)


@pytest.fixture
def mirax(tmp_path):
    path = tmp_path / "a.mrxs"
    return path, build_mirax.write_mirax(path, absent=LEFT_THIRD | BLOCK)


def test_scanned_part_of_the_canvas_is_the_scan(mirax):
    path, _ = mirax

    with OpenSlideSource(path) as source:
        slide = source.slide

    assert slide.format_name == "3DHISTECH MRXS"
    assert [(level.size, level.tile_size, level.spacing) for level in slide.levels] == [
        (SizePx(1024, 1280), SizePx(512, 512), SpacingMm(0.00025, 0.00025)),
        (SizePx(512, 640), SizePx(512, 512), SpacingMm(0.0005, 0.0005)),
        (SizePx(256, 320), SizePx(512, 512), SpacingMm(0.001, 0.001)),
    ]
    assert slide.notes[0] == (
        "the scanned part, 1024 x 1280 pixels from (512, 0) of a canvas of 1536 x 1280, is taken; "
        "the rest was not scanned"
    )


def test_frames_hold_the_stored_pixels_and_repeat_the_last_beyond_the_edge(mirax):
    path, pixels = mirax

    with OpenSlideSource(path) as source:
        frames = frames_of(source, source.slide.levels[0])

    np.testing.assert_array_equal(pixels_of(frames[2]), pixels[512:1024, 512:1024])
    np.testing.assert_array_equal(pixels_of(frames[5])[:256], pixels[1024:1280, 1024:1536])
    assert (pixels_of(frames[5])[256:] == pixels[1279, 1024:1536]).all()


def test_coarser_levels_lie_on_the_finest(mirax):
    path, pixels = mirax

    with OpenSlideSource(path) as source:
        (frame,) = frames_of(source, source.slide.levels[2])

    expected = pixels[0:512:4, 512:1536:4]
    np.testing.assert_array_equal(pixels_of(frame)[:128, :256], expected)


def test_tile_without_anything_scanned_is_missing(mirax):
    path, _ = mirax

    with OpenSlideSource(path) as source:
        level = source.slide.levels[0]
        frames = frames_of(source, level)

    assert level.missing == {3}
    assert [len(frame) for frame in frames] == [786432, 786432, 786432, 0, 786432, 786432]


def test_area_that_was_not_scanned_has_the_colour_of_the_background(mirax):
    path, _ = mirax

    with OpenSlideSource(path) as source:
        first, _ = frames_of(source, source.slide.levels[1])

    assert (pixels_of(first)[256:, 256:] == build_mirax.BACKGROUND).all()


def test_frames_come_in_the_order_asked_for(mirax):
    path, pixels = mirax

    with OpenSlideSource(path) as source:
        frames = frames_of(source, source.slide.levels[0], [4, 3, 0])

    np.testing.assert_array_equal(pixels_of(frames[0])[:256], pixels[1024:1280, 512:1024])
    assert frames[1] == b""
    np.testing.assert_array_equal(pixels_of(frames[2]), pixels[:512, 512:1024])


def test_frames_are_right_after_a_reading_that_was_given_up(tmp_path):
    path = tmp_path / "a.mrxs"
    pixels = build_mirax.write_mirax(path, grid=(24, 10))

    with OpenSlideSource(path) as source:
        level = source.slide.levels[0]
        next(iter(source.frames(level)))
        (frame,) = frames_of(source, level, [7])

    np.testing.assert_array_equal(pixels_of(frame), pixels[512:1024, 512:1024])


def test_two_images_can_be_read_in_turn(mirax):
    path, pixels = mirax

    with OpenSlideSource(path) as source:
        fine, coarse = (source.frames(level, [0]) for level in source.slide.levels[:2])
        first = next(fine)
        second = next(coarse)

    np.testing.assert_array_equal(pixels_of(first[0][0]), pixels[:512, 512:1024])
    np.testing.assert_array_equal(pixels_of(second[0][0])[:256], pixels[:512:2, 512:1536:2])


def test_label_and_macro_are_found(mirax):
    path, _ = mirax

    with OpenSlideSource(path) as source:
        found = [(item.flavor, item.size) for item in source.slide.associated]
        (label,) = frames_of(source, source.slide.associated[0])

    assert found == [(Flavor.LABEL, SizePx(100, 60)), (Flavor.OVERVIEW, SizePx(90, 60))]
    error = np.frombuffer(label, np.uint8).astype(int) - slides.picture(100, 60).ravel()
    assert abs(error).mean() < 5


@pytest.mark.parametrize(
    ("image_format", "methods"),
    [("JPEG", ["ISO_10918_1"]), ("PNG", []), ("BMP24", [])],
)
def test_coding_is_told_as_stored(tmp_path, image_format, methods):
    path = tmp_path / "a.mrxs"
    build_mirax.write_mirax(path, grid=(8, 4), image_format=image_format)

    with OpenSlideSource(path) as source:
        codings = [level.coding for level in source.slide.levels]

    assert {(item.compression, item.lossy) for item in codings} == {
        (Compression.NONE, bool(methods))
    }
    assert [[step.method for step in item.earlier] for item in codings] == [methods] * 3
    stored = (tmp_path / "a" / "Data0000.dat").stat().st_size
    assert abs(sum(item.coded_bytes for item in codings) - stored) <= 2


def test_metadata_of_mirax_is_read(tmp_path):
    path = tmp_path / "a.mrxs"
    general = (
        "SCANNER_HARDWARE_ID = PMIDI-0042\n"
        "SCANNER_HARDWARE_VERSION = P250\n"
        "SCANNER_SOFTWARE_VERSION = 1.18.2"
    )
    build_mirax.write_mirax(path, grid=(4, 4), general=general)

    with OpenSlideSource(path) as source:
        metadata = source.slide.metadata

    assert metadata.equipment.manufacturer == "3DHISTECH"
    assert metadata.equipment.model_name == "P250"
    assert metadata.equipment.device_serial_number == "PMIDI-0042"
    assert metadata.equipment.software_versions == ("1.18.2",)
    assert metadata.optics.objective_power == 20.0
    assert metadata.container.barcode == "S26-1234"
    # The day comes first.
    assert metadata.acquisition_datetime == dt.datetime(2025, 11, 2, 13, 4, 5)


def test_number_is_no_name_of_a_scanner(tmp_path):
    properties = {"mirax.GENERAL.SCANNER_HARDWARE_VERSION": "1.0"}

    assert read_metadata("mirax", tmp_path, properties).equipment.model_name is None


def test_vms_of_several_files_is_read_as_one(tmp_path):
    path = tmp_path / "a.vms"
    pixels = build_vms.write_vms(path)

    with OpenSlideSource(path) as source:
        slide = source.slide
        frames = frames_of(source, slide.levels[0])

    assert slide.format_name == "Hamamatsu VMS"
    assert slide.levels[0].size == SizePx(1536, 768)
    assert slide.levels[0].spacing == SpacingMm(0.00023, 0.00023)
    assert slide.metadata.container.label_text == "S26-1234"
    (macro,) = slide.associated
    assert (macro.flavor, macro.spacing) == (Flavor.OVERVIEW, SpacingMm(0.25, 0.25))
    stored = sum((tmp_path / name).stat().st_size for name in ("a.jpg", "a(1,0).jpg"))
    assert slide.levels[0].coding.coded_bytes == stored
    assert slide.levels[0].coding.earlier == (LossyStep("ISO_10918_1", 1536 * 768 * 3 / stored),)
    # Coarser levels are of these files or of the map: nobody tells.
    assert slide.levels[1].coding.earlier == (LossyStep("ISO_10918_1", None),)
    stored = (tmp_path / "a_macro.jpg").stat().st_size
    assert macro.coding.earlier == (LossyStep("ISO_10918_1", 300 * 100 * 3 / stored),)
    error = pixels_of(frames[1]).astype(int) - pixels[:512, 512:1024]
    assert abs(error).mean() < 2


def test_vms_lies_where_its_offsets_put_it(tmp_path):
    path = tmp_path / "a.vms"
    build_vms.write_vms(path)

    with OpenSlideSource(path) as source:
        origin = source.slide.scans[0].origin

    # 10 mm right of and 2 mm above the centre of the glass is the centre of 0.35328 x 0.17664 mm.
    assert origin == PointMm(x=pytest.approx(14.58832), y=pytest.approx(27.67664))


@pytest.mark.parametrize(
    ("right", "down"), [("0", "0"), ("x", "y"), ("900000000", "0"), ("0", "-900000000")]
)
def test_offsets_that_place_nothing_on_the_glass_are_not_used(right, down):
    properties = {
        "hamamatsu.XOffsetFromSlideCentre": right,
        "hamamatsu.YOffsetFromSlideCentre": down,
        "hamamatsu.PhysicalWidth": "350000",
        "hamamatsu.PhysicalHeight": "170000",
        "hamamatsu.MacroWidth": "75000000",
        "hamamatsu.MacroHeight": "25000000",
    }

    assert hamamatsu_origin(properties) is None


def test_sakura_is_read(tmp_path):
    path = tmp_path / "a.svslide"
    pixels = build_sakura.write_sakura(path)

    with OpenSlideSource(path) as source:
        slide = source.slide
        frames = frames_of(source, slide.levels[0])

    assert slide.format_name == "Sakura svslide"
    assert [(level.size, level.spacing) for level in slide.levels] == [
        (SizePx(700, 600), SpacingMm(0.00025, 0.00025)),
        (SizePx(175, 150), SpacingMm(0.001, 0.001)),
    ]
    # The database may hold other focal planes, and much else.
    assert slide.levels[0].coding.earlier == (LossyStep("ISO_10918_1", None),)
    assert slide.metadata.optics.objective_power == 40.0
    assert slide.metadata.container.identifier == "S26-1234"
    error = pixels_of(frames[0]).astype(int) - pixels[:512, :512]
    assert abs(error).mean() < 2


MIRAX_FILE = {
    "mirax.HIERARCHICAL.HIER_0_NAME": "Slide zoom level",
    "mirax.HIERARCHICAL.HIER_0_COUNT": "2",
    "mirax.HIERARCHICAL.HIER_0_VAL_0_SECTION": "L0",
    "mirax.HIERARCHICAL.HIER_0_VAL_1_SECTION": "L1",
    "mirax.L0.IMAGE_FORMAT": "JPEG",
    "mirax.L1.IMAGE_FORMAT": "JPEG",
    "mirax.DATAFILE.FILE_0": "Data0000.dat",
}


def mirax_history(folder, properties=(), *, number=0, scanned=8000):
    """Return the history of a level of a slide with 1000 bytes of data."""
    (folder / "a").mkdir()
    (folder / "a" / "Data0000.dat").write_bytes(bytes(1000))
    sizes = [SizePx(100, 100), SizePx(50, 50)]
    told = {**MIRAX_FILE, **dict(properties)}
    return Stored("mirax", folder / "a.mrxs", told, sizes).level_history(number, scanned)


@pytest.mark.parametrize("number", [0, 1])
def test_ratio_of_mirax_is_the_mean_over_all_that_was_scanned(tmp_path, number):
    # Of 10,000 and 2,500 pixels of the canvas, four fifths; three bytes each.
    assert mirax_history(tmp_path, number=number) == (LossyStep("ISO_10918_1", 30.0),)


@pytest.mark.parametrize(
    "more",
    [
        {"mirax.HIERARCHICAL.HIER_1_NAME": "Focus", "mirax.HIERARCHICAL.HIER_1_COUNT": "3"},
        {"mirax.L1.IMAGE_FORMAT": "PNG"},
        {"mirax.DATAFILE.FILE_0": "Data0001.dat"},
    ],
)
def test_ratio_is_not_known_where_the_files_hold_other_data(tmp_path, more):
    assert mirax_history(tmp_path, more) == (LossyStep("ISO_10918_1", None),)


def test_ratio_is_not_known_where_nobody_looked_what_was_scanned(tmp_path):
    assert mirax_history(tmp_path, scanned=None) == (LossyStep("ISO_10918_1", None),)


def test_level_has_lost_what_the_finer_ones_have(tmp_path):
    lossless_base = {"mirax.L0.IMAGE_FORMAT": "PNG"}

    assert mirax_history(tmp_path, lossless_base) == ()
    (tmp_path / "b").mkdir()
    assert mirax_history(tmp_path / "b", lossless_base, number=1) == (
        LossyStep("ISO_10918_1", None),
    )


def test_vmu_is_stored_without_loss(tmp_path):
    properties = {"hamamatsu.ImageFile": "a.vmu.img", "hamamatsu.PixelOrder": "RGB"}
    stored = Stored("hamamatsu", tmp_path / "a.vmu", properties, [SizePx(9, 9)])

    assert stored.level_history(0, None) == ()


@pytest.mark.parametrize(
    ("layers", "suffix", "files"), [("3", ".vms", {"hamamatsu.ImageFile": "a"}), ("1", ".ndpi", {})]
)
def test_ratio_of_several_planes_or_of_ndpi_is_not_known(tmp_path, layers, suffix, files):
    path = tmp_path / f"a{suffix}"
    for name in ("a", path.name):
        (tmp_path / name).write_bytes(bytes(100))
    properties = {"hamamatsu.NoLayers": layers, **files}
    stored = Stored("hamamatsu", path, properties, [SizePx(90, 90)])

    assert stored.level_history(0, None) == (LossyStep("ISO_10918_1", None),)


def test_ratio_of_an_associated_image_without_a_file_is_not_known(mirax):
    path, _ = mirax

    with OpenSlideSource(path) as source:
        codings = [item.coding for item in source.slide.associated]

    assert [item.earlier for item in codings] == [(LossyStep("ISO_10918_1", None),)] * 2


def described(path, *, thumbnail=None, bounds=(), icc_profile=b""):
    """Return the slide for what OpenSlide tells of a canvas of 1000 x 800."""
    properties = {
        f"openslide.bounds-{name}": str(value)
        for name, value in zip(("x", "y", "width", "height"), bounds, strict=False)
    }
    if thumbnail:
        for side, value in zip(("width", "height"), thumbnail, strict=True):
            properties[f"openslide.associated.thumbnail.{side}"] = str(value)
    opened = {
        "vendor": "sakura",
        "version": "4.0.0",
        "sizes": [(1000, 800)],
        "properties": properties,
        "associated": {"thumbnail": ""} if thumbnail else {},
        "icc_profile": icc_profile.hex(),
    }
    return Description(path, opened).slide({})


def test_colour_profile_is_kept(tmp_path):
    slide = described(tmp_path / "a.svslide", icc_profile=srgb_profile())

    assert slide.levels[0].icc_profile == srgb_profile()
    assert slide.notes[-1] == "pixels are as OpenSlide 4.0.0 decodes them"


@pytest.mark.parametrize(
    ("thumbnail", "bounds"),
    [((100, 80), ()), ((100, 80), (0, 0, 1000, 800)), ((101, 50), (0, 0, 1000, 500))],
)
def test_thumbnail_of_the_scanned_part_is_taken(tmp_path, thumbnail, bounds):
    slide = described(tmp_path / "a.svslide", thumbnail=thumbnail, bounds=bounds)

    assert [item.flavor for item in slide.associated] == [Flavor.THUMBNAIL]


@pytest.mark.parametrize(
    ("thumbnail", "bounds"),
    [
        ((100, 80), (200, 0, 600, 500)),  # the canvas
        ((100, 80), (100, 100, 500, 400)),  # the canvas or the part
        ((100, 30), (200, 0, 600, 500)),  # something else
        ((100, 70), ()),
    ],
)
def test_thumbnail_that_may_show_another_area_is_left_out(tmp_path, thumbnail, bounds):
    slide = described(tmp_path / "a.svslide", thumbnail=thumbnail, bounds=bounds)

    assert slide.associated == ()
    width, height = thumbnail
    note = f"thumbnail ({width} x {height}) left out: nothing tells that it shows just the scanned"
    assert f"{note} part" in slide.notes


@pytest.mark.parametrize("write", [slides.write_svs, slides.write_tiled_tiff])
def test_format_that_has_a_reader_is_left_to_it(tmp_path, write):
    built = write(tmp_path / "a.tif")

    with pytest.raises(Refusal, match="is left to a reader of its own"):
        OpenSlideSource(built.path)


def test_mrxs_without_its_folder_says_so(mirax):
    path, _ = mirax
    shutil.rmtree(path.with_suffix(""))

    with pytest.raises(CorruptSourceError, match=r"found no folder a/ with Slidedat\.ini"):
        OpenSlideSource(path)


def test_vms_without_one_of_its_files_says_so(tmp_path):
    path = tmp_path / "a.vms"
    build_vms.write_vms(path)
    (tmp_path / "a(1,0).jpg").unlink()

    with pytest.raises(CorruptSourceError, match=r"found no a\(1,0\)\.jpg beside it"):
        OpenSlideSource(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("no slide")

    with pytest.raises(Refusal, match="OpenSlide does not know its format"):
        OpenSlideSource(path)


def test_broken_image_is_an_error_when_the_slide_is_opened(mirax):
    path, _ = mirax
    data = path.with_suffix("") / "Data0000.dat"
    data.write_bytes(data.read_bytes().replace(b"PNG", b"GNP", 1))

    with pytest.raises(CorruptSourceError, match=r"a\.mrxs: level 0: cannot be read: PNG error"):
        OpenSlideSource(path)


def test_tile_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "a.vms"
    build_vms.write_vms(path)

    with OpenSlideSource(path) as source:
        (tmp_path / "a(1,0).jpg").unlink()

        with pytest.raises(CorruptSourceError, match=r"a\.vms: level 0, frame 2: cannot be read"):
            frames_of(source, source.slide.levels[0], [2])


def test_canvas_that_no_scanner_makes_is_an_error(tmp_path):
    path = tmp_path / "a.mrxs"
    build_mirax.write_mirax(path, grid=(4, 4))
    index = path.with_suffix("") / "Slidedat.ini"
    text = index.read_text("utf-8-sig").replace("IMAGENUMBER_X = 4", "IMAGENUMBER_X = 400000")
    index.write_text(text, "utf-8-sig")

    with pytest.raises(CorruptSourceError, match=r"a\.mrxs: the slide is 51200000 x 512 pixels"):
        OpenSlideSource(path)


def test_corner_is_moved_to_a_pixel_of_every_level():
    sizes = [SizePx(1000, 800), SizePx(250, 200), SizePx(62, 50)]
    bounds = {"x": "101", "y": "33", "width": "300", "height": "200"}
    properties = {f"openslide.bounds-{key}": value for key, value in bounds.items()}

    levels, _ = scanned_levels(sizes, properties)

    assert levels == (
        CanvasLevel(0, 1, 96, 32, SizePx(305, 201)),
        CanvasLevel(1, 4, 96, 32, SizePx(77, 51)),
        CanvasLevel(2, 16, 96, 32, SizePx(20, 13)),
    )


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"x": "0", "y": "0", "width": "0", "height": "9"},
        {"x": "5000", "y": "0", "width": "10", "height": "10"},
        {"x": "a", "y": "0", "width": "10", "height": "10"},
    ],
)
def test_bounds_that_bound_nothing_leave_the_canvas(bounds):
    properties = {f"openslide.bounds-{key}": value for key, value in bounds.items()}

    levels, notes = scanned_levels([SizePx(1000, 800)], properties)

    assert levels == (CanvasLevel(0, 1, 0, 0, SizePx(1000, 800)),)
    assert notes == []


def test_level_that_is_no_power_of_two_is_left_out():
    sizes = [SizePx(1000, 900), SizePx(333, 300), SizePx(250, 225)]

    levels, notes = scanned_levels(sizes, {})

    assert [level.number for level in levels] == [0, 2]
    assert notes == [
        "level 1 (333 x 300) is no reduction of 1000 x 900 by a power of two: left out"
    ]


def test_coarse_coverage_keeps_tiles_whose_edge_it_cannot_tell():
    level = CanvasLevel(0, 1, 0, 0, SizePx(2048, 512))
    coverage = np.zeros((32, 128), np.uint8)
    coverage[:, 32] = 255

    assert unscanned_tiles(level, coverage, 16) == {2, 3}


@pytest.mark.parametrize("seed", range(20))
def test_coarse_coverage_never_loses_what_a_fine_one_has(seed):
    chance = np.random.default_rng(seed)
    width, height = (int(side) for side in chance.integers(600, 2500, 2))
    level = CanvasLevel(0, 1, 0, 0, SizePx(width, height))
    fine = np.zeros((height, width), np.uint8)
    for _ in range(4):
        x, y = chance.integers(0, width), chance.integers(0, height)
        fine[y : y + chance.integers(1, 400), x : x + chance.integers(1, 400)] = 255
    factor = int(2 ** chance.integers(1, 7))
    coarse = np.zeros((height // factor, width // factor), np.uint8)
    y, x = (place // factor for place in fine.nonzero())
    coarse[y.clip(max=coarse.shape[0] - 1), x.clip(max=coarse.shape[1] - 1)] = 255

    assert unscanned_tiles(level, coarse, factor) <= unscanned_tiles(level, fine, 1)


def test_blank_slide_stays_a_picture():
    level = CanvasLevel(0, 1, 0, 0, SizePx(1024, 512))

    assert unscanned_tiles(level, np.zeros((32, 64), np.uint8), 16) == frozenset()


def test_coverage_is_looked_at_in_the_finest_level_that_is_small():
    levels = [
        CanvasLevel(number, 1 << number, 0, 0, SizePx(8192 >> number, 8192 >> number))
        for number in range(4)
    ]

    assert coverage_level(levels) == levels[2]
    assert coverage_level(levels[:1]) is None


def test_missing_tiles_have_the_colour_of_what_was_not_scanned_beside_them(tmp_path):
    path = tmp_path / "a.mrxs"
    # Half of the second tile, and all of the fourth, of each row.
    absent = frozenset((column, row) for column in (6, 7) for row in range(10)) | BLOCK
    build_mirax.write_mirax(path, absent=absent)
    with OpenSlideSource(path) as source:
        image = source.slide.levels[0]
        shown = {
            tuple(pixel)
            for frame in frames_of(source, image)
            for pixel in pixels_of(frame)[::64, ::64].reshape(-1, 3)
        }
        told = source.slide.scans[0].background
        found = background(image, source.slide.scans[0], 0)

    assert told is not None
    assert told != (255, 255, 255)
    assert found == told
    assert told in shown
