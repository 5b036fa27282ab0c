# SPDX-License-Identifier: Apache-2.0
"""Who we are to a DICOMweb service, and whom we trust: read from files and the environment.

Secrets are never given on the command line, where every process of the machine can read them, and
never put into a message or a log.
"""

from __future__ import annotations

import base64
import os
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN_VARIABLE = "DICOMIZER_TOKEN"  # noqa: S105 - the name of a variable
LOGIN_VARIABLE = "DICOMIZER_LOGIN"
_MOST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Credentials:
    """The value of the header field Authorization.

    Parameters
    ----------
    authorization
        ``None`` where nobody logs in.
    """

    authorization: str | None = field(default=None, repr=False)


def read_credentials(token_file: Path | None = None, login_file: Path | None = None) -> Credentials:
    """Return a bearer token or a name and password, from a file, else from the environment.

    Raises
    ------
    NetworkError
        A file cannot be read or its content cannot be sent.
    """
    token = _secret(token_file, TOKEN_VARIABLE) if login_file is None else None
    if token is not None:
        return Credentials(f"Bearer {token}")
    login = _secret(login_file, LOGIN_VARIABLE)
    if login is None:
        return Credentials()
    if ":" not in login:
        raise NetworkError(
            "found no colon in the login",
            file=login_file or LOGIN_VARIABLE,
            remedy="write it as name:password",
        )
    return Credentials(f"Basic {base64.b64encode(login.encode()).decode('ascii')}")


def _secret(file: Path | None, variable: str) -> str | None:
    if file is None:
        text = os.environ.get(variable)
        return _checked(text, variable) if text else None
    try:
        with file.open(encoding="utf-8") as opened:
            return _checked(opened.read(_MOST_BYTES), file)
    except (OSError, UnicodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise NetworkError(f"the secret cannot be read: {problem}", file=file) from error


def _checked(text: str, origin: object) -> str:
    text = text.strip()
    if not text or not text.isprintable():
        raise NetworkError(
            "found nothing, or more than one line", file=origin, remedy="write one line of text"
        )
    return text


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return what verifies the certificate and the name of a peer.

    Parameters
    ----------
    ca_file
        PEM certificates to trust, instead of those of the system.

    Raises
    ------
    NetworkError
        The file has no certificates.
    """
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise NetworkError(
            f"the certificates cannot be read: {error.strerror or 'no PEM certificate'}",
            file=ca_file,
            remedy="give a file of PEM certificates",
        ) from error
