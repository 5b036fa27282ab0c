# SPDX-License-Identifier: Apache-2.0
"""What a conversion is made of: by this an interrupted one is known again, and UIDs are the same.

References
----------
PS3.5 9 (a UID stands for one content: where anything differs that goes into the files, it must)
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

import dicomizer
from dicomizer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dicomizer.options import ConvertOptions
    from dicomizer.sources.base import SlideSource

_CODING_LIBRARIES = (
    "imagecodecs",
    "simplejpeg",
    "opencv-python-headless",
    "openslide-bin",
    "pylibCZIrw",
    "pyisyntax",
)
"""Another version may decode the same file, or code the same pixels, otherwise."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells whether a file is still the one that was opened."""

    path: Path
    size: int
    modified_ns: int
    inode: int

    def __str__(self) -> str:
        return f"{self.size} {self.modified_ns} {self.inode}"

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Return the state of a file now."""
        found = path.stat()
        return cls(path, found.st_size, found.st_mtime_ns, found.st_ino)


class Job:
    """The conversion of a slide with some options.

    Parameters
    ----------
    source
        Open; its files are looked at now.
    is_coded
        Whether frames are coded anew, so that codecs decide on the result.

    Raises
    ------
    SourceError
        A file of the slide is not there any more.
    """

    def __init__(self, source: SlideSource, options: ConvertOptions, *, is_coded: bool) -> None:
        self._source = source
        self._is_coded = is_coded
        self._options = options
        self._files = self._look()

    @property
    def fingerprint(self) -> str:
        """Differs where the result would, or where a file of the slide was touched."""
        return _digest([*self._asked(), *(str(item) for item in self._files)])

    def stable_key(self) -> bytes:
        """Return the key of UIDs that are the same again for the same slide, options and owner.

        It reads all files of the slide.
        """
        contents = sorted(map(_content_digest, (item.path for item in self._files)))
        secret = (self._options.uid_key or "").encode()
        return hmac.new(secret, _digest([*self._asked(), *contents]).encode(), "sha256").digest()

    def check_unchanged(self) -> None:
        """Raise unless all files of the slide are still what they were.

        Raises
        ------
        SourceError
            One was changed, replaced or removed meanwhile.
        """
        for before, now in zip(self._files, self._look(), strict=True):
            if before != now:
                raise SourceError(
                    "the file was changed while it was read",
                    file=before.path,
                    remedy="convert it again when the scanner or the copy is done with it",
                )

    def _look(self) -> list[FileState]:
        try:
            return [FileState.of(path) for path in self._source.files]
        except OSError as error:
            raise SourceError(
                f"a file of the slide cannot be read any more: {error.strerror}",
                file=error.filename or self._source.slide.path,
                remedy="see that nothing moves it, and convert it again",
            ) from error

    def _asked(self) -> list[str]:
        """Return what goes into the files besides the slide."""
        options = self._options
        told = options.metadata.over(self._source.slide.metadata)
        name = "" if told.container.identifier else self._source.slide.path.stem
        asked = replace(options, overwrite=False, threads=None, uid_key=None)
        versions = map(_version, _CODING_LIBRARIES) if self._is_coded else ()
        return [dicomizer.__version__, name, repr(asked), *versions]


def _version(library: str) -> str:
    try:
        return f"{library} {metadata.version(library)}"
    except metadata.PackageNotFoundError:
        return f"no {library}"


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def _content_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
