# SPDX-License-Identifier: Apache-2.0
"""Values that make no sense, or much of it, for elements of each VR."""

from __future__ import annotations

import random
import struct

_WHOLE = (0, 1, 2, 3, 4, 7, 8, 9, 16, 17, 32, 64, 255, 256, 4097, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF,
          0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 62, (1 << 64) - 1)  # fmt: skip
_FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-40, 3e38, float("inf"), float("-inf"), float("nan"))
_DECIMALS = (
    b"", b" ", b"0", b"1", b"-1", b"2", b"3", b"999999999999", b"2147483648", b"1e400", b"-1e-400",
    b"nan", b"inf", b"1.5", b"0x10", b"1_0", b"+5", b"1\\2", b"1\\\\2", b"\\", b"abc", b"0001",
    b"\xd9\xa3", b"1" * 300, b"\0", b"1\0", b" 1 ",
)  # fmt: skip
_UIDS = (
    b"", b"1", b"1.2", b"1..2", b".", b"1.2.", b"01.2", b"../../x", b"1.2/3", b"a b", b"1.2\\3.4",
    b"1" * 64, b"1." * 40, b"1.2\0\0", b"\0\0", b"1.2.\xff", b" 1.2", b"1.2.3\n", b"%2e%2e", b"*",
)  # fmt: skip
_TIMES = (
    b"", b"2024", b"20240230", b"20240317-", b"99999999", b"00000000", b"2024.03.17", b"240000",
    b"10:20", b"20240317102030.999999+9999", b"000101", b"-", b"20240317\\", b"12:",
)  # fmt: skip
_TEXTS = (
    b"", b" ", b"\\", b"\\\\\\", b"^", b"=", b"===", b"^^^^^^=^", b"\x1b$B", b"\x1b$B!!\x1b(B",
    b"\x1b$)C\xff\xff", b"\xff\xfe", b"\xe2\x82", b"\xed\xa0\x80", b"\0", b"a\0b", b"\r\n\f\t",
    b"<script>&amp;\"'", b"a" * 70_000, b"\xc3\xa4" * 40, b"*?[]", b"]]>", b"\x7f\x80\x85",
)  # fmt: skip
_OF_TAGS = {
    0x00080005: (b"ISO_IR 192", b"GB18030", b"GBK", b"ISO 2022 IR 87", b"nonsense",
                 b"\\ISO 2022 IR 149", b"ISO 2022 IR 13\\ISO 2022 IR 87", b"ISO_IR 13", b"",
                 b"\\\\", b"utf_16", b"idna", b"punycode", b"rot13", b"hex", b"undefined"),
    0x00280004: (b"MONOCHROME1", b"MONOCHROME2", b"RGB", b"PALETTE COLOR", b"YBR_FULL", b"YBR_RCT",
                 b"YBR_FULL_422", b"YBR_ICT", b"XYB", b"CMYK", b"YBR_PARTIAL_420", b"HSV", b"ARGB"),
    0x00209311: (b"TILED_FULL", b"TILED_SPARSE", b"3D", b"TILED", b"tiled_full"),
    0x00080008: (b"ORIGINAL\\PRIMARY\\VOLUME\\NONE", b"ORIGINAL\\PRIMARY\\LABEL\\NONE", b"VOLUME",
                 b"DERIVED\\PRIMARY\\OVERVIEW\\NONE", b"DERIVED\\PRIMARY\\THUMBNAIL", b"\\\\\\"),
    0x00080060: (b"SM", b"CT", b"SR", b"SEG", b"PR", b"ANN", b"DOC", b"XX"),
    0x00080016: tuple(f"1.2.840.10008.5.1.4.1.1.{end}".encode() for end in (
        "2", "77.1.6", "66.4", "88.34", "88.59", "91.1", "104.1", "11.1", "6.1", "9.1.1", "30")),
}  # fmt: skip
"""Of elements that decide what is done with all others."""
_FORMS = {
    b"US": "H", b"SS": "H", b"UL": "I", b"SL": "I", b"UV": "Q", b"SV": "Q", b"AT": "I",
    b"FL": "f", b"FD": "d",
}  # fmt: skip


def unlikely_value(tag: int, vr: bytes, old: bytes, order: str, chance: random.Random) -> bytes:
    """Return a value for an element in place of what it has; its length may be odd."""
    if tag in _OF_TAGS and chance.random() < 0.8:
        return _even(chance.choice(_OF_TAGS[tag]))
    if vr in _FORMS:
        return _numbers(_FORMS[vr], order, chance)
    if vr == b"SQ":
        return chance.choice([b"", old + old, old[: len(old) // 2], old[8:]])
    if vr in (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN"):
        return _octets(old, chance)
    chosen = chance.choice(_of_text(vr))
    return chosen if chance.random() < 0.1 else _even(chosen, b"\0" if vr == b"UI" else b" ")


def _of_text(vr: bytes) -> tuple[bytes, ...]:
    if vr in (b"IS", b"DS"):
        return _DECIMALS
    if vr == b"UI":
        return _UIDS
    return _TIMES + _TEXTS if vr in (b"DA", b"DT", b"TM", b"AS") else _TEXTS


def _even(value: bytes, padding: bytes = b" ") -> bytes:
    return value + padding * (len(value) % 2)


def _numbers(form: str, order: str, chance: random.Random) -> bytes:
    count = chance.choice([1, 1, 1, 1, 0, 2, 3])
    if form in "fd":
        return struct.pack(f"{order}{count}{form}", *chance.choices(_FLOATS, k=count))
    bits = 8 * struct.calcsize(form)
    values = [chance.choice(_WHOLE) & (1 << bits) - 1 for _ in range(count)]
    return struct.pack(f"{order}{count}{form}", *values)


def _octets(old: bytes, chance: random.Random) -> bytes:
    cut = chance.randrange(len(old) + 1)
    return chance.choice(
        [b"", b"\0", old[:cut], old + old, old[:-1], old + b"\0\0", bytes(len(old))]
    )
