# SPDX-License-Identifier: Apache-2.0
"""Folders whose names are flushed; what that is worth is in tests/reliability."""

from __future__ import annotations

import pytest

from dicomizer.targets.durable import durable_folders


def test_what_is_missing_is_made_and_told_the_outermost_first(tmp_path):
    made = durable_folders(tmp_path / "a" / "b" / "c", mode=0o700)

    assert made == [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"]
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o700
    assert durable_folders(tmp_path / "a" / "b" / "c") == []


def test_where_one_cannot_be_made_none_is_left(tmp_path):
    with pytest.raises(OSError, match="File name too long"):
        durable_folders(tmp_path / "a" / ("b" * 300) / "c")

    assert list(tmp_path.iterdir()) == []
