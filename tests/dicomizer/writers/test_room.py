# SPDX-License-Identifier: Apache-2.0
"""Moving bytes piece by piece."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.writers import room


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(1, 200))
def test_what_follows_moves_and_what_stands_before_stays(data, start, distance):
    start = min(start, len(data))
    file = io.BytesIO(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_PIECE", 64)
        room.make_room(file, start, distance)

    found = file.getvalue()
    assert found[:start] == data[:start]
    assert found[start + distance :] == data[start:]
    assert data[start:] == b"" or file.tell() == len(data) + distance


def test_pieces_are_read_from_where_the_file_stands(monkeypatch):
    monkeypatch.setattr(room, "_PIECE", 3)
    file = io.BytesIO(b"0123456789")
    file.seek(1)

    assert list(room.pieces(file, 7)) == [b"123", b"456", b"7"]
    assert file.tell() == 8


def test_a_file_that_lost_bytes_is_an_error():
    with pytest.raises(OSError, match="has lost some of its bytes"):
        list(room.pieces(io.BytesIO(b"0123"), 5))
