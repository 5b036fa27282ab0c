# SPDX-License-Identifier: Apache-2.0
"""Many broken slides: ``python -m mutants [NUMBER]``, 10,000 over all formats without a number.

Each format is converted in a process of its own, whose memory is measured. Exits with 1 where one
died, raised what is not ours, took more than 10 seconds, or the process more than 512 MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mutants.making import builders, fates

SECONDS, MEGABYTES = 10.0, 512.0


def run_case(name: str, number: int) -> None:
    """Convert mutants of one case and print a line about them."""
    build = dict(builders())[name]
    with tempfile.TemporaryDirectory(prefix="coverslip-mutants-") as folder:
        found = list(fates(build, Path(folder), range(number)))
    refused = sum(fate.error is not None for fate in found)
    slowest = max(found, key=lambda fate: fate.seconds)
    print(f"{len(found)} mutants, {refused} refused, slowest {slowest.seconds:.2f} s", end="")
    if slowest.seconds > SECONDS:
        sys.exit(f"seed {slowest.seed} took {slowest.seconds:.1f} s")


def main() -> int:
    """Run every case and return the exit code."""
    if len(sys.argv) == 4 and sys.argv[1] == "--case":
        run_case(sys.argv[2], int(sys.argv[3]))
        return 0
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    names = [name for name, _ in builders()]
    failed = 0
    for name in names:
        command = [sys.executable, "-m", "mutants", "--case", name, str(-(-total // len(names)))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        told = process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        megabytes = usage.ru_maxrss / 1024
        is_bad = bool(status) or megabytes > MEGABYTES
        failed += is_bad
        print(f"{name}: {told}, {megabytes:.0f} MB{'  FAILED' if is_bad else ''}", flush=True)
    print(f"{len(names)} cases, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
