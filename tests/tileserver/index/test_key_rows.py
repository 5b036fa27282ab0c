# SPDX-License-Identifier: Apache-2.0
"""Keys go with what they stand for, and only with that."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from searched import instance_of, saying

from tileserver.index import Below, Index
from tileserver.index.key_rows import forget_keys, renew_keys


def rows(connection) -> list[tuple[object, ...]]:
    return sorted(map(tuple, connection.exec_driver_sql("SELECT * FROM study_key")))


def first_and_differing(connection) -> list[tuple[list[list[object]], int]]:
    """Return what is noted of each series, in the order they came."""
    query = "SELECT first_keys, differing_codes FROM series ORDER BY id"
    found = connection.exec_driver_sql(query)
    return [(json.loads(text or "[]"), differing) for text, differing in found]


@pytest.fixture
def index(tmp_path):
    opened = Index(tmp_path / "index.sqlite")
    yield opened
    opened.close()


def test_keys_of_a_study_are_forgotten_and_renewed(index):
    for study in (1, 2):
        for number in (1, 2, 3):
            index.add(instance_of(study, number % 2, number))
    with index._writing() as connection:
        before, noted = rows(connection), first_and_differing(connection)
        others = [row for row in before if row[3] == 4]  # that of its first instance

        forget_keys(connection, 1)
        assert rows(connection) == others
        assert first_and_differing(connection)[:2] == [([], 0)] * 2
        renew_keys(connection, 1)
        assert rows(connection) == before
        assert first_and_differing(connection) == noted


def test_the_keys_of_an_instance_that_went_are_gone(index):
    index.add(instance_of(1, 1, 1))
    with index._writing() as connection:
        before = rows(connection)
    other = instance_of(1, 1, 2)
    pyramid = {"00080019": {"vr": "UI", "Value": ["1.2.99"]}}
    index.add(saying(other, other.metadata.attributes | pyramid))

    with index._writing() as connection:
        assert len(rows(connection)) == len(before) + 1
        forget_keys(connection, 1)
        connection.exec_driver_sql("DELETE FROM instance WHERE sop_instance_uid = '1.1.1.2'")
        renew_keys(connection, 1)
        assert rows(connection) == before


PYRAMID, SYNTAX = 16, 18
"""Codes."""


def test_codes_whose_values_are_not_those_of_all_instances_are_noted(index):
    def noted() -> int:
        with index._writing() as connection:
            ((_, differing),) = first_and_differing(connection)
        return differing

    index.add(instance_of(2, 1, 0))
    index.add(instance_of(2, 1, 1))
    assert noted() == 0

    found = instance_of(2, 1, 2)
    without = {k: v for k, v in found.metadata.attributes.items() if k != "00080019"}
    index.add(saying(found, without))
    assert noted() == 1 << PYRAMID

    index.add(replace(instance_of(2, 1, 3), transfer_syntax_uid="1.2.840.10008.1.2.4.50"))
    assert noted() == 1 << PYRAMID | 1 << SYNTAX

    for number in (2, 3):
        index.remove(Below("1.2", "1.2.1", f"1.2.1.{number}"), ["ab" * 32])
    assert noted() == 0
