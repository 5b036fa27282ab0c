# SPDX-License-Identifier: Apache-2.0
"""The header of an instance that is sent in another transfer syntax than the stored one.

References
----------
PS3.10 7.1 (file meta information), PS3.5 A.4 (encapsulation), PS3.3 C.7.6.1.1.5 (what is
compressed with loss is another instance, which says so), PS3.16 CID 7202 (source image
purposes)
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicomizer.dicom.part10 import read_header
from dicomizer.dicom.uids import Uids
from dicomizer.errors import DicomError
from tileserver.services.pixel_reference import pixel_vr

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

    from dicomizer.dicom.part10 import Part10Header
    from dicomizer.pixels.stored_frames import PixelDescription

LONGEST_VALUE = 0xFFFFFFFE
_UNDEFINED = 0xFFFFFFFF
_METHOD = "ISO_10918_1"


@dataclass(frozen=True, slots=True)
class PixelElement:
    """The element of the pixels."""

    tag: str
    vr: str


def transcoded_header(
    file: BinaryIO,
    transfer_syntax_uid: str,
    description: PixelDescription | None,
    *,
    jpeg: tuple[int, float] | None = None,
) -> tuple[bytes, PixelElement | None]:
    """Return a Part 10 file up to its pixels, and what these are to be in, if there are any.

    Parameters
    ----------
    file
        The stored one.
    description
        Of pixels that are decoded; ``None`` where they stay as they are.
    jpeg
        Quality and ratio of pixels that are compressed with loss.

    Raises
    ------
    DicomError
        The stored header cannot be read, or not be written otherwise.
    """
    from pydicom import dcmwrite
    from pydicom.uid import UID

    header = read_header(file)
    dataset, place = header.dataset, header.pixel_data
    element = None
    if place is not None:
        vr = "OB" if jpeg else _native_vr(file, header, description)
        element = PixelElement(f"7FE0{place.element:04X}", vr)
    out = io.BytesIO()
    try:
        if description is not None:
            _describe(dataset, description)
        if jpeg is not None:
            _tell_loss(dataset, *jpeg)
        dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dcmwrite(out, dataset, implicit_vr=False, little_endian=True)
    except Exception as error:  # the library raises whatever a value that breaks its VR provokes
        raise DicomError(f"its attributes cannot be written: {type(error).__name__}") from error
    return out.getvalue(), element


def pixel_header(element: PixelElement, length: int | None) -> bytes:
    """Return what stands before the value of the pixels; no length is an undefined one."""
    tag = int(element.tag, 16)
    stated = _UNDEFINED if length is None else length
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, element.vr.encode(), 0, stated)


def _native_vr(file: BinaryIO, header: Part10Header, description: PixelDescription | None) -> str:
    if description is None:
        return pixel_vr(file, header) or "OW"
    return "OW" if description.bits_allocated > 8 else "OB"


def _describe(dataset: Dataset, description: PixelDescription) -> None:
    """Make the header say what decoded pixels are."""
    if description.samples == 3:
        dataset.PhotometricInterpretation = "RGB"
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            del dataset[keyword]


def _tell_loss(dataset: FileDataset, quality: int, ratio: float) -> None:
    """Make another instance of it, that says how it came about (PS3.3 C.7.6.1.1.5)."""
    source = Dataset()
    source.ReferencedSOPClassUID = dataset.SOPClassUID
    source.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    source.PurposeOfReferenceCodeSequence = [_purpose()]
    dataset.SOPInstanceUID = Uids(str(dataset.SOPInstanceUID).encode()).uid("JPEG baseline")
    dataset.SourceImageSequence = [*(dataset.get("SourceImageSequence") or ()), source]
    dataset.ImageType = ["DERIVED", *list(dataset.get("ImageType") or ("", "PRIMARY"))[1:]]
    dataset.DerivationDescription = f"JPEG baseline, quality {quality}"
    earlier = dataset.get("LossyImageCompression") == "01"
    ratios = _several(dataset, "LossyImageCompressionRatio") if earlier else []
    methods = _several(dataset, "LossyImageCompressionMethod") if earlier else []
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio = [*ratios, f"{ratio:.2f}"]
    dataset.LossyImageCompressionMethod = [*methods, _METHOD]
    if dataset.get("SamplesPerPixel") == 3:
        dataset.PhotometricInterpretation = "YBR_FULL_422"
        dataset.PlanarConfiguration = 0


def _several(dataset: Dataset, keyword: str) -> list[str]:
    value = dataset.get(keyword)
    if value in (None, ""):
        return []
    return list(value) if isinstance(value, (list, MultiValue)) else [str(value)]


def _purpose() -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "121320", "DCM"
    code.CodeMeaning = "Uncompressed predecessor"
    return code
