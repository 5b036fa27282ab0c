# SPDX-License-Identifier: Apache-2.0
"""Checks of written instances: what validators of attributes do not look into, and those too.

Each file is checked by itself (offset table, frames, their streams), then all as one study. Where
dicom3tools is installed its ``dciodvfy`` and ``dcentvfy`` are asked as well.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.dicom import uids
from dicomizer.dicom.encapsulation import FrameIndex, extended_tables, read_frame_index
from dicomizer.dicom.part10 import Part10Header, read_header
from dicomizer.dicom.rules import check_dataset, check_study, whole_number
from dicomizer.errors import CorruptDicomError, DicomError, NotDicomError
from dicomizer.pixels.codecs import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from pydicom.dataset import Dataset

_TOOL_SECONDS = 300
_PHOTOMETRIC_IS_YCBCR = {"RGB": False, "YBR_FULL_422": True, "YBR_FULL": True}


_EXPECTS_FULL_TILING = "NumberOfFrames does not match expected value for tiled total pixel matrix"


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be, or should be."""

    severity: Severity
    file: Path | None
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        return f"{self.severity.value}: {where}{self.message}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in how many instances.

    Parameters
    ----------
    tools
        Validators that were asked besides.
    """

    instances: int
    findings: tuple[Finding, ...]
    tools: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether there is at least one instance and no error."""
        return self.instances > 0 and all(
            item.severity is not Severity.ERROR for item in self.findings
        )


def validate(files: Sequence[Path]) -> Report:
    """Check DICOM files, each by itself and all as one study."""
    findings: list[Finding] = []
    headers: dict[Path, Dataset] = {}
    dicom = list(files)
    for path in files:
        try:
            headers[path] = _check_file(path, findings)
        except NotDicomError as error:
            findings.append(Finding(Severity.ERROR, path, str(error)))
            dicom.remove(path)
        except DicomError as error:
            findings.append(Finding(Severity.ERROR, path, str(error)))
        except OSError as error:
            findings.append(Finding(Severity.ERROR, path, error.strerror or str(error)))
    findings += [
        Finding(Severity.ERROR, None, message) for message in check_study(list(headers.values()))
    ]
    tools = {name: tool for name in ("dciodvfy", "dcentvfy") if (tool := find_tool(name))}
    if "dciodvfy" in tools:
        for path in dicom:
            asked = _ask(path, tools["dciodvfy"], str(path))
            findings += [item for item in asked if not _is_mistaken(item, headers.get(path))]
    if "dcentvfy" in tools and headers:
        findings += _ask(None, tools["dcentvfy"], *map(str, dicom))
    return Report(len(headers), tuple(findings), tuple(tools))


def find_tool(name: str) -> str | None:
    """Return the path of a program: on the search path, or beside this Python.

    The second finds what pip installed into a virtual environment that is not active.
    """
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def _check_file(path: Path, findings: list[Finding]) -> Dataset:
    with path.open("rb") as file:
        header = read_header(file)
        messages = list(check_dataset(header.dataset))
        try:
            messages += list(_check_frames(file, header))
        except CorruptDicomError as error:
            messages.append(str(error))
    findings += [Finding(Severity.ERROR, path, message) for message in messages]
    return header.dataset


class _Reader:
    """Random access to an open file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        self._file.seek(offset)
        return self._file.read(length)


def _check_frames(file: BinaryIO, header: Part10Header) -> Iterator[str]:
    place, dataset = header.pixel_data, header.dataset
    if place is None:
        return
    frames = whole_number(dataset, "NumberOfFrames") or 1
    if place.length is not None:
        yield from _check_native(dataset, place.length, frames)
        return
    reader, extended = _Reader(file), extended_tables(dataset)
    index = read_frame_index(reader, place.offset, frames, extended)
    yield from _check_table(reader, place.offset, index, extended)
    if header.transfer_syntax_uid == uids.JPEG_BASELINE:
        yield from _check_jpeg(reader, dataset, index)


def _check_native(dataset: Dataset, length: int, frames: int) -> Iterator[str]:
    keywords = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
    missing = [keyword for keyword in keywords if whole_number(dataset, keyword) is None]
    if missing:
        yield f"Pixel Data without {', '.join(missing)}"
        return
    bits = frames * math.prod(dataset[keyword].value for keyword in keywords)
    expected = -(-bits // 8)
    expected += expected % 2
    if length != expected:
        yield f"Pixel Data has {length} bytes, expected {expected}"


def _check_table(
    reader: _Reader, value_offset: int, index: FrameIndex, extended: tuple[bytes, bytes] | None
) -> Iterator[str]:
    """Compare the offset table with where the items are."""
    import numpy as np

    table_length = int.from_bytes(reader.pread(4, value_offset + 4), "little")
    base = value_offset + 8 + table_length
    actual = index.offsets - np.uint64(base + 8)
    if extended is not None:
        stated, width = extended[0], 8
        name = "Extended Offset Table"
    elif table_length:
        stated, width = reader.pread(table_length, value_offset + 8), 4
        name = "Basic Offset Table"
    else:
        yield "there is no offset table: readers have to walk through all frames"
        return
    if stated != actual.astype(f"<u{width}").tobytes():
        yield f"the {name} does not point at the frames"


def _check_jpeg(reader: _Reader, dataset: Dataset, index: FrameIndex) -> Iterator[str]:
    """Check each frame's stream against the dataset; the first fault of a kind is told."""
    told: set[str] = set()
    for frame_index in range(len(index)):
        parts = (reader.pread(length, offset) for offset, length in index.fragments(frame_index))
        for fault in _stream_faults(b"".join(parts), dataset):
            if fault not in told:
                told.add(fault)
                yield f"frame {frame_index + 1}: {fault}"


def _stream_faults(stream: bytes, dataset: Dataset) -> Iterator[str]:
    try:
        header = jpeg.read_header(stream)
    except jpeg.JpegError as error:
        yield f"no JPEG stream: {error}"
        return
    frame = header.frame
    if not frame.is_baseline:
        yield "the stream is not JPEG baseline, as the transfer syntax says"
    columns, rows = dataset.get("Columns"), dataset.get("Rows")
    if (frame.width, frame.height) != (columns, rows):
        yield f"the stream is {frame.width} x {frame.height}, expected {columns} x {rows}"
    if stream.rstrip(b"\0")[-2:] != jpeg.EOI:
        yield "the stream has no end (EOI)"
    photometric = str(dataset.get("PhotometricInterpretation"))
    stated = _PHOTOMETRIC_IS_YCBCR.get(photometric)
    found = jpeg.decoder_takes_for_ycbcr(header.segments, frame)
    if len(frame.sampling) == 3 and stated is not None and found is not stated:
        yield f"decoders will not take the stream for {photometric}, which the dataset says it is"


def _is_mistaken(finding: Finding, dataset: Dataset | None) -> bool:
    """Tell whether dciodvfy does not know the standard well enough.

    It counts the frames of a sparse tiling as if it were full, where only frames that are there
    are in it (PS3.3 C.7.6.17.3); and it does not know XYB yet (C.8.12.4.1.5).
    """
    is_sparse = dataset is not None and dataset.get("DimensionOrganizationType") == "TILED_SPARSE"
    return (is_sparse and _EXPECTS_FULL_TILING in finding.message) or (
        "Unrecognized" in finding.message and "<XYB>" in finding.message
    )


def _ask(path: Path | None, *command: str) -> Iterable[Finding]:
    """Run a validator and return its findings."""
    tool = Path(command[0]).name
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False,
            timeout=_TOOL_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return [Finding(Severity.WARNING, path, f"{tool}: {error}")]
    return [
        Finding(severity, path, f"{tool}: {line}")
        for line in (done.stdout + done.stderr).splitlines()
        for severity in Severity
        if line.lower().startswith(severity.value)
    ]
