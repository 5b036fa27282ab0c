# SPDX-License-Identifier: Apache-2.0
"""A VSI file as cellSens wrote it: two channels in eleven planes."""

from __future__ import annotations

import datetime as dt

import imagecodecs
import pytest

from dicomizer.slide import Compression, Flavor, SizePx
from dicomizer.sources.vsi import VsiSource


@pytest.fixture
def source(real_slide):
    with VsiSource(real_slide("olympus/vsi-ets-test-jpg2k.vsi")) as opened:
        yield opened


def test_what_the_microscope_wrote_is_found(source):
    (scan,) = source.slide.scans
    (level,) = scan.levels

    assert (level.size, level.planes, level.paths) == (SizePx(1645, 1682), 11, 2)
    assert level.coding.compression is Compression.JPEG_2000
    assert level.spacing is not None
    assert level.spacing.mpp == (0.108333, 0.108333)
    assert scan.plane_spacing_um == 1.0
    assert [(path.name, path.emission_nm) for path in scan.optical_paths] == [
        ("C405", 455.0),
        ("C488", 518.0),
    ]
    assert source.slide.metadata.optics.objective_power == 60.0
    assert source.slide.metadata.acquisition_datetime == dt.datetime(
        2021, 5, 31, 14, 58, 55, tzinfo=dt.UTC
    )
    assert [item.flavor for item in source.slide.associated] == [Flavor.THUMBNAIL]
    assert source.slide.notes == ()


def test_focus_passes_through_each_channel_once(source):
    level = source.slide.levels[0]
    frames = [b"".join(frame) for batch in source.frames(level) for frame in batch]

    means = [imagecodecs.jpeg2k_decode(frame).mean() for frame in frames]

    for channel in (means[:11], means[11:]):
        brightest = channel.index(max(channel))
        assert channel[: brightest + 1] == sorted(channel[: brightest + 1])
        assert channel[brightest:] == sorted(channel[brightest:], reverse=True)
        assert brightest == 4
