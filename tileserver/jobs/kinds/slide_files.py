# SPDX-License-Identifier: Apache-2.0
"""The slide among the files of an upload: one file, several that belong together, or a ZIP.

Nothing of a ZIP is believed: names that lead out of its folder, links, more files, more bytes than
it says or than are allowed are refused, and what it unpacks to is counted as it is written. What it
says of itself is enough to refuse it before a byte is written.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from tileserver.jobs.kind import not_now, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_FILES = 20_000
_LONGEST_NAME = 255
_DEEPEST = 16
_CHUNK = 1 << 20
_MOST_RATIO = 200
"""How often larger than packed a file may be, as slides, which are packed in themselves, never are;
more of it is a bomb, where it is not small."""
_SMALL = 64 << 20
_HEADS = frozenset({".mrxs", ".vms", ".vmu", ".vsi"})
"""Of slides that are several files: the one that is opened."""
_DICOM = ".dcm"
_IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def find_slide(folder: Path, name: str) -> Path:
    """Return the one slide that is in a folder: a file, or a folder of DICOM files.

    Parameters
    ----------
    name
        What errors call the folder.

    Raises
    ------
    JobError
        There is none, or more than one.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_ignored(path))
    heads = [path for path in files if path.suffix.lower() in _HEADS] or files
    if len(heads) == 1:
        return heads[0]
    parents = {path.parent for path in files}
    if files and len(parents) == 1 and all(path.suffix.lower() == _DICOM for path in files):
        return parents.pop()
    if not files:
        raise refused(f"{name} has no file, expected a slide")
    raise refused(
        f"{name} has {len(files):,} files of which {len(heads):,} could be the slide; expected "
        "one slide: a file, one .mrxs, .vms, .vmu or .vsi with its companions, or the DICOM files "
        "of one folder"
    )


def is_zip(path: Path) -> bool:
    """Tell whether a file is a ZIP, by its first bytes and by its end."""
    with path.open("rb") as file:
        begins_so = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    return begins_so and zipfile.is_zipfile(path)


def unpack(path: Path, folder: Path, most_bytes: int, look: Callable[[], None]) -> None:
    """Unpack a ZIP into a folder; what was in it is gone.

    Parameters
    ----------
    look
        Called now and then; may raise.

    Raises
    ------
    JobError
        It is damaged, or more than is allowed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(path) as packed:
            members = _members(packed, most_bytes)
            _check_sizes(members, path.stat().st_size, shutil.disk_usage(folder).free)
            left = most_bytes
            for member in members:
                left -= _unpack_one(packed, member, folder, left, look)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise refused(f"the ZIP cannot be unpacked: {error}") from error
    except (UnicodeError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise refused(f"the ZIP cannot be unpacked: {type(error).__name__}") from error


def _members(packed: zipfile.ZipFile, most_bytes: int) -> Sequence[zipfile.ZipInfo]:
    members = [item for item in packed.infolist() if not item.is_dir()]
    if len(members) > MOST_FILES:
        raise refused(f"the ZIP has {len(members):,} files, expected at most {MOST_FILES:,}")
    total = sum(item.file_size for item in members)
    if total > most_bytes:
        raise refused(f"the ZIP unpacks to {total:,} bytes, expected at most {most_bytes:,}")
    return members


def _check_sizes(members: Sequence[zipfile.ZipInfo], packed_bytes: int, room: int) -> None:
    """Refuse what has no room on the disk, and bombs; sizes when packed may be lies, too."""
    total = sum(item.file_size for item in members)
    if total > room:
        raise not_now(f"the ZIP unpacks to {total:,} bytes, the disk has room for {room:,}")
    sizes = [(item.file_size, min(item.compress_size, packed_bytes)) for item in members]
    for size, packed in (*sizes, (total, packed_bytes)):
        if size > max(_SMALL, _MOST_RATIO * packed):
            raise refused(
                f"the ZIP unpacks {packed:,} bytes to {size:,}, expected at most {_MOST_RATIO} "
                "times as many"
            )


def _unpack_one(
    packed: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    folder: Path,
    most_bytes: int,
    look: Callable[[], None],
) -> int:
    """Unpack a file, and return its bytes."""
    target = folder / _safe_name(member)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with packed.open(member) as source, _new(target) as copy:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most_bytes:
                raise refused(f"the ZIP unpacks to more than the {most_bytes:,} bytes allowed")
            copy.write(chunk)
            look()
    return size


def _new(target: Path) -> BinaryIO:
    try:
        return target.open("xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise refused("the ZIP has two files of one name") from error


def _safe_name(member: zipfile.ZipInfo) -> PurePosixPath:
    kind = stat.S_IFMT(member.external_attr >> 16)
    name = PurePosixPath(member.filename.replace("\\", "/"))
    is_plain = kind in (0, stat.S_IFREG)
    if not is_plain or not is_safe(name):
        raise refused("the ZIP has a file that is a link, or whose name leads out of its folder")
    return name


def is_safe(name: PurePosixPath) -> bool:
    """Tell whether a name stays below the folder that it is put in."""
    return (
        0 < len(name.parts) <= _DEEPEST
        and not name.is_absolute()
        and all(_is_safe_part(part) for part in name.parts)
    )


def _is_safe_part(part: str) -> bool:
    is_short = len(part.encode("utf-8", "surrogateescape")) <= _LONGEST_NAME
    return part not in ("", ".", "..") and is_short and part.isprintable() and ":" not in part


def _is_ignored(path: Path) -> bool:
    return any(part in _IGNORED or part.startswith("._") for part in path.parts)
