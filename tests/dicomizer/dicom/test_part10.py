# SPDX-License-Identifier: Apache-2.0
"""Headers are read up to Pixel Data, whatever the transfer syntax; what is broken is told."""

from __future__ import annotations

import io
import struct
import zlib

import instances
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicomizer.dicom import part10
from dicomizer.dicom.part10 import PixelDataPlace, read_header
from dicomizer.errors import CorruptDicomError, DicomError, NotDicomError

PIXELS = bytes(range(256)) * 3


def native_in(transfer_syntax_uid) -> bytes:
    found = instances.native(PIXELS, 1)
    found.file_meta.TransferSyntaxUID = transfer_syntax_uid
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer,
        found,
        implicit_vr=transfer_syntax_uid == ImplicitVRLittleEndian,
        little_endian=transfer_syntax_uid != ExplicitVRBigEndian,
        force_encoding=True,
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    "transfer_syntax_uid", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_native_pixel_data_is_located(transfer_syntax_uid):
    file = native_in(transfer_syntax_uid)

    header = read_header(io.BytesIO(file))

    assert header.transfer_syntax_uid == transfer_syntax_uid
    assert header.dataset.Rows == 16
    assert "PixelData" not in header.dataset
    assert header.pixel_data is not None
    assert header.pixel_data.length == 768
    assert file[header.pixel_data.offset :][:768] == PIXELS


def test_encapsulated_pixel_data_is_located():
    file = instances.written(instances.slide([instances.jpeg(5)]))

    place = read_header(io.BytesIO(file)).pixel_data

    assert place == PixelDataPlace(0x0010, file.index(b"\xe0\x7f\x10\0OB") + 12, None)
    assert place.is_encapsulated


def test_an_extended_offset_table_is_part_of_the_header():
    table = struct.pack("<Q", 0)
    found = instances.slide([instances.jpeg(5)])
    found.ExtendedOffsetTable = table
    found.ExtendedOffsetTableLengths = struct.pack("<Q", 7)

    header = read_header(io.BytesIO(instances.written(found)))

    assert header.dataset.ExtendedOffsetTable == table
    assert header.pixel_data is not None


def test_a_dataset_without_pixels_has_no_place():
    header = read_header(io.BytesIO(instances.written(instances.dataset())))

    assert header.pixel_data is None


def test_of_a_deflated_dataset_pixels_cannot_be_reached():
    found = instances.native(PIXELS, 1)
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    header = read_header(io.BytesIO(instances.written(found)))

    assert header.dataset.PatientID == "P-1"
    assert header.pixel_data is None


def test_a_deflated_uid_among_the_values_does_not_make_a_file_deflated():
    found = instances.native(PIXELS, 1)
    found.AvailableTransferSyntaxUID = DeflatedExplicitVRLittleEndian

    assert read_header(io.BytesIO(instances.written(found))).pixel_data is not None


def test_a_file_without_meta_group_length_is_read():
    file = instances.written(instances.dataset())
    without = file[:132] + file[144:]

    assert read_header(io.BytesIO(without)).dataset.PatientID == "P-1"


@pytest.mark.parametrize(
    "file", [b"", b"text " * 100, bytes(128), bytes(128) + b"DICX" + bytes(99)]
)
def test_what_is_no_part_10_file_is_told(file):
    with pytest.raises(NotDicomError, match="expected DICM; give a DICOM Part 10 file"):
        read_header(io.BytesIO(file))


def test_a_header_without_preamble_is_no_part_10_file():
    file = instances.written(instances.dataset())

    with pytest.raises(NotDicomError):
        read_header(io.BytesIO(file[132:]))


def test_a_missing_transfer_syntax_is_corrupt():
    file = instances.written(instances.dataset())
    place = file.index(b"\x02\x00\x10\x00UI")

    with pytest.raises(CorruptDicomError):
        read_header(io.BytesIO(file[: place - 1]))


def test_a_file_cut_within_a_value_is_corrupt():
    file = instances.written(instances.dataset(ContainerIdentifier="a long enough name"))

    with pytest.raises(CorruptDicomError, match=r"\(0040,0512\): found 13 bytes .* expected 18"):
        read_header(io.BytesIO(file[:-5]))


def test_a_file_cut_within_an_element_header_is_corrupt():
    file = instances.written(instances.dataset(ContainerIdentifier="12345678"))

    with pytest.raises(CorruptDicomError, match="ends within an element"):
        read_header(io.BytesIO(file[:-11]))


@pytest.mark.parametrize("build", [instances.nested, instances.nested_of_known_length])
def test_sequences_may_be_nested_as_deep_as_reports_need(build):
    assert read_header(io.BytesIO(build(24))).dataset.PatientID == "P-1"
    with pytest.raises(CorruptDicomError, match="nested deeper than 24"):
        read_header(io.BytesIO(build(25)))


FILE = instances.written(
    instances.slide(
        [instances.jpeg(1)],
        PatientName="Müller^Änne",
        OpticalPathSequence=[instances.item(ICCProfile=b"1234", OpticalPathIdentifier="1")],
    )
)


def deflated(content: bytes, meta_tail: bytes = b"", group_length: bool = True) -> bytes:
    """Return a Part 10 file of a deflated dataset; its group length, if any, is a lie."""
    uid = b"\x02\x00\x10\x00UI\x16\x001.2.840.10008.1.2.1.99"
    length = b"\x02\x00\x00\x00UL\x04\x00\x01\0\0\0" if group_length else b""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zipped = deflater.compress(content) + deflater.flush()
    return bytes(128) + b"DICM" + length + meta_tail + uid + zipped


@pytest.mark.parametrize(
    "disguise",
    [
        {},
        {"group_length": False},
        {"meta_tail": b"\x02\x00\x02\x00UI\x0e\x00\x02\x00\x10\x00UI\x06\x001.2.3\0"},
        {"meta_tail": b"\x02\x00\x02\x00UI\x00\x20" + b"1" * 0x2000},
    ],
)
def test_a_deflated_bomb_cannot_hide_its_transfer_syntax(disguise):
    bomb = b"\xff\xff\x10\x00OB\0\0" + struct.pack("<I", 65 << 20) + bytes(65 << 20)
    harmless = b"\x10\x00\x20\x00LO\x04\x00P-1 "

    read = read_header(io.BytesIO(deflated(harmless, **disguise)))
    assert (read.dataset.PatientID, read.pixel_data) == ("P-1", None)
    with pytest.raises(CorruptDicomError, match="deflated dataset is larger than 64 MiB"):
        read_header(io.BytesIO(deflated(bomb, **disguise)))


def test_a_damaged_deflated_dataset_is_corrupt():
    with pytest.raises(CorruptDicomError, match="the deflated dataset is damaged"):
        read_header(io.BytesIO(deflated(b"")[:-2] + b"no stream"))


ITEMS = b"\xfe\xff\x00\xe0\0\0\0\0" * 100
SEQUENCE = b"\x40\x00\x30\xa7SQ\0\0"


@pytest.mark.parametrize(
    "content",
    [
        SEQUENCE + struct.pack("<I", len(ITEMS)) + ITEMS,
        SEQUENCE + b"\xff\xff\xff\xff" + ITEMS + b"\xfe\xff\xdd\xe0\0\0\0\0",
        b"".join(struct.pack("<HH", 0x4041, i) + b"LO\0\0" for i in range(0x1000, 0x1064)),
    ],
)
def test_elements_and_items_are_counted(monkeypatch, content):
    plain = instances.written(instances.dataset()) + content
    deflated_items = deflated(content)

    read_header(io.BytesIO(plain))
    read_header(io.BytesIO(deflated_items))
    monkeypatch.setattr(part10, "STRUCTURE_LIMIT", 90)
    with pytest.raises(CorruptDicomError, match="more than 90 elements and items"):
        read_header(io.BytesIO(plain))
    if ITEMS in content:
        with pytest.raises(CorruptDicomError, match="more than 90 elements and items"):
            read_header(io.BytesIO(deflated_items))


# pydicom warns of odd values; what matters here is that nothing but our errors comes out.
@pytest.mark.filterwarnings("ignore::UserWarning")
@given(
    st.lists(st.tuples(st.integers(132, len(FILE) - 1), st.integers(0, 255)), max_size=6),
    st.integers(132, len(FILE)),
)
def test_damaged_files_are_read_or_refused(changes, length):
    damaged = bytearray(FILE)
    for place, value in changes:
        damaged[place] = value

    try:
        read_header(io.BytesIO(bytes(damaged[:length])))
    except DicomError as error:
        assert str(error)


@pytest.mark.filterwarnings("ignore")  # the server takes them for none
def test_what_the_parser_says_is_told_by_its_tag_alone():
    file = instances.written(instances.dataset(PatientName="Roe^Anna"))
    assert file.count(b"CS\x0a\0ISO_IR 192") == 1
    # A codec of Python's own, over which the parser raises values and a whole traceback.
    broken = file.replace(b"CS\x0a\0ISO_IR 192", b"CS\x0a\0undefined ")

    with pytest.raises(CorruptDicomError) as raised:
        read_header(io.BytesIO(broken))

    assert str(raised.value) == (
        "(0010,0010): the dataset cannot be parsed: AttributeError; "
        "the file is damaged; get it again"
    )
