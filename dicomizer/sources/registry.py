# SPDX-License-Identifier: Apache-2.0
"""Which reader opens a file: each is asked in turn and says why it refuses."""

from __future__ import annotations

import importlib
import stat
from typing import TYPE_CHECKING, cast

from dicomizer.errors import SourceError, SourceNotFoundError, UnsupportedSourceError
from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dicomizer.sources.base import SlideSource

_READERS = {
    "Aperio SVS": "dicomizer.sources.svs:SvsSource",
    "tiled TIFF": "dicomizer.sources.generic_tiff:GenericTiffSource",
}
"""Most specific first; imported only when a file is opened."""


def open_source(path: Path) -> SlideSource:
    """Open a slide file with the first reader that takes it.

    Raises
    ------
    SourceNotFoundError
        There is no such file.
    UnsupportedSourceError
        No reader takes it; the message has each reader's reason.
    SourceError
        The file cannot be read, or contradicts itself.
    """
    _check_readable(path)
    reasons = []
    for name, target in _READERS.items():
        module, _, attribute = target.partition(":")
        reader = cast(
            "Callable[[Path], SlideSource]", getattr(importlib.import_module(module), attribute)
        )
        try:
            return reader(path)
        except Refusal as refusal:
            reasons.append(f"{name}: {refusal}")
        except OSError as error:
            raise SourceError(error.strerror or str(error), file=path) from error
    raise UnsupportedSourceError(
        f"no reader takes this file ({'; '.join(reasons)})",
        file=path,
        remedy="give a slide in one of these formats: " + ", ".join(_READERS),
    )


def _check_readable(path: Path) -> None:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SourceError(
                "found a directory, expected a slide file",
                file=path,
                remedy="name one file in it",
            )
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("found a device or pipe, expected a slide file", file=path)
        if status.st_size == 0:
            raise SourceError(
                "the file is empty, expected a slide", file=path, remedy="copy it again"
            )
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise SourceNotFoundError("no such file", file=path, remedy="check the path") from error
    except PermissionError as error:
        raise SourceError(
            "no permission to read it", file=path, remedy="ask its owner, or check its mode"
        ) from error
    except (OSError, ValueError) as error:
        raise SourceError(getattr(error, "strerror", None) or str(error), file=path) from error
