# SPDX-License-Identifier: Apache-2.0
"""DICOM JSON of elements whose values are plain: bytes to text, with nothing made in between.

Plain is what the standard has and nearly all files hold; what else there is gets ``None``, and
whoever asks reads it by the parser, which knows every oddity. A plain value is written as
`dicomizer.dicom.dicom_json` would.

References
----------
PS3.5 table 6.2-1 (value representations), PS3.18 F.2 (DICOM JSON Model)
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Converter = Callable[[bytes], str | None]

_quoted = json.encoder.encode_basestring
_PRINTABLE = re.compile(rb"[ -~]+[\0 ]*")
_UIDS = re.compile(rb"([0-9.]+(?:\\[0-9.]+)*)[\0 ]*")
_WHOLE = re.compile(rb"(-?[0-9]{1,9}(?:\\-?[0-9]{1,9})*) *")
_DECIMAL = rb"-?[0-9]{1,15}(?:\.[0-9]{1,14})?(?:[eE][+-]?[0-9]{1,2})?"
_DECIMALS = re.compile(rb"(%b(?:\\%b)*) *" % (_DECIMAL, _DECIMAL))


def _texts(value: bytes) -> list[str] | None:
    """Return the texts of a value; none of them may be empty or begin or end with a blank."""
    if not _PRINTABLE.fullmatch(value):
        return None
    found = value.rstrip(b"\0 ").decode("ascii").split("\\")
    return found if all(text and text[0] != " " != text[-1] for text in found) else None


def _several(value: bytes) -> str | None:
    texts = _texts(value)
    return None if texts is None else ",".join(map(_quoted, texts))


def _single(value: bytes) -> str | None:
    if not _PRINTABLE.fullmatch(value):
        return None
    text = value.rstrip(b"\0 ").decode("ascii")
    return _quoted(text) if text else None


def _names(value: bytes) -> str | None:
    """Return names of one group of components."""
    texts = None if b"=" in value else _texts(value)
    if texts is None:
        return None
    return ",".join(f'{{"Alphabetic":{_quoted(text)}}}' for text in texts)


def _uids(value: bytes) -> str | None:
    found = _UIDS.fullmatch(value)
    return found and '"' + found[1].decode("ascii").replace("\\", '","') + '"'


def _whole_numbers(value: bytes) -> str | None:
    found = _WHOLE.fullmatch(value)
    return found and ",".join(str(int(number)) for number in found[1].split(b"\\"))


def _decimals(value: bytes) -> str | None:
    found = _DECIMALS.fullmatch(value)
    return found and ",".join(repr(float(number)) for number in found[1].split(b"\\"))


def _tags(value: bytes) -> str | None:
    if len(value) % 4:
        return None
    halves = struct.unpack(f"<{len(value) // 2}H", value)
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return ",".join(f'"{group:04X}{element:04X}"' for group, element in pairs)


def _integers(code: str) -> Converter:
    width = struct.calcsize(f"<{code}")

    def convert(value: bytes) -> str | None:
        count, rest = divmod(len(value), width)
        return None if rest else ",".join(map(str, struct.unpack(f"<{count}{code}", value)))

    return convert


def _floats(code: str) -> Converter:
    width = struct.calcsize(f"<{code}")

    def convert(value: bytes) -> str | None:
        count, rest = divmod(len(value), width)
        if rest:
            return None
        numbers = struct.unpack(f"<{count}{code}", value)
        return ",".join(map(repr, numbers)) if all(map(math.isfinite, numbers)) else None

    return convert


def _inline(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_CONVERTERS: dict[bytes, Converter] = {
    **dict.fromkeys((b"AE", b"AS", b"CS", b"DA", b"DT", b"TM", b"SH", b"LO", b"UC"), _several),
    **dict.fromkeys((b"LT", b"ST", b"UR", b"UT"), _single),
    b"PN": _names,
    b"UI": _uids,
    b"IS": _whole_numbers,
    b"DS": _decimals,
    b"AT": _tags,
    b"US": _integers("H"),
    b"SS": _integers("h"),
    b"UL": _integers("I"),
    b"SL": _integers("i"),
    b"UV": _integers("Q"),
    b"SV": _integers("q"),
    b"FL": _floats("f"),
    b"FD": _floats("d"),
}
BINARY = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW"))
OF_CHARACTER_SET = frozenset((b"SH", b"LO", b"UC", b"LT", b"ST", b"UT", b"PN"))
"""Text whose bytes mean what Specific Character Set says."""
PLAIN = frozenset(_CONVERTERS) | BINARY
_FRAMES = {
    vr: (f'{{"vr":"{vr.decode()}"}}', '{"Value":[', f'],"vr":"{vr.decode()}"}}')
    for vr in _CONVERTERS
} | {
    vr: (f'{{"vr":"{vr.decode()}"}}', '{"InlineBinary":"', f'","vr":"{vr.decode()}"}}')
    for vr in BINARY
}
_FUNCTIONS: dict[bytes, Converter] = {**_CONVERTERS, **dict.fromkeys(BINARY, _inline)}


def plain_element(vr: bytes, value: bytes) -> str | None:
    """Return an element of DICOM JSON as text, or ``None`` where its value is not plain.

    Parameters
    ----------
    vr
        One of `PLAIN`.
    value
        In little endian; where its VR is in `OF_CHARACTER_SET`, of a character set in which the
        bytes of ASCII mean what they mean in ASCII.
    """
    empty, begin, end = _FRAMES[vr]
    if not value:
        return empty
    text = _FUNCTIONS[vr](value)
    return None if text is None else f"{begin}{text}{end}"
