# SPDX-License-Identifier: Apache-2.0
"""Every codec: the codestream is what the transfer syntax says, and peers read it."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import pydicom
import pytest
import slides
import tifffile
from pydicom.encaps import generate_frames
from wsidicom import WsiDicom

from dicomizer.convert import convert
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.validation import validate

CASES = [
    ("jpeg", 85, "1.2.840.10008.1.2.4.50", "YBR_FULL_422", b"\xff\xd8\xff"),
    ("jpeg2000", None, "1.2.840.10008.1.2.4.90", "YBR_RCT", b"\xff\x4f\xff\x51"),
    ("jpeg2000", 85, "1.2.840.10008.1.2.4.91", "YBR_ICT", b"\xff\x4f\xff\x51"),
    ("htj2k", None, "1.2.840.10008.1.2.4.201", "YBR_RCT", b"\xff\x4f\xff\x51"),
    ("htj2k", 85, "1.2.840.10008.1.2.4.203", "YBR_ICT", b"\xff\x4f\xff\x51"),
    ("jpegls", None, "1.2.840.10008.1.2.4.80", "RGB", b"\xff\xd8\xff\xf7"),
    ("jpegls", 85, "1.2.840.10008.1.2.4.81", "RGB", b"\xff\xd8\xff\xf7"),
    ("jxl", None, "1.2.840.10008.1.2.4.110", "RGB", b"\xff\x0a"),
    ("jxl", 85, "1.2.840.10008.1.2.4.112", "XYB", b""),
    ("rle", None, "1.2.840.10008.1.2.5", "RGB", b"\x03\x00\x00\x00"),
    ("none", None, "1.2.840.10008.1.2.1", "RGB", b""),
]
READ_BY_OPENSLIDE = ("jpeg", "jpeg2000", "none")
UNKNOWN_TO_WSIDICOM = ("jxl",)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def coded(request, tmp_path_factory):
    """Convert a lossless TIFF with each codec, all halvings derived."""
    codec, quality, *expected = request.param
    folder = tmp_path_factory.mktemp("codecs")
    path = folder / "slide.tif"
    pixels = slides.picture(520, 400)
    tifffile.imwrite(
        path,
        pixels,
        photometric="rgb",
        tile=(128, 128),
        compression="lzw",
        resolution=(20_000, 20_000),
        resolutionunit="CENTIMETER",
        metadata=None,
    )
    options = ConvertOptions(codec=Codec(codec), quality=quality, levels=Levels.DYADIC)
    convert(path, folder / "out", options)
    return folder / "out", codec, quality, expected, pixels


def frames(path: Path) -> tuple[pydicom.FileDataset, list[bytes]]:
    dataset = pydicom.dcmread(path)
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        number = dataset.NumberOfFrames
        return dataset, list(generate_frames(dataset.PixelData, number_of_frames=number))
    size = dataset.Rows * dataset.Columns * 3
    data = dataset.PixelData
    return dataset, [data[i * size :][:size] for i in range(dataset.NumberOfFrames)]


def test_frames_are_of_the_transfer_syntax_they_claim(coded):
    folder, codec, _, (syntax, photometric, signature), _ = coded

    for path in sorted(folder.glob("level-*.dcm")):
        dataset, found = frames(path)

        assert dataset.file_meta.TransferSyntaxUID == syntax
        assert dataset.PhotometricInterpretation == photometric
        assert all(frame.startswith(signature) for frame in found)
        if syntax.startswith(("1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20")):
            # The CAP marker is what makes a JPEG 2000 codestream high-throughput (T.814 A.3).
            has_cap = [b"\xff\x50" in frame[:200] for frame in found]
            assert all(has_cap) if codec == "htj2k" else not any(has_cap)


def test_lossy_history_is_true(coded):
    folder, codec, quality, *_ = coded
    dataset, found = frames(folder / "level-0.dcm")

    is_lossy = quality is not None or codec == "jpeg"
    assert dataset.LossyImageCompression == ("01" if is_lossy else "00")
    if is_lossy:
        coded_bytes = sum(map(len, found))
        ratio = 128 * 128 * 3 * len(found) / coded_bytes
        assert float(dataset.LossyImageCompressionRatio) == pytest.approx(ratio, rel=0.01)


def test_validators_find_nothing(coded):
    folder, *_ = coded

    report = validate(sorted(folder.iterdir()))

    # CONFORMANCE.md: the slide does not tell when it was scanned.
    told = [str(item) for item in report.findings if "to build DICOMDIR" not in str(item)]
    assert told == []


def test_lossless_pixels_are_those_of_the_source(coded):
    folder, codec, quality, _, pixels = coded
    _, found = frames(folder / "level-0.dcm")
    decoders = {"jpeg": imagecodecs.jpeg_decode, "jpegls": imagecodecs.jpegls_decode,
                "jpeg2000": imagecodecs.jpeg2k_decode, "htj2k": imagecodecs.htj2k_decode,
                "jxl": imagecodecs.jpegxl_decode}  # fmt: skip
    if codec not in decoders:
        pytest.skip(f"{codec} is decoded by pydicom in the next test")

    tile = decoders[codec](found[0]).astype(int)

    error = np.abs(tile - pixels[:128, :128])
    assert error.max() == 0 if quality is None and codec != "jpeg" else error.mean() < 4


def test_openslide_reads_what_it_knows(coded):
    folder, codec, _, _, pixels = coded
    if codec not in READ_BY_OPENSLIDE:
        pytest.skip(f"OpenSlide 4 does not know {codec}")

    with openslide.OpenSlide(folder / "level-0.dcm") as slide:
        assert slide.level_dimensions == ((520, 400), (260, 200), (130, 100), (65, 50))
        found = np.asarray(slide.read_region((0, 0), 0, (520, 400)).convert("RGB")).astype(int)

    assert np.abs(found - pixels).mean() < 4


def test_wsidicom_reads_what_it_knows(coded):
    folder, codec, _, _, pixels = coded
    if codec in UNKNOWN_TO_WSIDICOM:
        pytest.skip(f"wsidicom does not know {codec} by these transfer syntaxes")

    with WsiDicom.open(folder) as slide:
        found = np.asarray(slide.read_region((0, 0), 0, (520, 400)).convert("RGB")).astype(int)

    assert np.abs(found - pixels).mean() < 4
