# SPDX-License-Identifier: Apache-2.0
"""A server whose decoders end, or are given what no decoder can bear, goes on."""

from __future__ import annotations

import random
from pathlib import Path

import instances
import numpy as np
import pytest
from children import children_of, killed
from coded_frames import CASES, JPEG_2000, PLAIN
from picture_archive import pixels_of
from pydicom.uid import generate_uid
from servers import serving

STREAM, _, PIXELS = CASES["JPEG 2000"]


def slide(*streams: bytes):
    """Return an instance of JPEG 2000 frames that are no parts of one image."""
    found = instances.slide(streams, JPEG_2000, PhotometricInterpretation="YBR_RCT")
    found.Rows, found.Columns, _ = PLAIN.shape
    found.SOPInstanceUID = generate_uid()
    del found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows
    return found


def address(found) -> str:
    return (
        f"/dicomweb/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


def test_a_server_loses_its_decoders_and_draws_on(tmp_path):
    first, second = slide(STREAM), slide(STREAM)
    with serving(tmp_path / "data") as server:
        server.store(instances.written(first), instances.written(second))
        before = pixels_of(server.http.get(f"{address(first)}/rendered?accept=image/png"))
        decoders = children_of(server.process.pid)

        for decoder in decoders:
            killed(decoder, server.process.pid)
        after = pixels_of(server.http.get(f"{address(second)}/rendered?accept=image/png"))

        assert len(decoders) == 1
        assert np.array_equal(before, PIXELS)
        assert np.array_equal(after, PIXELS)
        (left,) = children_of(server.process.pid)
    assert not Path(f"/proc/{left}").exists()


def test_damaged_frames_are_pictures_or_refused(server):
    chance = random.Random(5)
    streams = []
    for _ in range(40):
        damaged = bytearray(STREAM)
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        streams.append(bytes(damaged))
    found = slide(*streams)
    assert server.store(instances.written(found)).status_code == 200

    for number in range(1, 41):
        rendered = server.http.get(f"{address(found)}/frames/{number}/rendered")
        decoded = server.http.get(
            f"{address(found)}/frames/{number}", headers={"Accept": "application/octet-stream"}
        )
        assert (rendered.status_code, decoded.status_code) in ((200, 200), (406, 406))
    assert server.is_alive()


@pytest.mark.parametrize("name", ["HTJ2K", "JPEG-LS", "RLE", "lossless JPEG"])
def test_frames_of_other_codecs_are_drawn(server, name):
    stream, description, pixels = CASES[name]
    found = slide(stream)
    found.file_meta.TransferSyntaxUID = description.transfer_syntax_uid
    found.PhotometricInterpretation = description.photometric_interpretation
    found.SamplesPerPixel = description.samples
    found.BitsAllocated, found.BitsStored = description.bits_allocated, description.bits_stored
    found.HighBit = description.high_bit
    assert server.store(instances.written(found)).status_code == 200

    path = f"{address(found)}/frames/1/rendered?accept=image/png&window=2048,4096,linear-exact"
    shown = pixels_of(server.http.get(path))

    expected = pixels if pixels.shape[2] == 3 else np.repeat(np.rint(pixels / 4096 * 255), 3, 2)
    assert np.abs(shown - expected).max() <= 1
