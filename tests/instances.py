# SPDX-License-Identifier: Apache-2.0
"""Small instances, built by code, with frames that are known."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pydicom
import simplejpeg
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
SIZE = 16


def jpeg(level: int, *, odd: bool = False) -> bytes:
    """Return a frame of noise around a grey level, of even length or of odd."""
    noise = np.random.default_rng(level)
    while True:
        pixels = noise.integers(level, level + 20, (SIZE, SIZE, 3), dtype=np.uint8)
        stream = simplejpeg.encode_jpeg(pixels, quality=80)
        if len(stream) % 2 == odd:
            return stream


def dataset(**attributes: Any) -> FileDataset:
    """Return a slide's attributes without pixels, in Explicit VR Little Endian."""
    found = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SpecificCharacterSet = "ISO_IR 192"
    found.SOPClassUID = WHOLE_SLIDE
    found.SOPInstanceUID = generate_uid()
    found.StudyInstanceUID = generate_uid()
    found.SeriesInstanceUID = generate_uid()
    found.Modality = "SM"
    found.PatientName = "Doe^Jane"
    found.PatientID = "P-1"
    found.StudyDate = "20240317"
    found.InstanceNumber = 1
    found.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    found.ContainerIdentifier = "S24-1"
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def slide(
    frames: Sequence[bytes], transfer_syntax_uid: str = JPEGBaseline8Bit, **attributes: Any
) -> FileDataset:
    """Return an instance of encapsulated frames."""
    found = with_pixels(dataset(), len(frames))
    found.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    found.PixelData = encapsulate(list(frames))
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def native(pixels: bytes, frames: int, **attributes: Any) -> FileDataset:
    """Return an instance of uncompressed frames."""
    found = with_pixels(dataset(), frames)
    found.PixelData = pixels
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def with_pixels(found: FileDataset, frames: int) -> FileDataset:
    """Add what describes frames of 16 x 16 RGB pixels."""
    found.Rows = found.Columns = SIZE
    found.SamplesPerPixel = 3
    found.PhotometricInterpretation = "YBR_FULL_422"
    found.PlanarConfiguration = 0
    found.BitsAllocated = found.BitsStored = 8
    found.HighBit = 7
    found.PixelRepresentation = 0
    found.NumberOfFrames = frames
    found.TotalPixelMatrixColumns = SIZE * frames
    found.TotalPixelMatrixRows = SIZE
    return found


def written(found: FileDataset) -> bytes:
    """Return the Part 10 file."""
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, found, enforce_file_format=True)
    return buffer.getvalue()


def nested(depth: int) -> bytes:
    """Return a Part 10 file of sequences within sequences, each of undefined length."""
    head = written(dataset())
    begin = b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    return head + begin * depth + end * depth


def nested_of_known_length(depth: int) -> bytes:
    """Return a Part 10 file of sequences within sequences, each of the length it says."""
    content = b""
    for _ in range(depth):
        item = b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content
        content = b"\x40\x00\x30\xa7SQ\x00\x00" + len(item).to_bytes(4, "little") + item
    return written(dataset()) + content


def item(**attributes: Any) -> Dataset:
    """Return an item of a sequence."""
    found = Dataset()
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found
