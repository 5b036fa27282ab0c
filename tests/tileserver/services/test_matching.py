# SPDX-License-Identifier: Apache-2.0
"""What is asked of an attribute becomes a condition, or is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.errors import BadRequestError
from tileserver.index import (
    Between,
    Condition,
    Empty,
    Level,
    Name,
    Number,
    OneOf,
    Pattern,
    Words,
)
from tileserver.index.folding import fits, is_name, moment
from tileserver.services.matching import Kinds, combined, condition

PATH = ("00080020",)


def match(vr: str, text: str, **kinds: bool):
    found = condition(Level.STUDY, PATH, vr, text, Kinds(**kinds))
    return found and found.match


@pytest.mark.parametrize(
    ("vr", "text", "expected"),
    [
        ("DA", "20240317", Between("20240317", "20240317")),
        ("DA", "2024", Between("2024", "2024")),
        ("DA", "2024.03.17", Between("20240317", "20240317")),
        ("DA", "20240101-20241231", Between("20240101", "20241231")),
        ("DA", " 20240101 - 20241231 ", Between("20240101", "20241231")),
        ("DA", "-2024", Between("", "2024")),
        ("TM", "1020-", Between("1020", "")),
        ("TM", "10:20:30.5", Between("102030.5", "102030.5")),
        ("TM", "10-235959.999999", Between("10", "235959.999999")),
        ("DT", "20240317102030", Between("20240317102030", "20240317102030", True)),
        ("DT", "2023-2024", Between("2023", "2024", True)),
        (
            "DT",
            "202403171020-0500",
            Between("202403171520", "202403171520", True),
        ),
        (
            "DT",
            "202403171020+0200-202403171020-0200",
            Between("202403170820", "202403171220", True),
        ),
        ("DT", "-20240317", Between("", "20240317", True)),
        ("UI", "1.2.3", OneOf(("1.2.3",))),
        ("UI", "1.2.3,1.4\\1.5", OneOf(("1.2.3", "1.4", "1.5"))),
        ("IS", "+16.0", Number(16.0)),
        ("DS", "1e3", Number(1000.0)),
        ("LO", "A B ", OneOf(("A B",))),
        ("LO", "A\\B", OneOf(("A\\B",))),
        ("LO", "A*", Pattern("A*")),
        ("PN", "müller^ä*", Name("MULLER^A*")),
        ("PN", "Yamada=山田^太郎", Name("YAMADA=山田^太郎")),
    ],
)
def test_values_are_read_by_their_vr(vr, text, expected):
    assert match(vr, text) == (expected,)


def test_what_is_asked_for_changes_the_kind_of_matching():
    assert match("PN", "Van der Berg*, Jan", fuzzy=True) == (Words("VAN DER BERG JAN"),)
    assert match("PN", "**", fuzzy=True) is None
    assert match("LO", '""', empty=True) == (Empty(),)
    assert match("LO", '""') == (OneOf(('""',)),)
    assert match("LO", "A\\B*", several=True) == (OneOf(("A",)), Pattern("B*"))
    assert match("CS", "SM,CT") == (OneOf(("SM", "CT")),)
    assert match("LO", "*") is None


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "20240230"),
        ("DA", "2024-03-17"),
        ("DA", "today"),
        ("DA", "20240101-20231231"),
        ("DA", "-"),
        ("DA", "2024031"),
        ("DA", "٢٠٢٤٠١٠١"),
        ("TM", "2460"),
        ("TM", "24"),
        ("TM", "1"),
        ("DT", "20240317102030+1500"),
        ("DT", "2024031725"),
        ("DT", "202413"),
        ("UI", "1.2.x"),
        ("UI", "1.2,"),
        ("UI", "1" * 65),
        ("US", "many"),
        ("DS", "inf"),
    ],
)
def test_what_is_no_value_is_refused(vr, text):
    with pytest.raises(BadRequestError):
        match(vr, text)


@given(st.sampled_from(["DA", "TM", "DT"]), st.text("0123456789-+.: ", max_size=40))
def test_dates_and_times_are_read_or_refused(vr, text):
    try:
        found = match(vr, text)
    except BadRequestError:
        return
    if found:
        (between,) = found
        assert isinstance(between, Between)
        assert set(between.begin + between.end) <= set("0123456789.")


@given(st.dates(date(1900, 1, 1)), st.dates(date(1900, 1, 1)))
def test_ranges_of_dates_are_read_as_they_are(first, last):
    begin, end = f"{min(first, last):%Y%m%d}", f"{max(first, last):%Y%m%d}"

    assert match("DA", f"{begin}-{end}") == (Between(begin, end),)


def test_a_range_of_times_goes_with_that_of_dates():
    day = Condition(Level.STUDY, ("00080020",), (Between("20060705", "20060707"),))
    clock = Condition(Level.STUDY, ("00080030",), (Between("1000", "1800"),))
    other = Condition(Level.STUDY, ("00100020",), (OneOf(("P",)),))
    joined = Condition(
        Level.STUDY, ("00080020",), (Between("200607051000", "200607071800"),), ("00080030",)
    )

    assert combined([clock, other, day]) == (other, joined)
    open_end = Condition(Level.STUDY, ("00080030",), (Between("1000", ""),))
    assert combined([day, open_end]) == (day, open_end)
    series = Condition(Level.SERIES, ("00080031",), (Between("1000", "1800"),))
    assert combined([day, series]) == (day, series)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240317102030+0200", "20240317082030"),
        ("20240101003000.25+0100", "20231231233000.25"),
        ("20240317102030", "20240317102030"),
        ("2024+0200", "2024"),
        ("nonsense+0200", "nonsense"),
    ],
)
def test_moments_are_told_in_coordinated_universal_time(text, expected):
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("YAMADA^TARO=山田^太郎=やまた^たろう", "山田*", True),
        ("YAMADA^TARO=山田^太郎=やまた^たろう", "YAMADA^TARO", True),
        ("YAMADA^TARO=山田^太郎=やまた^たろう", "*たろう", True),
        ("YAMADA^TARO=山田^太郎", "YAMADA*=山田*", True),
        ("YAMADA^TARO=山田^太郎", "=山田*", True),
        ("YAMADA^TARO=山田^太郎", "YAMADA*=佐藤*", False),
        ("YAMADA^TARO=山田^太郎", "Y*郎", False),
        ("YAMADA^TARO", "YAMADA*=山田*", False),
    ],
)
def test_names_match_by_component_groups(name, pattern, expected):
    assert is_name(name, pattern) is expected


def by_steps(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(by_steps(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and by_steps(pattern[1:], text[1:])


@given(st.text("ab*?", max_size=7), st.text("ab", max_size=8))
def test_wildcards_mean_what_they_say(pattern, text):
    assert fits(pattern, text) is by_steps(pattern, text)
