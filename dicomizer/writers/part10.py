# SPDX-License-Identifier: Apache-2.0
"""A dataset as the bytes that begin a Part 10 file: preamble, file meta information, elements.

References
----------
PS3.10 7 (file format)
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import dicomizer
from dicomizer.dicom import uids

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset

    from dicomizer.dicom.transfer_syntax import TransferSyntax

PREAMBLE_BYTES = 128


def part10_header(dataset: Dataset, transfer_syntax: TransferSyntax) -> bytes:
    """Return an empty preamble, file meta information and dataset.

    Every transfer syntax that is written has the dataset in explicit VR little endian, also those
    that pydicom's dictionary does not know (JPEG XL), for which its ``dcmwrite`` refuses.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    buffer.write(bytes(PREAMBLE_BYTES) + file_meta(dataset, FileMetaDataset(), transfer_syntax))
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def file_meta(dataset: Dataset, kept: FileMetaDataset, transfer_syntax: TransferSyntax) -> bytes:
    """Return the prefix and the file meta information of a file that we write.

    Parameters
    ----------
    kept
        File meta information that stays, but for what is true of the new file alone.
    """
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import UID

    meta = deepcopy(kept)
    meta.TransferSyntaxUID = UID(transfer_syntax.value)
    meta.ImplementationClassUID = UID(uids.IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = f"COVERSLIP_{dicomizer.__version__}"[:16]
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    buffer.write(b"DICM")
    write_file_meta_info(buffer, meta)
    return buffer.getvalue()
