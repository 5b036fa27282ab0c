# SPDX-License-Identifier: Apache-2.0
"""Faults that were seen in other converters, each shown to be absent here.

What a codec or a format claims is tested where it belongs: codestreams in
``tests/interop/test_codecs.py``, overlaps in ``sources/test_ventana.py``, sparse tiles in
``sources/test_philips.py``, canvases in ``sources/test_scn.py``. Here are the faults of a whole
conversion.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import pydicom
import pytest
import slides
import tifffile
from pydicom.encaps import generate_frames, parse_basic_offsets

from dicomizer.convert import convert
from dicomizer.errors import MissingSpacingError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import SpacingMm


def converted(slide: Path, out: Path, **options) -> dict[str, pydicom.FileDataset]:
    convert(slide, out, ConvertOptions(**options))
    return {path.stem: pydicom.dcmread(path) for path in sorted(out.iterdir())}


def spacing_of(dataset: pydicom.Dataset) -> list[float]:
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    return [float(value) for value in measures.PixelSpacing]


def frames(dataset: pydicom.Dataset) -> list[bytes]:
    return list(generate_frames(dataset.PixelData, number_of_frames=dataset.NumberOfFrames))


@pytest.mark.parametrize("color", ["ycbcr420", "rgb"])
def test_photometric_interpretation_is_what_decoders_find_in_the_stream(tmp_path, color):
    built = slides.write_svs(tmp_path / "a.svs", color=color)

    found = converted(built.path, tmp_path / "out", levels=Levels.DYADIC)

    for name in ("level-0", "level-1", "level-2", "level-3"):
        is_ycbcr = found[name].PhotometricInterpretation == "YBR_FULL_422"
        for frame in frames(found[name]):
            header = jpeg.read_header(frame)
            assert jpeg.decoder_takes_for_ycbcr(header.segments, header.frame) is is_ycbcr


def test_scale_is_that_of_the_resolution_tags_and_doubles_with_each_level(tmp_path):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", mpp=0.25, factors=(1,))

    found = converted(built.path, tmp_path / "out", levels=Levels.DYADIC)

    assert {name: spacing_of(item) for name, item in found.items()} == {
        "level-0": pytest.approx([0.00025, 0.00025]),
        "level-1": pytest.approx([0.0005, 0.0005]),
        "level-2": pytest.approx([0.001, 0.001]),
        "level-3": pytest.approx([0.002, 0.002]),
    }


def test_scale_is_never_invented(tmp_path):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", mpp=None)

    with pytest.raises(MissingSpacingError, match=r"--mpp 0\.25, or --assume-magnification 40"):
        convert(built.path, tmp_path / "out")


def test_assumed_magnification_is_used_only_where_the_file_is_silent(tmp_path):
    silent = slides.write_tiled_tiff(tmp_path / "a.tif", mpp=None)
    telling = slides.write_tiled_tiff(tmp_path / "b.tif", mpp=0.3)

    for built, expected in ((silent, 0.5), (telling, 0.3)):
        plan = convert(
            built.path, tmp_path / built.path.stem, ConvertOptions(magnification=20)
        ).plan
        assert plan.instances[0].image.spacing.mpp[0] == pytest.approx(expected)


def test_size_in_the_world_is_the_same_for_spacing_and_imaged_volume(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", size=(301, 203))

    for item in converted(built.path, tmp_path / "out", levels=Levels.DYADIC).values():
        if item.ImageType[2] == "VOLUME":
            rows, columns = spacing_of(item)
            width, height = columns * item.TotalPixelMatrixColumns, rows * item.TotalPixelMatrixRows
            assert (item.ImagedVolumeWidth, item.ImagedVolumeHeight) == pytest.approx(
                (width, height)
            )


def test_levels_are_typed_and_share_one_frame_of_reference(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    found = converted(built.path, tmp_path / "out", levels=Levels.DYADIC)

    levels = [item for item in found.values() if item.ImageType[2] == "VOLUME"]
    assert [item.ImageType[0] for item in levels] == ["ORIGINAL", *["DERIVED"] * (len(levels) - 1)]
    assert [item.ImageType[3] for item in levels] == ["NONE", *["RESAMPLED"] * (len(levels) - 1)]
    assert len({item.FrameOfReferenceUID for item in found.values()}) == 1
    assert len({item.PyramidUID for item in levels}) == 1


def test_edge_frames_are_full_frames_and_streams_end_with_their_end(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", padding=b"\0\0\0")

    for item in converted(built.path, tmp_path / "out", levels=Levels.DYADIC).values():
        if item.file_meta.TransferSyntaxUID.is_encapsulated:
            for frame in frames(item):
                header = jpeg.read_header(frame).frame
                assert (header.height, header.width) == (item.Rows, item.Columns)
                assert frame.rstrip(b"\0").endswith(b"\xff\xd9")
                assert len(frame) - len(frame.rstrip(b"\0")) <= 1


def test_offset_tables_are_never_empty(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    for item in converted(built.path, tmp_path / "out", levels=Levels.DYADIC).values():
        if item.file_meta.TransferSyntaxUID.is_encapsulated:
            assert len(parse_basic_offsets(item.PixelData)) == item.NumberOfFrames


def test_label_macro_profile_and_scanner_are_kept_and_the_label_stays_lossless(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", icc_profile=srgb_profile())

    found = converted(built.path, tmp_path / "out", codec=Codec.JPEG, quality=50)

    assert {"label", "overview", "thumbnail"} <= set(found)
    assert found["label"].LossyImageCompression == "00"
    label = np.frombuffer(found["label"].PixelData, np.uint8)[: 63 * 87 * 3]
    assert np.array_equal(label.reshape(63, 87, 3), slides.picture(87, 63))
    assert found["level-0"].OpticalPathSequence[0].ICCProfile.rstrip(b"\0") == srgb_profile()
    assert (found["level-0"].Manufacturer, found["level-0"].DeviceSerialNumber) == (
        "Aperio",
        "SS1234",
    )


def test_compression_ratio_is_measured_and_history_is_kept(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", factors=(1,))

    for quality in (30, 90):
        found = converted(built.path, tmp_path / f"q{quality}", codec=Codec.JPEG, quality=quality)[
            "level-0"
        ]
        coded = sum(map(len, frames(found)))
        first, last = map(float, found.LossyImageCompressionRatio)
        stored = sum(map(len, built.streams[0]))
        assert first == pytest.approx(64 * 64 * 3 * 20 / stored, rel=0.01)
        assert last == pytest.approx(64 * 64 * 3 * 20 / coded, rel=0.01)
        assert list(found.LossyImageCompressionMethod) == ["ISO_10918_1", "ISO_10918_1"]


def test_every_level_of_a_jpeg_2000_slide_is_converted_and_irreversible_is_called_lossy(tmp_path):
    pixels = slides.picture(256, 192)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for factor in (1, 2):
            tiff.write(
                slides.reduced(pixels, factor),
                photometric="rgb",
                tile=(64, 64),
                compression="jpeg2000",
                compressionargs={"level": 40, "reversible": False},
                metadata=None,
            )

    found = converted(path, tmp_path / "out", spacing=SpacingMm.from_mpp(0.5, 0.5))

    assert [item.TotalPixelMatrixColumns for item in found.values()] == [256, 128]
    for item in found.values():
        assert item.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.91"
        assert item.LossyImageCompression == "01"
        assert item.LossyImageCompressionMethod == "ISO_15444_1"


def test_sixteen_bit_channels_stay_sixteen_bit_channels(tmp_path):
    channels = np.random.default_rng(1).integers(0, 65536, (3, 128, 192), np.uint16)
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        path,
        channels,
        photometric="minisblack",
        tile=(64, 64),
        metadata={"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5},
    )

    found = converted(path, tmp_path / "out", codec=Codec.JPEG_LS)["level-0"]

    assert (found.SamplesPerPixel, found.BitsStored, found.NumberOfOpticalPaths) == (1, 16, 3)
    decoded = [imagecodecs.jpegls_decode(frame) for frame in frames(found)]
    for path_index in range(3):
        tile = decoded[path_index * 6]
        assert np.array_equal(tile, channels[path_index, :64, :64])


def test_levels_in_sub_directories_are_found(tmp_path):
    pixels = slides.picture(256, 192)
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(
            pixels,
            photometric="rgb",
            tile=(64, 64),
            compression="deflate",
            subifds=1,
            metadata={"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5},
        )
        tiff.write(slides.reduced(pixels, 2), photometric="rgb", tile=(64, 64), subfiletype=1)

    found = converted(path, tmp_path / "out")

    assert [item.TotalPixelMatrixColumns for item in found.values()] == [256, 128]


def test_openslide_opens_what_was_divided_and_merged_again(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (1024, 1024, 3), np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(256, 256), metadata=None)
    spacing = SpacingMm.from_mpp(0.5, 0.5)

    converted(path, tmp_path / "out", spacing=spacing, max_instance_bytes=1_000_000)

    parts = sorted((tmp_path / "out").iterdir())
    assert len(parts) > 3
    assert all(part.stat().st_size <= 1_000_000 for part in parts)
    with openslide.OpenSlide(parts[0]) as slide:
        found = np.asarray(slide.read_region((0, 0), 0, (1024, 1024)).convert("RGB"))
    assert np.array_equal(found, pixels)


def test_what_is_no_tiff_fails_with_an_exit_code(tmp_path):
    path = tmp_path / "a.svs"
    path.write_bytes(struct.pack("<2sHI", b"XX", 42, 8) + bytes(200))

    done = subprocess.run(
        [sys.executable, "-m", "dicomizer", "convert", str(path), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "its format is none that is known" in done.stderr
