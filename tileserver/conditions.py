# SPDX-License-Identifier: Apache-2.0
"""Conditional requests: whether the client has already what it asks for.

Pure: header fields and validators become a decision.

References
----------
RFC 9110 13 (conditional requests), 8.8 (validators)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ETAG = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a representation is known.

    Parameters
    ----------
    etag
        Entity tag in quotation marks, weak ones with ``W/``.
    modified
        Seconds since 1970, ``None`` where nobody knows.
    """

    etag: str
    modified: int | None = None

    def weak(self) -> Validators:
        """Return the same for an answer whose bytes differ from one to the next."""
        return Validators(f"W/{self.etag.removeprefix('W/')}", self.modified)

    def headers(self) -> dict[str, str]:
        """Return the header fields that tell them."""
        if self.modified is None:
            return {"ETag": self.etag}
        return {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True)}


def wants_any(headers: Mapping[str, str]) -> bool:
    """Tell whether ``If-None-Match: *`` is given: whatever there is, the client has it."""
    return headers.get("if-none-match", "").strip() == "*"


def is_unchanged(headers: Mapping[str, str], validators: Validators) -> bool:
    """Tell whether 304 is the answer to a GET or HEAD (RFC 9110 13.1.2 and 13.1.3).

    If-Modified-Since counts only without If-None-Match.
    """
    given = headers.get("if-none-match")
    if given is not None:
        return wants_any(headers) or _opaque(validators.etag) in map(_opaque, _ETAG.findall(given))
    since = _seconds(headers.get("if-modified-since"))
    return since is not None and validators.modified is not None and validators.modified <= since


def is_failed(headers: Mapping[str, str], validators: Validators) -> bool:
    """Tell whether 412 is the answer (RFC 9110 13.1.1 and 13.1.4)."""
    given = headers.get("if-match")
    if given is not None:
        is_weak = validators.etag.startswith("W/")
        matches = not is_weak and validators.etag in _ETAG.findall(given)
        return given.strip() != "*" and not matches
    since = _seconds(headers.get("if-unmodified-since"))
    return since is not None and validators.modified is not None and validators.modified > since


def allows_range(headers: Mapping[str, str], validators: Validators) -> bool:
    """Tell whether a Range header counts: not where If-Range names another version.

    Only a strong comparison will do (RFC 9110 13.1.5).
    """
    given = headers.get("if-range")
    if given is None:
        return True
    if '"' in given:
        return given.strip() == validators.etag and not validators.etag.startswith("W/")
    return validators.modified is not None and _seconds(given) == validators.modified


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/")


def _seconds(date: str | None) -> int | None:
    """Return a date of HTTP in seconds since 1970; one that is none counts as absent."""
    if date is None or not date.strip().endswith("GMT"):
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None
