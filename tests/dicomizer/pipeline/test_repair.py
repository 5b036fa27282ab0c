# SPDX-License-Identifier: Apache-2.0
"""Damaged tiles: an error, background, or the coarser level in their place, and told where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import simplejpeg
import slides
import tifffile
from pydicom.encaps import generate_frames

from dicomizer.convert import Conversion, convert
from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.errors import CorruptSourceError, DicomizerError
from dicomizer.options import ConvertOptions, Levels, OnBadTile
from dicomizer.pipeline.repair import RepairedSource
from dicomizer.pixels.format import GREY_8
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    Illumination,
    OpticalPath,
    Scan,
    SizePx,
    Slide,
    SlideImage,
    SpacingMm,
)
from dicomizer.sources.base import FileSource

BAD = (1, 2)
"""Row and column of the damaged tile of level 0, of 4 x 5 tiles."""
INDEX = BAD[0] * 5 + BAD[1]


def damaged(path: Path, how: str, factors: tuple[int, ...] = (1, 2, 4)) -> slides.BuiltSlide:
    """Write a pyramid, and damage a tile of the finest level."""
    built = slides.write_tiled_tiff(path, factors=factors)
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages[0].dataoffsets[INDEX]
        length = tiff.pages[0].databytecounts[INDEX]
    data = bytearray(path.read_bytes())
    if how == "zeros":
        data[offset : offset + length] = bytes(length)
    elif how == "scan":
        rest = length // 2 // 2 * 2
        data[offset + length - rest : offset + length] = b"\xff\xd9" * (rest // 2)
    path.write_bytes(bytes(data))
    return built


def frames(path: Path) -> list[np.ndarray]:
    dataset = pydicom.dcmread(path)
    coded = generate_frames(dataset.PixelData, number_of_frames=dataset.NumberOfFrames)
    return [simplejpeg.decode_jpeg(item).astype(int) for item in coded]


def converted(path: Path, policy: OnBadTile, **options: object) -> Conversion:
    return convert(path, path.parent / "out", ConvertOptions(on_bad_tile=policy, **options))


@pytest.mark.parametrize("how", ["zeros", "scan"])
@pytest.mark.parametrize("levels", [Levels.STORED, Levels.DYADIC])
def test_background_is_in_its_place(tmp_path, how, levels):
    built = damaged(tmp_path / "slide.tiff", how)

    done = converted(built.path, OnBadTile.BLANK, levels=levels)

    found = frames(tmp_path / "out" / "level-0.dcm")
    assert np.abs(found[INDEX] - 255).max() <= 1
    tiles = list(slides.tiles_of(built.levels[0], 64))
    others = [i for i in range(len(found)) if i != INDEX]
    assert max(np.abs(found[i] - tiles[i]).mean() for i in others) < 12
    (bad,) = done.bad_tiles
    assert (bad.row, bad.column, bad.replaced_by) == (*BAD, "background")
    assert bad.reason


@pytest.mark.parametrize("how", ["zeros", "scan"])
def test_the_coarser_level_is_in_its_place(tmp_path, how):
    built = damaged(tmp_path / "slide.tiff", how)

    done = converted(built.path, OnBadTile.RESAMPLE)

    found = frames(tmp_path / "out" / "level-0.dcm")[INDEX]
    coarse = slides.reduced(built.levels[0], 2)
    top, left = BAD[0] * 32, BAD[1] * 32
    expected = coarse[top : top + 32, left : left + 32].repeat(2, 0).repeat(2, 1).astype(int)
    assert np.abs(found - expected).mean() < 16  # smooth instead of squares, and coded
    assert np.abs(found - 255).mean() > 40
    assert [tile.replaced_by for tile in done.bad_tiles] == ["the next coarser level"]


def test_the_coarsest_level_has_background_in_its_place(tmp_path):
    path = damaged(tmp_path / "slide.tiff", "zeros", (1,)).path

    done = converted(path, OnBadTile.RESAMPLE)

    assert [(tile.row, tile.column, tile.replaced_by) for tile in done.bad_tiles] == [
        (*BAD, "background")
    ]


def test_derived_levels_are_made_of_what_is_in_its_place(tmp_path):
    path = damaged(tmp_path / "slide.tiff", "zeros", (1,)).path
    converted(path, OnBadTile.BLANK, levels=Levels.DYADIC, quality=90)

    half = frames(tmp_path / "out" / "level-1.dcm")[1]

    white = half[32:, :32]
    assert np.abs(white - 255).mean() < 2
    assert np.abs(half[:32, :32] - 255).mean() > 40


def test_it_fails_by_default_and_leaves_nothing(tmp_path):
    path = damaged(tmp_path / "slide.tiff", "zeros").path

    with pytest.raises(DicomizerError, match="--on-bad-tile blank or resample goes on"):
        convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_slide_without_damage_is_what_it_is_without_the_option(tmp_path):
    path = slides.write_tiled_tiff(tmp_path / "slide.tiff").path
    first, second = tmp_path / "1", tmp_path / "2"
    convert(path, first)
    done = convert(path, second, ConvertOptions(on_bad_tile=OnBadTile.RESAMPLE))

    assert done.bad_tiles == ()
    for name in ("level-0.dcm", "level-1.dcm", "level-2.dcm"):
        pixels = [pydicom.dcmread(folder / name).PixelData for folder in (first, second)]
        assert pixels[0] == pixels[1]


@pytest.mark.parametrize("how", [["--levels", "stored"], ["--quality", "70"]])
def test_bad_tiles_found_before_a_kill_are_told_by_the_run_that_goes_on(tmp_path, how):
    path = damaged(tmp_path / "slide.tiff", "zeros").path
    out = tmp_path / "out"
    code = (
        "import os, signal, sys\n"
        "from dicomizer.pipeline import runner\n"
        "finish = runner._Run._finish\n"
        "def killed(self, *arguments):\n"
        "    if os.environ.get('KILL') and arguments[2].file_name == 'level-0.dcm':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    finish(self, *arguments)\n"
        "runner._Run._finish = killed\n"
        "from dicomizer.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "convert", str(path), str(out), "--json",
               "--on-bad-tile", "blank", *how]  # fmt: skip
    first = subprocess.run(command, env=os.environ | {"KILL": "1"}, check=False)
    assert first.returncode < 0

    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    assert document["resumed_frames"] > INDEX
    (bad,) = document["bad_tiles"]
    assert (bad["row"], bad["column"], bad["replaced_by"]) == (*BAD, "background")
    assert list(out.glob(".*")) == []


def test_missing_tiles_are_not_bad(tmp_path):
    tile = 64
    streams = [slides.encoded(item, "rgb") for item in slides.tiles_of(slides.picture(192, 64), 64)]
    path = slides.write_tile_streams(
        tmp_path / "sparse.tiff",
        (64, 192, 3),
        tile,
        [streams[0], b"", streams[2]],
        photometric="rgb",
        compression="jpeg",
        resolution=(40000, 40000),
        resolutionunit="CENTIMETER",
    )

    done = converted(path, OnBadTile.BLANK)

    assert done.bad_tiles == ()
    assert pydicom.dcmread(tmp_path / "out" / "level-0.dcm").NumberOfFrames == 2


def test_the_command_tells_where(tmp_path):
    path = damaged(tmp_path / "slide.tiff", "zeros").path
    command = [sys.executable, "-m", "dicomizer", "convert", str(path)]

    told = subprocess.run(
        [*command, str(tmp_path / "1"), "--on-bad-tile", "blank"],
        capture_output=True,
        text=True,
        check=True,
    )
    document = subprocess.run(
        [*command, str(tmp_path / "2"), "--on-bad-tile", "resample", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "row 1, column 2: " in told.stderr
    assert "background is in its place" in told.stderr
    (bad,) = json.loads(document.stdout)["bad_tiles"]
    assert (bad["row"], bad["column"]) == BAD
    assert bad["replaced_by"] == "the next coarser level"


def test_repaired_tiles_and_dual_files_are_wrong_usage(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "dicomizer", "convert", "a.svs", str(tmp_path / "out"), "--dual",
         "--on-bad-tile", "blank"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "--on-bad-tile" in done.stderr


def test_the_background_is_that_of_the_optical_path():
    """Also for an image that the plan has changed, such as by the spacing that the user gave."""
    level = SlideImage(
        "0",
        Flavor.VOLUME,
        SizePx(8, 8),
        SizePx(8, 8),
        Coding(Compression.NONE, ColorSpace.MONOCHROME, lossy=False, coded_bytes=128),
        pixel_format=GREY_8,
        paths=2,
    )
    lights = (Illumination.BRIGHTFIELD, Illumination.FLUORESCENCE)
    scan = Scan((level,), tuple(OpticalPath(illumination=light) for light in lights))
    source = UnreadableSource(Slide(Path("slide"), "none", (scan,), (), SlideMetadata()))
    repaired = RepairedSource(source, OnBadTile.BLANK, threads=1)

    (batch,) = repaired.frames(replace(level, spacing=SpacingMm(0.001, 0.001)))

    assert [frame[0] for frame in batch] == [b"\xff" * 64, b"\0" * 64]


class UnreadableSource(FileSource):
    """A slide of which no frame can be read."""

    def __init__(self, slide: Slide) -> None:
        self._slide = slide

    def frames(self, image: SlideImage, indices: Sequence[int] | None = None) -> Iterator[list]:
        raise CorruptSourceError("the disk has a bad sector")

    def close(self) -> None:
        pass
