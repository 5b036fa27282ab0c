# SPDX-License-Identifier: Apache-2.0
"""The place of a value is found in every encoding, without parsing what lies before it."""

from __future__ import annotations

import io

import instances
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicomizer.dicom.dicom_json import marked_paths, to_json
from dicomizer.dicom.value_place import (
    ElementWalker,
    ValuePlace,
    dataset_offset,
    little_endian,
)
from dicomizer.errors import DicomError

LONG = bytes(range(256)) * 2
SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]


class Memory:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def pread(self, length: int, offset: int) -> bytes:
        return self.data[offset : offset + length]


def written(found: Dataset, syntax: str) -> bytes:
    found.file_meta.TransferSyntaxUID = syntax
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer,
        found,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return buffer.getvalue()


def place_in(file: bytes, syntax: str, path: str) -> ValuePlace:
    source = Memory(file)
    return ElementWalker(source, syntax).find(dataset_offset(source), path)


def value_at(file: bytes, place: ValuePlace) -> bytes:
    return file[place.offset : place.offset + place.length]


def slide(*, undefined: bool) -> Dataset:
    """Return a dataset with a value within the second item of a sequence, behind another one."""
    inner = instances.item(ICCProfile=LONG)
    before = instances.item(SpecimenIdentifier="S-1")
    found = instances.dataset(
        SpecimenDescriptionSequence=[before] * 3,
        OpticalPathSequence=[instances.item(IlluminationColorCodeSequence=[before]), inner],
        PixelData=LONG,
    )
    found["PixelData"].VR = "OW"
    for keyword in ("SpecimenDescriptionSequence", "OpticalPathSequence"):
        found[keyword].is_undefined_length = undefined
        for item in found[keyword].value:
            item.is_undefined_length_sequence_item = undefined
    return found


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [True, False])
def test_a_value_is_found_through_sequences(syntax, undefined):
    file = written(slide(undefined=undefined), syntax)

    place = place_in(file, syntax, "00480105/1/00282000")

    assert value_at(file, place) == LONG
    assert place.vr == (None if syntax == ImplicitVRLittleEndian else "OB")
    assert value_at(file, place_in(file, syntax, "7FE00010")) == LONG


def test_encapsulated_pixels_have_a_place_but_no_length():
    found = instances.slide([instances.jpeg(1)])
    file = instances.written(found)

    place = place_in(file, found.file_meta.TransferSyntaxUID, "7FE00010")

    assert place.length is None
    assert file[place.offset : place.offset + 4] == b"\xfe\xff\x00\xe0"


@pytest.mark.parametrize(
    "path",
    ["", "x", "00289999", "00480105/2/00282000", "00480105/0", "0/0/0/0", "00480105/-1/00282000",
     "00480105/²/00282000", "00480105/0/00282000", "/".join(["00480105", "0"] * 40 + ["00282000"]),
     "+0480105"],
)  # fmt: skip
@pytest.mark.parametrize("undefined", [True, False])
def test_other_paths_lead_nowhere(path, undefined):
    file = written(slide(undefined=undefined), ExplicitVRLittleEndian)

    with pytest.raises(DicomError):
        place_in(file, ExplicitVRLittleEndian, path)


def test_references_of_json_lead_to_the_bytes():
    found = slide(undefined=False)
    del found.PixelData
    file = written(found, ExplicitVRLittleEndian)

    paths = marked_paths(to_json(found))

    assert paths == ["00480105/1/00282000"]
    assert value_at(file, place_in(file, ExplicitVRLittleEndian, paths[0])) == LONG


@given(st.binary(max_size=300), st.integers(0, 600), st.sampled_from(SYNTAXES))
def test_damage_is_an_error_and_never_endless(noise, position, syntax):
    file = written(slide(undefined=True), syntax)
    damaged = file[: 400 + position] + noise

    try:
        place = place_in(damaged, syntax, "00480105/1/00282000")
    except DicomError:
        return
    assert place.offset <= len(damaged) + 12


@pytest.mark.parametrize(
    ("vr", "big", "little"),
    [
        ("OB", b"\1\2\3\4", b"\1\2\3\4"),
        ("OW", b"\1\2\3\4", b"\2\1\4\3"),
        ("OF", b"\1\2\3\4", b"\4\3\2\1"),
        ("OD", b"\1\2\3\4\5\6\7\x08", b"\x08\7\6\5\4\3\2\1"),
        ("OW", b"\1\2\3", b"\2\1\3"),
    ],
)
def test_big_endian_values_become_little_endian(vr, big, little):
    assert little_endian(big, vr) == little
