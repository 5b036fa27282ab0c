# SPDX-License-Identifier: Apache-2.0
"""The synthetic slide: its layout, its repeatability, its pixels, its label."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc

import imagecodecs
import make_slide
import numpy as np
import openslide
import pytest
import tifffile
from he_section.anatomy import Slide
from he_section.code128 import modules
from he_section.noise import Noise
from he_section.picture import picture
from make_slide import SlideOptions

SMALL = SlideOptions(width=1500, height=1100)
TINY = SlideOptions(width=300, height=200, tile=64)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("slide") / "small.svs"
    make_slide.make_slide(path, SMALL)
    return path


@pytest.fixture(scope="session")
def small_rgb(tmp_path_factory):
    path = tmp_path_factory.mktemp("slide") / "small.svs"
    make_slide.make_slide(path, SlideOptions(width=700, height=500, tile=240, color="rgb"))
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made(tmp_path, name, **changes):
    path = tmp_path / name
    make_slide.make_slide(
        path, SlideOptions(**({"width": 300, "height": 200, "tile": 64} | changes))
    )
    return path


def test_openslide_sees_an_aperio_slide_with_everything(small):
    with openslide.OpenSlide(small) as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert slide.level_dimensions == ((1500, 1100), (375, 275))
        assert slide.properties["openslide.mpp-x"] == "0.5"
        assert slide.properties["openslide.objective-power"] == "20"
        sizes = {name: image.size for name, image in slide.associated_images.items()}
        assert sizes == {"thumbnail": (375, 275), "label": (609, 567), "macro": (1280, 431)}


def test_directories_stand_in_the_order_of_aperio(small):
    with tifffile.TiffFile(small) as tiff:
        found = [(page.is_tiled, page.compression.name, page.subfiletype) for page in tiff.pages]

    assert found == [
        (True, "JPEG", 0),
        (False, "JPEG", 0),
        (True, "JPEG", 0),
        (False, "LZW", 1),
        (False, "JPEG", 9),
    ]


def test_the_file_says_that_it_is_synthetic(small):
    with openslide.OpenSlide(small) as slide:
        assert slide.properties["aperio.ScanScope ID"] == "SYNTHETIC"
        assert slide.properties["aperio.Filename"] == "synthetic H&E section, seed 1"


def test_the_finest_level_has_an_srgb_profile(small):
    with tifffile.TiffFile(small) as tiff:
        profile = tiff.pages[0].tags["InterColorProfile"].value

    assert profile[16:20] == b"RGB "
    assert profile[36:40] == b"acsp"


def test_same_options_make_the_same_bytes(tmp_path):
    assert digest(made(tmp_path, "a.svs")) == digest(made(tmp_path, "b.svs"))


@pytest.mark.parametrize("changes", [{"seed": 2}, {"case": "B"}, {"quality": 79}, {"color": "rgb"}])
def test_other_options_make_other_bytes(tmp_path, changes):
    assert digest(made(tmp_path, "a.svs")) != digest(made(tmp_path, "b.svs", **changes))


def test_nothing_but_the_slide_is_left(tmp_path):
    path = made(tmp_path, "a.svs")

    assert list(tmp_path.iterdir()) == [path]


def test_tiles_are_abbreviated_and_decode_with_the_tables(small):
    with tifffile.TiffFile(small) as tiff:
        page = tiff.pages[0]
        tile = tile_bytes(tiff, page, 8)
        tables = page.jpegtables

    assert markers(tile) == [0xC0, 0xDA]
    assert markers(tables) == [0xDB, 0xDB, 0xC4, 0xC4, 0xC4, 0xC4]
    assert imagecodecs.jpeg8_decode(tile, tables=tables).shape == (256, 256, 3)


def test_rgb_tiles_have_plain_identifiers_and_the_right_colours(small_rgb):
    with tifffile.TiffFile(small_rgb) as tiff:
        tile = tile_bytes(tiff, tiff.pages[0], 0)
        assert tiff.pages[0].photometric.name == "RGB"
    with openslide.OpenSlide(small_rgb) as slide:
        glass = np.asarray(slide.read_region((0, 0), 0, (30, 30)))[..., :3]

    frame = tile.index(b"\xff\xc0")
    assert tile[frame + 10 : frame + 19 : 3] == bytes((0, 1, 2))
    assert np.abs(glass.mean((0, 1)) - (243, 243, 244)).max() < 3


def test_a_level_is_the_mean_of_the_finer_one(small):
    with tifffile.TiffFile(small) as tiff:
        fine, coarse = tiff.pages[0].asarray(), tiff.pages[2].asarray()

    mean = fine.reshape(275, 4, 375, 4, 3).mean((1, 3))
    error = luminance(coarse - mean)
    assert abs(error.mean()) < 0.3
    assert np.abs(error).mean() < 3
    assert np.percentile(np.abs(error), 99) < 18


def test_the_last_rows_reach_the_lower_levels(tmp_path):
    path = made(tmp_path, "a.svs", width=1600, height=1400, tile=512)

    with tifffile.TiffFile(path) as tiff:
        fine, coarse = tiff.pages[0].asarray(), tiff.pages[2].asarray()
    assert coarse.shape == (350, 400, 3)
    bottom = fine[-40:].reshape(10, 4, 400, 4, 3).mean((1, 3))
    assert np.abs(luminance(coarse[-10:] - bottom)).mean() < 3


def test_a_picture_is_the_same_whatever_window_it_is_drawn_in():
    slide = Slide(3000, 2000, 0.5, Noise(4))

    whole = picture(slide, 800, 700, 500, 300)
    part = picture(slide, 1090, 810, 130, 140)

    difference = np.abs(whole[110:250, 290:420].astype(int) - part)
    assert difference.max() <= 1


def test_the_section_is_pink_and_blue_on_bright_glass(small):
    with tifffile.TiffFile(small) as tiff:
        pixels = tiff.pages[0].asarray().astype(int)

    red, green, blue = np.moveaxis(pixels, -1, 0)
    glass = pixels.min(-1) > 225
    eosin = (red > blue + 15) & (blue > green + 15)
    nuclei = (blue > red + 15) & (red < 120)
    assert 0.2 < glass.mean() < 0.7
    assert eosin.mean() > 0.1
    assert 0.01 < nuclei.mean() < 0.3


@pytest.mark.parametrize("case", ["24-001234-A-1-5", "B", "A 0"])
def test_the_barcode_on_the_label_says_the_case(tmp_path, case):
    path = made(tmp_path, "a.svs", case=case)

    with openslide.OpenSlide(path) as slide:
        label = np.asarray(slide.associated_images["label"].convert("L"))
    assert read_barcode(label[420]) == case


def test_the_barcode_of_one_letter_is_that_of_the_standard():
    widths = [str(len(list(run))) for _, run in itertools.groupby(modules("A"))]

    assert "".join(widths) == "2112141113231311232331112"


def test_memory_does_not_grow_with_height(tmp_path):
    peaks = []
    for height in (2048, 8192):
        tracemalloc.start()
        made(tmp_path, "tall.svs", width=128, height=height)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--width", "3"], "width is 3, expected 64 to 400000"),
        (["--tile", "100"], "tile is 100, expected a multiple of 16"),
        (["--case", "x" * 21], "has more than 20 characters"),
        (["--case", "Müller"], "is empty or not printable ASCII"),
        (["--color", "grey"], "invalid choice"),
    ],
)
def test_wrong_usage_is_told(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        make_slide.main([str(tmp_path / "a.svs"), *arguments])

    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_missing_folder_is_one_line(tmp_path, capsys):
    code = make_slide.main([str(tmp_path / "none" / "a.svs"), "--width", "64", "--height", "64"])

    assert code == 1
    assert capsys.readouterr().err.endswith("a.svs: cannot be written: No such file or directory\n")


def test_one_line_tells_what_was_made(tmp_path, capsys):
    code = make_slide.main([str(tmp_path / "a.svs"), "--width", "200", "--height", "100"])

    assert code == 0
    assert capsys.readouterr().out.count("\n") == 1


def tile_bytes(tiff, page, number):
    tiff.filehandle.seek(page.dataoffsets[number])
    return tiff.filehandle.read(page.databytecounts[number])


def luminance(pixels):
    """What 4:2:0 keeps at full resolution."""
    return pixels @ (0.299, 0.587, 0.114)


def markers(stream):
    """The markers with segments, up to the scan."""
    found, position = [], 2
    while stream[position + 1] not in (0xDA, 0xD9):
        found.append(stream[position + 1])
        position += 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
    return found if stream[position + 1] == 0xD9 else [*found, 0xDA]


# Code set B of ISO/IEC 15417, as far as the cases of these tests need it.
SYMBOLS = {
    "212222": " ",
    "122132": "-",
    "123122": "0",
    "123221": "1",
    "223211": "2",
    "221132": "3",
    "221231": "4",
    "213212": "5",
    "111323": "A",
    "131123": "B",
}


def read_barcode(row):
    """Read a row of pixels: start B, symbols of six bars and spaces, check symbol, stop."""
    runs = [(bool(dark), len(list(run))) for dark, run in itertools.groupby(row < 128)]
    (before_dark, quiet), *inside, (after_dark, after) = runs
    assert not before_dark
    assert not after_dark
    module = min(width for _, width in inside)
    assert min(quiet, after) >= 10 * module
    widths = "".join(str(width // module) for _, width in inside)
    assert widths.startswith("211214")
    assert widths.endswith("2331112")
    symbols = [widths[place : place + 6] for place in range(6, len(widths) - 7, 6)]
    return "".join(SYMBOLS[symbol] for symbol in symbols[:-1])
