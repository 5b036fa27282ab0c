# SPDX-License-Identifier: Apache-2.0
"""A store is looked at while others change it."""

from __future__ import annotations

from pathlib import Path

from tileserver.store import FolderBlobStore, locked
from tileserver.store.survey import Survey

KEY = "ab" * 32


def test_a_blob_is_under_way_until_its_request_is_answered(tmp_path):
    with FolderBlobStore(tmp_path).receive() as incoming:
        incoming.write(b"bytes")
        incoming.keep(KEY)
        assert Survey(tmp_path).is_under_way(KEY)
    assert not Survey(tmp_path).is_under_way(KEY)


def test_a_request_may_be_answered_while_one_looks(tmp_path, monkeypatch):
    with FolderBlobStore(tmp_path).receive() as incoming:
        incoming.write(b"bytes")
        incoming.keep(KEY)

        def answered(path: Path) -> bool:
            path.unlink()
            return True

        monkeypatch.setattr(locked, "is_taken", answered)
        assert not Survey(tmp_path).is_under_way(KEY)
