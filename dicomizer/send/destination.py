# SPDX-License-Identifier: Apache-2.0
"""Where to send to, read from an address.

``https://host/dicom-web`` is a DICOMweb service; ``dicom://AET@host:port`` is an application
entity, with ``?calling=AET`` for the title of ours. ``dicoms`` is the latter over TLS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from dicomizer.send.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLING_AE_TITLE = "DICOMIZER"
_PORTS = {"http": 80, "https": 443, "dicom": 104, "dicoms": 2762}
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")
"""PS3.5 6.2, VR AE: no backslash, no control characters."""


@dataclass(frozen=True, slots=True)
class WebDestination:
    """A DICOMweb service (PS3.18).

    Parameters
    ----------
    path
        Of the service's root, without a slash at its end.
    query
        Sent with every request, for services that want a key there.
    """

    host: str
    port: int
    path: str
    query: str
    is_encrypted: bool

    def __str__(self) -> str:
        scheme = "https" if self.is_encrypted else "http"
        return f"{scheme}://{_netloc(self.host)}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class EntityDestination:
    """An application entity that takes associations (PS3.8)."""

    called_ae_title: str
    calling_ae_title: str
    host: str
    port: int
    is_encrypted: bool

    def __str__(self) -> str:
        scheme = "dicoms" if self.is_encrypted else "dicom"
        return f"{scheme}://{self.called_ae_title}@{_netloc(self.host)}:{self.port}"


Destination = WebDestination | EntityDestination


def parse_destination(address: str, calling_ae_title: str | None = None) -> Destination:
    """Return what an address names.

    Parameters
    ----------
    calling_ae_title
        Goes over what the address tells.

    Raises
    ------
    DestinationError
        It is no such address, or holds a password. The message does not repeat it.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise DestinationError("the address is none", remedy=_REMEDY) from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.fragment:
        raise DestinationError("found no address of a peer", remedy=_REMEDY)
    if parts.password is not None:
        raise DestinationError(
            "the address holds a password, which others would see in the list of processes",
            remedy="give it in a file, by --login-file",
        )
    port = _PORTS[parts.scheme] if port is None else port
    if parts.scheme in ("http", "https"):
        return _web(parts, port, calling_ae_title)
    return _entity(parts, port, calling_ae_title)


_REMEDY = "give one such as https://host/dicom-web or dicom://AET@host:port"


def _web(parts: SplitResult, port: int, calling_ae_title: str | None) -> WebDestination:
    if parts.username is not None:
        raise DestinationError(
            "the address holds a name to log in with",
            remedy="give it with its password in a file, by --login-file",
        )
    if calling_ae_title is not None:
        raise DestinationError(
            "a calling AE title is for dicom:// addresses only", remedy="leave it out"
        )
    path = parts.path.rstrip("/").removesuffix("/studies")
    if not path.isascii() or re.search(r"[\x00-\x20]", path + parts.query):
        raise DestinationError("the path of the address is not percent-encoded", remedy=_REMEDY)
    return WebDestination(
        parts.hostname or "", port, path, parts.query, is_encrypted=parts.scheme == "https"
    )


def _entity(parts: SplitResult, port: int, calling_ae_title: str | None) -> EntityDestination:
    parameters = parse_qs(parts.query, keep_blank_values=True)
    if parts.path.strip("/") or set(parameters) - {"calling"}:
        raise DestinationError(
            "found more than title, host and port behind dicom://", remedy=_REMEDY
        )
    return EntityDestination(
        _title(unquote(parts.username or ""), "called"),
        _title(calling_ae_title or _calling(parameters), "calling"),
        parts.hostname or "",
        port,
        is_encrypted=parts.scheme == "dicoms",
    )


def _calling(parameters: Mapping[str, list[str]]) -> str:
    return parameters.get("calling", [CALLING_AE_TITLE])[-1]


def _title(text: str, role: str) -> str:
    if not _AE_TITLE.fullmatch(text) or not text.strip():
        raise DestinationError(
            f"the {role} AE title has {len(text)} characters, expected 1 to 16 without backslash",
            remedy=_REMEDY,
        )
    return text.strip()


def _netloc(host: str) -> str:
    return f"[{host}]" if ":" in host else host
