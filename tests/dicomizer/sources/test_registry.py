# SPDX-License-Identifier: Apache-2.0
"""Which reader gets a file, and what is told where none does."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import build_ndpi
import build_vsi
import numpy as np
import pytest
import slides
from PIL import Image

from dicomizer.errors import CorruptSourceError, SourceError, UnsupportedSourceError
from dicomizer.sources import registry
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.folders import one_slide_of
from dicomizer.sources.registry import open_source
from dicomizer.sources.svs import SvsSource


def optimized_ndpi(path: Path) -> tuple[Path, np.ndarray]:
    """Write a slide whose Huffman tables are its own, so that its scan cannot be cut."""
    pixels = slides.picture(640, 480)
    stored, stream = build_ndpi.level(pixels), io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, subsampling=0, optimize=True)
    stored.stream = stream.getvalue()
    return build_ndpi.write(path, [stored]), pixels


def test_what_its_own_reader_refuses_goes_to_openslide(tmp_path):
    path, pixels = optimized_ndpi(tmp_path / "a.ndpi")

    with open_source(path) as source:
        slide = source.slide
        found = slides.assembled(source, slide.levels[0])[0, 0]

    assert slide.format_name == "Hamamatsu NDPI"
    assert any("as OpenSlide" in note for note in slide.notes)
    assert np.abs(found.astype(int) - pixels).mean() < 3


def test_the_preview_of_an_mrxs_slide_is_not_taken_for_the_slide(tmp_path):
    path = tmp_path / "a.mrxs"
    Image.fromarray(slides.picture(400, 300)).save(path, "JPEG")

    with pytest.raises(CorruptSourceError) as caught:
        open_source(path)

    assert str(caught.value) == (
        f"{path}: found no folder a/ with Slidedat.ini beside it, where its pixels are; "
        "copy that folder along"
    )


def test_the_preview_of_a_vsi_slide_is_not_taken_for_the_slide(tmp_path):
    path = tmp_path / "a.vsi"
    build_vsi.write_vsi(path, [build_vsi.brightfield()])
    shutil.rmtree(tmp_path / "_a_")

    with pytest.raises(CorruptSourceError, match="found no folder _a_ beside it"):
        open_source(path)


def reader(error: Exception):
    """Return a reader that always fails so."""

    def failing(path: Path):
        raise error

    return failing


def formats(monkeypatch, **readers) -> None:
    """Let these readers be all that there are, in this order."""
    found = tuple(registry._Format(name, "unused") for name in readers)
    monkeypatch.setattr(registry, "_FORMATS", found)
    monkeypatch.setattr(registry._Format, "load", lambda item: readers[item.name])


def test_the_first_reader_that_takes_a_file_gets_it(tmp_path, monkeypatch):
    built = slides.write_svs(tmp_path / "a.svs")
    refusing = reader(AnotherFormat("not mine"))
    formats(monkeypatch, first=refusing, second=SvsSource, third=reader(AssertionError()))

    with open_source(built.path) as source:
        assert source.slide.format_name == "Aperio SVS"


def test_a_damaged_slide_is_not_handed_on_to_another_reader(tmp_path, monkeypatch):
    built = slides.write_svs(tmp_path / "a.svs")
    formats(monkeypatch, first=reader(CorruptSourceError("cut short")), second=SvsSource)

    with pytest.raises(CorruptSourceError, match="cut short"):
        open_source(built.path)


def test_the_reader_of_the_format_knows_better_than_that_of_last_resort(tmp_path, monkeypatch):
    path = slides.write_svs(tmp_path / "a.svs").path
    last = reader(CorruptSourceError("bad bytes", file=path))
    formats(monkeypatch, own=reader(Refusal("tiles of wavelets")), last=last)

    with pytest.raises(UnsupportedSourceError) as caught:
        open_source(path)

    assert str(caught.value) == f"{path}: it cannot be converted: own: tiles of wavelets"
    assert caught.value.refusals == {"own": "tiles of wavelets", "last": "bad bytes"}


def test_damage_that_only_the_last_reader_finds_is_told(tmp_path, monkeypatch):
    path = slides.write_svs(tmp_path / "a.svs").path
    last = reader(CorruptSourceError("bad bytes", file=path))
    formats(monkeypatch, own=reader(AnotherFormat("not mine")), last=last)

    with pytest.raises(CorruptSourceError, match="bad bytes"):
        open_source(path)


def test_a_folder_of_dicom_that_is_no_slide_names_none_of_it(tmp_path):
    (tmp_path / "ct.dcm").write_bytes(bytes(128) + b"DICM")

    assert one_slide_of(tmp_path) == "give a slide file, or the folder of a DICOM slide"


def test_of_a_folder_the_largest_file_is_named_and_nothing_hidden(tmp_path):
    for name, size in (("a.txt", 10), ("b.svs", 500), (".DS_Store", 900)):
        (tmp_path / name).write_bytes(bytes(size))

    assert one_slide_of(tmp_path).endswith(f"such as {tmp_path / 'b.svs'}")


def test_a_folder_that_cannot_be_read_is_an_error_of_its_own(tmp_path):
    with pytest.raises(SourceError):
        open_source(tmp_path / "none")
