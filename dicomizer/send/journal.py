# SPDX-License-Identifier: Apache-2.0
"""What was sent where, kept beside the user's other state, so that the next run goes on.

One file for each destination, one line for each instance that it accepted. A line names no file
and no patient: only the SOP Instance UID, and size and time of the file. It is asked only where
the peer itself cannot be.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomizer.errors import TargetError

if TYPE_CHECKING:
    from dicomizer.send.destination import Destination
    from dicomizer.send.instances import Instance


class Journal:
    """The instances that a peer has accepted.

    Parameters
    ----------
    path
        Made when it does not exist; ``None`` remembers nothing.

    Raises
    ------
    TargetError
        The file cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._accepted: set[tuple[str, int, int]] = set()
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with path.open("a+b") as file:
                    file.seek(0)
                    self._accepted.update(key for line in file if (key := _read(line)))
            except OSError as error:
                raise self._error(error) from error

    def has(self, instance: Instance) -> bool:
        """Tell whether the peer accepted this file, unchanged since."""
        return _key(instance) in self._accepted

    def add(self, instance: Instance) -> None:
        """Remember that the peer accepted it; on disk on return."""
        self._accepted.add(_key(instance))
        if self._path is None:
            return
        uid, size, modified_ns = _key(instance)
        line = json.dumps({"sop_instance_uid": uid, "size": size, "modified_ns": modified_ns})
        try:
            # One write to a file opened for appending: lines of two processes do not mix. The
            # line break before it ends what a full disk may have cut.
            with self._path.open("ab", buffering=0) as file:
                file.write(f"\n{line}\n".encode())
                os.fsync(file.fileno())
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> TargetError:
        return TargetError(
            f"what was sent cannot be remembered: {error.strerror or error}",
            file=self._path,
            remedy="name a file that you may write to by --journal",
        )


def journal_path(destination: Destination) -> Path:
    """Return where what was sent to a destination is remembered."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    name = hashlib.sha256(str(destination).encode()).hexdigest()[:32]
    return Path(state).expanduser() / "coverslip" / "sent" / f"{name}.jsonl"


def _key(instance: Instance) -> tuple[str, int, int]:
    return instance.sop_instance_uid, instance.size, instance.modified_ns


def _read(line: bytes) -> tuple[str, int, int] | None:
    """Return what a line tells; ``None`` of one that was cut."""
    try:
        found: Any = json.loads(line)
        return str(found["sop_instance_uid"]), int(found["size"]), int(found["modified_ns"])
    except (ValueError, KeyError, TypeError):
        return None
