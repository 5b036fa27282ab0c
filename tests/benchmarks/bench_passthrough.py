# SPDX-License-Identifier: Apache-2.0
"""Passthrough against a plain copy of the same file, in one run.

    python tests/benchmarks/bench_passthrough.py SLIDE [RUNS]

Prints CPU seconds and peak memory of the whole ``dicomizer convert`` process, its wall time, the
wall time of ``cp``, and the ratio of the conversion itself to it; exits with 1 where a limit is
broken: 1.5 s of CPU or 250 MB for a slide of 400 megapixels.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import measure

CPU_LIMIT_SECONDS = 1.5
MEMORY_LIMIT_MB = 250.0


def main() -> int:
    """Measure, print, and tell whether the limits hold."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    slide, runs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    conversions, copies = [], []
    for _ in range(runs):
        folder = Path(tempfile.mkdtemp(prefix="coverslip-benchmark-"))
        try:
            command = [sys.executable, "-m", "dicomizer", "convert", "--json"]
            conversions.append(measure([*command, str(slide), str(folder / "out")]))
            copies.append(measure(["cp", str(slide), str(folder / "copy")]))
        finally:
            shutil.rmtree(folder)
    cpu = statistics.median(item.cpu for item in conversions)
    memory = max(item.memory_mb for item in conversions)
    wall = statistics.median(item.wall for item in conversions)
    inner = statistics.median(json.loads(item.output)["seconds"] for item in conversions)
    copy = statistics.median(item.wall for item in copies)
    print(f"{slide.name}, {slide.stat().st_size / 1e6:.1f} MB, median of {runs} runs")
    print(f"dicomizer convert  {wall:6.3f} s wall  {cpu:6.3f} s CPU  {memory:6.1f} MB peak")
    print(f"cp                 {copy:6.3f} s wall")
    print(f"conversion itself  {inner:6.3f} s wall, {inner / copy:.1f} times cp")
    return int(cpu > CPU_LIMIT_SECONDS or memory > MEMORY_LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
