# SPDX-License-Identifier: Apache-2.0
"""A worklist that the tests of a module share, and one for each test that needs its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Server, serving
from worklist import Worklist


@pytest.fixture(scope="module")
def worklist(server: Server) -> Worklist:
    """Give the worklist of a server that the tests of a module write to."""
    return Worklist(server)


@pytest.fixture
def empty_worklist(tmp_path) -> Iterator[Worklist]:
    """Give a worklist with nothing on it."""
    with serving(tmp_path / "data") as server:
        yield Worklist(server)
