# SPDX-License-Identifier: Apache-2.0
"""Deep Zoom: stored scans as tiles, edges cut without coding anew, and all halvings."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import imagecodecs
import numpy as np
import pytest
import slides
import tifffile

from dicomizer.convert import convert
from dicomizer.errors import TargetError
from dicomizer.export import ExportCodec, ExportOptions, export
from dicomizer.options import ConvertOptions
from dicomizer.pixels.codecs.codec import Codec


def assembled(dzi: Path, level: int) -> np.ndarray:
    """Return a level as a viewer draws it: each tile at its place, of the size that it has."""
    root = ET.parse(dzi).getroot()
    side = int(root.get("TileSize"))
    folder = dzi.parent / f"{dzi.stem}_files" / str(level)
    rows: dict[int, dict[int, np.ndarray]] = {}
    for path in folder.iterdir():
        column, row = map(int, path.stem.split("_"))
        rows.setdefault(row, {})[column] = imagecodecs.imread(path)
    picture = [
        np.concatenate([row[c] for c in sorted(row)], axis=1) for _, row in sorted(rows.items())
    ]
    whole = np.concatenate(picture)
    assert all(tile.shape[0] <= side for row in rows.values() for tile in row.values())
    return whole


@pytest.mark.parametrize("color", ["ycbcr420", "ycbcr422", "ycbcr444", "rgb"])
def test_stored_levels_are_drawn_as_they_are(tmp_path, color):
    built = slides.write_svs(tmp_path / "case.svs", color=color, factors=(1, 4))
    convert(built.path, tmp_path / "dicom")
    dzi = tmp_path / "out.dzi"

    done = export(tmp_path / "dicom", dzi)

    assert done.notes == ()
    root = ET.parse(dzi).getroot()
    assert root.attrib == {"Format": "jpg", "Overlap": "0", "TileSize": "64"}
    (size,) = root
    assert size.attrib == {"Width": "300", "Height": "200"}
    levels = sorted(int(path.name) for path in (tmp_path / "out_files").iterdir())
    assert levels == list(range(10))
    with tifffile.TiffFile(built.path) as before:
        for level, stored in ((9, before.series[0].levels[0]), (7, before.series[0].levels[1])):
            drawn, expected = assembled(dzi, level), stored.asarray()
            assert drawn.shape == expected.shape
            rows, columns = (side // 64 * 64 for side in expected.shape[:2])
            assert np.array_equal(drawn[:rows, :columns], expected[:rows, :columns])
            # Chroma beyond an edge is no longer there to be interpolated with.
            error = np.abs(drawn.astype(int) - expected)
            assert np.percentile(error, 99) <= 2
    for number, stream in enumerate(built.streams[0]):
        row, column = divmod(number, 5)
        if row < 3 and column < 4:
            tile = (tmp_path / "out_files" / "9" / f"{column}_{row}.jpg").read_bytes()
            assert slides.scan(tile) == slides.scan(stream)
    shapes = [assembled(dzi, level).shape[:2] for level in range(10)]
    assert shapes[:5] == [(1, 1), (1, 2), (2, 3), (4, 5), (7, 10)]
    assert shapes[5:] == [(13, 19), (25, 38), (50, 75), (100, 150), (200, 300)]


def test_levels_that_are_not_stored_are_halved(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", size=(700, 500), factors=(1,), associated=False)
    convert(built.path, tmp_path / "dicom", ConvertOptions(codec=Codec.NONE))

    done = export(
        tmp_path / "dicom", tmp_path / "out.dzi", ExportOptions(codec=ExportCodec.DEFLATE)
    )

    assert done.files == len(list((tmp_path / "out_files").rglob("*.png"))) + 1
    with tifffile.TiffFile(built.path) as before:
        expected = before.series[0].levels[0].asarray()
    for level in range(10, -1, -1):
        assert np.array_equal(assembled(tmp_path / "out.dzi", level), expected)
        height, width = (-(-side // 2) for side in expected.shape[:2])
        even = np.pad(
            expected, ((0, expected.shape[0] % 2), (0, expected.shape[1] % 2), (0, 0)), "edge"
        )
        mean = even.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
        expected = np.floor(mean + 0.5).astype(np.uint8)


def test_recompressed_frames_come_back_as_jpeg(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", factors=(1,))
    convert(built.path, tmp_path / "jxl", ConvertOptions(codec=Codec.JPEG_XL))
    convert(built.path, tmp_path / "jpeg")

    export(tmp_path / "jxl", tmp_path / "a.dzi")
    export(tmp_path / "jpeg", tmp_path / "b.dzi")

    for path in (tmp_path / "a_files" / "9").iterdir():
        assert path.read_bytes() == (tmp_path / "b_files" / "9" / path.name).read_bytes()


def test_what_is_there_is_replaced_only_when_asked(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", factors=(1,))
    convert(built.path, tmp_path / "dicom")
    export(tmp_path / "dicom", tmp_path / "out.dzi")
    (tmp_path / "out_files" / "old").write_text("old")

    with pytest.raises(
        TargetError, match=r"out_files: exists already; choose another name, or give"
    ):
        export(tmp_path / "dicom", tmp_path / "out.dzi")
    export(tmp_path / "dicom", tmp_path / "out.dzi", ExportOptions(overwrite=True))

    assert not (tmp_path / "out_files" / "old").exists()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"case.svs", "dicom", "out.dzi", "out_files"}
