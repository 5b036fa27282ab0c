# SPDX-License-Identifier: Apache-2.0
"""What a client accepts, against what is stored.

The answer is the stored encoding wherever the client takes it; another one only where it is named;
else 406 with what could be had.

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
from tileserver.services.transfer_syntaxes import UNCOMPRESSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

OCTET_STREAM = "application/octet-stream"
DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
JSON = "application/json"
_MULTIPART = "multipart/related"
_UNKNOWN = "unknown/unknown"
_CHARSETS = ("utf-8", "utf8", "us-ascii")
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
    """Return the ranges of an Accept header, best first, those of quality 0 last.

    Raises
    ------
    BadRequestError
        It is longer than any client needs.
    """
    if len(text) > _LONGEST_ACCEPT:
        raise BadRequestError(f"Accept is longer than {_LONGEST_ACCEPT:,} characters")
    entries = [entry for entry in _RANGE.findall(text) if entry.strip()]
    ranges = [_range(entry) for entry in entries] or [AcceptRange("*/*", False, None, 1.0)]  # noqa: FBT003 - one of four named fields
    return sorted(ranges, key=lambda item: -item.quality)


def _range(entry: str) -> AcceptRange:
    media_type, parameters = parse_media_type(entry)
    is_multipart = media_type in (_MULTIPART, "multipart/*")
    if is_multipart:
        media_type = parameters.get("type", "*/*").lower()
    if media_type == "*":
        media_type = "*/*"
    if media_type.count("/") != 1 or parameters.get("charset", "utf-8").lower() not in _CHARSETS:
        media_type = _UNKNOWN
    syntax = parameters.get("transfer-syntax")
    return AcceptRange(media_type, is_multipart, syntax, _quality(parameters.get("q", "1")))


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def check_charset(accept_charset: str | None) -> None:
    """Make sure that a client reads UTF-8, which all text is sent in (PS3.18 8.8.4).

    Raises
    ------
    BadRequestError
        It names other character sets only.
    """
    if accept_charset is None or not accept_charset.strip():
        return
    if len(accept_charset) > _LONGEST_ACCEPT:
        raise BadRequestError(f"Accept-Charset is longer than {_LONGEST_ACCEPT:,} characters")
    named: dict[str, float] = {}
    for item in accept_charset.split(","):
        name, parameters = parse_media_type(item)
        named.setdefault(name, _quality(parameters.get("q", "1")))
    found = [named[name] for name in ("utf-8", "utf8", "*") if name in named]
    if not found or found[0] == 0:
        raise BadRequestError("Accept-Charset leaves out utf-8, the only character set there is")


def choose_frames(
    ranges: Sequence[AcceptRange], transfer_syntax_uid: str, *, one: bool
) -> Chosen | None:
    """Choose how frames are sent as they are, ``None`` where nothing accepted fits.

    Parameters
    ----------
    one
        Whether a single frame is asked for, which can go without multipart.
    """
    stored = frame_media_type(transfer_syntax_uid)
    candidates = (stored,) if stored == OCTET_STREAM else (stored, OCTET_STREAM)
    for item in _wanted(ranges):
        for candidate in candidates:
            if _fits(item, candidate, transfer_syntax_uid) and (
                item.is_multipart or _single(item, one)
            ):
                chosen = Chosen(candidate, item.is_multipart or item.media_type == "*/*")
                if not _is_refused(ranges, item, chosen):
                    return chosen
    return None


def choose_transcoded(
    ranges: Sequence[AcceptRange], transfer_syntax_uid: str, *, one: bool
) -> Chosen | None:
    """Choose how frames are sent in a transfer syntax that is not the stored one.

    Only where it is asked for by name: a range with a wildcard asks for nothing in particular.
    Octets of no transfer syntax are uncompressed (PS3.18 8.7.3.3); a JPEG picture of none is
    without loss, so that baseline has to be named.
    """
    media_type = frame_media_type(transfer_syntax_uid)
    by_default = media_type == OCTET_STREAM
    for item in _wanted(ranges):
        is_named = item.transfer_syntax_uid == transfer_syntax_uid or (
            by_default and item.transfer_syntax_uid is None
        )
        if item.media_type == media_type and is_named and (item.is_multipart or one):
            return Chosen(media_type, item.is_multipart)
    return None


def stored_frames_offer(transfer_syntax_uid: str, *, one: bool) -> str:
    """Return in words how stored frames can be had: several in multipart only."""
    stored = frame_media_type(transfer_syntax_uid)
    several = "several frames go in multipart only; " * (not one)
    alone = f"{stored}, or " * one
    return (
        f"{several}stored as {stored}; transfer-syntax={transfer_syntax_uid}: accept {alone}"
        f'{_MULTIPART}; type="{stored}", or {_MULTIPART}; type="{OCTET_STREAM}"; transfer-syntax=*'
    )


def transcoded_frames_offer(transfer_syntax_uid: str, *, one: bool) -> str:
    """Return in words how frames can be had in a transfer syntax that is not the stored one."""
    media_type = frame_media_type(transfer_syntax_uid)
    form = media_type if one else f'{_MULTIPART}; type="{media_type}"'
    return f"{form}; transfer-syntax={transfer_syntax_uid}"


def _wanted(ranges: Sequence[AcceptRange]) -> Iterator[AcceptRange]:
    return (item for item in ranges if item.quality > 0)


def _is_refused(ranges: Sequence[AcceptRange], item: AcceptRange, offer: Chosen) -> bool:
    """Tell whether a narrower range than the one that fits has quality 0 (RFC 9110 12.5.1)."""
    return any(
        other.quality == 0
        and other.covers(offer.media_type)
        and other.media_type.count("*") < item.media_type.count("*")
        and other.is_multipart == item.is_multipart
        for other in ranges
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
    if candidate != OCTET_STREAM:
        return True
    if frame_media_type(transfer_syntax_uid) != OCTET_STREAM:
        return False
    # Octets of no transfer syntax are uncompressed and little endian (PS3.18 8.7.3.3).
    return item.media_type != OCTET_STREAM or transfer_syntax_uid == UNCOMPRESSED


def choose(
    ranges: Sequence[AcceptRange],
    *offered: Chosen,
    transfer_syntaxes: frozenset[str] = frozenset(),
) -> Chosen:
    """Return the first of what is offered that the best range covers.

    Parameters
    ----------
    transfer_syntaxes
        Of all instances that are asked for, as they are stored.

    Raises
    ------
    NotAcceptableError
        None is accepted; the message says what could be had.
    """
    found = find_choice(ranges, *offered, transfer_syntaxes=transfer_syntaxes)
    if found is None:
        raise NotAcceptableError(offer_text(*offered, transfer_syntaxes=transfer_syntaxes))
    return found


def find_choice(
    ranges: Sequence[AcceptRange],
    *offered: Chosen,
    transfer_syntaxes: frozenset[str] = frozenset(),
) -> Chosen | None:
    """Return the first of what is offered that the best range covers, ``None`` if none does."""
    for item in _wanted(ranges):
        if item.transfer_syntax_uid not in (None, "*") and transfer_syntaxes - {
            item.transfer_syntax_uid
        }:
            continue
        for offer in offered:
            # "*/*" takes any form, but multipart of "*/*" no part alone.
            is_any_form = item.media_type == "*/*" and not item.is_multipart
            is_same_form = item.is_multipart == offer.is_multipart or is_any_form
            if (
                is_same_form
                and item.covers(offer.media_type)
                and not _is_refused(ranges, item, offer)
            ):
                return offer
    return None


def offer_text(*offered: Chosen, transfer_syntaxes: frozenset[str] = frozenset()) -> str:
    """Return in words what could be had."""
    names = [
        f'{_MULTIPART}; type="{offer.media_type}"' if offer.is_multipart else offer.media_type
        for offer in offered
    ]
    stored = f"; transfer-syntax={', '.join(sorted(transfer_syntaxes))}" * bool(transfer_syntaxes)
    return f"can be had as {', or '.join(names)}{stored}"
