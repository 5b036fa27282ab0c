# SPDX-License-Identifier: Apache-2.0
"""Whatever way the planner begins, the answers are those of trying every instance, in order."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searched import STAIN, instance_of, one, saying

from tileserver.index import (
    Between,
    Condition,
    Index,
    Level,
    Match,
    Name,
    OneOf,
    Pattern,
    Search,
    Words,
    planner,
)
from tileserver.index.folding import fits, fold

NUMBERS = [(study, series, number) for study in range(30) for series in (0, 1) for number in (0, 1)]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    opened = Index(tmp_path_factory.mktemp("index") / "index.sqlite")
    for numbers in NUMBERS:
        opened.add(instance_of(*numbers))
    yield opened
    opened.close()


def condition(level: Level, path: str | tuple[str, ...], *match: object) -> Condition:
    return Condition(level, (path,) if isinstance(path, str) else path, match)


S, E, L = Level.STUDY, Level.SERIES, Level.INSTANCE
CONDITIONS = {
    condition(S, "00100020", OneOf(("P1",))): lambda s, e, n: s % 4 == 1,
    condition(S, "00100020", OneOf(("P1", "P2"))): lambda s, e, n: s % 4 in (1, 2),
    condition(S, "00100020", Pattern("P*")): lambda s, e, n: True,
    condition(S, "00100020", Pattern("?2")): lambda s, e, n: s % 4 == 2,
    condition(S, "00080050", OneOf(("A2",))): lambda s, e, n: s % 3 == 2,
    condition(S, "00080020", Between("20240105", "20240110")): lambda s, e, n: 4 <= s * 7 % 20 <= 9,
    condition(S, "00080020", Between("2024011", "")): lambda s, e, n: s * 7 % 20 + 1 >= 10,
    condition(S, "00100010", Name("DOE^J*")): lambda s, e, n: s % 5 < 2,
    condition(S, "00100010", Name("DOE^JOHN")): lambda s, e, n: s % 5 == 1,
    condition(S, "00100010", Name("*ULLE*")): lambda s, e, n: s % 5 == 2,
    condition(S, "00100010", Name("*OE^*")): lambda s, e, n: s % 5 in (0, 1, 3),
    condition(S, "00100010", Name("*DOE^*")): lambda s, e, n: s % 5 < 2,
    condition(S, "00100010", Name("*山田?*")): lambda s, e, n: s % 5 == 4,
    condition(S, "00100010", Name("*?DOE*")): lambda s, e, n: False,
    condition(S, "00100010", Name("*TARO=*")): lambda s, e, n: s % 5 == 4,
    condition(S, "00100010", Name("山田*")): lambda s, e, n: s % 5 == 4,
    condition(S, "00100010", Name("YAMADA*=山?^*")): lambda s, e, n: s % 5 == 4,
    condition(S, "00100010", Words("JA DO")): lambda s, e, n: s % 5 == 0,
    condition(S, "00100010", Words("太郎")): lambda s, e, n: s % 5 == 4,
    condition(S, "00080061", OneOf(("SR",))): lambda s, e, n: True,
    condition(S, "00080061", Pattern("C*")): lambda s, e, n: False,
    condition(E, "00400512", OneOf(("C7-1",))): lambda s, e, n: (s, e) == (7, 1),
    condition(E, "00400512", Pattern("C1*")): lambda s, e, n: str(s)[0] == "1",
    condition(E, "00400512", Pattern("*-0")): lambda s, e, n: e == 0,
    condition(E, "00080060", OneOf(("SM",))): lambda s, e, n: e == 1,
    condition(L, ("00400560", "00400551"), OneOf(("S3",))): lambda s, e, n: s == 3,
    condition(L, ("00400560", "00400551"), Pattern("S2*")): lambda s, e, n: str(s)[0] == "2",
    condition(L, ("00400560", "00400551"), Pattern("S1*")): lambda s, e, n: str(s)[0] == "1",
    condition(L, (*STAIN, "00080100"), OneOf(("A",))): lambda s, e, n: not (n == 1 and s % 3 == 0),
    condition(L, (*STAIN, "00080100"), OneOf(("C",))): lambda s, e, n: n == 1 and s % 3 == 0,
    condition(L, (*STAIN, "00080100"), Pattern("C*")): lambda s, e, n: n == 1 and s % 3 == 0,
    condition(L, "00080019", Pattern("1.2*")): lambda s, e, n: str(s)[0] == "2",
    condition(L, "00080019", Pattern("1.?.0.8")): lambda s, e, n: (
        s in (1, 3, 5, 7, 9) and (e, n) == (0, 1)
    ),
    condition(L, "00080019", OneOf(("1.9.1.7",))): lambda s, e, n: (s, e, n) == (9, 1, 0),
}


def day(study: int) -> int:
    return study * 7 % 20


def expected(level: Level, asked: list[Condition]) -> list[str]:
    """Return the UIDs of all that fulfils each condition, by any of the instances below."""
    keys = sorted(
        {numbers[: 1 + level] for numbers in NUMBERS}, key=lambda k: (-day(k[0]), -k[0], *k[1:])
    )
    found = []
    for key in sorted(keys, key=lambda key: (-day(key[0]), -key[0], *key[1:])):
        below = [numbers for numbers in NUMBERS if numbers[: 1 + level] == key]
        if all(any(CONDITIONS[item](*numbers) for numbers in below) for item in asked):
            found.append(".".join(map(str, (1, *key))))
    return found


def uids(index: Index, search: Search) -> list[str]:
    name = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")[search.level]
    return [getattr(row, name) for row in index.search(search).rows]


@pytest.mark.parametrize("few", [0, 3, 2000])
@given(
    level=st.sampled_from(Level),
    asked=st.lists(st.sampled_from(list(CONDITIONS)), max_size=3, unique=True),
    limit=st.integers(1, 40),
)
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_way_to_begin_finds_the_same(index, monkeypatch, few, level, asked, limit):
    monkeypatch.setattr(planner, "_FEW", few)
    wanted = expected(level, asked)

    found: list[str] = []
    while len(found) <= len(wanted):
        page = uids(index, Search(level, tuple(asked), limit, len(found)))
        found += page
        if len(page) < limit:
            break

    assert found == wanted


LETTERS = 'AB"[]^- .Ü山😀'


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """Fill an index with names of few letters; return it and the folded groups of each name."""
    opened = Index(tmp_path_factory.mktemp("names") / "index.sqlite")
    of = random.Random(5)
    names = [["".join(of.choices(LETTERS, k=of.randint(1, 12))) for _ in "12"] for _ in range(80)]
    for study, (alphabetic, ideographic) in enumerate(names):
        record = instance_of(study, 0, 0)
        name = one("PN", {"Alphabetic": alphabetic, "Ideographic": ideographic})
        opened.add(replace(record, study={**record.study, "00100010": name}))
    yield opened, [[fold(group) for group in name] for name in names]
    opened.close()


@given(
    place=st.tuples(st.integers(0, 79), st.integers(0, 1), st.integers(0, 6), st.integers(1, 6)),
    other=st.text(st.sampled_from(LETTERS), max_size=2),
    shape=st.sampled_from(["*{}*", "*{}", "{}*", "*{}*{}*", "?*{}*", "*{}?", "*{}?*", "*{}?{}*"]),
)
@settings(max_examples=200, deadline=None)
def test_any_part_of_a_name_finds_what_trying_each_name_does(named, place, other, shape):
    index, names = named
    study, group, begin, length = place
    pattern = shape.format(names[study][group][begin : begin + length] or "A", fold(other))

    found = uids(index, Search(Level.STUDY, (condition(S, "00100010", Name(pattern)),), 100))

    expected = [n for n, name in enumerate(names) if any(fits(pattern, group) for group in name)]
    assert sorted(found) == sorted(f"1.{study}" for study in expected)


def test_what_is_left_is_counted_up_to_a_bound(index):
    def remaining(offset: int, counted: int) -> int:
        return index.search(Search(Level.INSTANCE, (), 10, offset, counted=counted)).remaining

    assert remaining(0, 1000) == 110
    assert remaining(0, 50) == 50
    assert remaining(105, 1000) == 5
    assert remaining(110, 1000) == 0
    assert remaining(500, 1000) == 0


def test_keys_below_one_sequence_hold_for_one_item(index):
    def found(value: str, scheme: str) -> int:
        asked = (
            condition(L, (*STAIN, "00080100"), OneOf((value,))),
            condition(L, (*STAIN, "00080102"), OneOf((scheme,))),
        )
        return len(index.search(Search(Level.INSTANCE, asked, 1000)).rows)

    assert found("A", "SCT") == 100
    assert found("C", "SCT") == 20
    assert found("B", "99X") == 120
    assert found("A", "99X") == 0


def test_keys_below_one_sequence_of_a_series_hold_for_one_item(tmp_path):
    index = Index(tmp_path / "index.sqlite")
    requests = [
        {"00400009": one("SH", step), "00401001": one("SH", procedure)}
        for step, procedure in (("STEP1", "PROCEDURE1"), ("STEP2", "PROCEDURE2"))
    ]
    record = instance_of(1, 0, 0)
    asked_for = {"00400275": {"vr": "SQ", "Value": requests}}
    index.add(saying(record, record.metadata.attributes | asked_for))

    def found(*matches: Match) -> int:
        paths = (("00400275", "00400009"), ("00400275", "00401001"))
        asked = tuple(condition(E, *both) for both in zip(paths, matches, strict=True))
        return len(index.search(Search(Level.SERIES, asked, 10)).rows)

    assert found(OneOf(("STEP1",)), OneOf(("PROCEDURE1",))) == 1
    assert found(OneOf(("STEP1",)), OneOf(("PROCEDURE2",))) == 0
    assert found(Pattern("STEP1*"), Pattern("PROCEDURE2*")) == 0
    assert found(Pattern("STEP*"), OneOf(("PROCEDURE2",))) == 1
    index.close()


def test_a_page_behind_one_that_was_read_follows_what_is_stored_since(tmp_path):
    index = Index(tmp_path / "index.sqlite")
    for study in range(6):
        index.add(instance_of(study, 0, 0))
    days = sorted(range(6), key=lambda s: (-day(s), -s))
    newest_first = [f"1.{study}" for study in days]

    assert uids(index, Search(Level.STUDY, (), 2)) == newest_first[:2]
    assert uids(index, Search(Level.STUDY, (), 2, 2)) == newest_first[2:4]
    index.add(instance_of(17, 0, 0))  # of the newest day
    assert day(17) == 19
    assert uids(index, Search(Level.STUDY, (), 2, 2)) == newest_first[1:3]
    index.close()
