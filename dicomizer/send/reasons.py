# SPDX-License-Identifier: Apache-2.0
"""What the codes of peers mean, in words.

Comments that peers send along are not repeated: they may hold patient values.

References
----------
PS3.7 C (general), PS3.4 B.2.3 (storage), PS3.18 table I.2-1 and I.2-2
"""

from __future__ import annotations

_FAILURES = {
    0x0106: "invalid attribute value",
    0x0110: "processing failure",
    0x0111: "it holds another instance of this UID",
    0x0112: "no such SOP instance",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "class and instance conflict",
    0x0122: "SOP class not supported",
    0x0124: "not authorised",
    0x0210: "duplicate invocation",
    0x0211: "unrecognised operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
}
_RANGES = {0xA7: "out of resources", 0xA9: "data set does not match SOP class"}
_WARNINGS = {
    0xB000: "it changed data elements",
    0xB006: "it discarded data elements",
    0xB007: "data set does not match SOP class",
    # Of our own server, as table I.2-1 has none for these.
    0xB0F1: "the patient is not that of the study there",
    0xB0F2: "the series is one of another study there too",
}


def failure_reason(code: int) -> str:
    """Return a Failure Reason or a status of C-STORE in words, with its code."""
    words = _FAILURES.get(code) or _RANGES.get(code >> 8)
    if words is None:
        words = "it does not understand it" if code >> 12 == 0xC else "refused"
    return f"{words} ({code:04X}H)"


def warning_reason(code: int) -> str:
    """Return a Warning Reason in words, with its code."""
    return f"{_WARNINGS.get(code, 'stored with a warning')} ({code:04X}H)"
