# SPDX-License-Identifier: Apache-2.0
"""The dataset that a writer makes of metadata alone, and tables as spreadsheets write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset

from dicomizer.dicom.metadata import Optics, PathMetadata, SlideMetadata
from dicomizer.dicom.placeholders import fill_placeholders
from dicomizer.dicom.schema import dataset as schema
from dicomizer.dicom.schema.optics import add_path
from dicomizer.dicom.schema.specimen import add_specimens
from dicomizer.dicom.uids import Uids


def written(metadata: SlideMetadata) -> Dataset:
    """Return a dataset as the writer makes it of metadata."""
    found = Dataset()
    found.SpecificCharacterSet = "ISO_IR 192"
    schema.add_patient(found, metadata.patient)
    schema.add_study(found, metadata.study)
    schema.add_series(found, metadata.series)
    schema.add_equipment(found, metadata.equipment)
    schema.add_slide_label(found, metadata.container)
    add_specimens(found, metadata.container, metadata.specimens)
    found.OpticalPathSequence = [
        _path(path, metadata.optics) for path in metadata.optics.paths or (None,)
    ]
    if metadata.acquisition_datetime is not None:
        found.AcquisitionDateTime = schema.dicom_datetime(metadata.acquisition_datetime)
    return found


def _path(path: PathMetadata | None, optics: Optics) -> Dataset:
    """Return the item of a path of a grey image; of one that nobody tells of, what all have."""
    found = Dataset()
    if path is not None:
        add_path(found, path, bytes_per_sample=1)
    if optics.objective_power is not None:
        found.ObjectiveLensPower = str(optics.objective_power)
    if optics.icc_profile is not None:
        found.ICCProfile = optics.icc_profile
    return found


def golden(metadata: SlideMetadata) -> str:
    """Return the dataset as text, with placeholders as a conversion would choose them."""
    filled, _ = fill_placeholders(metadata, "slide", Uids(b"golden"))
    return "".join(f"{line}\n" for line in _lines(written(filled), ""))


def _lines(dataset: Dataset, indent: str) -> Iterator[str]:
    for element in dataset:
        head = f"{indent}{element.tag} {element.VR} {element.keyword}"
        if element.VR != "SQ":
            value = list(element.value) if element.VM > 1 else str(element.value)
            yield f"{head} = {json.dumps(value, ensure_ascii=False, default=str)}"
            continue
        yield f"{head}, {len(element.value)}"
        for item in element.value:
            yield f"{indent}  -"
            yield from _lines(item, f"{indent}    ")


def as_excel(table: Path) -> bytes:
    """Return a table with semicolons, a byte order mark and commas within numbers."""
    with table.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    is_number = [name.startswith(("location_x", "location_y")) for name in header]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            cell.replace(".", ",") if number else cell
            for cell, number in zip(row, is_number, strict=True)
        )
    return b"\xef\xbb\xbf" + text.getvalue().encode()
