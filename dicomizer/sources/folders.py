# SPDX-License-Identifier: Apache-2.0
"""What to do with a folder that is no DICOM slide: which one thing in it to name instead."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LOOKED_AT = 10_000
"""Names of a folder, so that an archive's is not walked through for a sentence."""
_DICOM = b"DICM"
_PREFIX_OFFSET = 128


def one_slide_of(folder: Path) -> str:
    """Return the remedy for a folder, which stands for a slide only if its DICOM files are one.

    Of files the largest is named, as slides are larger than what lies beside them.
    """
    try:
        found = sorted(path for path in islice(folder.iterdir(), _LOOKED_AT) if path.name[0] != ".")
        files = [path for path in found if path.is_file() and not is_dicom(path)]
        largest = max(files, key=lambda path: path.stat().st_size, default=None)
        inner = next((path for path in found if path.is_dir()), None)
    except OSError:
        return "check the path"
    if largest is not None:
        return f"convert one slide file at a time, such as {largest}"
    if inner is not None:
        return f"convert one slide at a time, such as the one in {inner}"
    return "give a slide file, or the folder of a DICOM slide"


def is_dicom(path: Path) -> bool:
    """Tell whether a file is DICOM, and so was looked at already."""
    with path.open("rb") as file:
        return file.read(_PREFIX_OFFSET + len(_DICOM)).endswith(_DICOM)
