# SPDX-License-Identifier: Apache-2.0
"""Sums tell which studies have other items than they should, whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tileserver.index.audit.sums import Sums

ITEMS = st.lists(st.tuples(st.integers(1, 6), st.text(max_size=3)), max_size=30)


@given(ITEMS, ITEMS, st.randoms())
def test_studies_with_other_items_are_told(expected, more, random):
    sums = Sums(range(1, 6))
    found = [*expected, *more]
    random.shuffle(found)

    for study, item in expected:
        sums.expect(study, item)
    for study, item in found:
        sums.find(study, item)

    assert sums.unequal() == sorted({study for study, _ in more if study < 6})
    assert sums.strangers == sum(study == 6 for study, _ in [*expected, *found])


def test_what_belongs_to_no_study_is_counted():
    sums = Sums([])
    sums.find(1, "x")
    sums.find("one", "x")

    assert (sums.unequal(), sums.strangers) == ([], 2)
