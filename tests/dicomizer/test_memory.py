# SPDX-License-Identifier: Apache-2.0
"""Memory: what a conversion holds does not grow with the slide, whatever its route and tiles."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import slides

EDGE = 20_480
"""Pixels: 419 megapixels, 1.26 GB if they were decoded at once."""
MOST_MB = 300
_CODE = """
import sys
from dicomizer.cli.program import group
group.main(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read()
print("peak", int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""
"""The peak is asked of the process itself: that which its parent is told counts the parent too."""


def write_large(path: Path, tile: int) -> Path:
    """Write one level of JPEG tiles, of which a few repeat."""
    across = EDGE // tile
    distinct = list(slides.tiles_of(slides.picture(max(tile, 1024), max(tile, 1024)), tile))
    streams = [slides.encoded(item, "ycbcr420") for item in distinct]
    return slides.write_tile_streams(
        path,
        (EDGE, EDGE, 3),
        tile,
        list(itertools.islice(itertools.cycle(streams), across * across)),
        photometric="ycbcr",
        subsampling=(2, 2),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        resolution=(40_000, 40_000),
        resolutionunit="CENTIMETER",
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Give a function from the edge of tiles to a slide of them."""
    folder = tmp_path_factory.mktemp("large")
    made: dict[int, Path] = {}

    def of(tile: int) -> Path:
        if tile not in made:
            made[tile] = write_large(folder / f"{tile}.tif", tile)
        return made[tile]

    return of


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is told by Linux")
@pytest.mark.parametrize(
    ("tile", "options"),
    [
        pytest.param(256, [], id="passthrough"),
        pytest.param(256, ["--levels", "dyadic"], id="dyadic"),
        pytest.param(256, ["--codec", "jpeg", "--quality", "80"], id="jpeg"),
        pytest.param(256, ["--levels", "dyadic", "--tile-size", "4096"], id="to 4096"),
        pytest.param(
            256, ["--codec", "htj2k", "--tile-size", "2048", "--threads", "8"], id="htj2k of 2048"
        ),
        pytest.param(4096, [], id="passthrough of 4096"),
        pytest.param(4096, ["--levels", "dyadic", "--codec", "jpeg"], id="dyadic of 4096"),
    ],
)
def test_a_slide_of_400_megapixels_takes_less_than_300_mb(large, tmp_path, tile, options):
    arguments = [
        "convert",
        large(tile),
        tmp_path / "out",
        "--quiet",
        *options,
        *([] if "--threads" in options else ["--threads", "2"]),
    ]

    done = subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )

    name, peak = done.stdout.split()
    assert name == "peak"
    assert int(peak) < MOST_MB
