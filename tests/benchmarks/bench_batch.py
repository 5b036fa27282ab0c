# SPDX-License-Identifier: Apache-2.0
"""A batch of slides against the same slides converted one after the other: time and memory.

    python tests/benchmarks/bench_batch.py [SLIDES] [EDGE]

Each way has all cores. The throughput of the batch by that of single conversions has to be 0.9 at
least; CPU seconds and the peak of all processes together are told beside it.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from large_slides import write_repeating

CONVERT = [sys.executable, "-m", "dicomizer", "convert"]
OPTIONS = {"passed through": [], "levels derived": ["--levels", "dyadic"]}
SAMPLED_SECONDS = 0.1


def write_slides(folder: Path, count: int, edge: int) -> None:
    """Write slides of which no two are alike, the last one 16 times as large."""
    first = folder / "0.svs"
    write_repeating(first, edge)
    data = first.read_bytes()
    for number in range(1, count - 1):
        (folder / f"{number}.svs").write_bytes(data + number.to_bytes(8, "little"))
    write_repeating(folder / "huge.svs", 4 * edge)


class Peak:
    """The most memory that a process and all below it have at a time, shared pages counted once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self.most_bytes = 0
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self.most_bytes

    def _sample(self) -> None:
        while not self._over.wait(SAMPLED_SECONDS):
            self.most_bytes = max(self.most_bytes, sum(map(_proportional, _below(self._pid))))


def _below(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            tasks = Path(f"/proc/{parent}/task").iterdir()
            for task in tasks:
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(text.split("Pss:")[1].split()[0]) * 1024


def timed(commands: list[list[str]]) -> tuple[float, float, int]:
    """Return wall and CPU seconds of commands, and the peak of any."""
    before, start, most = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    for command in commands:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            peak = Peak(process.pid)
            process.wait()
            most = max(most, peak.end())
        assert process.returncode == 0
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, most


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    edge = int(sys.argv[2]) if len(sys.argv) > 2 else 4096
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        (folder / "in").mkdir()
        write_slides(folder / "in", count, edge)
        paths = sorted((folder / "in").iterdir())
        for kind, options in OPTIONS.items():
            singles = [
                [*CONVERT, str(path), str(folder / "one" / path.stem), "--quiet", *options]
                for path in paths
            ]
            one = timed(singles)
            shutil.rmtree(folder / "one")
            many = timed([[*CONVERT, str(folder / "in"), str(folder / "out"), *options]])
            shutil.rmtree(folder / "out")
            told = {
                "slides": count,
                "kind": kind,
                "singles_seconds": round(one[0], 1),
                "batch_seconds": round(many[0], 1),
                "singles_cpu_seconds": round(one[1], 1),
                "batch_cpu_seconds": round(many[1], 1),
                "throughput_ratio": round(one[0] / many[0], 2),
                "singles_peak_mb": one[2] // 10**6,
                "batch_peak_mb": many[2] // 10**6,
            }
            print(json.dumps(told))


if __name__ == "__main__":
    main()
