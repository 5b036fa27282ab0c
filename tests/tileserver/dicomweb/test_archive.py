# SPDX-License-Identifier: Apache-2.0
"""Studies, series and instances as ZIP, which other programs read."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest

STUDY = "/studies/1.2.3.1"
SERIES = f"{STUDY}/series/1.2.3.1.1"
INSTANCE = f"{SERIES}/instances/1.2.3.1.1.1"


def files_of(answer) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_a_study_is_a_zip_of_its_files_as_received(archive):
    answer = archive.server.get(STUDY, "application/zip")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="1.2.3.1.zip"'
    assert answer.headers["content-length"] == str(len(answer.content))
    assert files_of(answer) == {
        "1.2.3.1.1/1.2.3.1.1.1.dcm": archive.files["jpeg"],
        "1.2.3.1.1/1.2.3.1.1.2.dcm": archive.files["native"],
        "1.2.3.1.2/1.2.3.1.2.1.dcm": archive.files["report"],
    }


def test_a_series_and_an_instance_too_and_by_a_link(archive):
    of_series = archive.server.get(f"{SERIES}?accept=application/zip")
    of_instance = archive.server.get(INSTANCE, "application/zip")

    assert len(files_of(of_series)) == 2
    assert files_of(of_instance) == {"1.2.3.1.1/1.2.3.1.1.1.dcm": archive.files["jpeg"]}


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "multipart/related"),
        ("*/*", "multipart/related"),
        ('application/zip;q=0.5, multipart/related; type="application/dicom"', "multipart/related"),
        ('application/zip, multipart/related; type="application/dicom";q=0.5', "application/zip"),
        ("application/zip; transfer-syntax=*", "application/zip"),
    ],
)
def test_what_is_liked_best_goes_out(archive, accept, content_type):
    answer = archive.server.get(STUDY, accept)

    assert answer.headers["content-type"].startswith(content_type)


def test_a_zip_is_not_transcoded(archive):
    answer = archive.server.get(STUDY, "application/zip; transfer-syntax=1.2.840.10008.1.2.1")

    assert answer.status_code == 406


def test_a_zip_is_validated_and_has_a_head(archive):
    whole = archive.server.get(STUDY, "application/zip")
    head = archive.server.http.head(f"/dicomweb{STUDY}", headers={"Accept": "application/zip"})
    again = archive.server.get(STUDY, "application/zip", **{"If-None-Match": whole.headers["etag"]})

    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.content == b""
    assert again.status_code == 304
    assert whole.headers["etag"] != archive.server.get(STUDY).headers["etag"]


def test_there_is_no_zip_of_nothing(archive):
    assert archive.server.get("/studies/9.9", "application/zip").status_code == 404


def test_another_program_unpacks_it(archive, tmp_path):
    program = shutil.which("unzip") or shutil.which("bsdtar")
    if not program:
        pytest.skip("no unzip: apt-get install unzip")
    path = tmp_path / "study.zip"
    path.write_bytes(archive.server.get(STUDY, "application/zip").content)
    arguments = ["-q", str(path)] if program.endswith("unzip") else ["-xf", str(path)]

    subprocess.run([program, *arguments], cwd=tmp_path, check=True, timeout=30)

    unpacked = tmp_path / "1.2.3.1.1" / "1.2.3.1.1.1.dcm"
    assert unpacked.read_bytes() == archive.files["jpeg"]
