# SPDX-License-Identifier: Apache-2.0
"""Instances of many makers are stored, and every frame is the one that pydicom reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames
from servers import parts_of

FOLDERS = (
    "dicom-ann",
    "dicom-seg",
    "dicom-sr",
    "ez-wsi",
    "idc-sm",
    "jcupitt-cmu-1-small-region",
    "napari-wsi-CMU-1-Small-Region",
    "variants",
    "wsi2dcm",
    "wsic-CMU-1-Small-Region",
)


def expected_frames(found: pydicom.FileDataset, count: int) -> list[bytes]:
    """Return the frames as pydicom divides them, those of single bits from their first bit on."""
    if found.file_meta.TransferSyntaxUID.is_encapsulated:
        extended = None
        if "ExtendedOffsetTable" in found:
            extended = (found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths)
        return list(
            generate_frames(found.PixelData, number_of_frames=count, extended_offsets=extended)
        )
    bits = found.Rows * found.Columns * found.get("SamplesPerPixel", 1) * found.BitsAllocated
    if bits % 8:
        masks = np.asarray(found.pixel_array).reshape(count, -1)
        return [np.packbits(mask, bitorder="little").tobytes() for mask in masks]
    return [
        found.PixelData[start : start + bits // 8]
        for start in range(0, count * bits // 8, bits // 8)
    ]


def without_padding(frame: bytes) -> bytes:
    return frame[:-1] if frame.endswith(b"\xff\xd9\x00") else frame


def check(server, path: Path) -> None:
    """Compare an instance that is stored with its file."""
    found = pydicom.dcmread(path)
    place = (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )
    assert server.get(place, "application/dicom").content == path.read_bytes()
    (metadata,) = server.get(f"{place}/metadata").json()
    assert metadata["00080018"]["Value"] == [found.SOPInstanceUID]
    if "PixelData" not in found:
        return
    count = int(found.get("NumberOfFrames") or 1)
    expected = expected_frames(found, count)
    numbers = ",".join(str(number) for number in range(1, count + 1))
    answer = server.get(f"{place}/frames/{numbers}")
    frames = [body for _, body in parts_of(answer)]
    if found.file_meta.TransferSyntaxUID.is_encapsulated:
        assert frames == list(map(without_padding, expected))
    else:
        assert frames == expected


# pydicom, which reads what is expected, warns of the odd values in some of the files.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("folder", FOLDERS)
def test_instances_of_many_makers_are_served_as_pydicom_reads_them(server, real_slide, folder):
    paths = sorted(real_slide(f"dicom/{folder}").rglob("*.dcm"))
    assert paths

    for path in paths:
        # 202 where the meta information contradicts the data set.
        if server.store(path.read_bytes()).status_code in (200, 202):
            check(server, path)
        else:
            # Two files of these collections share the UID of another, with other bytes.
            assert path.name in {"sm_image_control.dcm", "test_wsi.dcm"}
