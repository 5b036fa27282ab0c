# SPDX-License-Identifier: Apache-2.0
"""Whatever way the planner begins, the answers are those of trying every instance, in order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searched import STAIN, instance_of

from tileserver.index import (
    Between,
    Condition,
    Index,
    Level,
    Name,
    OneOf,
    Pattern,
    Search,
    Words,
    planner,
)

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
    condition(S, "00100020", OneOf(("P1",))): lambda s, e: s % 4 == 1,
    condition(S, "00100020", OneOf(("P1", "P2"))): lambda s, e: s % 4 in (1, 2),
    condition(S, "00100020", Pattern("P*")): lambda s, e: True,
    condition(S, "00100020", Pattern("?2")): lambda s, e: s % 4 == 2,
    condition(S, "00080050", OneOf(("A2",))): lambda s, e: s % 3 == 2,
    condition(S, "00080020", Between("20240105", "20240110")): lambda s, e: 4 <= s * 7 % 20 <= 9,
    condition(S, "00080020", Between("2024011", "")): lambda s, e: s * 7 % 20 + 1 >= 10,
    condition(S, "00100010", Name("DOE^J*")): lambda s, e: s % 5 < 2,
    condition(S, "00100010", Name("DOE^JOHN")): lambda s, e: s % 5 == 1,
    condition(S, "00100010", Name("*ULLE*")): lambda s, e: s % 5 == 2,
    condition(S, "00100010", Name("*OE^*")): lambda s, e: s % 5 in (0, 1, 3),
    condition(S, "00100010", Name("山田*")): lambda s, e: s % 5 == 4,
    condition(S, "00100010", Name("YAMADA*=山?^*")): lambda s, e: s % 5 == 4,
    condition(S, "00100010", Words("JA DO")): lambda s, e: s % 5 == 0,
    condition(S, "00100010", Words("太郎")): lambda s, e: s % 5 == 4,
    condition(S, "00080061", OneOf(("SR",))): lambda s, e: True,
    condition(S, "00080061", Pattern("C*")): lambda s, e: False,
    condition(E, "00400512", OneOf(("C7-1",))): lambda s, e: (s, e) == (7, 1),
    condition(E, "00400512", Pattern("C1*")): lambda s, e: str(s)[0] == "1",
    condition(E, "00400512", Pattern("*-0")): lambda s, e: e == 0,
    condition(E, "00080060", OneOf(("SM",))): lambda s, e: e == 1,
    condition(L, ("00400560", "00400551"), OneOf(("S3",))): lambda s, e: s == 3,
    condition(L, ("00400560", "00400551"), Pattern("S2*")): lambda s, e: str(s)[0] == "2",
    condition(L, (*STAIN, "00080100"), OneOf(("A",))): lambda s, e: True,
    condition(L, "00080019", OneOf(("1.9.1.7",))): lambda s, e: (s, e) == (9, 1),
}


def day(study: int) -> int:
    return study * 7 % 20


def expected(level: Level, asked: list[Condition]) -> list[str]:
    """Return the UIDs of all that fulfils each condition, at a study by any of its series."""
    keys = sorted(
        {numbers[: 1 + level] for numbers in NUMBERS}, key=lambda k: (-day(k[0]), -k[0], *k[1:])
    )
    found = []
    for key in sorted(keys, key=lambda key: (-day(key[0]), -key[0], *key[1:])):
        series = key[1:2] or (0, 1)
        if all(any(CONDITIONS[item](key[0], e) for e in series) for item in asked):
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

    assert found("A", "SCT") == 120
    assert found("B", "99X") == 120
    assert found("A", "99X") == 0


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
