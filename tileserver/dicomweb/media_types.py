# SPDX-License-Identifier: Apache-2.0
"""What a client accepts, against what is stored.

Nothing is transcoded: the answer is the stored encoding in a media type that the client takes, or
406 with what could be had.

References
----------
PS3.18 8.7 (media types), RFC 9110 12.5.1 (Accept)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.net.multipart import parse_media_type
from tileserver.errors import BadRequestError, NotAcceptableError

if TYPE_CHECKING:
    from starlette.requests import Request

OCTET_STREAM = "application/octet-stream"
DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
JSON = "application/json"
_MULTIPART = "multipart/related"
_UNCOMPRESSED = "1.2.840.10008.1.2.1"
"""What application/octet-stream means without a transfer-syntax parameter (PS3.18 8.7.3.3.2)."""
_LONGEST_ACCEPT = 4096
_RANGE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')

_FRAME_TYPES = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.110": "image/jxl",
    "1.2.840.10008.1.2.4.111": "image/jxl",
    "1.2.840.10008.1.2.4.112": "image/jxl",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}


def frame_media_type(transfer_syntax_uid: str) -> str:
    """Return the media type of a frame of a transfer syntax (PS3.18 table 8.7.3-5)."""
    return _FRAME_TYPES.get(transfer_syntax_uid, OCTET_STREAM)


@dataclass(frozen=True, slots=True)
class AcceptRange:
    """One entry of an Accept header.

    Parameters
    ----------
    media_type
        Type and subtype, either may be ``*``; of the parts where ``is_multipart``.
    transfer_syntax_uid
        ``None`` where not told, ``*`` for any.
    """

    media_type: str
    is_multipart: bool
    transfer_syntax_uid: str | None
    quality: float

    def covers(self, media_type: str) -> bool:
        """Tell whether a media type is within the range."""
        wanted, found = self.media_type.split("/"), media_type.split("/")
        return all(w in ("*", f) for w, f in zip(wanted, found, strict=False))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is sent: a media type, in parts or alone."""

    media_type: str
    is_multipart: bool


def accepted(request: Request) -> list[AcceptRange]:
    """Return what a request accepts, best first; the ``accept`` parameter goes over the header.

    Raises
    ------
    BadRequestError
        It is longer than any client needs.
    """
    text = ",".join(request.query_params.getlist("accept")) or request.headers.get("accept") or ""
    return accept_ranges(text)


def accept_ranges(text: str) -> list[AcceptRange]:
    """Return what the text of an Accept header says, best first.

    Raises
    ------
    BadRequestError
        It is longer than any client needs.
    """
    if len(text) > _LONGEST_ACCEPT:
        raise BadRequestError(f"Accept is longer than {_LONGEST_ACCEPT:,} characters")
    entries = [entry for entry in _RANGE.findall(text) if entry.strip()]
    ranges = [_range(entry) for entry in entries] or [AcceptRange("*/*", False, None, 1.0)]  # noqa: FBT003 - one of four named fields
    return sorted((item for item in ranges if item.quality > 0), key=lambda item: -item.quality)


def _range(entry: str) -> AcceptRange:
    media_type, parameters = parse_media_type(entry)
    try:
        quality = min(max(float(parameters.get("q", 1)), 0.0), 1.0)
    except ValueError:
        quality = 0.0
    is_multipart = media_type in (_MULTIPART, "multipart/*")
    if is_multipart:
        media_type = parameters.get("type", "*/*").lower()
    if media_type.count("/") != 1:
        media_type = "*/*" if media_type == "*" else "unknown/unknown"
    return AcceptRange(media_type, is_multipart, parameters.get("transfer-syntax"), quality)


def choose_frames(ranges: list[AcceptRange], transfer_syntax_uid: str, *, one: bool) -> Chosen:
    """Choose how stored frames are sent.

    Parameters
    ----------
    one
        Whether a single frame is asked for, which can go without multipart.

    Raises
    ------
    NotAcceptableError
        Nothing that is accepted fits; the message says what could be had.
    """
    stored = frame_media_type(transfer_syntax_uid)
    candidates = (stored,) if stored == OCTET_STREAM else (stored, OCTET_STREAM)
    for item in ranges:
        for candidate in candidates:
            if _fits(item, candidate, transfer_syntax_uid) and (
                item.is_multipart or _single(item, one)
            ):
                return Chosen(candidate, item.is_multipart or item.media_type == "*/*")
    raise NotAcceptableError(
        f"stored as {stored}; transfer-syntax={transfer_syntax_uid}: accept {stored}, or "
        f'multipart/related; type="{stored}", or '
        'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    )


def _single(item: AcceptRange, one: bool) -> bool:  # noqa: FBT001 - the two questions of one rule
    """Several frames need multipart; ``*/*`` accepts that."""
    return one or item.media_type == "*/*"


def _fits(item: AcceptRange, candidate: str, transfer_syntax_uid: str) -> bool:
    if not item.covers(candidate):
        return False
    if item.transfer_syntax_uid in ("*", transfer_syntax_uid):
        return True
    if item.transfer_syntax_uid is not None:
        return False
    # Bytes of an unknown kind are uncompressed unless said otherwise.
    return candidate != OCTET_STREAM or frame_media_type(transfer_syntax_uid) == OCTET_STREAM


def choose(
    ranges: list[AcceptRange],
    *offered: Chosen,
    transfer_syntaxes: frozenset[str] = frozenset(),
) -> Chosen:
    """Return the first of what is offered that the best range covers.

    Parameters
    ----------
    transfer_syntaxes
        Of all instances that are asked for; nothing is transcoded.

    Raises
    ------
    NotAcceptableError
        None is accepted; the message says what could be had.
    """
    for item in ranges:
        if item.transfer_syntax_uid not in (None, "*") and transfer_syntaxes - {
            item.transfer_syntax_uid
        }:
            continue
        for offer in offered:
            is_same_form = item.is_multipart == offer.is_multipart or item.media_type == "*/*"
            if is_same_form and item.covers(offer.media_type):
                return offer
    names = [
        f'{_MULTIPART}; type="{offer.media_type}"' if offer.is_multipart else offer.media_type
        for offer in offered
    ]
    stored = f"; transfer-syntax={', '.join(sorted(transfer_syntaxes))}" * bool(transfer_syntaxes)
    raise NotAcceptableError(f"can be had as {', or '.join(names)}{stored}")
