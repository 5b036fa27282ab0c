# SPDX-License-Identifier: Apache-2.0
"""Images whose description and pixels do not fit: they are refused, or drawn as best as can be.

Whatever comes in is asked for in each way there is; decoders may end, the server does not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import instances
import numpy as np
import pytest
from bounds import within_bounds
from coded_frames import CASES, JPEG_2000
from pydicom.dataset import FileDataset
from pydicom.uid import RLELossless
from servers import Server

DIMENSIONS = {
    "rows and columns": {"Rows": 65535, "Columns": 65535},
    "no rows": {"Rows": 0},
    "one column": {"Columns": 1},
    "samples": {"SamplesPerPixel": 65535},
    "no bits": {"BitsAllocated": 0},
    "bits": {"BitsAllocated": 65535, "BitsStored": 65535, "HighBit": 65534},
    "bits stored": {"BitsStored": 16, "HighBit": 15},
    "matrix": {"TotalPixelMatrixColumns": 2**32 - 1, "TotalPixelMatrixRows": 2**32 - 1},
    "no matrix": {"TotalPixelMatrixColumns": 0, "TotalPixelMatrixRows": 0},
    "frames": {"NumberOfFrames": 2**31 - 1},
    "planes": {"TotalPixelMatrixFocalPlanes": 2**32 - 1},
    "paths": {"NumberOfOpticalPaths": 2**32 - 1},
}
PALETTES = {
    "shorter than it says": ([65535, 0, 16], bytes(10)),
    "empty": ([256, 0, 16], b""),
    "of no bits": ([256, 0, 0], bytes(256)),
    "of many bits": ([256, 0, 65535], bytes(256)),
    "shorter than the pixels need": ([4, 0, 8], bytes(4)),
    "beginning behind all pixels": ([256, 65535, 8], bytes(256)),
    "of the largest size": ([0, 0, 16], bytes(131_072)),
}
RLE_STREAMS = {
    "more segments than there can be": b"\xff" * 64 + bytes(64),
    "segments behind the end": struct.pack("<16I", 3, *[0xFFFFFFF0] * 15) + bytes(64),
    "a segment before the one before": struct.pack("<16I", 3, 64, 0, 64, *[0] * 12) + bytes(80),
    "runs without end": struct.pack("<16I", 3, 64, 64, 64, *[0] * 12) + b"\x81\0" * 400_000,
    "no runs": struct.pack("<16I", 3, 64, 64, 64, *[0] * 12),
    "less than a header": b"\3\0",
}


def ways(found: FileDataset) -> Iterator[tuple[str, str]]:
    """Yield address and media type of each way to the pixels of an instance, and of its slide."""
    study = f"/dicomweb/studies/{found.StudyInstanceUID}"
    instance = f"{study}/series/{found.SeriesInstanceUID}/instances/{found.SOPInstanceUID}"
    tiles = f"/tiles/{found.StudyInstanceUID}/{found.SeriesInstanceUID}"
    yield f"{instance}/rendered", "image/jpeg"
    yield f"{instance}/thumbnail", "image/jpeg"
    yield f"{instance}/frames/1/rendered", "image/png"
    yield f"{instance}/frames/1", "application/octet-stream"
    yield f"{instance}/frames/2147483647", "*/*"
    yield instance, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    yield f"{instance}/metadata", "application/dicom+json"
    yield f"{study}/rendered", "image/jpeg"
    yield f"{tiles}/iiif/info.json", "*/*"
    yield f"{tiles}/iiif/full/max/0/default.jpg", "*/*"
    yield f"{tiles}/iiif/0,0,4294967295,4294967295/64,64/0/default.png", "*/*"
    yield f"{tiles}/slide.dzi", "*/*"
    yield f"{tiles}/slide_files/0/0_0.jpeg", "*/*"
    yield f"{tiles}/xyz/0/0/0.jpg", "*/*"
    yield f"/tiles/{found.StudyInstanceUID}/manifest.json", "*/*"


def borne(server: Server, found: FileDataset) -> None:
    """Assert that an instance is stored or refused, and given or not, within bounds."""
    file = instances.written(found)
    with within_bounds(server):
        stored = server.store(file)
    assert stored.status_code in (200, 202, 409), stored.text
    if stored.status_code == 409:
        return
    for path, accept in ways(found):
        with within_bounds(server):
            answer = server.http.get(path, headers={"Accept": accept})
        assert answer.status_code in (200, 206, 400, 404, 406), f"{path}: {answer.text}"


def rgb(**attributes: object) -> FileDataset:
    return instances.native(bytes(768), 1, **{"PhotometricInterpretation": "RGB", **attributes})


@pytest.mark.parametrize("changes", DIMENSIONS.values(), ids=DIMENSIONS)
def test_dimensions_of_native_pixels(server, changes):
    borne(server, rgb(**changes))


@pytest.mark.parametrize("changes", DIMENSIONS.values(), ids=DIMENSIONS)
def test_dimensions_of_jpeg(server, changes):
    borne(server, instances.slide([instances.jpeg(3)], **changes))


@pytest.mark.parametrize(("descriptor", "values"), PALETTES.values(), ids=PALETTES)
def test_palettes(server, descriptor, values):
    found = instances.native(bytes([255]) * 256, 1, PhotometricInterpretation="PALETTE COLOR")
    found.SamplesPerPixel = 1
    del found.PlanarConfiguration
    for color in ("Red", "Green", "Blue"):
        setattr(found, f"{color}PaletteColorLookupTableDescriptor", descriptor)
        setattr(found, f"{color}PaletteColorLookupTableData", values)

    borne(server, found)


@pytest.mark.parametrize("stream", RLE_STREAMS.values(), ids=RLE_STREAMS)
@pytest.mark.parametrize("rows", [16, 8192, 65535])
def test_rle_headers(server, stream, rows):
    size = {"Rows": rows, "Columns": rows}

    borne(server, instances.slide([stream], RLELossless, PhotometricInterpretation="RGB", **size))


@pytest.mark.parametrize("size", [8192, 60_000, 2**31])
@pytest.mark.parametrize("told", [48, 8192, 60_000])
def test_dimensions_of_jpeg_2000(server, size, told):
    """A codestream of a kilobyte that says it is of gigapixels (SIZ, ISO 15444-1 A.5.1)."""
    stream, _, _ = CASES["JPEG 2000"]
    place = stream.index(b"\xff\x51") + 6
    stream = stream[:place] + struct.pack(">II", size, size) + stream[place + 8 :]
    found = instances.slide([stream], JPEG_2000, PhotometricInterpretation="YBR_RCT")
    found.Rows = found.Columns = told
    del found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows

    borne(server, found)


@pytest.mark.parametrize("name", ["JPEG 2000", "HTJ2K", "JPEG-LS", "RLE", "lossless JPEG"])
def test_streams_with_wrong_bytes(server, name):
    chance = np.random.default_rng(11)
    stream, description, _ = CASES[name]
    damaged = []
    for _ in range(8):
        one = np.frombuffer(stream, np.uint8).copy()
        one[chance.integers(0, len(one), 4)] = chance.integers(0, 256, 4)
        damaged.append(one.tobytes())
    found = instances.slide(
        damaged,
        description.transfer_syntax_uid,
        PhotometricInterpretation=description.photometric_interpretation,
        Rows=description.rows,
        Columns=description.columns,
        SamplesPerPixel=description.samples,
        BitsAllocated=description.bits_allocated,
        BitsStored=description.bits_stored,
        HighBit=description.high_bit,
    )

    borne(server, found)
