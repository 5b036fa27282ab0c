# SPDX-License-Identifier: Apache-2.0
"""The attributes of a Part 10 file as DICOM JSON, read the fast way where that can read them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from pydicom.datadict import tag_for_keyword

from dicomizer.dicom.dicom_json import json_elements
from dicomizer.dicom.encapsulation import extended_tables
from dicomizer.dicom.part10 import read_header
from dicomizer.dicom.plain_walk import NotPlainError, read_plain_header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom.dataset import FileDataset

    from dicomizer.dicom.dicom_json import JsonDataset
    from dicomizer.dicom.part10 import PixelDataPlace
    from dicomizer.dicom.plain_walk import PlainHeader

_META = (
    ("MediaStorageSOPClassUID", "SOPClassUID"),
    ("MediaStorageSOPInstanceUID", "SOPInstanceUID"),
)
_META_TAGS = [(f"{tag_for_keyword(meta):08X}", keyword) for meta, keyword in _META]
_TOLD = {
    keyword: f"{tag_for_keyword(keyword):08X}"
    for keyword in (
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "NumberOfFrames",
        "BitsAllocated",
        "SamplesPerPixel",
        "Rows",
        "Columns",
        "PhotometricInterpretation",
    )
}
"""Tags of the values that `Part10Attributes` tells, by keyword."""


class Values(Protocol):
    """Values of attributes of the outermost level: a dataset, or what stands for one."""

    def get(self, keyword: str, /) -> Any:
        """Return a value, ``None`` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Part10Attributes:
    """What a Part 10 file has up to its pixels, and where these are.

    Parameters
    ----------
    elements
        Of DICOM JSON, as text, by tag, in order.
    values
        Those by which an instance is known, and by which its frames are located.
    contradicts_meta
        Whether the file's meta information names another class or instance, or is damaged.
    is_cut
        Whether DICOM JSON cannot take an element.
    offset_tables
        Values of Extended Offset Table and Extended Offset Table Lengths, where there are both.
    """

    elements: Mapping[str, str]
    values: Values
    transfer_syntax_uid: str
    pixel_data: PixelDataPlace | None
    contradicts_meta: bool
    is_cut: bool
    offset_tables: tuple[bytes, bytes] | None


def read_attributes(file: BinaryIO) -> Part10Attributes:
    """Read a Part 10 file up to Pixel Data.

    Raises
    ------
    DicomError
        As `dicomizer.dicom.part10.read_header`.
    """
    try:
        return _of_plain(read_plain_header(file))
    except NotPlainError:
        return parsed_attributes(file)


def parsed_attributes(file: BinaryIO) -> Part10Attributes:
    """Return the same as `read_attributes`, by the parser, which can read all there is."""
    header = read_header(file)
    dataset = header.dataset
    elements = json_elements(dataset)
    return Part10Attributes(
        elements=elements,
        values=dataset,
        transfer_syntax_uid=header.transfer_syntax_uid,
        pixel_data=header.pixel_data,
        contradicts_meta=_contradicts_meta(dataset),
        is_cut=any(
            tag.element != 0 and f"{tag:08X}" not in elements
            for tag in dataset.keys()  # noqa: SIM118 - iterating the dataset would convert all values
        ),
        offset_tables=extended_tables(dataset),
    )


def _contradicts_meta(dataset: FileDataset) -> bool:
    try:
        return any(
            dataset.file_meta.get(meta, dataset.get(keyword)) != dataset.get(keyword)
            for meta, keyword in _META
        )
    except Exception:  # noqa: BLE001 - the parser raises whatever a broken element provokes
        return True


def _of_plain(header: PlainHeader) -> Part10Attributes:
    texts = [f'"{t}":{header.elements[t]}' for t in _TOLD.values() if t in header.elements]
    told: JsonDataset = json.loads(f"{{{','.join(texts)}}}")
    values = {keyword: _only_value(told, tag) for keyword, tag in _TOLD.items()}
    return Part10Attributes(
        elements=header.elements,
        values=values,
        transfer_syntax_uid=header.transfer_syntax_uid,
        pixel_data=header.pixel_data,
        contradicts_meta=any(
            _only_value(header.meta, tag) not in (None, values[keyword])
            for tag, keyword in _META_TAGS
        ),
        is_cut=header.is_cut,
        offset_tables=header.offset_tables,
    )


def _only_value(dataset: JsonDataset, tag: str) -> object:
    """Return the one value of an element, ``None`` where there is no such element.

    Raises
    ------
    NotPlainError
        There are several; or it is empty, which the parser tells from not being there.
    """
    if tag not in dataset:
        return None
    values = dataset[tag].get("Value")
    if not isinstance(values, list) or len(values) != 1:
        raise NotPlainError
    return values[0]
