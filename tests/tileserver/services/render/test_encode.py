# SPDX-License-Identifier: Apache-2.0
"""Pictures as streams."""

from __future__ import annotations

import numpy as np
import pytest

from tileserver.errors import NotAcceptableError
from tileserver.services.render.encode import encode
from tileserver.services.render.look import Picture


def test_jpeg_is_as_large_as_libjpeg_writes_it():
    largest = Picture(np.zeros((1, 65_500, 3), np.uint8), None)
    larger = Picture(np.zeros((1, 65_501, 3), np.uint8), None)

    assert encode(largest, "image/jpeg").startswith(b"\xff\xd8")
    with pytest.raises(NotAcceptableError, match="JPEG takes 65500 rows and columns at most"):
        encode(larger, "image/jpeg")
