# SPDX-License-Identifier: Apache-2.0
"""The command as a person and as a machine use it, in a process of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import slides

HEAVY = ("numpy", "pydicom", "tifffile", "imagecodecs", "simplejpeg", "PIL", "openslide", "rich")


def dicomizer(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dicomizer", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_help_loads_no_codec_reader_or_web_library():
    code = (
        "import sys, dicomizer.cli.program as m\n"
        "try: m.group.main(['convert', '--help'])\n"
        "except SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "Convert SLIDE to DICOM instances in the folder OUT." in done.stdout
    assert done.stderr.strip() == "[]"


def test_version_is_one_line_and_versions_name_the_libraries():
    assert dicomizer("--version").stdout == "dicomizer, version 0.1.0\n"
    assert "pydicom 3." in dicomizer("--versions").stdout


def test_summary_is_one_line_and_notes_go_to_stderr(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", built.path, tmp_path / "out")

    assert done.returncode == 0
    assert done.stdout.startswith("a.svs: 5 instances, 25 frames, ")
    assert done.stdout.count("\n") == 1
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())


def test_json_tells_machines_what_was_written(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", "--json", built.path, tmp_path / "out")

    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["format"] == "Aperio SVS"
    assert [item["file"] for item in document["instances"]] == [
        "level-0.dcm",
        "level-1.dcm",
        "thumbnail.dcm",
        "label.dcm",
        "overview.dcm",
    ]
    assert document["instances"][1]["route"] == "passthrough"
    assert document["instances"][1]["mpp"] == [2.0, 2.0]
    assert document["file_bytes"] == sum(p.stat().st_size for p in (tmp_path / "out").iterdir())


def test_quiet_prints_nothing(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", "-q", built.path, tmp_path / "out")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_info_shows_levels_and_scanner(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    text = dicomizer("info", built.path).stdout
    document = json.loads(dicomizer("info", "--json", built.path).stdout)

    assert "a.svs: Aperio SVS" in text
    assert "level 1" in text
    assert [item["name"] for item in document["images"]] == [
        "level 0",
        "level 1",
        "thumbnail",
        "label",
        "overview",
    ]
    assert document["acquisition_datetime"] == "2024-03-17T10:20:30-05:00"
    assert document["objective_power"] == 20.0


def broken_slides(folder: Path) -> dict[str, Path]:
    built = slides.write_svs(folder / "good.svs")
    data = built.path.read_bytes()
    paths = {name: folder / f"{name}.svs" for name in ("missing", "empty", "text", "cut")}
    paths["empty"].write_bytes(b"")
    paths["text"].write_text("no slide at all\n" * 50)
    paths["cut"].write_bytes(data[: len(data) // 2])
    paths["directory"] = folder / "directory.svs"
    paths["directory"].mkdir()
    paths["spacing"] = slides.write_svs(folder / "spacing.svs", mpp="").path
    return paths


@pytest.mark.parametrize(
    ("case", "parts"),
    [
        ("missing", ["no such file", "check the path"]),
        ("empty", ["the file is empty, expected a slide", "copy it again"]),
        ("text", ["its format is none that is known", "Aperio SVS", "dicomizer info"]),
        ("cut", ["directory", "the file is cut short", "copy it again"]),
        ("directory", ["it cannot be converted: DICOM WSI: the folder holds no DICOM file"]),
        ("spacing", ["level 0", "the size of a pixel", "--mpp"]),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_nothing(tmp_path, case, parts):
    path = broken_slides(tmp_path)[case]
    before = sorted(tmp_path.iterdir())

    done = dicomizer("convert", path, tmp_path / "out")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"dicomizer: {path}: ")
    assert done.stderr.count("\n") == 1
    assert all(part in done.stderr for part in parts), done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_traceback_is_shown_only_for_debug(tmp_path):
    assert "Traceback" not in dicomizer("convert", "none.svs", tmp_path / "out").stderr
    assert "Traceback" in dicomizer("--debug", "convert", "none.svs", tmp_path / "out").stderr


def test_error_as_json_names_type_and_remedy(tmp_path):
    done = dicomizer("info", "--json", tmp_path / "none.svs")

    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert (error["type"], error["problem"], error["remedy"]) == (
        "SourceNotFoundError",
        "no such file",
        "check the path",
    )


def test_wrong_usage_is_rejected_before_work_begins(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", "--mpp", "-1", built.path, tmp_path / "out")

    assert done.returncode == 2
    assert "--mpp" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("codec", ["rle", "none"])
def test_codecs_that_lose_nothing_take_no_quality(tmp_path, codec):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", "--codec", codec, "--quality", "80", built.path, tmp_path / "out")

    assert done.returncode == 2
    assert f"--codec {codec} loses nothing and takes no --quality" in done.stderr
    assert not (tmp_path / "out").exists()


def test_unreadable_file_is_one_clear_line(tmp_path):
    path = slides.write_svs(tmp_path / "a.svs").path
    path.chmod(0)
    code = (
        "import os, dicomizer.cli, dicomizer.sources.registry\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "dicomizer.cli.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, "info", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"dicomizer: {path}: no permission to read it; ask its owner, or check its mode\n"
    )


def test_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", size=(3000, 3000), tile=256)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small file system needs the superuser")
    try:
        done = dicomizer("convert", built.path, disk / "out")

        assert done.returncode == 1
        assert done.stderr == (
            f"dicomizer: {disk / 'out'}: thumbnail.dcm cannot be written: No space left on device; "
            "free some space or choose another folder\n"
        )
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminated_conversion_leaves_nothing(tmp_path, number):
    built = slides.write_svs(tmp_path / "a.svs", size=(2000, 2000))
    code = (
        "import os, signal\n"
        "from dicomizer.writers.instance import InstanceWriter\n"
        "write = InstanceWriter.write\n"
        "def writing(self, frames):\n"
        "    write(self, frames)\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "InstanceWriter.write = writing\n"
        "from dicomizer.cli import main; main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, "convert", str(built.path), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 130
    assert done.stderr.strip() == "dicomizer: interrupted; nothing was left behind"
    assert not (tmp_path / "out").exists()
