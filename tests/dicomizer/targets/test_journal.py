# SPDX-License-Identifier: Apache-2.0
"""Journals: what is saved comes back, what is damaged does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dicomizer.targets.journal import Journal, belongs, publishing

STATES = st.dictionaries(
    st.text(max_size=8),
    arrays.arrays(
        st.sampled_from(["u1", "<u2", "<i8", "<u8"]),
        arrays.array_shapes(max_dims=3, min_side=0, max_side=4),
    ),
    max_size=4,
)


@given(STATES)
def test_a_state_comes_back(tmp_path_factory, state):
    journal = Journal(tmp_path_factory.mktemp("journal"), "a job")
    journal.save("level-0.dcm", state)

    back = journal.load("level-0.dcm")

    assert back is not None
    assert list(back) == list(state)
    for name, value in state.items():
        assert back[name].dtype == value.dtype
        assert np.array_equal(back[name], value)


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b'{"a": ["<u8", [4]]}\n123', b'{"a": 1}\n', b"[]\n", b"\xff\n"]
)
def test_a_damaged_state_is_none_at_all(tmp_path, damage):
    journal = Journal(tmp_path, "a job")
    (tmp_path / "level-0.dcm.state").write_bytes(damage)

    assert not journal.load("level-0.dcm")


def test_a_state_that_is_forgotten_is_gone(tmp_path):
    journal = Journal(tmp_path, "a job")
    journal.save("level-0.dcm", {"count": np.array([7])})

    journal.forget("level-0.dcm")

    assert journal.load("level-0.dcm") is None


def test_key_and_moment_stay(tmp_path):
    first, again = Journal(tmp_path, "a job"), Journal(tmp_path, "a job")

    assert (first.key, first.moment) == (again.key, again.moment)
    assert len(first.key) == 32


def test_a_folder_belongs_to_its_job(tmp_path):
    tmp_path.chmod(0o700)
    assert not belongs(tmp_path, "a job")
    Journal(tmp_path, "a job")

    assert belongs(tmp_path, "a job")
    assert not belongs(tmp_path, "another")
    tmp_path.chmod(0o770)
    assert not belongs(tmp_path, "a job")


@pytest.mark.parametrize("listed", ['["../up.dcm"]', '["/etc/x"]', "no list", "[1]", "3"])
def test_names_of_files_elsewhere_are_not_believed(tmp_path, listed):
    tmp_path.chmod(0o700)
    (tmp_path / "publishing.json").write_text(listed)

    assert publishing(tmp_path) == []
