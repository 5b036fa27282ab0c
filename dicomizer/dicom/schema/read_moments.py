# SPDX-License-Identifier: Apache-2.0
"""Dates and times of a dataset, read without trust in how they are written (PS3.5 6.2)."""

from __future__ import annotations

import datetime as dt
import re

_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
_DATETIME = re.compile(r"(\d{8})(\d{2}[\d.]*)?([+-]\d{4})?")


def parse_date(value: str | None) -> dt.date | None:
    """Return a DA value, also as dicomizer's forerunners wrote it: 2026-01-31 or 2026.01.31."""
    match = _DATE.fullmatch(value or "")
    try:
        return dt.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def parse_time(value: str | None) -> dt.time | None:
    """Return a TM value, of whatever precision (PS3.5 6.2)."""
    match = _TIME.fullmatch(value or "")
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    microsecond = int((match[4] or "").ljust(6, "0"))
    try:
        return dt.time(hour, minute, min(second, 59), microsecond)  # 60 is a leap second
    except ValueError:
        return None


def parse_datetime(value: str | None, offset: str | None = None) -> dt.datetime | None:
    """Return a DT value that has at least a day (PS3.5 6.2).

    Parameters
    ----------
    offset
        From UTC, of the whole dataset, for a value without its own.
    """
    match = _DATETIME.fullmatch(value or "")
    if match is None:
        return None
    date, time = parse_date(match[1]), parse_time(match[2] or "00")
    if date is None or time is None:
        return None
    return dt.datetime.combine(date, time, _time_zone(match[3] or offset))


def _time_zone(value: str | None) -> dt.timezone | None:
    match = _OFFSET.fullmatch(value or "")
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > 14 * 60:
        return None
    return dt.timezone(dt.timedelta(minutes=-minutes if match[1] == "-" else minutes))
