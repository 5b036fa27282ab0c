# SPDX-License-Identifier: Apache-2.0
"""What became of each slide of a batch, by which an interrupted one goes on: lines of JSON.

A line is appended when a slide is begun and when it has ended, each on disk before anything else
is done; the last of a slide counts. In the end the file is written anew, with one line for each.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomizer.targets.durable import flush_folder
from dicomizer.targets.explained import explained

if TYPE_CHECKING:
    from collections.abc import Iterable

    Entry = dict[str, Any]

NAME = "manifest.jsonl"
BEGUN = "begun"
"""Result of a slide that is being converted, or was when the batch was interrupted."""


class Manifest:
    """The manifest of a batch.

    Raises
    ------
    TargetError
        It cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        with self._explained():
            self._file = self.path.open("a+b", buffering=0)
            self._file.seek(0)
            self._entries = dict(_read(self._file.readlines()))
            flush_folder(folder)

    def last(self, slide: str) -> Entry | None:
        """Return what is known of a slide."""
        return self._entries.get(slide)

    def add(self, entry: Entry) -> None:
        """Append an entry; on disk on return."""
        # The line break before it ends what a full disk or a crash may have cut.
        with self._explained():
            self._file.write(b"\n" + json.dumps(entry).encode() + b"\n")
            os.fsync(self._file.fileno())
        self._entries[entry["slide"]] = entry

    def finish(self, slides: Iterable[str]) -> None:
        """Write one line for each slide, in their order, and after them what others left."""
        order = [*slides, *self._entries]
        entries = [self._entries[name] for name in dict.fromkeys(order) if name in self._entries]
        partial = self.path.with_name(f".{NAME}.new")
        with self._explained(), partial.open("wb") as file:
            file.writelines(json.dumps(entry).encode() + b"\n" for entry in entries)
            file.flush()
            os.fsync(file.fileno())
            partial.replace(self.path)
            flush_folder(self.path.parent)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _explained(self) -> contextlib.AbstractContextManager[None]:
        return explained("the manifest cannot be written", self.path)


def results_in(folder: Path) -> frozenset[Path]:
    """Return the folders below one that the manifest in it names as results, if it has one."""
    path = folder / NAME
    try:
        lines = path.read_bytes().splitlines() if path.is_file() else []
    except OSError:
        return frozenset()
    told = (entry.get("out") for _, entry in _read(lines))
    names = (Path(name) for name in told if isinstance(name, str))
    return frozenset(
        folder / name for name in names if not name.is_absolute() and ".." not in name.parts
    )


def _read(lines: Iterable[bytes]) -> Iterable[tuple[str, Entry]]:
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # of a line that was cut
            entry = json.loads(line)
            yield entry["slide"], entry
