# SPDX-License-Identifier: Apache-2.0
"""Frames as files: what was stored, bit for bit."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pydicom
import pytest
import slides
from click.testing import CliRunner
from pydicom.encaps import generate_frames

from dicomizer.cli.export import export
from dicomizer.convert import convert
from dicomizer.errors import SourceError, TargetError
from dicomizer.export import export_frames
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pixels.codecs.codec import Codec


def frames(path) -> list[bytes]:
    dataset = pydicom.dcmread(path)
    return list(generate_frames(dataset.PixelData, number_of_frames=dataset.NumberOfFrames))


@pytest.mark.parametrize("color", ["ycbcr420", "ycbcr422", "ycbcr444", "rgb"])
def test_recompressed_jpeg_comes_back_bit_for_bit(tmp_path, color):
    built = slides.write_svs(tmp_path / "case.svs", color=color, factors=(1,))
    convert(built.path, tmp_path / "jpeg")
    options = ConvertOptions(codec=Codec.JPEG_XL, levels=Levels.DYADIC)
    convert(built.path, tmp_path / "jxl", options)

    done = export_frames(tmp_path / "jxl", tmp_path / "files")

    stored = frames(tmp_path / "jpeg" / "level-0.dcm")
    found = sorted((tmp_path / "files" / "level-0").iterdir())
    assert [path.name for path in found[:2]] == ["0000-0000.jpg", "0000-0001.jpg"]
    # DICOM pads a frame of odd length with a zero behind the end of its stream.
    ends = [item[: item.rindex(b"\xff\xd9") + 2] for item in stored]
    assert [path.read_bytes() for path in found] == ends
    assert [slides.scan(item) for item in ends] == [slides.scan(item) for item in built.streams[0]]
    assert done.files == len(list((tmp_path / "files").rglob("*.*")))
    recompressed = pydicom.dcmread(tmp_path / "jxl" / "level-0.dcm")
    # JPEG XL readers would show recompressed RGB darker, so that it stays JPEG.
    syntax = "1.2.840.10008.1.2.4.50" if color == "rgb" else "1.2.840.10008.1.2.4.111"
    assert recompressed.file_meta.TransferSyntaxUID == syntax
    assert recompressed.PhotometricInterpretation == ("RGB" if color == "rgb" else "YBR_FULL_422")


def test_recompressed_study_converts_back_to_the_same_jpeg(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", factors=(1,))
    convert(built.path, tmp_path / "jpeg")
    convert(built.path, tmp_path / "jxl", ConvertOptions(codec=Codec.JPEG_XL))

    convert(tmp_path / "jxl", tmp_path / "again", ConvertOptions(codec=Codec.JPEG))

    assert frames(tmp_path / "again" / "level-0.dcm") == frames(tmp_path / "jpeg" / "level-0.dcm")


def test_pixels_without_compression_become_png(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs")
    convert(built.path, tmp_path / "out")

    export_frames(tmp_path / "out", tmp_path / "files")

    label = imagecodecs.png_decode((tmp_path / "files/label/0000-0000.png").read_bytes())
    assert np.array_equal(label, slides.picture(87, 63))


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs")
    convert(built.path, tmp_path / "out")

    with pytest.raises(TargetError, match="exists already and is not empty; choose another"):
        export_frames(tmp_path / "out", tmp_path / "out")


def test_what_is_no_dicom_is_refused_and_leaves_nothing(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs")

    with pytest.raises(SourceError, match=r"case\.svs: expected a slide in DICOM: no DICOM"):
        export_frames(built.path, tmp_path / "files")

    assert [path.name for path in tmp_path.iterdir()] == ["case.svs"]


def test_command_says_how_much_it_wrote(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", factors=(1,), associated=False)
    convert(built.path, tmp_path / "out")

    done = CliRunner().invoke(export, [str(tmp_path / "out"), str(tmp_path / "files")])

    assert done.exit_code == 0
    assert "20 files" in done.stdout
