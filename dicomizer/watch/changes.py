# SPDX-License-Identifier: Apache-2.0
"""Being told that something in a folder changes, so that it need not be asked all the time.

A hint only: what lies there is looked at anyway from time to time. A file server tells nobody of
what others write to it, so for those there is nothing but looking.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOG = logging.getLogger(__name__)
_SHARED = frozenset(
    {
        "9p", "afs", "ceph", "cifs", "drvfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3",
        "smbfs", "virtiofs",
    }
)  # fmt: skip
"""File systems whose other users change files unheard; those of FUSE are taken for such, too."""
_MOUNTS = Path("/proc/self/mounts")


@contextlib.contextmanager
def told_of_changes(folder: Path, wake: Callable[[], None]) -> Iterator[bool]:
    """Call ``wake`` whenever something changes; give whether that works here."""
    if is_shared(folder):
        yield False
        return
    from watchfiles import watch

    stop = threading.Event()

    def listen() -> None:
        try:
            for _ in watch(
                folder, stop_event=stop, debounce=200, rust_timeout=500, raise_interrupt=False
            ):
                wake()
        except Exception as error:  # noqa: BLE001 - the thread's edge; looking goes on
            _LOG.warning(
                "changes are not told of any more, looking goes on: %s", type(error).__name__
            )

    thread = threading.Thread(target=listen, name="changes", daemon=True)
    thread.start()
    try:
        yield True
    finally:
        stop.set()
        thread.join(timeout=5)


def is_shared(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Tell whether a folder lies on a file server, as far as the system tells."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    fields = [line.split() for line in lines]
    found = {Path(_plain(item[1])): item[2] for item in fields if len(item) > 2}
    resolved = folder.resolve()
    for path in (resolved, *resolved.parents):
        if path in found:
            return found[path] in _SHARED or found[path].startswith("fuse")
    return False


def _plain(path: str) -> str:
    """Return a mount point without the octal escapes of blanks (fstab(5))."""
    for code in ("040", "011", "012", "134"):
        path = path.replace(f"\\{code}", chr(int(code, 8)))
    return path
