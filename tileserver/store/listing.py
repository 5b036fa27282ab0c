# SPDX-License-Identifier: Apache-2.0
"""What lies in the folder of blobs, looked through without holding a path for each of a million."""

from __future__ import annotations

import contextlib
import os
import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{64}")
_PAIR = re.compile(r"[0-9a-f]{2}")
_SUFFIX = ".dcm"


@dataclass(frozen=True, slots=True)
class Listed:
    """What lies in one of the folders of blobs.

    Parameters
    ----------
    blobs
        By key.
    foreign
        Paths of all else.
    """

    blobs: dict[str, os.DirEntry[str]]
    foreign: list[Path]


def is_key(text: str) -> bool:
    """Tell whether a text can name a blob."""
    return _KEY.fullmatch(text) is not None


def folders(blobs: Path) -> Iterator[Listed]:
    """Yield what lies where blobs lie, folder by folder."""
    outer = Listed({}, [])
    for path in sorted(blobs.iterdir()):
        if _PAIR.fullmatch(path.name) and path.is_dir():
            yield _listed(path)
        else:
            outer.foreign.append(path)
    yield outer


def keys_in_order(blobs: Path) -> Iterator[str]:
    """Yield the keys of all blobs, in the order they came."""
    times, keys = array("q"), bytearray()
    for listed in folders(blobs):
        for key, entry in listed.blobs.items():
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                times.append(entry.stat().st_mtime_ns)
                keys += bytes.fromhex(key)
    packed = np.frombuffer(bytes(keys), np.dtype("S32"))
    for place in np.lexsort((packed, np.frombuffer(times, np.int64))):
        yield keys[place * 32 : place * 32 + 32].hex()


def _listed(folder: Path) -> Listed:
    found = Listed({}, [])
    with os.scandir(folder) as entries:
        for entry in entries:
            key = entry.name.removesuffix(_SUFFIX)
            if (
                entry.name.endswith(_SUFFIX)
                and is_key(key)
                and key[:2] == folder.name
                and entry.is_file(follow_symlinks=False)
            ):
                found.blobs[key] = entry
            else:
                found.foreign.append(folder / entry.name)
    return found
