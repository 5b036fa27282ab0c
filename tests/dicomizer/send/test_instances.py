# SPDX-License-Identifier: Apache-2.0
"""The files to send: what is known of each, what is left out, what is refused."""

from __future__ import annotations

import instances as build
import pytest
from sending import write_large, write_study

from dicomizer.errors import CorruptDicomError, DicomError, NotDicomError
from dicomizer.send.instances import find_instances, read_instance


def test_an_instance_is_described_from_its_header_alone(tmp_path):
    (path,) = write_large(tmp_path, 1, frames=10)

    found = read_instance(path)

    assert found.size == path.stat().st_size > 2_000_000_000
    assert (found.rows, found.columns, found.number_of_frames) == (8192, 8192, 10)
    assert found.sop_class_uid == "1.2.840.10008.5.1.4.1.1.77.1.6"
    assert found.transfer_syntax_uid == "1.2.840.10008.1.2.1"


def test_a_folder_is_searched_and_each_file_taken_once(tmp_path):
    paths = write_study(tmp_path / "a" / "b", 3)
    (tmp_path / "a" / "notes.txt").write_text("no DICOM")
    (tmp_path / "a" / ".hidden").write_text("no DICOM")

    found, notes = find_instances([tmp_path, paths[0]])

    assert [instance.path for instance in found] == paths
    assert notes == [f"left out: {tmp_path}/a/notes.txt: no DICOM file"]


def test_a_copy_is_sent_once_and_another_content_of_the_uid_is_refused(tmp_path):
    path, *_ = write_study(tmp_path, 1)
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(path.read_bytes())
    assert len(find_instances([tmp_path])[0]) == 1

    copy.write_bytes(path.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0\0\0\0\0")

    with pytest.raises(DicomError, match="and other content; send one of them"):
        find_instances([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("missing", None, "no such file or folder"),
        ("text", b"text", "found no prefix DICM"),
        ("cut", build.written(build.dataset())[:300], "cannot be parsed|no valid UID"),
        ("uid", build.written(build.dataset(StudyInstanceUID="")), "StudyInstanceUID: found"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*Unexpected end of file")
def test_a_file_that_is_named_must_be_an_instance(tmp_path, name, content, error):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(DicomError, match=error) as raised:
        find_instances([tmp_path / name])

    assert str(tmp_path / name) in str(raised.value)
    assert isinstance(raised.value, (NotDicomError, CorruptDicomError)) or name == "missing"


def test_a_folder_without_instances_is_refused(tmp_path):
    with pytest.raises(DicomError, match="found no instance to send"):
        find_instances([tmp_path])
