# SPDX-License-Identifier: Apache-2.0
"""Stable UIDs: the same for the same slide, options and key, others where anything differs."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
import slides
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.convert import convert
from dicomizer.dicom.metadata import Container, Patient, SlideMetadata
from dicomizer.dicom.uids import Uids, is_uid
from dicomizer.errors import SourceError
from dicomizer.options import ConvertOptions, Levels, UidChoice
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.slide import SizePx, SpacingMm

STABLE = ConvertOptions(uids=UidChoice.STABLE, levels=Levels.DYADIC)


@pytest.fixture(scope="module")
def slide(tmp_path_factory) -> Path:
    return slides.write_svs(tmp_path_factory.mktemp("stable") / "case.svs").path


def contents(slide: Path, folder: Path, options: ConvertOptions) -> dict[str, bytes]:
    convert(slide, folder, options)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@given(st.binary(max_size=40), st.text(max_size=40))
def test_a_uid_is_valid_and_belongs_to_key_and_role(key, role):
    uid = Uids(key).uid(role)

    assert is_uid(uid)
    assert uid == Uids(key).uid(role)
    assert uid != Uids(key + b"!").uid(role)
    assert uid != Uids(key).uid(role + "!")


def test_a_uid_is_what_the_rule_says():
    # HMAC-SHA-256 of b"study" with the key b"key", first 16 bytes, version 8, variant 0b10.
    assert Uids(b"key").uid("study") == "2.25.137091144020376690676302042844092437606"


def test_keys_nobody_gave_differ():
    assert Uids().uid("study") != Uids().uid("study")


def test_files_are_the_same_again_elsewhere_and_with_other_threads(tmp_path, slide):
    elsewhere = tmp_path / "elsewhere" / slide.name
    elsewhere.parent.mkdir()
    shutil.copy(slide, elsewhere)

    first = contents(slide, tmp_path / "1", STABLE)

    assert contents(elsewhere, tmp_path / "2", replace(STABLE, threads=1)) == first
    assert contents(slide, tmp_path / "3", replace(STABLE, threads=3, overwrite=True)) == first
    assert len(first) > 5


def test_a_concatenation_is_the_same_again(tmp_path, slide):
    options = replace(STABLE, levels=None, max_instance_bytes=20_000)

    first = contents(slide, tmp_path / "1", options)

    assert contents(slide, tmp_path / "2", options) == first
    assert any("part" in name for name in first)


@pytest.mark.parametrize(
    "change",
    [
        {"codec": Codec.JPEG_2000},
        {"quality": 70},
        {"levels": Levels.ALL},
        {"tile_size": SizePx(128, 128)},
        {"spacing": SpacingMm(0.001, 0.001)},
        {"label": False},
        {"metadata": SlideMetadata(patient=Patient(id="P-1"))},
        {"uid_key": "another owner"},
        {"dual": True},
    ],
    ids=str,
)
def test_uids_differ_where_anything_differs(tmp_path, slide, change):
    first = contents(slide, tmp_path / "1", STABLE)
    other = contents(slide, tmp_path / "2", replace(STABLE, **change))

    assert uids(first).isdisjoint(uids(other))


def test_uids_differ_for_another_slide_of_the_same_name(tmp_path, slide):
    other = tmp_path / slide.name
    data = bytearray(slide.read_bytes())
    data[len(data) // 2] ^= 1
    other.write_bytes(data)

    options = replace(STABLE, levels=None)
    first = contents(slide, tmp_path / "1", options)
    second = contents(other, tmp_path / "2", options)

    assert uids(first).isdisjoint(uids(second))


def test_the_name_of_the_file_counts_only_where_it_names_the_container(tmp_path, slide):
    renamed = tmp_path / "renamed.svs"
    shutil.copy(slide, renamed)
    named = replace(STABLE, metadata=SlideMetadata(container=Container(identifier="S-1")))

    assert contents(slide, tmp_path / "1", named) == contents(renamed, tmp_path / "2", named)
    of_name = contents(slide, tmp_path / "3", STABLE), contents(renamed, tmp_path / "4", STABLE)
    assert uids(of_name[0]).isdisjoint(uids(of_name[1]))


def test_random_uids_differ_each_time(tmp_path, slide):
    first = contents(slide, tmp_path / "1", ConvertOptions())
    second = contents(slide, tmp_path / "2", ConvertOptions())

    assert uids(first).isdisjoint(uids(second))


def test_a_slide_that_changes_while_it_is_read_is_an_error(tmp_path, slide):
    changing = tmp_path / "changing.svs"
    shutil.copy(slide, changing)

    def touch(_: object) -> None:
        with changing.open("ab") as file:
            file.write(b"more")

    with pytest.raises(SourceError, match="changed while it was read"):
        convert(changing, tmp_path / "out", report=touch)
    assert not (tmp_path / "out").exists()


def test_a_slide_that_is_cut_while_it_is_read_is_not_called_damaged(tmp_path, slide):
    changing = tmp_path / "changing.svs"
    shutil.copy(slide, changing)

    def cut(_: object) -> None:
        os.truncate(changing, 5000)

    with pytest.raises(SourceError, match="changed while it was read"):
        convert(changing, tmp_path / "out", replace(STABLE, levels=Levels.DYADIC), report=cut)
    assert not (tmp_path / "out").exists()


def uids(files: dict[str, bytes]) -> set[str]:
    """Return what identifies the instances, their series and their study."""
    found = set()
    for data in files.values():
        dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data), stop_before_pixels=True)
        found |= {
            dataset.SOPInstanceUID,
            dataset.SeriesInstanceUID,
            dataset.StudyInstanceUID,
            dataset.FrameOfReferenceUID,
        }
    return found
