# SPDX-License-Identifier: Apache-2.0
"""Conditional headers are decided as RFC 9110 13 says."""

from __future__ import annotations

import pytest

from tileserver.conditions import Validators, allows_range, is_failed, is_unchanged

NOON = 1_700_000_000
AT_NOON = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"
STRONG = Validators('"abc"', NOON)
WEAK = Validators('W/"abc"')


def test_validators_are_told():
    assert STRONG.headers() == {"ETag": '"abc"', "Last-Modified": AT_NOON}
    assert WEAK.headers() == {"ETag": 'W/"abc"'}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"if-none-match": '"abc"'}, True),
        ({"if-none-match": 'W/"abc"'}, True),
        ({"if-none-match": '"x", "abc"'}, True),
        ({"if-none-match": '"x,abc", "y"'}, False),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": "abc"}, False),
        ({"if-modified-since": AT_NOON}, True),
        ({"if-modified-since": BEFORE}, False),
        ({"if-modified-since": "yesterday"}, False),
        ({"if-modified-since": "Tue, 99 Nov 2023 22:13:20 GMT"}, False),
        # If-None-Match goes over If-Modified-Since.
        ({"if-none-match": '"x"', "if-modified-since": AT_NOON}, False),
    ],
)
def test_unchanged(headers, expected):
    assert is_unchanged(headers, STRONG) is expected


def test_without_a_date_nothing_is_known_of_changes():
    assert not is_unchanged({"if-modified-since": AT_NOON}, WEAK)
    assert is_unchanged({"if-none-match": '"abc"'}, WEAK)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"if-match": '"abc"'}, False),
        ({"if-match": "*"}, False),
        ({"if-match": 'W/"abc"'}, True),
        ({"if-match": '"x"'}, True),
        ({"if-unmodified-since": AT_NOON}, False),
        ({"if-unmodified-since": BEFORE}, True),
    ],
)
def test_failed(headers, expected):
    assert is_failed(headers, STRONG) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, True),
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        (AT_NOON, True),
        (BEFORE, False),
        ("yesterday", False),
    ],
)
def test_if_range_wants_the_very_same_version(given, expected):
    headers = {} if given is None else {"if-range": given}

    assert allows_range(headers, STRONG) is expected
    assert allows_range(headers, WEAK) is (given is None)
