# SPDX-License-Identifier: Apache-2.0
"""Keys go with what they stand for, and only with that."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from searched import INSTANCE, instance_of

from tileserver.index import Index, Metadata
from tileserver.index.key_rows import forget_keys, renew_keys


def rows(connection) -> list[tuple[object, ...]]:
    return sorted(map(tuple, connection.exec_driver_sql("SELECT * FROM study_key")))


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
        before = rows(connection)
        others = [row for row in before if row[3] == 4]  # that of its first instance

        forget_keys(connection, 1)
        assert rows(connection) == others
        renew_keys(connection, 1)
        assert rows(connection) == before


def test_the_keys_of_an_instance_that_went_are_gone(index):
    index.add(instance_of(1, 1, 1))
    with index._writing() as connection:
        before = rows(connection)
    other = INSTANCE.metadata.attributes | {"00080019": {"vr": "UI", "Value": ["1.2.99"]}}
    index.add(replace(instance_of(1, 1, 2), metadata=Metadata.of_text(json.dumps(other))))

    with index._writing() as connection:
        assert len(rows(connection)) == len(before) + 1
        forget_keys(connection, 1)
        connection.exec_driver_sql("DELETE FROM instance WHERE sop_instance_uid = '1.1.1.2'")
        renew_keys(connection, 1)
        assert rows(connection) == before
