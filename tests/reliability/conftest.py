# SPDX-License-Identifier: Apache-2.0
"""What tests of reliability share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from reliability.acting import Acting, acting


@pytest.fixture(scope="module")
def actor(tmp_path_factory) -> Iterator[Acting]:
    with acting(tmp_path_factory.mktemp("actor")) as found:
        yield found
