# SPDX-License-Identifier: Apache-2.0
"""``dicomizer validate``: checks of written instances."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import GIVEN_PATH, counted, json_option, say

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.validation import Report

_REMEDY = "give a DICOM file, or a folder of them, as dicomizer convert writes"


@click.command()
@click.argument("path", type=GIVEN_PATH)
@json_option
@click.pass_context
def validate(context: click.Context, path: Path, *, as_json: bool) -> None:
    """Check DICOM files as one study.

    PATH is a DICOM file, or a folder with nothing else in it or in the folders below it.

    Sizes, frames, offset tables and the streams within are compared with each other; dciodvfy and
    dcentvfy of dicom3tools are asked too where they are installed. Exits with 1 on errors.
    """
    from dicomizer.validation import validate as validate_files

    files = _files(path)
    _check_any_dicom(path, files)
    report = validate_files(files)
    if as_json:
        click.echo(json.dumps(_document(report), indent=2, ensure_ascii=False))
    else:
        for finding in report.findings:
            say(str(finding))
        say(_summary(path, report))
    context.exit(0 if report.is_valid else 1)


def _files(path: Path) -> list[Path]:
    from dicomizer.errors import DicomError

    if not path.exists():
        raise DicomError("no such file or folder", file=path, remedy="check the path")
    if not path.is_dir():
        if not path.is_file():
            raise DicomError("found a device or pipe, expected a file or folder", file=path)
        return [path]
    # What lies in a hidden folder is not whole yet: conversions work there.
    files = sorted(
        item
        for item in path.rglob("*")
        if not any(part.startswith(".") for part in item.relative_to(path).parts) and item.is_file()
    )
    if not files:
        raise DicomError(
            "the folder holds no file, expected DICOM files", file=path, remedy=_REMEDY
        )
    return files


def _check_any_dicom(path: Path, files: list[Path]) -> None:
    """Refuse what holds no DICOM at all, where a list of every file would say nothing more."""
    from dicomizer.errors import DicomError, NotDicomError

    if any(map(_may_be_dicom, files)):
        return
    if path.is_dir():
        held = "the file in it is none" if len(files) == 1 else f"none of its {len(files):,} is one"
        raise DicomError(f"expected DICOM files, {held}", file=path, remedy=_REMEDY)
    raise NotDicomError(
        f"no DICOM file: found {_prefix(path).hex() or 'the end'} at byte 128, expected DICM",
        file=path,
        remedy=_REMEDY,
    )


def _may_be_dicom(file: Path) -> bool:
    try:
        return _prefix(file) == b"DICM"
    except OSError:
        return True  # the check tells why it cannot be read


def _prefix(file: Path) -> bytes:
    from dicomizer.dicom.part10 import PREFIX_OFFSET

    with file.open("rb") as opened:
        return opened.read(PREFIX_OFFSET + 4)[PREFIX_OFFSET:]


def _summary(path: Path, report: Report) -> str:
    errors = sum(item.severity.value == "error" for item in report.findings)
    warnings = len(report.findings) - errors
    asked = f", {' and '.join(report.tools)} asked" if report.tools else ""
    counts = (
        counted(report.instances, "instance"),
        counted(errors, "error"),
        counted(warnings, "warning"),
    )
    return f"{path}: {', '.join(counts)}{asked}"


def _document(report: Report) -> dict[str, object]:
    return {
        "valid": report.is_valid,
        "instances": report.instances,
        "tools": list(report.tools),
        "findings": [
            {
                "severity": item.severity.value,
                "file": str(item.file) if item.file else None,
                "message": item.message,
            }
            for item in report.findings
        ],
    }
