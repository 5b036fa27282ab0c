# SPDX-License-Identifier: Apache-2.0
"""Streams of a slide have the precision that its header tells, whatever the source declares."""

from __future__ import annotations

import build_dicom
import imagecodecs
import numpy as np
import pydicom
import pytest
from build_dicom import Coded
from pydicom.encaps import generate_frames

from dicomizer.convert import convert
from dicomizer.options import ConvertOptions
from dicomizer.pixels.codecs import jpeg2000
from dicomizer.pixels.codecs.codec import Codec


def twelve_bits(pixels: np.ndarray) -> bytes:
    stream = imagecodecs.jpeg2k_encode(
        pixels[..., 0], codecformat="j2k", reversible=True, bitspersample=12
    )
    assert jpeg2000.read_codestream_header(stream).components[0].bits == 12
    return bytes(stream)


@pytest.mark.parametrize("codec", [Codec.KEEP, Codec.JPEG_2000, Codec.HTJ2K])
def test_twelve_bits_are_read_and_written_as_sixteen_without_loss(tmp_path, codec):
    pixels = np.random.default_rng(0).integers(0, 4096, (64, 64, 1), dtype=np.uint16)
    coded = Coded(build_dicom.JPEG_2000_LOSSLESS, "MONOCHROME2", twelve_bits)
    stored = {"BitsStored": 12, "HighBit": 11}
    build_dicom.write_level(tmp_path / "a" / "a.dcm", pixels, coded, tile=64, **stored)

    done = convert(tmp_path / "a" / "a.dcm", tmp_path / "out", ConvertOptions(codec=codec))

    written = pydicom.dcmread(tmp_path / "out" / "level-0.dcm")
    (stream,) = generate_frames(written.PixelData, number_of_frames=1)
    header = jpeg2000.read_codestream_header(stream)
    assert (written.BitsAllocated, written.BitsStored, written.HighBit) == (16, 16, 15)
    assert header.components[0].bits == 16
    assert np.array_equal(imagecodecs.jpeg2k_decode(stream), pixels[..., 0])
    assert written.LossyImageCompression == "00"
    assert any("stored with 12 bits" in note for note in done.plan.notes)
