# SPDX-License-Identifier: Apache-2.0
"""Which files are one slide, and what each of them shows."""

from __future__ import annotations

from pathlib import Path

import build_dicom
import pytest
import slides
from build_dicom import (
    write_level,
    write_series,
)
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from dicomizer.errors import SourceError
from dicomizer.slide import (
    Flavor,
    SizePx,
    SpacingMm,
)
from dicomizer.sources.base import Refusal
from dicomizer.sources.dicom_wsi import DicomWsiSource


@pytest.mark.parametrize("name", ["level-0.dcm", "level-1.dcm", "label.dcm", ""])
def test_any_file_of_a_series_and_its_folder_stand_for_all(tmp_path, name):
    write_series(tmp_path)
    write_level(tmp_path / "other.dcm", slides.picture(64, 64), SeriesInstanceUID="1.2.3")
    (tmp_path / "notes.txt").write_text(f"about {build_dicom.SERIES}")
    if not name:
        (tmp_path / "other.dcm").unlink()

    with DicomWsiSource(tmp_path / name) as source:
        slide = source.slide

    assert slide.format_name == "DICOM WSI"
    assert [(image.size, image.spacing) for image in slide.levels] == [
        (SizePx(150, 100), SpacingMm(0.0005, 0.0005)),
        (SizePx(75, 50), SpacingMm(0.001, 0.001)),
    ]
    assert [(image.flavor, image.size, image.tile_size) for image in slide.associated] == [
        (Flavor.LABEL, SizePx(32, 32), SizePx(32, 32)),
        (Flavor.OVERVIEW, SizePx(32, 32), SizePx(32, 32)),
    ]
    assert slide.notes == ()


@pytest.mark.parametrize("name", ["level-0.dcm", "", "DICOMDIR"])
def test_a_dicomdir_leads_nowhere(tmp_path, name):
    """CVE-2026-32711 of pydicom: files that a DICOMDIR names may lie anywhere."""
    folder, elsewhere = tmp_path / "slide", tmp_path / "elsewhere"
    write_series(folder)
    write_level(elsewhere / "level-9.dcm", slides.picture(38, 25))
    places = (["..", "elsewhere", "level-9.dcm"], [str(elsewhere / "level-9.dcm")])
    write_dicomdir(folder / "DICOMDIR", *places)

    if name == "DICOMDIR":
        with pytest.raises(Refusal, match="Media Storage Directory"):
            DicomWsiSource(folder / name)
        return
    with DicomWsiSource(folder / name) as source:
        assert [image.size for image in source.slide.levels] == [SizePx(150, 100), SizePx(75, 50)]


def write_dicomdir(path: Path, *places: list[str]) -> None:
    found = FileDataset(str(path), {}, file_meta=FileMetaDataset(), preamble=bytes(128))
    found.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    found.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID, found.SOPInstanceUID = MediaStorageDirectoryStorage, "1.2.3.4"
    found.SeriesInstanceUID = build_dicom.SERIES
    found.DirectoryRecordSequence = []
    for place in places:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        # Written as text of another VR, whose values pydicom lets be: an id has no dots.
        record.add_new(0x00041500, "UT", "\\".join(place))
        found.DirectoryRecordSequence.append(record)
    found.save_as(path, enforce_file_format=True)


def test_folder_of_several_series_asks_for_one(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(64, 64))
    write_level(tmp_path / "b.dcm", slides.picture(64, 64), SeriesInstanceUID="1.2.3")

    with pytest.raises(SourceError, match="holds 2 series of whole slide images, expected one"):
        DicomWsiSource(tmp_path)


def test_other_kinds_are_refused_by_name(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(64, 64), SOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("x" * 200)

    with pytest.raises(Refusal, match="CT Image Storage, no whole slide image"):
        DicomWsiSource(tmp_path / "a.dcm")
    with pytest.raises(Refusal, match="CT Image Storage, no whole slide image"):
        DicomWsiSource(tmp_path)
    with pytest.raises(Refusal, match="no DICOM: found 78787878 at byte 128, expected DICM"):
        DicomWsiSource(tmp_path / "a.txt")
    with pytest.raises(Refusal, match="the folder holds no DICOM file"):
        DicomWsiSource(tmp_path / "empty")


def test_series_without_a_level_is_refused(tmp_path):
    label = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    write_level(tmp_path / "a.dcm", slides.picture(32, 32), ImageType=label)

    with pytest.raises(Refusal, match="no VOLUME image, only LABEL"):
        DicomWsiSource(tmp_path / "a.dcm")


def test_misspelt_image_type_is_understood(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(64, 64), ImageType=["ORGINAL", "", "VOLUMNE"])

    assert [i.size for i in DicomWsiSource(tmp_path / "a.dcm").slide.levels] == [SizePx(64, 64)]


def test_image_of_unknown_type_or_another_shape_is_left_out_and_said(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(96, 64))
    write_level(tmp_path / "b.dcm", slides.picture(48, 48))
    write_level(tmp_path / "c.dcm", slides.picture(96, 64), ImageType=["DERIVED", "PRIMARY", "X"])
    write_level(tmp_path / "d.dcm", slides.picture(96, 64))

    slide = DicomWsiSource(tmp_path / "a.dcm").slide

    assert [image.key for image in slide.levels] == ["a.dcm"]
    assert slide.notes == (
        "c.dcm left out: its Image Type is not known",
        "d.dcm shows the same as a.dcm: left out",
        "b.dcm (48 x 48) is no level of the pyramid: left out",
    )


def test_pyramids_of_one_series_are_scans(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(96, 64), PyramidUID="1.2.1")
    write_level(tmp_path / "b.dcm", slides.picture(96, 64), PyramidUID="1.2.2")

    scans = DicomWsiSource(tmp_path / "b.dcm").slide.scans

    assert [[image.key for image in scan.levels] for scan in scans] == [["b.dcm"], ["a.dcm"]]
