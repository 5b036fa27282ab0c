# SPDX-License-Identifier: Apache-2.0
"""A running server with two known studies in it, for tests that only read; and an empty one."""

from __future__ import annotations

from collections.abc import Iterator

import archive as known
import picture_archive
import pydicom.config
import pytest
from servers import Server, serving


@pytest.fixture(autouse=True)
def pydicom_settings(monkeypatch) -> None:
    """Keep what wiring the server sets for all of a process from tests of other packages."""
    settings = pydicom.config.settings
    monkeypatch.setattr(settings, "reading_validation_mode", settings.reading_validation_mode)


@pytest.fixture(scope="session")
def archive(tmp_path_factory) -> Iterator[known.Archive]:
    """Give a server with both studies; tests on it only read."""
    files = known.build()
    with serving(tmp_path_factory.mktemp("archive") / "data") as server:
        answer = server.store(*files.values())
        assert answer.status_code == 200, answer.text
        yield known.Archive(server, files)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Iterator[picture_archive.Pictures]:
    """Give a server with pictures that are known; tests on it only read."""
    with serving(tmp_path_factory.mktemp("pictures") / "data") as server:
        answer = server.store(*picture_archive.build())
        assert answer.status_code == 200, answer.text
        yield picture_archive.Pictures(server)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Give a server that the tests of a module may write to."""
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running
