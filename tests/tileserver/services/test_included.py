# SPDX-License-Identifier: Apache-2.0
"""A path into a sequence asks for what it leads to in each item, and for no more."""

from __future__ import annotations

import pytest

from tileserver.services.included import Included, narrowed, narrowed_text

CODE = {"vr": "SH", "Value": ["12710003"]}
MEANING = {"vr": "LO", "Value": ["hematoxylin stain"]}
NAME = {"vr": "PN", "Value": [{"Alphabetic": "Doe"}]}
SEQUENCE = {
    "vr": "SQ",
    "Value": [
        {"00400551": CODE, "00400612": {"vr": "SQ", "Value": [{"00080100": CODE, "1": MEANING}]}},
        {"00400612": {"vr": "SQ"}, "00100010": NAME},
        {},
    ],
}


@pytest.mark.parametrize(
    ("paths", "items"),
    [
        ([("00400551",)], [{"00400551": CODE}, {}, {}]),
        (
            [("00400612", "00080100")],
            [
                {"00400612": {"vr": "SQ", "Value": [{"00080100": CODE}]}},
                {"00400612": {"vr": "SQ"}},
                {},
            ],
        ),
        ([("00400612",), ("00400612", "00080100")], None),
        ([("00100010",), ("00400551", "00080100")], [{}, {"00100010": NAME}, {}]),
        ([("00100010", "00080100")], [{}, {}, {}]),
    ],
)
def test_items_hold_what_paths_lead_to(paths, items):
    whole = [
        {tag: value for tag, value in item.items() if tag == "00400612"}
        for item in SEQUENCE["Value"]
    ]

    found = narrowed(SEQUENCE, frozenset(paths))

    assert found == {"vr": "SQ", "Value": whole if items is None else items}


def test_what_is_no_sequence_has_nothing_below():
    assert narrowed(NAME, frozenset({("Alphabetic",)})) is None
    assert narrowed(NAME, frozenset()) == NAME
    assert narrowed_text('{"vr":"LO","Value":["a"]}', frozenset({("00080100",)})) is None


def test_text_is_as_it_was_where_all_is_wanted():
    text = '{"vr" : "SQ"}'

    assert narrowed_text(text, frozenset()) == text
    assert narrowed_text(text, frozenset({("00080100",)})) == '{"vr":"SQ"}'


def test_the_tag_alone_asks_for_all():
    paths = {("A", "B"), ("A", "B", "C"), ("D",), ("D", "E")}
    included = Included(frozenset(paths))

    assert included.tags == {"A", "D"}
    assert included.below("A") == {("B",), ("B", "C")}
    assert included.below("D") == frozenset()
