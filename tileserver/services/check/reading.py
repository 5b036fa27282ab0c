# SPDX-License-Identifier: Apache-2.0
"""A stored file read from beginning to end: its digest, and what it says as an instance."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.errors import InvalidInstanceError, LostBlobError, StorageError
from tileserver.services.records import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from tileserver.index import InstanceRecord
    from tileserver.store.folder import FolderBlob
    from tileserver.store.survey import Survey

_CHUNK = 1 << 20
_local = threading.local()


@dataclass(frozen=True, slots=True)
class ReadBlob:
    """What a stored file is.

    Parameters
    ----------
    record
        What it says, ``None`` where it is no instance, or was not read that far.
    problem
        Why it could not be read, or is no instance.
    """

    size: int
    sha256: bytes | None
    record: InstanceRecord | None = None
    problem: str | None = None


def read_blob(survey: Survey, key: str | Path) -> ReadBlob | None:
    """Read a blob; return ``None`` where it is not there."""
    size = 0
    try:
        with survey.open(key) as blob:
            size = blob.size
            digest = _digest(blob)
            record, _ = read_record(blob.file(), digest, size)
    except LostBlobError:
        return None
    except InvalidInstanceError as error:
        return ReadBlob(size, digest, problem=str(error))
    except (StorageError, OSError) as error:
        return ReadBlob(size, None, problem=_cause(error))
    return ReadBlob(size, digest, record)


def _cause(error: Exception) -> str:
    """Return what the disk says."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return getattr(cause, "strerror", None) or str(error)


def _digest(blob: FolderBlob) -> bytes:
    """Return the SHA-256 of all bytes, read in one go into memory that each thread keeps."""
    digest, file = hashlib.sha256(), blob.file()
    buffer = _buffer()
    while count := file.readinto(buffer):  # type: ignore[attr-defined]  # it is unbuffered
        digest.update(buffer[:count])
    return digest.digest()


def _buffer() -> memoryview:
    if not hasattr(_local, "buffer"):
        _local.buffer = memoryview(bytearray(_CHUNK))
    found: memoryview = _local.buffer
    return found
