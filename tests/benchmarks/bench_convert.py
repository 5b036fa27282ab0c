# SPDX-License-Identifier: Apache-2.0
"""Conversions side by side with a peer and with cp, in one run, on two threads.

    python tests/benchmarks/bench_convert.py SLIDE [RUNS]

Jobs: stored levels passed through; the same with every missing halving derived; everything coded
anew with a pyramid. wsidicomizer does the same where it is installed beside (it is a peer only,
no dependency). Prints wall, CPU, memory and megapixels of the finest level a second, the ratio to
the peer, and how far the derived levels are from the exact mean of 2 x 2 pixels.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openslide
from measuring import Measurement, measure

OURS = [sys.executable, "-m", "dicomizer", "convert", "--quiet", "--threads", "2"]
PEER = Path(sys.executable).with_name("wsidicomizer")
WINDOW = 2048


@dataclass(frozen=True)
class Job:
    """What is to be converted how, by us and by the peer."""

    name: str
    ours: tuple[str, ...]
    peer: tuple[str, ...]


JOBS = (
    Job("stored levels passed through", (), ()),
    Job("and all halvings derived", ("--levels", "dyadic"), ("--add-missing-levels",)),
    Job(
        "all coded anew, JPEG q80",
        ("--levels", "dyadic", "--codec", "jpeg", "--quality", "80"),
        ("--add-missing-levels", "--force-transcoding", "--quality", "80"),
    ),
)


def median(command: list[str], slide: Path, folder: Path, runs: int) -> Measurement:
    """Run a conversion several times and return the median run; its result stays in ``folder``."""
    found = []
    for _ in range(runs):
        shutil.rmtree(folder, ignore_errors=True)
        found.append(measure([item.format(slide=slide, out=folder) for item in command]))
    return sorted(found, key=lambda item: item.wall)[runs // 2]


def told(name: str, took: Measurement, megapixels: float) -> str:
    """Return a line of the table."""
    return (
        f"  {name:<14}{took.wall:8.2f} s wall{took.cpu:8.2f} s CPU"
        f"{took.memory_mb:8.0f} MB{megapixels / took.wall:8.0f} Mpixel/s"
    )


def psnr_of_derived(folder: Path, base: int) -> float:
    """Return the least signal-to-noise ratio of level ``base + 1`` to the mean of level ``base``.

    In decibels over windows of tissue, both levels decoded by OpenSlide.
    """
    with openslide.OpenSlide(folder / "level-0.dcm") as slide:
        width, height = slide.level_dimensions[base]
        step = int(slide.level_downsamples[base])
        errors = []
        for x, y in ((width // 3, height // 3), (width // 2, height // 2)):
            x, y = (value // 512 * 512 for value in (x, y))  # noqa: PLW2901
            fine = slide.read_region((x * step, y * step), base, (WINDOW, WINDOW)).convert("RGB")
            half = (WINDOW // 2, WINDOW // 2)
            coarse = slide.read_region((x * step, y * step), base + 1, half).convert("RGB")
            mean = np.asarray(fine, float).reshape(half[1], 2, half[0], 2, 3).mean((1, 3))
            errors.append(np.mean((mean - np.asarray(coarse, float)) ** 2))
    return float(10 * np.log10(255**2 / max(errors)))


def main() -> int:
    """Measure and print."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    slide, runs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with openslide.OpenSlide(slide) as opened:
        megapixels = opened.dimensions[0] * opened.dimensions[1] / 1e6
    print(
        f"{slide.name}: {megapixels:.0f} Mpixel, {slide.stat().st_size / 1e6:.0f} MB, {runs} runs"
    )
    with tempfile.TemporaryDirectory(prefix="coverslip-benchmark-") as name:
        folder = Path(name)
        copy = median(["cp", "{slide}", "{out}"], slide, folder / "copy", runs)
        print(told("cp", copy, megapixels))
        for job in JOBS:
            print(job.name)
            ours = median([*OURS, "{slide}", "{out}", *job.ours], slide, folder / "out", runs)
            print(told("dicomizer", ours, megapixels), f"{ours.wall / copy.wall:6.1f} x cp")
            if job.ours:
                quality = psnr_of_derived(folder / "out", 0)
                print(f"  level 1 against the exact mean of level 0: {quality:.1f} dB")
            if PEER.exists():
                command = [str(PEER), "--workers", "2", "-i", "{slide}", "-o", "{out}", *job.peer]
                peer = median(command, slide, folder / "peer", runs)
                print(
                    told("wsidicomizer", peer, megapixels), f"{peer.wall / ours.wall:6.1f} x ours"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
