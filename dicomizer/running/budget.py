# SPDX-License-Identifier: Apache-2.0
"""What this machine, or the container that we are in, has for conversions."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_CONVERSION_BYTES = 300_000_000
"""No conversion takes more, whatever its codec and tiles; tests hold it to that."""
_LIBRARY_BYTES = 400_000_000
"""Beside that, of two processes in which a library reads the slide."""
_LIBRARY_SUFFIXES = frozenset({".mrxs", ".vms", ".vmu", ".svslide", ".czi", ".isyntax"})
_SHARE = 0.8
"""Of the memory that is free: the rest is for the pages of files."""
_LEAST_BYTES = _CONVERSION_BYTES
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Budget:
    """Cores and memory that conversions may take at the same time."""

    cores: int
    memory_bytes: int


def budget() -> Budget:
    """Return what there is now."""
    return Budget(_cores(), max(int(_SHARE * _free_bytes()), _LEAST_BYTES))


def memory_of(slide: Path) -> int:
    """Return the most memory that the conversion of a slide takes, in bytes."""
    is_library = slide.suffix.lower() in _LIBRARY_SUFFIXES
    return _CONVERSION_BYTES + (_LIBRARY_BYTES if is_library else 0)


def _cores() -> int:
    """Return the cores that this process may use, by its affinity and its group's quota."""
    cores = len(os.sched_getaffinity(0))
    for group in _groups():
        with contextlib.suppress(OSError, ValueError):
            quota, period = (group / "cpu.max").read_text("ascii").split()
            cores = min(cores, max(int(quota) // int(period), 1))
    return cores


def _free_bytes() -> int:
    """Return the memory that can be had without swapping, of the machine and of our groups."""
    free = _available_bytes()
    for group in _groups():
        with contextlib.suppress(OSError, ValueError):
            most = int((group / "memory.max").read_text("ascii"))
            used = int((group / "memory.current").read_text("ascii"))
            free = min(free, most - used + _reclaimable_bytes(group))
    return free


def _available_bytes() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        told = Path("/proc/meminfo").read_text("ascii")
        return int(told.split("MemAvailable:")[1].split()[0]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _reclaimable_bytes(group: Path) -> int:
    """Return the pages of files that count for the group, which the kernel gives up first."""
    told = (group / "memory.stat").read_text("ascii").split()
    return int(told[told.index("inactive_file") + 1])


def _groups() -> list[Path]:
    """Return our control group and those above it, of version 2."""
    try:
        line = next(
            line
            for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines()
            if line.startswith("0::")
        )
    except (OSError, StopIteration):
        return []
    inner = _CGROUPS / line.removeprefix("0::").lstrip("/")
    return [group for group in (inner, *inner.parents) if group.is_relative_to(_CGROUPS)]
