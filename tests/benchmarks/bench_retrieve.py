# SPDX-License-Identifier: Apache-2.0
"""Retrieval of what is large: metadata, first frames, binary values, ranges.

    python tests/benchmarks/bench_retrieve.py [frames]

Builds a TILED_SPARSE instance of 100,000 frames and one of 60,000 without an offset table, stores
them (a minute or two: they are parsed), and asks a server that has just started. Each figure is the
best of several requests on one connection over loopback, in milliseconds.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import instances
import pydicom
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from servers import Server, serving

FRAMES = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
WITHOUT_TABLE = 60_000
TIMES = 5


def items(count: int) -> Iterator[bytes]:
    """Yield the items of the per-frame functional groups, as a scanner writes them."""
    position = instances.item(
        ColumnPositionInTotalImagePixelMatrix=1,
        RowPositionInTotalImagePixelMatrix=1,
        XOffsetInSlideCoordinateSystem="12.345678",
        YOffsetInSlideCoordinateSystem="12.345678",
        ZOffsetInSlideCoordinateSystem="0",
    )
    found = instances.item(
        FrameContentSequence=[instances.item(DimensionIndexValues=[1, 1])],
        PlanePositionSlideSequence=[position],
    )
    for number in range(count):
        position.ColumnPositionInTotalImagePixelMatrix = number % 400 * 256 + 1
        position.RowPositionInTotalImagePixelMatrix = number // 400 * 256 + 1
        found.FrameContentSequence[0].DimensionIndexValues = [number % 400 + 1, number // 400 + 1]
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_dataset(buffer, found)
        data = buffer.getvalue()
        yield b"\xfe\xff\x00\xe0" + struct.pack("<I", len(data)) + data


def pixels(count: int) -> bytes:
    """Return encapsulated Pixel Data of the same small frames, without an offset table."""
    frames = [instances.jpeg(level) for level in range(8)]
    padded = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    parts = [b"\xfe\xff\x00\xe0" + struct.pack("<I", len(frame)) + frame for frame in padded]
    head = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\0\0\0\0"
    whole = b"".join(parts) * (count // 8) + b"".join(parts[: count % 8])
    return head + whole + b"\xfe\xff\xdd\xe0\0\0\0\0"


def built(count: int, *, sparse: bool) -> tuple[pydicom.FileDataset, bytes]:
    """Return an instance without its long elements, and the whole file."""
    found = instances.with_pixels(instances.dataset(), count)
    found.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
    found.OpticalPathSequence = [instances.item(ICCProfile=bytes(3144))]
    head = instances.written(found)
    if sparse:
        value = b"".join(items(count))
        head += b"\x00\x52\x30\x92SQ\0\0" + struct.pack("<I", len(value)) + value
    return found, head + pixels(count)


def path_of(found: pydicom.Dataset) -> str:
    return (
        f"/dicomweb/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


def cpu_ms(server: Server) -> float:
    """Return the processor time that the server has taken."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure(server: Server, name: str, path: str, times: int = TIMES, **headers: str) -> None:
    http, before = server.http, cpu_ms(server)
    raw = []
    for _ in range(times):
        start = time.perf_counter()
        with http.stream("GET", path, headers=headers) as answer:
            begun = (time.perf_counter() - start) * 1000
            for _ in answer.iter_raw():
                pass
        raw.append((time.perf_counter() - start) * 1000)
    print(
        f"{name:44} first {raw[0]:8.1f}  best {min(raw):8.1f}  begins {begun:7.1f} ms  "
        f"cpu {(cpu_ms(server) - before) / times:6.1f} ms each  "
        f"{answer.status_code}  {answer.num_bytes_downloaded:,} bytes"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        sparse, sparse_file = built(FRAMES, sparse=True)
        plain, plain_file = built(WITHOUT_TABLE, sparse=False)
        with serving(data) as server:
            server.http.timeout = httpx.Timeout(600)
            for name, file in (("sparse", sparse_file), ("without table", plain_file)):
                start = time.perf_counter()
                answer = server.store(file)
                seconds = time.perf_counter() - start
                print(
                    f"stored {name}: {len(file):,} bytes in {seconds:.1f} s ({answer.status_code})"
                )
        with serving(data) as server:
            server.http.get("/healthz")
            measure(
                server,
                "first frame after a restart, no offset table",
                f"{path_of(plain)}/frames/{WITHOUT_TABLE // 2}",
                1,
                Accept="image/jpeg",
            )
            measure(
                server,
                "another frame of it",
                f"{path_of(plain)}/frames/7",
                Accept="image/jpeg",
            )
            measure(
                server,
                f"ICC profile of {FRAMES:,} frames",
                f"{path_of(sparse)}/bulkdata/00480105/0/00282000",
            )
            measure(
                server,
                f"metadata of {FRAMES:,} sparse frames",
                f"{path_of(sparse)}/metadata",
                **{"Accept-Encoding": "identity"},
            )
            measure(
                server,
                "the same, gzip",
                f"{path_of(sparse)}/metadata",
                **{"Accept-Encoding": "gzip"},
            )
            measure(
                server,
                "the same, not changed",
                f"{path_of(sparse)}/metadata",
                **{"If-None-Match": "*"},
            )
            measure(
                server,
                "the same as XML",
                f"{path_of(sparse)}/metadata",
                1,
                Accept="application/dicom+xml",
            )
            measure(
                server,
                "100 ranges of the instance",
                path_of(sparse),
                Range="bytes=" + ",".join(f"{n}000-{n}999" for n in range(1, 100)),
            )
            measure(
                server,
                "5,000 ranges",
                path_of(sparse),
                Range="bytes=" + ",".join(f"{n}-{n}" for n in range(5000)),
            )


if __name__ == "__main__":
    main()
