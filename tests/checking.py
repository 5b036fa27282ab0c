# SPDX-License-Identifier: Apache-2.0
"""Archives to be damaged, and what a check finds in them."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tileserver.app import INDEX_FILE, check_of, open_services
from tileserver.services.check import Finding
from tileserver.settings import Settings


@dataclass(frozen=True)
class Stored:
    """An instance, and where it lies."""

    uid: str
    key: str
    path: Path


def fill(data: Path, files: list[bytes]) -> None:
    """Store files as a server would."""
    services, index = open_services(Settings(data=data))
    for file in files:
        services.ingest.add_file(io.BytesIO(file))
    services.close()
    index.close()


def settle(data: Path) -> None:
    """Bring all of the index into its file, to be copied and changed."""
    with closing(sqlite3.connect(data / INDEX_FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def stored(data: Path) -> list[Stored]:
    """Return all instances, in the order they came."""
    with closing(sqlite3.connect(data / INDEX_FILE)) as connection:
        rows = connection.execute("SELECT sop_instance_uid, key FROM instance ORDER BY id")
        return [Stored(uid, key, data / "blobs" / key[:2] / f"{key}.dcm") for uid, key in rows]


def findings(data: Path, *, fast: bool = False) -> list[Finding]:
    """Return what a check finds."""
    return list(check_of(Settings(data=data), fast=fast, report=lambda _: None).findings())


def kinds(found: list[Finding]) -> list[str]:
    return [str(finding.kind) for finding in found]


@contextmanager
def changed_index(data: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection to change the index by, whatever its rules are; nothing stays."""
    kept = data.parent / "kept.sqlite"
    shutil.copy(data / INDEX_FILE, kept)
    with closing(sqlite3.connect(data / INDEX_FILE, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection
    for path in data.glob(f"{INDEX_FILE}-*"):
        path.unlink()
    shutil.copy(kept, data / INDEX_FILE)
