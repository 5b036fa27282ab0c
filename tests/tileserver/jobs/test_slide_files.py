# SPDX-License-Identifier: Apache-2.0
"""ZIPs that are refused by what they say of themselves, before a byte is written."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile

import pytest

from tileserver.errors import JobError
from tileserver.jobs.kinds import slide_files

MIB = 1 << 20
MUCH = 1 << 60


def zipped(*sizes: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for number, size in enumerate(sizes):
            file.writestr(f"{number}.dcm", bytes(size))
    return packed.getvalue()


def with_packed_size(data: bytes, size: int) -> bytes:
    """Let the directory of a ZIP say another size of its file when packed."""
    place = data.rindex(b"PK\x01\x02") + 20
    return data[:place] + struct.pack("<I", size) + data[place + 4 :]


def refusal(tmp_path, data: bytes, most_bytes: int = MUCH) -> JobError:
    """Unpack a ZIP that is refused with nothing written, and return why."""
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(JobError) as raised:
        slide_files.unpack(tmp_path / "a.zip", tmp_path / "out", most_bytes, lambda: None)
    assert list((tmp_path / "out").iterdir()) == []
    return raised.value


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (zipped(65 * MIB), "68,157,440"),
        (zipped(10, 65 * MIB), "68,157,440"),
        (zipped(*[MIB] * 65), "68,157,440"),
        (with_packed_size(zipped(65 * MIB), 1 << 31), "68,157,440"),
    ],
    ids=["one file", "one of several", "many small files", "lies about its size when packed"],
)
def test_a_bomb_is_refused_before_it_goes_off(tmp_path, data, size):
    error = refusal(tmp_path, data)

    assert f" to {size}, expected at most 200 times as many" in str(error)
    assert error.may_pass is False


def test_what_is_well_packed_but_small_is_unpacked(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(MIB, 60 * MIB))

    slide_files.unpack(tmp_path / "a.zip", tmp_path / "out", MUCH, lambda: None)

    assert (tmp_path / "out" / "1.dcm").stat().st_size == 60 * MIB


def test_what_is_large_but_not_well_packed_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.dcm", os.urandom(MIB) + bytes(65 * MIB))

    slide_files.unpack(tmp_path / "a.zip", tmp_path / "out", MUCH, lambda: None)

    assert (tmp_path / "out" / "a.dcm").stat().st_size == 66 * MIB


def test_what_the_disk_has_no_room_for_is_tried_later(tmp_path, monkeypatch):
    disk = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk._replace(free=1000))

    error = refusal(tmp_path, zipped(600, 600))

    assert str(error) == "the ZIP unpacks to 1,200 bytes, the disk has room for 1,000"
    assert error.may_pass is True


def test_what_is_more_than_a_job_may_take_is_refused(tmp_path):
    error = refusal(tmp_path, zipped(600, 600), most_bytes=1000)

    assert str(error) == "the ZIP unpacks to 1,200 bytes, expected at most 1,000"
