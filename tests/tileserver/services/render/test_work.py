# SPDX-License-Identifier: Apache-2.0
"""What a picture costs is told by what is decoded for it, however small it is itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tileserver.services.render import Pyramid, Region, Size
from tileserver.services.render.work import decoded_pixels


def level(side: int, paths: int = 0) -> SimpleNamespace:
    image = SimpleNamespace(pixels=SimpleNamespace(columns=256, rows=256), is_color=not paths)
    path = SimpleNamespace(is_fluorescence=True)
    return SimpleNamespace(
        columns=side, rows=side, spacing=None, images=(image,), paths=(path,) * paths
    )


@pytest.mark.parametrize(
    ("sides", "region", "size", "expected"),
    [
        ([20_000], Region(0, 0, 20_000, 20_000), Size(256, 256), (79 * 256) ** 2),
        ([20_000, 5_000, 1_250], Region(0, 0, 20_000, 20_000), Size(256, 256), (5 * 256) ** 2),
        ([20_000, 5_000], Region(0, 0, 20_000, 20_000), Size(8000, 8000), (79 * 256) ** 2),
        ([20_000], Region(256, 512, 256, 256), Size(256, 256), 256**2),
        ([20_000], Region(255, 511, 2, 2), Size(500, 500), 512**2),
        ([20_000], Region(-400, -400, 500, 500), Size(500, 500), 256**2),
        ([20_000], Region(30_000, 0, 500, 500), Size(500, 500), 0),
    ],
)
def test_it_is_frames_of_the_level_that_is_taken(sides, region, size, expected):
    assert decoded_pixels(Pyramid(tuple(map(level, sides))), region, size, None) == expected


@pytest.mark.parametrize(("asked", "times"), [(None, 4), (1, 1), (2, 2)])
def test_each_channel_is_decoded(asked, times):
    pyramid = Pyramid((level(512, paths=4),))

    found = decoded_pixels(pyramid, Region(0, 0, 512, 512), Size(64, 64), asked)

    assert found == times * 512 * 512
