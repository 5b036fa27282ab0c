# SPDX-License-Identifier: Apache-2.0
"""What is told of an upload when it begins: its length, and the pairs of Upload-Metadata.

References
----------
https://tus.io/protocols/resumable-upload (Upload-Metadata: keys, and values in base64)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 64 << 10
_GROUP = re.compile(r"[A-Za-z0-9_.-]{8,64}", re.ASCII)
_MOST_FILES = 20_000
_DEEPEST = 16
_LONGEST_PART = 255
"""Bytes of a name that any file system takes."""
_LONGEST_SUFFIX = 16
_KNOWN = ("filename", "filetype", "name", "type", "relativePath", "options", "group", "files")
"""Some clients send their own words for a name and a type, too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An upload as it is asked for.

    Parameters
    ----------
    name
        Of the file; a path, where it is one of several.
    group
        What all files of one slide have in common, ``None`` where it is a single file.
    files
        How many files the slide has.
    options
        Of the conversion.
    metadata
        As it came.
    """

    length: int
    name: str
    group: str | None = None
    files: int = 1
    options: Mapping[str, object] = field(default_factory=dict)
    metadata: str = ""

    @property
    def group_folder(self) -> str | None:
        """Name of the folder of the group."""
        if self.group is None:
            return None
        return hashlib.sha256(f"group {self.group} {self.files}".encode()).hexdigest()[:32]


def read_asked(length: int, text: str) -> Asked:
    """Return an upload of a length, as Upload-Metadata describes it.

    Raises
    ------
    BadRequestError
        It makes no sense.
    """
    pairs = _pairs(text)
    group, count = pairs.get("group"), pairs.get("files", "1")
    if group is not None and not _GROUP.fullmatch(group):
        raise BadRequestError("group: expected 8 to 64 letters, digits, dots, dashes, underscores")
    if not count.isascii() or not count.isdecimal() or not 1 <= int(count[:9]) <= _MOST_FILES:
        raise BadRequestError(f"files: expected a number from 1 to {_MOST_FILES:,}")
    name = pairs.get("filename") or pairs.get("name") or "slide"
    return Asked(
        length=length,
        name=_safe_path(name) if group else _safe_name(name),
        group=group,
        files=int(count) if group else 1,
        options=_options(pairs.get("options", "{}")),
        metadata=text,
    )


def _pairs(text: str) -> dict[str, str]:
    if len(text) > _LONGEST:
        raise BadRequestError(f"Upload-Metadata is longer than {_LONGEST >> 10} KiB")
    found = {}
    for pair in text.split(","):
        key, _, value = pair.strip().partition(" ")
        if not key:
            continue
        if key not in _KNOWN:
            raise BadRequestError(f"Upload-Metadata: unknown {key[:64]!r}; expected {_KNOWN}")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            raise BadRequestError(f"Upload-Metadata: {key} is no base64 of UTF-8") from error
    return found


def _options(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("options: expected a JSON object") from error
    if not isinstance(found, dict):
        raise BadRequestError("options: expected a JSON object")
    return found


def _safe_name(name: str) -> str:
    """Return a name for a single file that keeps as much of the one given as can be.

    What cannot be in a name becomes ``_``, and what is too long is cut before its suffix, which
    says what the file is.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(each if _is_plain(each) else "_" for each in last)
    if plain.startswith("-"):
        plain = f"_{plain[1:]}"
    plain = _cut(plain)
    return plain if is_safe_part(plain) else "slide"


def _cut(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        suffix = ""
    stem = name.removesuffix(suffix).encode()[: _LONGEST_PART - len(suffix.encode())]
    return stem.decode(errors="ignore") + suffix


def _safe_path(name: str) -> str:
    """Return the path of one of several files, which the others name."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or not 0 < len(path.parts) <= _DEEPEST:
        raise BadRequestError("filename: expected a path such as slide/Data0000.dat")
    if not all(map(is_safe_part, path.parts)):
        raise BadRequestError("filename: a part of the path is no name of a file")
    return str(path)


def _is_plain(character: str) -> bool:
    return character.isprintable() and character not in '/\\:*?"<>|'


def is_safe_part(part: str) -> bool:
    """Tell whether a name can be that of a file, whatever the system."""
    is_short = 0 < len(part.encode("utf-8", "surrogatepass")) <= _LONGEST_PART
    return (
        is_short
        and all(map(_is_plain, part))
        and part.strip(". ") != ""
        and not part.startswith("-")
    )
