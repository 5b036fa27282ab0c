# SPDX-License-Identifier: Apache-2.0
"""Services over an empty store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tileserver.app import open_services
from tileserver.services import Services
from tileserver.settings import Settings


@pytest.fixture(scope="module")
def services(tmp_path_factory) -> Iterator[Services]:
    made, index = open_services(Settings(data=tmp_path_factory.mktemp("render")))
    yield made
    made.close()
    index.close()
