# SPDX-License-Identifier: Apache-2.0
"""Who has changed a folder learns of each flush that failed since."""

from __future__ import annotations

import errno
import threading

import pytest

from tileserver.store import flushing
from tileserver.store.flushing import Flushes


@pytest.fixture
def fails(monkeypatch):
    """Flushes that fail while this is set."""
    failing = threading.Event()

    def flush(folder):
        if failing.is_set():
            raise OSError(errno.EIO, "failed", str(folder))

    monkeypatch.setattr(flushing, "flush_folder", flush)
    return failing


def test_a_flush_that_fails_is_told(tmp_path, fails):
    flushes = Flushes()
    fails.set()

    with pytest.raises(OSError, match="failed"), flushes.changing(tmp_path):
        pass


def test_whoever_changed_the_folder_before_is_told_too(tmp_path, fails):
    flushes = Flushes()
    fails.set()

    with pytest.raises(OSError, match="Input/output error"), flushes.changing(tmp_path):
        with pytest.raises(OSError, match="failed"), flushes.changing(tmp_path):
            pass
        fails.clear()  # the system tells of it but once


def test_what_is_changed_afterwards_or_elsewhere_is_durable(tmp_path, fails):
    flushes = Flushes()
    with flushes.changing(tmp_path / "other"):
        fails.set()
        with pytest.raises(OSError, match="failed"), flushes.changing(tmp_path):
            pass
        fails.clear()
    with flushes.changing(tmp_path):
        pass


def test_what_was_not_changed_is_not_flushed(tmp_path, fails):
    fails.set()

    with pytest.raises(KeyError), Flushes().changing(tmp_path):
        raise KeyError
