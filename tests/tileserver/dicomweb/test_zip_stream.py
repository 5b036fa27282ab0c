# SPDX-License-Identifier: Apache-2.0
"""ZIP archives of any size: read back by the standard library, and as long as was told."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.dicomweb import zip_stream
from tileserver.dicomweb.archive import safe_name
from tileserver.dicomweb.zip_stream import ZippedFile, zip_length, zip_pieces

NOON = int(datetime(2026, 3, 14, 12, 0, 2, tzinfo=UTC).timestamp())


def zipped(*bodies: bytes) -> list[ZippedFile]:
    return [ZippedFile(f"ä/{n}.dcm", NOON, len(body), [body]) for n, body in enumerate(bodies)]


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_an_archive_is_read_back_and_has_its_length(bodies):
    whole = b"".join(zip_pieces(zipped(*bodies)))

    assert len(whole) == zip_length(zipped(*bodies))
    with zipfile.ZipFile(io.BytesIO(whole)) as read:
        assert read.testzip() is None
        assert [read.read(info) for info in read.infolist()] == bodies
        assert [info.date_time for info in read.infolist()] == [(2026, 3, 14, 12, 0, 2)] * len(
            bodies
        )


def test_large_files_and_many_are_told_by_zip64(monkeypatch):
    monkeypatch.setattr(zip_stream, "_MOST_32", 100)
    files = zipped(b"x" * 60, b"y" * 200, b"z")
    whole = b"".join(zip_pieces(files))

    assert len(whole) == zip_length(files)
    # What a reader of real sizes sees: 32 bits all set, and the truth in the extra field.
    monkeypatch.undo()
    patched = whole.replace((100).to_bytes(4, "little"), b"\xff" * 4)
    with zipfile.ZipFile(io.BytesIO(patched)) as read:
        assert [(info.file_size, info.header_offset) for info in read.infolist()] == [
            (60, 0),
            (200, 114),
            (1, 396),
        ]


def test_more_files_than_16_bits_count():
    files = [ZippedFile(f"{number}", NOON, 0, []) for number in range(0x10001)]
    whole = b"".join(zip_pieces(files))

    assert len(whole) == zip_length(files)
    with zipfile.ZipFile(io.BytesIO(whole)) as read:
        assert len(read.infolist()) == 0x10001


def test_a_file_that_is_cut_short_is_no_archive():
    with pytest.raises(ValueError, match="expected 5"):
        list(zip_pieces([ZippedFile("a", NOON, 5, [b"1234"])]))


@pytest.mark.parametrize(
    ("uid", "expected"),
    [("1.2.3", "1.2.3"), ("..", "_"), ("../etc", "_etc"), ("a/b\\c:", "a_b_c_"), ("1.2.", "1.2")],
)
def test_a_uid_leads_nowhere_else(uid, expected):
    assert safe_name(uid) == expected
