# SPDX-License-Identifier: Apache-2.0
"""How far a conversion is, told by files beside those it writes, so that the next run can go on.

A state is valid for the bytes that were written before it, which a process that is killed leaves
in the care of the system. A machine that crashed has lost some, so what was begun before the
machine was started is not continued.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.targets.explained import explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.state import State

    Finding = dict[str, str | int]

_FILE = "job.json"
_FINDINGS = "findings.jsonl"
_SUFFIX = ".state"
_PUBLISHING = "publishing.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What is told of a conversion when it begins."""

    job: str
    boot: str
    key: str
    moment: str


class Journal:
    """The states of the parts of a conversion, in a folder.

    Parameters
    ----------
    folder
        That the conversion writes to.
    job
        What is converted and how; see `dicomizer.job`.
    """

    def __init__(self, folder: Path, job: str) -> None:
        self._folder = folder
        self._beginning = _read(folder) or _begin(folder, job)

    @property
    def key(self) -> bytes:
        """Key of the conversion's UIDs."""
        return bytes.fromhex(self._beginning.key)

    @property
    def moment(self) -> dt.datetime:
        """When the conversion began."""
        return dt.datetime.fromisoformat(self._beginning.moment)

    def load(self, part: str) -> State | None:
        """Return the last state of a part; ``None`` where there is none that can be used."""
        try:
            return _unpacked((self._folder / f"{part}{_SUFFIX}").read_bytes())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, part: str, state: State) -> None:
        """Replace the state of a part, at once or not at all."""
        partial = self._folder / f"{part}{_SUFFIX}.new"
        with self._explained():
            partial.write_bytes(_packed(state))
            partial.replace(self._folder / f"{part}{_SUFFIX}")

    def forget(self, part: str) -> None:
        """Begin a part anew if this process is killed from here on."""
        (self._folder / f"{part}{_SUFFIX}").unlink(missing_ok=True)

    def note(self, finding: Finding) -> None:
        """Remember what was found on the way, before any state that it belongs to."""
        with self._explained(), (self._folder / _FINDINGS).open("ab", buffering=0) as file:
            file.write(json.dumps(finding).encode() + b"\n")

    def notes(self) -> list[Finding]:
        """Return what was found by the conversion that is continued."""
        try:
            lines = (self._folder / _FINDINGS).read_bytes().splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            with contextlib.suppress(ValueError):  # the last may have been cut
                found.append(json.loads(line))
        return found

    def _explained(self) -> contextlib.AbstractContextManager[None]:
        return explained("how far it is cannot be written", self._folder.parent)


def belongs(folder: Path, job: str) -> bool:
    """Tell whether a conversion that was interrupted can be continued as ``job``."""
    if not job or not is_private(folder):
        return False
    beginning = _read(folder)
    return beginning is not None and (beginning.job, beginning.boot) == (job, _boot())


def begin_publishing(folder: Path, names: Sequence[str]) -> None:
    """Tell that files are moved out of the folder from here on."""
    partial = folder / f"{_PUBLISHING}.new"
    partial.write_text(json.dumps(list(names)), "utf-8")
    partial.replace(folder / _PUBLISHING)


def end_publishing(folder: Path) -> None:
    """Tell that no files are moved any more."""
    (folder / _PUBLISHING).unlink(missing_ok=True)


def publishing(folder: Path) -> list[str]:
    """Return the names of files that were being moved when the process was killed."""
    if not is_private(folder):
        return []
    try:
        names = json.loads((folder / _PUBLISHING).read_text("utf-8"))
        return [name for name in names if Path(name).name == name]
    except (OSError, ValueError, TypeError):
        return []


def is_private(folder: Path) -> bool:
    """Tell whether this user made the folder and nobody else may write to it."""
    found = folder.lstat()
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_own and not found.st_mode & 0o077


def _read(folder: Path) -> _Beginning | None:
    try:
        beginning = _Beginning(**json.loads((folder / _FILE).read_text("utf-8")))
        bytes.fromhex(beginning.key)
        dt.datetime.fromisoformat(beginning.moment)
    except (OSError, ValueError, TypeError):
        return None
    return beginning


def _begin(folder: Path, job: str) -> _Beginning:
    moment = dt.datetime.now(dt.UTC).isoformat()
    beginning = _Beginning(job, _boot(), secrets.token_hex(32), moment)
    (folder / _FILE).write_text(json.dumps(asdict(beginning)), "utf-8")
    return beginning


def _boot() -> str:
    """Return what tells one start of the machine from another; new each time where nothing does."""
    with contextlib.suppress(OSError):
        return _BOOT_ID.read_text("ascii").strip()
    return secrets.token_hex(8)


def _packed(state: State) -> bytes:
    arrays = {name: np.ascontiguousarray(value) for name, value in state.items()}
    head = {name: (value.dtype.str, value.shape) for name, value in arrays.items()}
    return b"".join(
        [json.dumps(head).encode(), b"\n", *(value.tobytes() for value in arrays.values())]
    )


def _unpacked(data: bytes) -> State:
    end = data.index(b"\n")
    arrays, offset = {}, end + 1
    for name, (dtype, shape) in json.loads(data[:end]).items():
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(data, np.dtype(dtype), count, offset).reshape(shape)
        offset += arrays[name].nbytes
    return arrays
