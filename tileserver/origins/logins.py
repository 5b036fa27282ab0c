# SPDX-License-Identifier: Apache-2.0
"""Who this server is to its origins: read from a file, never told to a browser or a log."""

from __future__ import annotations

import base64
import tomllib
from typing import TYPE_CHECKING

from tileserver.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


def read_logins(file: Path | None, names: Collection[str]) -> Mapping[str, str]:
    """Return the values of the header field Authorization by names of origins.

    Raises
    ------
    ConfigurationError
        The file cannot be read, names no origin, or holds no login.
    """
    if file is None:
        return {}
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The text of the error may show a part of a password.
        raise ConfigurationError(f'{file}: expected lines such as lab = "name:password"') from None
    if unknown := set(told).difference(names):
        raise ConfigurationError(f"{file}: no such name in origins: {min(unknown)}")
    return {name: _authorization(file, name, login) for name, login in told.items()}


def _authorization(file: Path, name: str, login: object) -> str:
    if isinstance(login, str) and login.isascii() and login.isprintable():
        if login.startswith("Bearer ") and login[7:].strip():
            return login
        if ":" in login:
            return f"Basic {base64.b64encode(login.encode()).decode('ascii')}"
    raise ConfigurationError(
        f'{file}: {name} makes no sense; expected "name:password" or "Bearer token", in ASCII'
    )
