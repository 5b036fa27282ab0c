# SPDX-License-Identifier: Apache-2.0
"""When to try again."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest

from dicomizer.send import retry
from dicomizer.send.errors import BusyError
from dicomizer.send.retry import Retry, parse_retry_after


def test_waits_double_up_to_the_longest_or_last_as_long_as_told(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    policy = Retry(first_seconds=1, longest_seconds=8)

    for failures in (1, 2, 3, 4, 5, 500):
        policy.wait(failures)
    policy.wait(1, told_seconds=120)
    policy.wait(1, told_seconds=1e9)

    for seconds, most in zip(slept, (1, 2, 4, 8, 8, 8), strict=False):
        assert most / 2 <= seconds <= most
    assert slept[6:] == [120, 600]


def test_the_last_failure_is_raised():
    calls = []

    def fail() -> None:
        calls.append(1)
        raise BusyError(f"failure {len(calls)}")

    with pytest.raises(BusyError, match="failure 3"):
        Retry(attempts=3, first_seconds=0).call(fail)


def test_retry_after_is_read_as_seconds_or_a_date():
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)

    assert parse_retry_after("7") == 7
    assert 90 < (parse_retry_after(format_datetime(moment, usegmt=True)) or 0) <= 100
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert parse_retry_after("soon") is None
    assert parse_retry_after(None) is None
