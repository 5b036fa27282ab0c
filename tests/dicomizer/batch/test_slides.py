# SPDX-License-Identifier: Apache-2.0
"""Which slides a folder, a pattern or a list means, and where each of them goes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import instances
import pytest

from dicomizer.batch.slides import is_batch, slides_of
from dicomizer.errors import MetadataError, SourceError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(source: Path, out: Path | None = None) -> dict[str, str]:
    return {slide.name: str(slide.out) for slide in slides_of(source, None, out)}


def write_result(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "level-0.dcm").write_bytes(instances.written(instances.dataset()))


def test_a_folder_means_all_slides_below_it_and_nothing_else(tmp_path):
    touch(tmp_path, "a.svs", "monday/b.NDPI", "monday/notes.txt", "photo.jpg", ".hidden/c.svs")

    assert is_batch(tmp_path)
    assert found(tmp_path) == {"a.svs": "a", "monday/b.NDPI": "monday/b"}


def test_files_that_belong_to_a_slide_are_none_themselves(tmp_path):
    touch(tmp_path, "m.mrxs", "m/Data0001.tif", "v.vsi", "_v_/stack1/frame_t.tif")

    assert found(tmp_path) == {"m.mrxs": "m", "v.vsi": "v"}


def test_a_folder_of_dicom_is_one_slide(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.dcm").write_bytes(instances.written(instances.dataset()))

    assert not is_batch(tmp_path / "x")
    assert is_batch(tmp_path)
    assert found(tmp_path) == {"x": "x", "y": "y"}


def test_what_lies_in_the_folder_of_results_is_no_slide_of_the_batch(tmp_path):
    touch(tmp_path, "a.svs", "out/b.svs", "out/.hidden/c.svs")
    write_result(tmp_path / "out" / "a")
    inner = Path(os.path.relpath(tmp_path)) / "." / "out"

    assert found(tmp_path, out=tmp_path / "out") == {"a.svs": "a"}
    assert found(tmp_path, out=inner) == {"a.svs": "a"}
    assert found(tmp_path / "**" / "*", out=inner) == {"a.svs": "a"}


@pytest.mark.parametrize("pattern", ["", "**/*"])
def test_results_that_a_manifest_names_are_no_slides_but_what_lies_beside_them_is(
    tmp_path, pattern
):
    scans = tmp_path / "scans"
    touch(scans, "a.svs", "a/b.svs", "x/c.svs", ".old/d.svs")
    write_result(scans / "a")
    write_result(scans / "dicom")
    entries = [{"slide": "a.svs", "out": "a"}, {"slide": "b.svs", "out": "../scans/dicom"}]
    lines = [*map(json.dumps, entries), "[1]", "no JSON"]
    (scans / "manifest.jsonl").write_text("\n".join(lines))

    told = set(found(scans / pattern, out=scans)) - {"dicom/level-0.dcm"}

    assert told == {"a.svs", "a/b.svs", "dicom", "x/c.svs"}


def test_each_folder_is_looked_into_once_whatever_links_lead_to_it(tmp_path):
    touch(tmp_path, "in/a.svs", "in/m/b.svs", "else/c.svs")
    for link, target in (("loop", "../in"), ("a", "m"), ("m/up", "../.."), ("self", "self")):
        (tmp_path / "in" / link).symlink_to(target)

    assert found(tmp_path / "in") == {
        "a.svs": "a",
        "m/b.svs": "m/b",
        "m/up/else/c.svs": "m/up/else/c",
    }


def test_slides_whose_names_differ_in_the_ending_alone_keep_it(tmp_path):
    touch(tmp_path, "a.svs", "a.ndpi", "A.tif", "b.svs")

    assert found(tmp_path) == {
        "A.tif": "A.tif",
        "a.ndpi": "a.ndpi",
        "a.svs": "a.svs",
        "b.svs": "b",
    }


def test_a_pattern_means_what_it_matches_below_its_fixed_part(tmp_path):
    touch(tmp_path, "scans/mon/a.svs", "scans/tue/b.svs", "scans/tue/c.png", "d.svs")

    assert is_batch(tmp_path / "scans" / "**" / "*.svs")
    assert found(tmp_path / "scans" / "**" / "*.svs") == {
        "mon/a.svs": "mon/a",
        "tue/b.svs": "tue/b",
    }
    assert found(tmp_path / "scans" / "tue" / "*.png") == {"c.png": "c"}


def test_a_file_with_a_bracket_in_its_name_is_one_slide(tmp_path):
    touch(tmp_path, "a[1].svs")

    assert not is_batch(tmp_path / "a[1].svs")


def test_a_list_tells_slides_folders_and_metadata(tmp_path):
    (tmp_path / "list.csv").write_text(
        "slide;out;patient_id\nmonday/a.svs;;P1\n../b.svs;special/b;P2\n/scans/c.svs;;\n"
    )

    slides = slides_of(tmp_path / "list.csv", None)

    assert [str(slide.out) for slide in slides] == ["monday/a", "special/b", "scans/c"]
    assert slides[0].path == tmp_path / "monday" / "a.svs"
    assert slides[2].path == Path("/scans/c.svs")
    assert slides[1].metadata() == {"patient": {"id": "P2"}}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.svs,../b\n", r'line 2: out: "\.\./b" is not below the folder OUT'),
        ("a.svs,x\nb.svs,x\n", r'"a\.svs" and "b\.svs" both go to "x"'),
        ("", "the list has no row"),
        ("a.svs,\na.svs,\n", '"a.svs" is there twice, in lines 2 and 3'),
    ],
)
def test_a_list_that_cannot_be_is_refused_before_any_work(tmp_path, rows, message):
    (tmp_path / "list.csv").write_text(f"slide,out\n{rows}")

    with pytest.raises((MetadataError, SourceError), match=message):
        slides_of(tmp_path / "list.csv", None)


def test_a_table_of_metadata_tells_each_slide_its_row(tmp_path):
    touch(tmp_path, "in/a.svs", "in/b.svs")
    (tmp_path / "cases.csv").write_text("slide,patient_id\na.svs,P1\n")

    first, second = slides_of(tmp_path / "in", tmp_path / "cases.csv")

    assert first.metadata() == {"patient": {"id": "P1"}}
    with pytest.raises(MetadataError, match=r'cases\.csv: no row has "b\.svs"'):
        second.metadata()


def test_a_list_and_a_file_of_metadata_contradict_each_other(tmp_path):
    (tmp_path / "list.csv").write_text("slide\na.svs\n")

    with pytest.raises(MetadataError, match="both tell metadata; leave one out"):
        slides_of(tmp_path / "list.csv", tmp_path / "list.csv")


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="found no slide"):
        slides_of(tmp_path / "*.svs", None)
