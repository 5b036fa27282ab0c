# SPDX-License-Identifier: Apache-2.0
"""Numbers in addresses and parameters: read strictly, so that a slip is told and not drawn."""

from __future__ import annotations

import re

from tileserver.errors import BadRequestError

_DECIMAL = re.compile(r"-?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})", re.ASCII)
_EXPONENT = re.compile(r"[eE][+-]?\d{1,2}\Z", re.ASCII)
_WHOLE = re.compile(r"\d{1,10}", re.ASCII)


def decimal(text: str, name: str, *, above: float | None = None) -> float:
    """Return a decimal number, written without an exponent.

    Parameters
    ----------
    name
        What the number is, for the error.
    above
        What it must be larger than.

    Raises
    ------
    BadRequestError
        It is none, or too small.
    """
    if not _DECIMAL.fullmatch(text):
        raise BadRequestError(f"{name}: found {text[:32]!r}, expected a decimal number")
    number = float(text)
    if above is not None and number <= above:
        raise BadRequestError(f"{name}: found {text}, expected a number above {above:g}")
    return number


def real(text: str, name: str, *, above: float | None = None) -> float:
    """Return a number as programs write it, with an exponent where it is very small or large.

    Parameters and errors are those of `decimal`.
    """
    decimal(_EXPONENT.sub("", text), name)
    number = float(text)
    if above is not None and number <= above:
        raise BadRequestError(f"{name}: found {text}, expected a number above {above:g}")
    return number


def whole(text: str, name: str, *, least: int = 0, most: int | None = None) -> int:
    """Return a whole number without a sign.

    Raises
    ------
    BadRequestError
        It is none, or out of its range.
    """
    if not _WHOLE.fullmatch(text):
        raise BadRequestError(f"{name}: found {text[:32]!r}, expected a whole number")
    number = int(text)
    if number < least or (most is not None and number > most):
        bounds = f"from {least}" + (f" to {most}" if most is not None else " on")
        raise BadRequestError(f"{name}: found {number}, expected a whole number {bounds}")
    return number
