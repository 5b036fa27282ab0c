# SPDX-License-Identifier: Apache-2.0
"""Libraries that are optional parts of the installation."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from dicomizer.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


def require_library(name: str, *, extra: str, format_name: str, path: Path) -> None:
    """Check that a library is installed, without importing it.

    Parameters
    ----------
    extra
        Of this distribution, that brings the library.

    Raises
    ------
    SourceError
        It is not. This is no refusal: the format is known, and no other reader shall guess.
    """
    if importlib.util.find_spec(name) is None:
        raise SourceError(
            f"found {format_name}, which needs the library {name}",
            file=path,
            remedy=f'install it: pip install "coverslip[{extra}]"',
        )
