# SPDX-License-Identifier: Apache-2.0
"""The fast way of reading attributes tells what the parser tells, of any value."""

from __future__ import annotations

import io
import struct
import warnings

import instances
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicomizer.dicom.attributes import parsed_attributes, read_attributes
from dicomizer.dicom.plain_walk import NotPlainError, read_plain_header
from dicomizer.errors import CorruptDicomError, DicomError

UNDEFINED = 0xFFFFFFFF
LONG = ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]
TEXT = [
    "AE",
    "AS",
    "CS",
    "DA",
    "DS",
    "DT",
    "IS",
    "LO",
    "LT",
    "PN",
    "SH",
    "ST",
    "TM",
    "UC",
    "UI",
    "UR",
    "UT",
]
NUMBERS = ["AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"]
BYTES = ["OB", "OD", "OF", "OL", "OV", "OW", "UN"]
CHARACTER_SETS = ["", "ISO_IR 6", "ISO_IR 100", "ISO_IR 192", "ISO_IR 13", "\\ISO 2022 IR 87",
                  "GB18030", "nonsense"]  # fmt: skip


def element(tag: int, vr: str, value: bytes) -> bytes:
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    size = struct.pack("<HI", 0, len(value)) if vr in LONG else struct.pack("<H", len(value))
    return head + size + value


def sequence(tag: int, items: list[bytes], *, is_sized: bool) -> bytes:
    if is_sized:
        content = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(i)) + i for i in items)
        return element(tag, "SQ", content)
    content = b"".join(
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + i + b"\xfe\xff\x0d\xe0\0\0\0\0" for i in items
    )
    head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, UNDEFINED)
    return head + content + b"\xfe\xff\xdd\xe0\0\0\0\0"


def file_of(content: bytes, character_set: str | None = None) -> bytes:
    """Return a file of ``content`` behind the attributes that each instance has."""
    found = instances.dataset()
    del found.SpecificCharacterSet
    if character_set is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.SpecificCharacterSet = character_set.split("\\")
            return instances.written(found) + content
    return instances.written(found) + content


def same(file: bytes) -> dict[str, str] | None:
    """Read a file both ways; return its elements, ``None`` where it is refused both ways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            slow = parsed_attributes(io.BytesIO(file))
        except DicomError as error:
            with pytest.raises(type(error)):
                read_attributes(io.BytesIO(file))
            return None
        fast = read_attributes(io.BytesIO(file))
    assert dict(fast.elements) == dict(slow.elements)
    assert list(fast.elements) == sorted(fast.elements)
    for keyword in ("StudyInstanceUID", "NumberOfFrames", "Rows", "PhotometricInterpretation"):
        assert fast.values.get(keyword) == slow.values.get(keyword)
    assert (fast.transfer_syntax_uid, fast.pixel_data) == (
        slow.transfer_syntax_uid,
        slow.pixel_data,
    )
    assert (fast.is_cut, fast.contradicts_meta) == (slow.is_cut, slow.contradicts_meta)
    assert fast.offset_tables == slow.offset_tables
    return dict(fast.elements)


odd_text = st.text(st.sampled_from("AZaz09 .-+eE^=\\\0\x1b\t\n\"'éß日\x7f/:<&"), max_size=24).map(
    lambda text: text.encode("utf-8")
)
usual_text = st.text("ABab019.^ -", max_size=16).map(str.encode)
numbers = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.floats(allow_nan=False).map(lambda number: f"{number:.8g}"),
    st.text("0129+-.eE \\", max_size=12),
).map(str.encode)
words = st.lists(st.sampled_from([0, 1, 255, 0x7F80, 0x7FC0, 0xFF80, 0x8000, 0xFFFF]), max_size=9)
values = st.one_of(
    st.tuples(st.sampled_from(TEXT), st.one_of(usual_text, odd_text, numbers)),
    st.tuples(
        st.sampled_from(NUMBERS + BYTES),
        st.one_of(words.map(lambda w: np.array(w, "<u2").tobytes()), st.binary(max_size=20)),
    ),
    st.tuples(st.sampled_from(BYTES), st.just(b"x" * 300)),
)
TAGS = [0x00081030, 0x00100010, 0x00181030, 0x00189006, 0x00281101, 0x00400555, 0x00430000,
        0x00430010, 0x00431001, 0x30060050]  # fmt: skip


@given(
    st.lists(st.dictionaries(st.sampled_from(TAGS), values), max_size=3),
    st.booleans(),
    st.booleans(),
    st.sampled_from(CHARACTER_SETS),
)
def test_values_in_sequences_are_as_the_parser_has_them(items, sized, inner_sized, character_set):
    inner = [b"".join(element(tag, *item[tag]) for tag in sorted(item)) for item in items]
    nested = sequence(0x0040A730, inner, is_sized=inner_sized)

    same(file_of(sequence(0x0040A730, [nested, *inner], is_sized=sized), character_set))


@given(values, st.sampled_from(CHARACTER_SETS), st.sampled_from([0x00431001, 0x52009229 + 1]))
def test_a_value_on_the_outermost_level_is_as_the_parser_has_it(value, character_set, tag):
    creator = element(0x00430010, "LO", b"GEMS_PARM_01")

    same(file_of(creator + element(tag, *value), character_set))


def plain(file: bytes) -> bool:
    try:
        read_plain_header(io.BytesIO(file))
    except NotPlainError:
        return False
    return True


def test_usual_instances_are_read_without_the_parser():
    slide = instances.written(instances.slide([instances.jpeg(20)]))
    slide_with_accents = instances.written(instances.slide([instances.jpeg(20)],
                                                           PatientName="Müller^Zoë"))  # fmt: skip
    native = instances.written(instances.native(bytes(768), 1))
    named = file_of(element(0x00430010, "LO", b"GEMS_PARM_01") + element(0x00431001, "UN", b"ab"))

    assert all(map(plain, (slide, slide_with_accents, native, named)))
    for file in (slide, slide_with_accents, native, named):
        assert same(file)


def test_values_are_written_out():
    found = same(
        file_of(
            element(0x00400602, "UT", b'He said "so" ')
            + element(0x00420010, "ST", b"a\\b")
            + element(0x00430010, "LO", b"X1")
            + element(0x00720082, "SV", struct.pack("<2q", -1, 2))
            + element(0x52009230, "DS", b"1.50\\-2 ")
        )
    )

    assert found is not None
    assert found["00400602"] == '{"Value":["He said \\"so\\""],"vr":"UT"}'
    assert found["00420010"] == '{"Value":["a\\\\b"],"vr":"ST"}'
    assert found["00720082"] == '{"Value":[-1,2],"vr":"SV"}'
    assert found["52009230"] == '{"Value":[1.5,-2.0],"vr":"DS"}'


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings_are_read_by_the_parser(syntax):
    found = instances.native(bytes(768), 1)
    found.file_meta.TransferSyntaxUID = syntax

    file = instances.written(found)

    assert not plain(file)
    assert same(file)


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8),
       st.integers(0, 900))  # fmt: skip
def test_damaged_files_are_read_or_refused_alike(changes, kept):
    file = bytearray(file_of(sequence(0x00400555, [element(0x00081030, "LO", b"x ")],
                                      is_sized=False)))  # fmt: skip
    for place, value in changes:
        file[132 + place % (len(file) - 132)] = value

    same(bytes(file[: len(file) - kept // 4] if kept > 450 else file))


def many_frames(count: int, odd: int | None = None) -> bytes:
    """Return an instance with functional groups for each frame, one of them odd."""
    items = []
    for number in range(count):
        label = b"\xe9" if number == odd else b"A"
        content = sequence(0x00209111, [element(0x00209157, "UL", struct.pack("<2I", 1, number))],
                           is_sized=False)  # fmt: skip
        place = element(0x0040072A, "DS", b"%d.5 " % (number % 90)) + element(
            0x0048021E, "SL", struct.pack("<i", number)
        )
        slide = sequence(0x0048021A, [place + element(0x00480301, "CS", label)], is_sized=True)
        items.append(content + slide)
    groups = sequence(0x52009230, items, is_sized=False)
    pixels = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\0\0\0\0"
    return file_of(groups) + pixels


@pytest.mark.parametrize("odd", [None, 700])
def test_functional_groups_of_many_frames_are_as_the_parser_has_them(odd):
    file = many_frames(1500, odd)

    assert len(file) > 2 * (64 << 10)
    assert plain(file)
    elements = same(file)

    assert elements is not None
    assert elements["52009230"].count("00209157") == 1500


def test_more_items_than_allowed_are_refused():
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 2_000_001
    file = file_of(element(0x0040A730, "SQ", items))

    with pytest.raises(CorruptDicomError, match="more than 2,000,000 elements and items"):
        read_attributes(io.BytesIO(file))


def test_large_binary_values_are_not_read():
    class Counted(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.given += len(data)
            return data

    file = Counted(file_of(element(0x00420011, "OB", bytes(8 << 20))))

    found = read_attributes(file)

    assert found.elements["00420011"] == (
        '{"BulkDataURI":"bulk-data-of-this-instance:00420011","vr":"OB"}'
    )
    assert file.given < 256 << 10
